"""Record which response of a pair is better where a plan says so by definition. Rows are only appended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection

from curation.models import Judgment, Project, Rater

PREFERENCE = 2  # "better", as for a rewrite in a campaign

# Where the rule's own standing answer differs, on pairs without an answer of others that counts.
TO_SAY = """
FROM unnest(%(a)s::bigint[], %(b)s::bigint[], %(preference)s::smallint[]) AS said (a, b, preference)
{join} JOIN curation_pair pair ON pair.response_a_id = said.a AND pair.response_b_id = said.b
LEFT JOIN (VALUES (0, 'a', 1), (1, 'b', -1)) AS shown (odd, "left", towards_left)
    ON shown.odd = pair.id %% 2
LEFT JOIN LATERAL (
    SELECT judgment.id, judgment.preference FROM curation_judgment judgment
    WHERE judgment.pair_id = pair.id AND judgment.rater_id = %(rater)s
        AND NOT EXISTS (SELECT FROM curation_judgment later WHERE later.supersedes_id = judgment.id)
    ORDER BY judgment.id DESC LIMIT 1
) own ON true
WHERE own.preference IS DISTINCT FROM said.preference * coalesce(shown.towards_left, 1) AND NOT EXISTS (
    SELECT FROM curation_judgment judgment
    WHERE judgment.pair_id = pair.id AND judgment.rater_id <> %(rater)s
        AND judgment.outcome NOT IN ('withdrawn', 'skip')
        AND NOT EXISTS (SELECT FROM curation_judgment later WHERE later.supersedes_id = judgment.id)
        AND NOT EXISTS (
            SELECT FROM curation_raterexclusion WHERE rater_id = judgment.rater_id AND lifted_at IS NULL
        )
)
"""
COUNT = f"SELECT count(*) {TO_SAY.format(join='LEFT')}"
SAY = f"""
INSERT INTO curation_judgment (pair_id, rater_id, "left", outcome, preference, attributes, rationale,
    skip_reason, source, supersedes_id, created_at)
SELECT pair.id, %(rater)s, shown."left", %(outcome)s, said.preference * shown.towards_left, '{{}}',
    '', '', %(source)s, own.id, now()
{TO_SAY.format(join="")}
ORDER BY pair.id
"""

Batch = Sequence[list[int]]  # response ids a and b, and 1 where a is the better one, −1 where b is


def rule_judgments_record(*, project: Project, label: str, batches: Iterable[Batch]) -> int:
    """Append a judgment on each pair that is there and that no other rater has judged; how many.

    The rater is a judge without a model, named by `label`. An answer that stands already is not repeated,
    and one that says otherwise is superseded. A rule sees no side: a and b count as shown left in turn, so
    that none looks like a habit. Call in a transaction.
    """
    # One writer a project at a time: two requests must not both answer first.
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    rater = _rater(project, label) or Rater.objects.create(
        project=project, kind=Rater.Kind.JUDGE, label=label
    )
    return _executed(SAY, rater.pk, batches)


def rule_judgments_count(*, project: Project, label: str, batches: Iterable[Batch]) -> int:
    """How many judgments it would be if all these pairs were there."""
    rater = _rater(project, label)
    return _executed(COUNT, rater.pk if rater else 0, batches)


def _rater(project: Project, label: str) -> Rater | None:
    return Rater.objects.filter(project=project, kind=Rater.Kind.JUDGE, label=label).order_by("pk").first()


def _executed(statement: str, rater: int, batches: Iterable[Batch]) -> int:
    n = 0
    with connection.cursor() as cursor:
        for a, b, toward_a in batches:
            said: dict[str, Any] = {
                "rater": rater, "outcome": Judgment.Outcome.PREFERRED, "source": Judgment.Source.JUDGE,
                "a": a, "b": b, "preference": [PREFERENCE * side for side in toward_a],
            }  # fmt: skip
            cursor.execute(statement, said)
            n += cursor.fetchone()[0] if statement == COUNT else cursor.rowcount
    return n
