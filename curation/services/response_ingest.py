"""Take in what a sampler drew, in batches, while it is still drawing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.db import connection

from curation.algorithms.fingerprints import sha256_hex
from curation.models import Sampler

BATCH_ROWS = 1000
MAX_ID = 2**63 - 1

# `known` counts the rows whose prompt is in the sampler's project; the rest are left out and reported.
INGEST = """
WITH known AS (
    SELECT prompt.id AS prompt_id, draw.*
    FROM json_to_recordset(%(rows)s::json) AS draw(
        prompt bigint, sample_index int, text text, text_hash text,
        finish_reason text, n_tokens int, seed bigint
    )
    JOIN curation_prompt prompt ON prompt.id = draw.prompt AND prompt.project_id = %(project)s
), created AS (
    INSERT INTO curation_response
        (prompt_id, sampler_id, sample_index, text, text_hash, finish_reason, n_tokens, seed, created_at)
    SELECT prompt_id, %(sampler)s, sample_index, text, text_hash, finish_reason, n_tokens, seed, now()
    FROM known ORDER BY prompt_id, sample_index
    ON CONFLICT (prompt_id, sampler_id, sample_index) WHERE sampler_id IS NOT NULL DO NOTHING
    RETURNING 1
)
SELECT (SELECT count(*) FROM created), (SELECT count(*) FROM known)
"""


@dataclass(frozen=True)
class IngestCounts:
    """What became of a batch of draws: new, already here, or for a prompt this project does not have."""

    created: int
    existing: int
    unknown: int


def responses_ingest(*, sampler: Sampler, rows: Iterable[Mapping[str, Any]]) -> IngestCounts:
    """Store draws (`contracts.ResponseRow` as JSON) by their natural key; running it again adds nothing.

    A draw that is already stored is kept as it is: the text of a response never changes.
    """
    created = known = total = 0
    remaining = iter(rows)
    while batch := list(islice(remaining, BATCH_ROWS)):
        payload = json.dumps([_record(row) for row in batch])
        with connection.cursor() as cursor:
            cursor.execute(INGEST, {"rows": payload, "project": sampler.project_id, "sampler": sampler.pk})
            batch_created, batch_known = cursor.fetchone()
        created, known, total = created + batch_created, known + batch_known, total + len(batch)
    return IngestCounts(created=created, existing=known - created, unknown=total - known)


def _record(row: Mapping[str, Any]) -> dict[str, Any]:
    text = storable_text(row["text"])
    return {
        "prompt": _prompt_id(row["prompt_id"]),
        "sample_index": row["sample_index"],
        "text": text,
        "text_hash": sha256_hex(text),
        "finish_reason": row.get("finish_reason") or "",
        "n_tokens": row.get("n_tokens"),
        "seed": row.get("seed"),
    }


def _prompt_id(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdigit() and int(value) <= MAX_ID else None


def storable_text(text: str) -> str:
    """What PostgreSQL can hold of a model's output: no NUL, and U+FFFD for half a surrogate pair."""
    return text.replace("\x00", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
