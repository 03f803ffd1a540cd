"""How likely a model finds the responses of each source: what is its own, and what is not."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from django.db import connection

from curation.models import Project
from curation.score_summary import DRAWN, SHAPE_PAIRS

# The scorer that keeps the mean log-probability of both responses beside its score.
SCORER = "on_policy"
PEOPLE = "people"

# A response counts once for each producer, in however many pairs it stands.
SOURCES = f"""
WITH {DRAWN}, told AS (
    SELECT DISTINCT score.producer_id AS producer, side.response, side.value
    FROM drawn
    JOIN curation_pair pair ON pair.id = drawn.id
    JOIN curation_pairscore score ON score.pair_id = pair.id AND score.scorer = %(scorer)s
    CROSS JOIN LATERAL (VALUES
        (pair.response_a_id, (score.details->>'a')::float8),
        (pair.response_b_id, (score.details->>'b')::float8)
    ) AS side(response, value)
    WHERE side.value IS NOT NULL
)
SELECT
    told.producer, coalesce(sampler.model_name, %(people)s) AS source, count(*), avg(told.value),
    percentile_cont(ARRAY[0.1, 0.9]) WITHIN GROUP (ORDER BY told.value)
FROM told JOIN curation_response response ON response.id = told.response
LEFT JOIN curation_sampler sampler ON sampler.id = response.sampler_id
GROUP BY told.producer, source
ORDER BY told.producer, avg(told.value) DESC, source
"""  # noqa: S608 -- only a constant goes in


@dataclass(frozen=True)
class Source:
    """The responses of one model, or of people: how many, and their mean log-probability a token under the
    producer's model: mean, and 10th and 90th percentile."""

    name: str
    responses: int
    mean: float
    low: float
    high: float


def sources_by(project: Project) -> dict[int, list[Source]]:
    """Of each producer of on-policy scores, the likeliest source first, among SHAPE_PAIRS pairs at most."""
    found: dict[int, list[Source]] = defaultdict(list)
    names: dict[str, int | str] = {
        "project": project.pk,
        "pairs": SHAPE_PAIRS,
        "scorer": SCORER,
        "people": PEOPLE,
    }
    with connection.cursor() as cursor:
        cursor.execute(SOURCES, names)
        for producer, name, n, mean, (low, high) in cursor.fetchall():
            found[producer].append(Source(name, n, mean, low, high))
    return found
