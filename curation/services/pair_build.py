"""Put responses of a prompt side by side: every two of them, or those that a plan asks for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db import connection, transaction

from curation.algorithms.pairing import IntArray
from curation.models import Project
from curation.pair_plans import IDENTICAL, PairPlan, PlannedPairs, planned_pairs
from curation.pair_rules import rule_of
from curation.services.rule_judge import rule_judgments_count, rule_judgments_record

EVERY_TWO = PairPlan()
BATCH = 100_000
BUILD = """
INSERT INTO curation_pair (prompt_id, response_a_id, response_b_id, created_at)
SELECT row.*, now() FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) row
ON CONFLICT (response_a_id, response_b_id) DO NOTHING
"""
THERE = """
SELECT count(*) FROM unnest(%s::bigint[], %s::bigint[]) AS planned(a, b)
JOIN curation_pair pair ON pair.response_a_id = planned.a AND pair.response_b_id = planned.b
"""


@dataclass(frozen=True)
class PairBuildCounts:
    """New pairs, pairs that were there, combinations left out because their texts are the same, what else
    was left out, by reason, and judgments recorded by the plan's rule."""

    created: int
    existing: int
    identical: int
    left_out: dict[str, int] = field(default_factory=dict)
    judged: int = 0


@transaction.atomic
def pairs_build(*, project: Project, plan: PairPlan = EVERY_TWO) -> PairBuildCounts:
    """Make the pairs of the plan: by default of all responses of each prompt whose texts differ. Where one is
    better by definition, a judgment says so.

    Prompts under a standing exclusion are passed over. Running it again adds only what is new.
    """
    planned = planned_pairs(project, plan)
    created = 0
    with connection.cursor() as cursor:
        for columns in _batches(planned.prompt, planned.a, planned.b):
            cursor.execute(BUILD, columns)
            created += cursor.rowcount
    rule, judged = rule_of(project, plan), 0
    if rule:
        judged = rule_judgments_record(project=project, label=rule, batches=_sides(planned))
    return _counts(planned, created, judged)


def pairs_preview(*, project: Project, plan: PairPlan) -> PairBuildCounts:
    """What `pairs_build` would do now; nothing is made."""
    planned = planned_pairs(project, plan)
    existing = 0
    with connection.cursor() as cursor:
        for columns in _batches(planned.a, planned.b):
            cursor.execute(THERE, columns)
            existing += cursor.fetchone()[0]
    rule, judged = rule_of(project, plan), 0
    if rule:
        judged = rule_judgments_count(project=project, label=rule, batches=_sides(planned))
    return _counts(planned, len(planned.a) - existing, judged)


def _sides(planned: PlannedPairs) -> Iterator[list[list[int]]]:
    return _batches(planned.a, planned.b, planned.toward_a)


def _batches(*columns: IntArray) -> Iterator[list[list[int]]]:
    for start in range(0, len(columns[0]), BATCH):
        yield [column[start : start + BATCH].tolist() for column in columns]


def _counts(planned: PlannedPairs, created: int, judged: int) -> PairBuildCounts:
    left_out = dict(planned.left_out)
    identical = left_out.pop(IDENTICAL, 0)
    return PairBuildCounts(created, len(planned.a) - created, identical, left_out, judged)
