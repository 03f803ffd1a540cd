"""Sentence embeddings."""

from __future__ import annotations

from trainer_bridge.contracts.base import Strict

BUILT_IN_EMBEDDER = "all-MiniLM-L6-v2"


class TextRow(Strict):
    """A row of `texts.jsonl`: a text to embed under a key of its own."""

    key: str
    text: str


class EmbeddingRow(Strict):
    """A row of `embeddings.jsonl`: base64 of little-endian float32 numbers, a vector of length 1.

    `is_cut`: the text is longer than what the model reads, and the vector is of its beginning.
    """

    key: str
    is_cut: bool
    vector: str


class EmbedderFacts(Strict):
    """`embedder.json`, written before the first row: what made the embeddings.

    `window` is how many tokens of a text the model reads.
    """

    fingerprint: str
    dimensions: int
    window: int


class EmbedSpec(Strict):
    """`embed_texts`: sentence embeddings of every row of `texts`.

    `model` is a local directory in the format of sentence-transformers; empty is BUILT_IN_EMBEDDER, which
    comes with the worker environment.
    """

    model: str = ""
    texts: str
