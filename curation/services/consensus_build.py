"""Rebuild what a method concludes for every judged pair of a project."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from django.db import connection, transaction

from curation.algorithms.consensus import Ballots, Conclusions, outweighed, stated_lean
from curation.bulk import copy_in, copy_out
from curation.consensus_methods import consensus_method
from curation.models import Project

COLUMNS = [
    ("pair", "i8"), ("rater", "i8"), ("is_judge", "i2"), ("left_is_a", "i2"), ("kind", "i2"),
    ("adjudicated", "i2"), ("preference", "i8"), ("probability", "f8"),
]  # fmt: skip
# The SQL of `JudgmentQuerySet.counted`, as numbers; an answer's kind as in `algorithms.consensus`.
BALLOTS = """
SELECT judgment.pair_id, judgment.rater_id,
    (rater.kind = 'judge')::int::int2, (judgment.left = 'a')::int::int2,
    (CASE judgment.outcome WHEN 'both_bad' THEN 1 WHEN 'skip' THEN 2 ELSE 0 END)::int2,
    (judgment.source = 'adjudicated')::int::int2, coalesce(judgment.preference, 0)::int8,
    CASE judgment.outcome WHEN 'tie' THEN 0.5 ELSE coalesce(judgment.probability, 'NaN') END::float8
FROM curation_judgment judgment
JOIN curation_rater rater ON rater.id = judgment.rater_id
JOIN curation_pair pair ON pair.id = judgment.pair_id
JOIN curation_prompt prompt ON prompt.id = pair.prompt_id
WHERE prompt.project_id = %s AND judgment.outcome <> 'withdrawn'
    AND NOT EXISTS (SELECT FROM curation_judgment later WHERE later.supersedes_id = judgment.id)
    AND NOT EXISTS (
        SELECT FROM curation_raterexclusion WHERE rater_id = judgment.rater_id AND lifted_at IS NULL
    )
ORDER BY judgment.id
"""
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
    """Bring the method's rows in line with the judgments that count now. Returns how many pairs have one.

    A reviewer's decision outweighs every other answer on its pair, whatever the method. Raises CurationError
    for an unknown method, or where the data do not allow it.
    Rows that would not change are left alone; a pair whose judgments all vanished loses its row.
    """
    conclude = consensus_method(method).conclude
    # One builder per project at a time; inserts that refer to the project go on.
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    ballots, decisions = read_ballots(project)
    conclusions = outweighed(conclude(project, ballots), decisions)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS consensus_stage")
        cursor.execute(STAGE)
        copy_in(
            "consensus_stage", ["pair_id", "winner", "probability", "margin", "votes"], _rows(conclusions)
        )
        cursor.execute(UPSERT, [method])
        cursor.execute(PRUNE, [project.pk, method])
    return len(conclusions.pair)


def read_ballots(project: Project) -> tuple[Ballots, Ballots]:
    """Every counted judgment of the project in order of id: what raters say, and what reviewers decided."""
    table = copy_out(BALLOTS, [project.pk], COLUMNS)
    decided = table["adjudicated"] == 1
    return _ballots(table[~decided]), _ballots(table[decided])


def _ballots(table: npt.NDArray[np.void]) -> Ballots:
    return Ballots(
        pair=table["pair"],
        rater=table["rater"],
        is_judge=table["is_judge"] == 1,
        left_is_a=table["left_is_a"] == 1,
        kind=table["kind"].astype(np.int64),
        lean=stated_lean(table["preference"], table["probability"]),
        preference=table["preference"],
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
