"""Steps that compare sentence embeddings, and what they read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field

from curation.algorithms.decontamination import user_text
from curation.algorithms.filters import Cut, FloatArray, IntArray
from curation.algorithms.neighbours import THRESHOLD, far_from_tests, largest_cosine
from curation.embeddings import newest_embedder, prompt_vectors
from curation.models import Project, Prompt
from curation.recipes.base import Step
from curation.recipes.kept import Array
from curation.recipes.pool import Pool


class DecontaminateByMeaning(Step):
    label = "Decontaminate by meaning"
    help = (
        "Drops pairs whose prompt is as near to an eval prompt as this, by the cosine of their sentence "
        "embeddings, those of the newest embedding model. Ours: it finds what “Decontaminate” cannot, the "
        "same question in other words, and drops questions that differ from an eval prompt in a number or a "
        "name. Pairs of the eval split are not tested and stay. Where an eval prompt has no embedding, "
        "nothing was compared with it, so no pair counts as tested; without eval prompts nothing is dropped."
    )
    step: Literal["decontaminate_meaning"] = "decontaminate_meaning"
    threshold: float = Field(default=THRESHOLD, ge=0, le=1, title="Least cosine to drop")
    keep_missing: bool = Field(default=False, title="Keep pairs that cannot be tested")

    def cut(self, pool: Pool, at: IntArray) -> Cut:
        near = Nearness.of_arrays(
            *pool.remembered("nearness to eval", lambda: nearness_to_eval(pool.project).arrays())
        )
        wanted = pool.values("prompt")[at]
        cosine = np.full(len(at), np.nan)
        if len(near.prompts):
            place = np.minimum(np.searchsorted(near.prompts, wanted), len(near.prompts) - 1)
            embedded = near.prompts[place] == wanted
            cosine[embedded] = near.cosine[place[embedded]]
        asked = ~pool.is_eval[at] & (near.n_tests > 0)
        return far_from_tests(
            cosine, asked, self.threshold, is_complete=near.is_complete, keep_missing=self.keep_missing
        )


@dataclass(frozen=True)
class Nearness:
    """Embedded training prompts in order of id, and their cosines to the nearest eval prompt, −1 without one.

    `n_tests` counts the eval prompts that say something; `is_complete`: all of them are embedded.
    """

    prompts: IntArray
    cosine: FloatArray
    n_tests: int
    is_complete: bool

    def arrays(self) -> tuple[Array, ...]:
        return self.prompts, self.cosine, np.array([self.n_tests, self.is_complete])

    @classmethod
    def of_arrays(cls, prompts: Array, cosine: Array, facts: Array) -> Nearness:
        return cls(prompts, cosine, int(facts[0]), bool(facts[1]))


def nearness_to_eval(project: Project) -> Nearness:
    """By the newest embedder; without one no prompt is embedded."""
    embedder = newest_embedder(project)
    tests = Prompt.objects.filter(project=project, split=Prompt.Split.EVAL)
    lacking = tests.lacking_embedding(embedder.pk if embedder else None).values_list("messages", flat=True)
    n_lacking = sum(bool(user_text(messages).strip()) for messages in lacking.iterator(chunk_size=1000))
    prompts, cosine, n_embedded = np.zeros(0, dtype=np.int64), np.zeros(0), 0
    if embedder is not None:
        prompts, vectors = prompt_vectors(embedder, Prompt.Split.TRAIN)
        _, of_tests = prompt_vectors(embedder, Prompt.Split.EVAL)
        cosine, n_embedded = largest_cosine(vectors, of_tests), len(of_tests)
    return Nearness(prompts, cosine, n_lacking + n_embedded, not n_lacking)
