from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("annotators", "0005_fill_workbench")]

    operations = [
        migrations.AddConstraint(
            model_name="campaignpair",
            constraint=models.CheckConstraint(
                condition=models.Q(("slots_left__lte", models.F("overlap"))),
                name="campaign_pair_slots_within_overlap",
            ),
        ),
    ]
