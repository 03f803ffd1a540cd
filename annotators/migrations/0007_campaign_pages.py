"""Counts and lists of a campaign from ranges of an index, however many pairs and answers it has."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("annotators", "0006_slots_within_overlap"),
        ("curation", "0004_workbench"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="assignment",
            index=models.Index(
                condition=models.Q(("state", "done")),
                fields=["campaign", "answered_at"],
                name="assignment_done_by_time",
            ),
        ),
        migrations.AddIndex(
            model_name="assignment",
            index=models.Index(
                condition=models.Q(("slot__isnull", True), ("state", "done")),
                fields=["campaign"],
                name="assignment_checks_done",
            ),
        ),
        migrations.AddIndex(
            model_name="campaignpair",
            index=models.Index(
                condition=models.Q(("gold__isnull", True)),
                fields=["campaign", "overlap"],
                name="campaign_pair_overlap",
            ),
        ),
        migrations.AddIndex(
            model_name="campaignpair",
            index=models.Index(
                condition=models.Q(("n_rushed__gt", 0)), fields=["campaign"], name="campaign_pair_rushed"
            ),
        ),
    ]
