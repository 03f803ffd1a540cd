"""Bring a producer's scores in line with what was computed anew; those that stay the same are left."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.db import connection, transaction

from curation.algorithms.rater_scores import PairValues
from curation.bulk import copy_in
from curation.models import Project, ScoreProducer
from curation.services.score_record import producer_fingerprint

STAGE = """
CREATE TEMP TABLE score_stage (pair_id bigint PRIMARY KEY, value float8 NOT NULL, details jsonb NOT NULL)
ON COMMIT DROP
"""
# A score that changed is as old as its value.
UPSERT = """
WITH put AS (
    INSERT INTO curation_pairscore (pair_id, producer_id, scorer, direction, value, details, created_at)
    SELECT pair_id, %(producer)s, %(scorer)s, 'both', value, details, statement_timestamp() FROM score_stage
    ON CONFLICT (pair_id, scorer, direction, producer_id) DO UPDATE
        SET value = excluded.value, details = excluded.details, created_at = excluded.created_at
        WHERE (curation_pairscore.value, curation_pairscore.details)
            IS DISTINCT FROM (excluded.value, excluded.details)
    RETURNING xmax = 0 AS is_new
)
SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new) FROM put
"""
PRUNE = """
DELETE FROM curation_pairscore score WHERE score.producer_id = %s
    AND NOT EXISTS (SELECT FROM score_stage stage WHERE stage.pair_id = score.pair_id)
"""


@transaction.atomic
def scores_replace(
    *,
    project: Project,
    scorer: str,
    label: str,
    constant: dict[str, Any],
    state: dict[str, Any],
    values: PairValues,
) -> dict[str, int]:
    """Store the symmetric scores of the producer that the `constant` details name, and drop its others.

    `state` is what went in this time. The producer stays the same one, so that a recipe which names it goes
    on working; its fingerprint and details tell what its scores are of now. Returns how many scores are new,
    changed, gone, and there in all.
    """
    # One writer per project at a time; inserts that refer to the project go on.
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    producer = _producer(project, scorer, label, constant, state)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS score_stage")
        cursor.execute(STAGE)
        copy_in("score_stage", ["pair_id", "value", "details"], _rows(values))
        cursor.execute("ANALYZE score_stage")
        cursor.execute(UPSERT, {"producer": producer.pk, "scorer": scorer})
        new, changed = cursor.fetchone()
        cursor.execute(PRUNE, [producer.pk])
        return {"new": new, "changed": changed, "gone": cursor.rowcount, "scores": len(values.pair)}


def _producer(
    project: Project, scorer: str, label: str, constant: dict[str, Any], state: dict[str, Any]
) -> ScoreProducer:
    details = constant | state
    fields = {"fingerprint": producer_fingerprint(scorer, details), "label": label, "details": details}
    own = ScoreProducer.objects.filter(project=project, scorer=scorer, details__contains=constant)
    if found := own.last():
        own.filter(pk=found.pk).exclude(**fields).update(**fields)
        return found
    return ScoreProducer.objects.create(project=project, scorer=scorer, **fields)


def _rows(values: PairValues) -> Iterator[tuple[int, float, str]]:
    names = list(values.details)
    columns = (values.pair, values.value, *values.details.values())
    for pair, value, *counts in zip(*(column.tolist() for column in columns), strict=True):
        yield pair, value, json.dumps(dict(zip(names, counts, strict=True)))
