"""What each consensus was last built from, so that it is built again only where that changed."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("curation", "0006_preference_imports"),
    ]

    operations = [
        migrations.CreateModel(
            name="ConsensusBuild",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("method", models.CharField(max_length=40)),
                ("basis", models.CharField(max_length=200)),
                ("built_at", models.DateTimeField(auto_now=True)),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="consensus_builds",
                        to="curation.project",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("project", "method"), name="consensus_build_once_per_method"
                    )
                ],
            },
        ),
    ]
