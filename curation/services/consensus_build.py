"""Rebuild what a method concludes for every judged pair of a project."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
from django.db import connection, transaction
from django.db.models import Value
from django.db.models.functions import Coalesce

from curation.algorithms.consensus import (
    BOTH_BAD,
    METHODS,
    SKIP,
    VOTE,
    Ballots,
    Conclusions,
    conclude,
    stated_lean,
)
from curation.bulk import copy_in
from curation.errors import CurationError
from curation.models import Judgment, Project, Rater
from curation.models.judgments import Side

Outcome = Judgment.Outcome

STAGE = """
CREATE TEMP TABLE consensus_stage (
    pair_id bigint PRIMARY KEY, winner varchar(1) NOT NULL, probability float8 NOT NULL,
    margin float8 NOT NULL, votes jsonb NOT NULL
) ON COMMIT DROP
"""
UPSERT = """
INSERT INTO curation_consensus AS old (pair_id, method, winner, probability, margin, votes, computed_at)
SELECT pair_id, %s, winner, probability, margin, votes, now() FROM consensus_stage
ON CONFLICT (pair_id, method) DO UPDATE
    SET winner = excluded.winner, probability = excluded.probability, margin = excluded.margin,
        votes = excluded.votes, computed_at = excluded.computed_at
    WHERE (old.winner, old.probability, old.margin, old.votes)
        IS DISTINCT FROM (excluded.winner, excluded.probability, excluded.margin, excluded.votes)
"""
PRUNE = """
DELETE FROM curation_consensus old USING curation_pair pair, curation_prompt prompt
WHERE pair.id = old.pair_id AND prompt.id = pair.prompt_id AND prompt.project_id = %s AND old.method = %s
    AND NOT EXISTS (SELECT FROM consensus_stage stage WHERE stage.pair_id = old.pair_id)
"""


@transaction.atomic
def consensus_build(*, project: Project, method: str = "mean_probability") -> int:
    """Bring the method's rows in line with the judgments that stand now. Returns how many pairs have one.

    Rows that would not change are left alone; a pair whose judgments all vanished loses its row.
    """
    if method not in METHODS:
        raise CurationError(f"There is no consensus method “{method}”. Choose one of: {', '.join(METHODS)}.")
    # One builder per project at a time; inserts that refer to the project go on.
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    conclusions = conclude(read_ballots(project), method)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS consensus_stage")
        cursor.execute(STAGE)
        copy_in(
            "consensus_stage", ["pair_id", "winner", "probability", "margin", "votes"], _rows(conclusions)
        )
        cursor.execute(UPSERT, [method])
        cursor.execute(PRUNE, [project.pk, method])
    return len(conclusions.pair)


def read_ballots(project: Project) -> Ballots:
    """Every current judgment of the project."""
    rows = (
        Judgment.objects.for_project(project)
        .current()
        .order_by("id")
        .values_list(
            "pair_id", "rater_id", "rater__kind", "left", "outcome",
            Coalesce("preference", Value(0)), Coalesce("probability", Value(float("nan"))),
        )
    )  # fmt: skip
    table = np.array(
        list(rows),
        dtype=[
            ("pair", "i8"), ("rater", "i8"), ("rater_kind", "U6"), ("left", "U1"), ("outcome", "U9"),
            ("preference", "i8"), ("probability", "f8"),
        ],
    )  # fmt: skip
    outcome = table["outcome"]
    return Ballots(
        pair=table["pair"],
        rater=table["rater"],
        is_judge=table["rater_kind"] == Rater.Kind.JUDGE.value,
        left_is_a=table["left"] == Side.A.value,
        kind=np.select(
            [outcome == Outcome.BOTH_BAD.value, outcome == Outcome.SKIP.value], [BOTH_BAD, SKIP], VOTE
        ),
        lean=np.where(
            outcome == Outcome.TIE.value, 0.0, stated_lean(table["preference"], table["probability"])
        ),
    )


def _rows(found: Conclusions) -> Iterator[tuple[int, str, float, float, str]]:
    names = list(found.counts)
    votes = zip(*(column.tolist() for column in found.counts.values()), strict=True)
    for pair, lean, probability, margin, counts in zip(
        found.pair.tolist(),
        found.lean.tolist(),
        found.probability.tolist(),
        found.margin.tolist(),
        votes,
        strict=True,
    ):
        winner = "a" if lean > 0 else "b" if lean < 0 else ""
        yield pair, winner, probability, margin, json.dumps(dict(zip(names, counts, strict=True)))
