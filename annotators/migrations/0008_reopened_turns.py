"""Find the few turns that were taken up again after a day, to count the work on them."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("annotators", "0007_campaign_pages"),
        ("curation", "0004_workbench"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="assignment",
            index=models.Index(
                condition=models.Q(("reopened_at__isnull", False)),
                fields=["campaign", "reopened_at"],
                name="assignment_reopened",
            ),
        ),
    ]
