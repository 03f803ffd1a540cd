"""Scorers that compare sentence embeddings."""

from __future__ import annotations

from curation.scorers.base import EmbeddingScorer, Worse

OURS = "ours; sentence embeddings as in Reimers and Gurevych, arXiv 1908.10084"

EMBEDDING_SCORERS: tuple[EmbeddingScorer, ...] = (
    EmbeddingScorer(
        name="semantic_distance",
        label="Semantic distance",
        help="How far apart the two responses are in meaning, as a sentence-embedding model sees them: 0 is "
        "the same. What lies beyond the model’s window is not seen, and a “not” may move it little.",
        formula="1 − cos(E(y⁺), E(y⁻)), E the sentence embedding",
        source=OURS,
        directed=False,
        worse=Worse.LOW,
    ),
    EmbeddingScorer(
        name="relevance_gap",
        label="Relevance gap",
        help="How much nearer to the prompt the chosen response is. Nearness in topic, not in truth: a "
        "response that repeats the prompt is very near to it.",
        formula="cos(E(x), E(y⁺)) − cos(E(x), E(y⁻)), E the sentence embedding",
        source=OURS,
        directed=True,
        worse=Worse.LOW,
    ),
)
