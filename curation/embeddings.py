"""Reading embeddings: vectors of many texts by COPY, ids with them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curation.bulk import copy_out, vector_type
from curation.models import Embedder, Project

IntArray = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.float32]

# PostgreSQL packs so many into one value: 150 MB of 384 dimensions.
CHUNK = 100_000
PROMPTS = """
SELECT embedding.prompt_id, embedding.vector FROM curation_promptembedding embedding
JOIN curation_prompt prompt ON prompt.id = embedding.prompt_id
WHERE embedder_id = %s AND prompt_id > %s AND (%s::text = '' OR prompt.split = %s::text)
ORDER BY prompt_id LIMIT %s
"""
RESPONSES = """
SELECT response_id, vector FROM curation_responseembedding
WHERE embedder_id = %s AND response_id = ANY(%s::bigint[]) ORDER BY response_id
"""


def newest_embedder(project: Project, name: str = "") -> Embedder | None:
    """The last one that came to the project, of this name where one is given."""
    embedders = Embedder.objects.filter(project=project, **({"name": name} if name else {}))
    return embedders.first()


def prompt_vectors(embedder: Embedder, split: str = "") -> tuple[IntArray, Vectors]:
    """(ids of embedded prompts in order, their vectors as rows), of one split or of all."""
    ids, vectors = [np.zeros(0, dtype=np.int64)], [np.zeros((0, embedder.dimensions), dtype=np.float32)]
    last = 0
    while len(table := copy_out(PROMPTS, [embedder.pk, last, split, split, CHUNK], _columns(embedder))):
        ids.append(table["id"].copy())
        vectors.append(table["vector"]["values"].copy())
        last = int(table["id"][-1])
    return np.concatenate(ids), np.concatenate(vectors)


def response_vectors(embedder: Embedder, wanted: IntArray) -> tuple[IntArray, Vectors]:
    """(ids in order of those that are embedded, their vectors as rows)."""
    table = copy_out(RESPONSES, [embedder.pk, wanted.tolist()], _columns(embedder))
    return table["id"], table["vector"]["values"]


def _columns(embedder: Embedder) -> list[tuple[str, str | np.dtype[np.void]]]:
    return [("id", "i8"), ("vector", vector_type(embedder.dimensions))]
