"""Scores that PostgreSQL computes from embeddings that are stored. Computing them again changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection

from curation.models import Embedder, ScoreProducer
from curation.scorers import SCORERS
from curation.services.score_record import producer_fingerprint, producer_get_or_create


@dataclass(frozen=True)
class Comparison:
    """`rows` selects direction, value and details for each pair from `a`, `b` and `x`: the embeddings of its
    responses and of its prompt."""

    rows: str
    needs_prompt: bool = False


# `<=>` is 1 − cosine.
COMPARISONS: dict[str, Comparison] = {
    "semantic_distance": Comparison("VALUES ('both', a.vector <=> b.vector, '{}'::jsonb)"),
    "relevance_gap": Comparison(
        """
        SELECT direction, sign * (near.a - near.b), jsonb_build_object('a', near.a, 'b', near.b)
        FROM (SELECT 1 - (x.vector <=> a.vector) AS a, 1 - (x.vector <=> b.vector) AS b) near
        CROSS JOIN (VALUES ('a_over_b', 1.0::float8), ('b_over_a', -1.0::float8)) way (direction, sign)
        """,
        needs_prompt=True,
    ),
}
WITH_PROMPT = (
    "JOIN curation_promptembedding x ON x.prompt_id = pair.prompt_id AND x.embedder_id = %(embedder)s"
)
# Adding 0 makes 0 of −0.
SCORE = """
INSERT INTO curation_pairscore (pair_id, producer_id, scorer, direction, value, details, created_at)
SELECT pair.id, %(producer)s, %(scorer)s, made.direction, made.value + 0.0::float8, made.details, now()
FROM curation_pair pair
JOIN curation_prompt prompt ON prompt.id = pair.prompt_id
JOIN curation_responseembedding a ON a.response_id = pair.response_a_id AND a.embedder_id = %(embedder)s
JOIN curation_responseembedding b ON b.response_id = pair.response_b_id AND b.embedder_id = %(embedder)s
{with_prompt}
CROSS JOIN LATERAL ({rows}) made (direction, value, details)
WHERE prompt.project_id = %(project)s AND (%(split)s::text = '' OR prompt.split = %(split)s::text)
    AND NOT EXISTS (SELECT FROM curation_pairscore had
                    WHERE had.pair_id = pair.id AND had.producer_id = %(producer)s)
ON CONFLICT (pair_id, scorer, direction, producer_id) DO NOTHING
"""


def embedding_scores_record(*, embedder: Embedder, scorer: str, split: str = "") -> ScoreProducer:
    """Score the pairs of a split (of all when empty) that lack it and whose texts are embedded."""
    producer = _producer(embedder, scorer)
    comparison = COMPARISONS[scorer]
    params: dict[str, int | str] = {
        "producer": producer.pk,
        "scorer": scorer,
        "embedder": embedder.pk,
        "project": embedder.project_id,
        "split": split,
    }
    query = SCORE.format(with_prompt=WITH_PROMPT if comparison.needs_prompt else "", rows=comparison.rows)
    with connection.cursor() as cursor:
        cursor.execute(query, params)
    return producer


def _producer(embedder: Embedder, scorer: str) -> ScoreProducer:
    """`max_length` tells where texts were cut."""
    details: dict[str, Any] = {
        "model_fingerprint": embedder.fingerprint,
        "max_length": embedder.window,
        "version": SCORERS[scorer].version,
    }
    return producer_get_or_create(
        project=embedder.project,
        scorer=scorer,
        fingerprint=producer_fingerprint(scorer, details),
        label=embedder.name,
        details=details,
    )
