"""Put every two different responses of a prompt side by side."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from curation.models import Project

# One statement, so that the counts and the rows come from the same snapshot.
BUILD = """
WITH combination AS MATERIALIZED (
    SELECT a.prompt_id, a.id AS a_id, b.id AS b_id, a.text_hash = b.text_hash AS identical
    FROM curation_prompt prompt
    JOIN curation_response a ON a.prompt_id = prompt.id
    JOIN curation_response b ON b.prompt_id = prompt.id AND b.id > a.id
    WHERE prompt.project_id = %s
), created AS (
    INSERT INTO curation_pair (prompt_id, response_a_id, response_b_id, created_at)
    SELECT prompt_id, a_id, b_id, now() FROM combination WHERE NOT identical ORDER BY a_id, b_id
    ON CONFLICT (response_a_id, response_b_id) DO NOTHING
    RETURNING 1
)
SELECT (SELECT count(*) FROM created),
       count(*) FILTER (WHERE NOT identical),
       count(*) FILTER (WHERE identical)
FROM combination
"""


@dataclass(frozen=True)
class PairBuildCounts:
    """New pairs, pairs that were there, and combinations left out because their texts are the same."""

    created: int
    existing: int
    identical: int


def pairs_build(*, project: Project) -> PairBuildCounts:
    """Pair all responses of each prompt whose texts differ. Running it again adds only what is new."""
    with connection.cursor() as cursor:
        cursor.execute(BUILD, [project.pk])
        created, different, identical = cursor.fetchone()
    return PairBuildCounts(created=created, existing=different - created, identical=identical)
