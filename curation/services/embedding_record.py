"""Embedders and what they made of texts. Recording the same embeddings again changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from django.db import connection, transaction

from curation.bulk import copy_table, vector_type
from curation.models import Embedder, Project

Embedded = Literal["prompt", "response"]

STAGE = "CREATE TEMPORARY TABLE staged_{of} (id int8, is_cut bool, vector vector) ON COMMIT DROP"
# The join leaves out what was deleted while the worker had it.
STORE = """
INSERT INTO curation_{of}embedding (embedder_id, {of}_id, is_cut, vector)
SELECT %s, staged.id, staged.is_cut, staged.vector FROM staged_{of} staged
JOIN curation_{of} ON curation_{of}.id = staged.id
ORDER BY staged.id
ON CONFLICT (embedder_id, {of}_id) DO NOTHING
"""


@dataclass(frozen=True)
class Embedding:
    """What an embedder made of the prompt or response with this id: a vector of length 1."""

    pk: int
    is_cut: bool
    vector: npt.NDArray[np.float32]


def embedder_get_or_create(
    *, project: Project, name: str, fingerprint: str, dimensions: int, window: int
) -> Embedder:
    """The embedder with this fingerprint; its name and facts are those of the first time."""
    embedder, _ = Embedder.objects.get_or_create(
        project=project,
        fingerprint=fingerprint,
        defaults={"name": name, "dimensions": dimensions, "window": window},
    )
    return embedder


@transaction.atomic
def embeddings_record(*, embedder: Embedder, of: Embedded, rows: Sequence[Embedding]) -> int:
    """Store what is not there yet; how many of them. Raises ValueError for a vector of another length."""
    if not rows:
        return 0
    kind = [("id", "i8"), ("is_cut", "?"), ("vector", vector_type(embedder.dimensions))]
    table = np.zeros(len(rows), dtype=np.dtype(kind))
    table["id"] = [row.pk for row in rows]
    table["is_cut"] = [row.is_cut for row in rows]
    table["vector"]["dimensions"] = embedder.dimensions
    table["vector"]["values"] = [row.vector for row in rows]
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS staged_{of}")
        cursor.execute(STAGE.format(of=of))
        copy_table(f"staged_{of}", table)
        cursor.execute(STORE.format(of=of), [embedder.pk])
        return int(cursor.rowcount)
