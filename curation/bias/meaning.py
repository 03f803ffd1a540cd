"""What responses mean, by their sentence embeddings, and the responses that a probe of it is surest of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from curation.algorithms.separability import Probe, standardised
from curation.bias.reads import response_texts
from curation.embeddings import Vectors, newest_embedder, response_vectors
from curation.models import Project

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

MOST_SURE, EXCERPT = 5, 160


@dataclass(frozen=True)
class Meaning:
    """Vectors of some responses by the embedder `model`. `place` is, for each response of a sample, that of
    its vector among them; −1 where it has none."""

    model: str
    place: IntArray
    vectors: Vectors

    def known(self, at: IntArray) -> BoolArray:
        known: BoolArray = self.place[at] >= 0
        return known

    def of(self, at: IntArray) -> FloatArray:
        """The standardised vectors of the responses at `at`, which all have one, as rows."""
        return standardised(self.vectors[self.place[at]].astype(np.float64))


def read_meaning(project: Project, responses: IntArray) -> Meaning:
    """By the project's newest embedder, of the responses with these ascending ids."""
    place = np.full(len(responses), -1)
    embedder = newest_embedder(project)
    if embedder is None:
        return Meaning("", place, np.zeros((0, 0), dtype=np.float32))
    ids, vectors = response_vectors(embedder, responses)
    place[np.searchsorted(responses, ids)] = np.arange(len(ids))
    return Meaning(embedder.name, place, vectors)


def surest_evidence(
    found: Probe, positive: BoolArray, response: IntArray, prompt: IntArray
) -> list[dict[str, Any]]:
    """The responses that the probe is surest of, as one of the positive set first and then as none: what a
    dimension of an embedding says cannot be put into words.

    `response` and `prompt` are the ids of each row. `probability` is that of the positive set, by the fit
    that has not seen the prompt; `ours` and `theirs` count the response's rows in both sets.
    """
    ids, first, place = np.unique(response, return_index=True, return_inverse=True)
    ours = np.bincount(place, weights=positive, minlength=len(ids)).astype(int)
    theirs = np.bincount(place, minlength=len(ids)) - ours
    scores = found.scores[first]
    order = np.argsort(-scores, kind="stable")
    up, down = order[scores[order] > 0][:MOST_SURE], order[scores[order] < 0][::-1][:MOST_SURE]
    shown = np.concatenate([up, down])
    wanted = np.sort(ids[shown])
    texts = dict(zip(wanted.tolist(), response_texts(wanted), strict=True))
    return [
        {
            "response": int(ids[i]),
            "prompt": int(prompt[first[i]]),
            "excerpt": " ".join(texts[int(ids[i])][:EXCERPT].split()),
            "probability": float(1 / (1 + np.exp(-scores[i]))),
            "ours": int(ours[i]),
            "theirs": int(theirs[i]),
        }
        for i in shown.tolist()
    ]
