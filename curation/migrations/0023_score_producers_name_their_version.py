"""Every score producer names its scorer's version: the first one went without saying."""

import hashlib
import json

from django.db import migrations


def fingerprint(scorer, details):
    return hashlib.sha256(json.dumps([scorer, details], sort_keys=True).encode()).hexdigest()


def say(apps, _schema_editor):
    producers = apps.get_model("curation", "ScoreProducer").objects.exclude(details__has_key="version")
    for producer in producers.iterator():
        details = producer.details | {"version": 1}
        producers.filter(pk=producer.pk).update(
            details=details, fingerprint=fingerprint(producer.scorer, details)
        )


class Migration(migrations.Migration):
    dependencies = [("curation", "0022_rows_of_their_pairs")]

    operations = [migrations.RunPython(say, migrations.RunPython.noop)]
