"""The keys of a pair that its composite keys (0002) imply are dropped: each cost a look-up a row."""

import django.db.models.deletion
from django.db import migrations, models


def implied(name: str, to: str, related_name: str) -> migrations.AlterField:
    return migrations.AlterField(
        model_name="pair",
        name=name,
        field=models.ForeignKey(
            db_constraint=False,
            on_delete=django.db.models.deletion.CASCADE,
            related_name=related_name,
            to=to,
        ),
    )


class Migration(migrations.Migration):
    dependencies = [("curation", "0020_export_builds")]

    operations = [
        implied("prompt", "curation.prompt", "pairs"),
        implied("response_a", "curation.response", "pairs_as_a"),
        implied("response_b", "curation.response", "pairs_as_b"),
    ]
