"""One assignment per person and pair for good, and the index that claims read."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("annotators", "0002_initial"), ("curation", "0002_same_prompt_and_append_only")]

    operations = [
        migrations.AddField("campaign", "n_pairs", models.PositiveIntegerField(default=0)),
        migrations.AddField(
            "campaign",
            "seed",
            models.BigIntegerField(
                blank=True, help_text="Seed of the random order; empty: by pair id.", null=True
            ),
        ),
        migrations.AddField(
            "campaignpair",
            "slots_left",
            models.PositiveSmallIntegerField(default=1),
            preserve_default=False,
        ),
        migrations.AddIndex(
            "campaignpair",
            models.Index(
                fields=["campaign", "position"],
                condition=Q(("slots_left__gt", 0)),
                name="campaign_pair_claimable",
            ),
        ),
        migrations.RemoveConstraint("assignment", "assignment_open_once"),
        migrations.RemoveConstraint("assignment", "assignment_pair_once_per_person"),
        migrations.RemoveConstraint("assignment", "assignment_done_has_judgment"),
        migrations.RemoveIndex("assignment", "assignment_by_person"),
        migrations.RemoveIndex("assignment", "assignment_open_leases"),
        migrations.AlterField("assignment", "opened_at", models.DateTimeField()),
        migrations.AlterField(
            "assignment",
            "state",
            models.CharField(
                choices=[("open", "Open"), ("done", "Done"), ("expired", "Expired")],
                default="open",
                max_length=8,
            ),
        ),
        migrations.AddConstraint(
            "assignment",
            models.UniqueConstraint(
                fields=["campaign_pair", "annotator"], name="assignment_pair_once_per_person"
            ),
        ),
        migrations.AddConstraint(
            "assignment",
            models.CheckConstraint(
                condition=Q(("answered_at__isnull", False), ("judgment__isnull", False), ("state", "done"))
                | ~Q(("state", "done")),
                name="assignment_done_has_judgment",
            ),
        ),
        migrations.AddIndex(
            "assignment",
            models.Index(
                fields=["campaign", "annotator", "answered_at"],
                condition=Q(("state", "done")),
                name="assignment_done_by_person",
            ),
        ),
        migrations.AddIndex(
            "assignment",
            models.Index(
                fields=["campaign", "annotator"], condition=Q(("state", "open")), name="assignment_open"
            ),
        ),
    ]
