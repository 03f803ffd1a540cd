"""Numbers of single responses: what the file they came with says of them, such as a rating or a label, and
what ranks them by scores or judges (see `ranking_scores`).

A source's key is `stored:` with the path in `Response.metadata` as JSON, or a key of `ranking_scores`.
"""

from __future__ import annotations

import json

import numpy as np
from django.db import connection

from curation.algorithms.pairing import FloatArray, IntArray
from curation.bulk import copy_out
from curation.models import Project
from curation.ranking_scores import Numbers, Source, ranking_sources, read_numbers

STORED = "stored"
STORED_SHOWN = 30
# Numbers and yes-or-no labels, at the top of the metadata or one object further down.
PATHS = """
WITH said AS (
    SELECT said.key, said.value FROM curation_response response
    JOIN curation_prompt prompt ON prompt.id = response.prompt_id
    CROSS JOIN LATERAL jsonb_each(
        CASE jsonb_typeof(response.metadata) WHEN 'object' THEN response.metadata ELSE '{}' END
    ) said
    WHERE prompt.project_id = %s AND response.metadata IS NOT NULL
), leaf AS (
    SELECT jsonb_build_array(key) AS path, value FROM said
    UNION ALL
    SELECT jsonb_build_array(said.key, inside.key), inside.value FROM said CROSS JOIN LATERAL jsonb_each(
        CASE jsonb_typeof(said.value) WHEN 'object' THEN said.value ELSE '{}' END
    ) inside
)
SELECT path::text FROM leaf WHERE jsonb_typeof(value) IN ('number', 'boolean')
GROUP BY path ORDER BY count(*) DESC, path::text LIMIT %s
"""
# A cast of a number beyond float8 would fail, and with it the whole read.
VALUES = """
SELECT found.id, CASE jsonb_typeof(found.value)
    WHEN 'boolean' THEN (found.value = 'true')::int::float8
    WHEN 'number' THEN CASE WHEN abs((found.value #>> '{}')::numeric) < 1e300
        THEN round((found.value #>> '{}')::numeric, 100)::float8 ELSE 'NaN' END
    ELSE 'NaN' END::float8
FROM (
    SELECT response.id, response.metadata #> %s::text[] AS value FROM curation_response response
    JOIN curation_prompt prompt ON prompt.id = response.prompt_id
    WHERE prompt.project_id = %s AND response.metadata IS NOT NULL
) found WHERE found.value IS NOT NULL ORDER BY found.id
"""


def number_sources(project: Project) -> list[Source]:
    """Everything that has numbers of responses here: what files said of most of them first, at most
    STORED_SHOWN of these, then scores and judges."""
    with connection.cursor() as cursor:
        cursor.execute(PATHS, [project.pk, STORED_SHOWN])
        paths = [path for (path,) in cursor.fetchall()]
    stored = [Source(f"{STORED}:{path}", _stored_name(path)) for path in paths]
    return [*stored, *ranking_sources(project)]


def source_name(project: Project, key: str) -> str:
    """What one of `number_sources` is called, without a look at every response."""
    kind, _, path = key.partition(":")
    if kind == STORED:
        return _stored_name(path)
    return {source.key: source.name for source in ranking_sources(project)}[key]


def _stored_name(path: str) -> str:
    return f"stored {' · '.join(json.loads(path))}"


def numbers_of(project: Project, key: str, responses: IntArray) -> FloatArray:
    """The source's number of each of these responses, NaN where it has none; yes is 1 and no is 0.

    `responses` are ids in ascending order. Raises CurationError for a score or judge that is gone.
    """
    kind, _, path = key.partition(":")
    found = _stored(project, json.loads(path)) if kind == STORED else read_numbers(project, key)
    number = np.full(len(responses), np.nan)
    _, at, there = np.intersect1d(responses, found.response, assume_unique=True, return_indices=True)
    number[at] = found.value[there]
    return number


def _stored(project: Project, path: list[str]) -> Numbers:
    table = copy_out(VALUES, [path, project.pk], [("response", "i8"), ("value", "f8")])
    return Numbers(table["response"], table["value"])
