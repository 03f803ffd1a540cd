"""Vectors of length 1 with the cosines that a test wants, stored as embeddings."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from curation.models import Embedder, Project, Prompt, Response
from curation.services.embedding_record import Embedding, embedder_get_or_create, embeddings_record

DIMENSIONS = 16
Vector = npt.NDArray[np.float32]


def direction(number: int, dimensions: int = DIMENSIONS) -> Vector:
    """One of some vectors at right angles to each other."""
    found: Vector = np.eye(dimensions, dtype=np.float32)[number]
    return found


def near(vector: Vector, cosine: float, towards: int = -1) -> Vector:
    """A vector with this cosine to another, turned towards a direction at right angles to it."""
    aside = direction(towards, len(vector))
    turned: Vector = (cosine * vector + np.sqrt(1 - cosine**2) * aside).astype(np.float32)
    return turned


def random_vectors(n: int, dimensions: int = DIMENSIONS, seed: int = 0) -> Vector:
    found = np.random.default_rng(seed).normal(size=(n, dimensions))
    unit: Vector = (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)
    return unit


def embedder_of(project: Project, name: str = "m", dimensions: int = DIMENSIONS) -> Embedder:
    return embedder_get_or_create(
        project=project, name=name, fingerprint=f"{name}-{dimensions}", dimensions=dimensions, window=256
    )


def embed(embedder: Embedder, vectors: Mapping[Prompt | Response, Vector]) -> None:
    for of, kind in (("prompt", Prompt), ("response", Response)):
        rows = [
            Embedding(item.pk, is_cut=False, vector=vector)
            for item, vector in vectors.items()
            if isinstance(item, kind)
        ]
        embeddings_record(embedder=embedder, of=of, rows=rows)  # type: ignore[arg-type]  # a literal of the tuple
