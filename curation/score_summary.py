"""How far each producer has scored a project's pairs, and how its scores lie."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from django.db import connection
from django.db.models import Count

from curation.models import PairScore, Project, ScoreProducer

BINS = 20
# A shape needs no more pairs than this, and a page must not wait for all of them.
SHAPE_PAIRS = 5000
# The consensus by which a recipe names the chosen response unless it says otherwise.
METHOD = "mean_probability"

DRAWN = """drawn AS MATERIALIZED (
    SELECT pair.id FROM curation_pair pair JOIN curation_prompt prompt ON prompt.id = pair.prompt_id
    WHERE prompt.project_id = %(project)s ORDER BY md5(pair.id::text) LIMIT %(pairs)s
)"""
# One row for each pair and producer: the direction chosen over rejected, or the only one of a symmetric
# score. What is not finite has no place on an axis.
SHAPES = f"""
WITH {DRAWN}, shown AS (
    SELECT score.producer_id AS producer, score.value
    FROM drawn JOIN curation_pairscore score ON score.pair_id = drawn.id
    LEFT JOIN curation_consensus consensus
        ON consensus.pair_id = score.pair_id AND consensus.method = %(method)s
    WHERE score.value BETWEEN -1e300 AND 1e300 AND (
        score.direction = 'both'
        OR score.direction = 'a_over_b' AND consensus.winner = 'a'
        OR score.direction = 'b_over_a' AND consensus.winner = 'b'
    )
), ends AS (SELECT producer, min(value) AS low, max(value) AS high FROM shown GROUP BY producer)
SELECT
    producer, low, high,
    CASE WHEN low < high THEN least(width_bucket(value, low, high, %(bins)s), %(bins)s) ELSE 1 END AS bin,
    count(*)
FROM shown JOIN ends USING (producer)
GROUP BY producer, low, high, bin
"""  # noqa: S608 -- only a constant goes in


@dataclass(frozen=True)
class Shape:
    """Counts of the scores of at most SHAPE_PAIRS pairs, drawn at random and the same for every producer, in
    BINS equal steps from `low` to `high`."""

    low: float
    high: float
    counts: list[int]


@dataclass(frozen=True)
class Scored:
    """A producer, how many pairs it has scored, and the shape of its scores where they can be told."""

    producer: ScoreProducer
    pairs: int
    shape: Shape | None


def scored_by(project: Project) -> list[Scored]:
    """Every producer of the project, the newest first, in three queries."""
    # Each scored pair has one of the two: the second direction of a directed score would count it twice.
    once = [PairScore.Direction.A_OVER_B, PairScore.Direction.BOTH]
    scores = PairScore.objects.filter(producer__project=project, direction__in=once).order_by()
    pairs = dict(scores.values_list("producer").annotate(Count("pk")))
    shapes = _shapes(project)
    producers = ScoreProducer.objects.filter(project=project).order_by("-id")
    return [Scored(producer, pairs.get(producer.pk, 0), shapes.get(producer.pk)) for producer in producers]


def _shapes(project: Project) -> dict[int, Shape]:
    counts: dict[int, list[int]] = defaultdict(lambda: [0] * BINS)
    ends: dict[int, tuple[float, float]] = {}
    with connection.cursor() as cursor:
        cursor.execute(SHAPES, {"project": project.pk, "method": METHOD, "bins": BINS, "pairs": SHAPE_PAIRS})
        for producer, low, high, place, n in cursor.fetchall():
            ends[producer] = (low, high)
            counts[producer][place - 1] = n
    return {producer: Shape(*ends[producer], counts[producer]) for producer in ends}
