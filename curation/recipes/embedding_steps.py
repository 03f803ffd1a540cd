"""Steps that compare sentence embeddings, and what they read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from pydantic import Field

from curation.algorithms.decontamination import user_text
from curation.algorithms.filters import Cut, FloatArray, IntArray, Note
from curation.algorithms.neighbours import THRESHOLD, far_from_tests, largest_cosine
from curation.embeddings import newest_embedder, prompt_vectors
from curation.models import Project, Prompt
from curation.recipes.base import Step
from curation.recipes.eval_sets import EvalPrompts, EvalSets, eval_prompts, eval_set_name
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
    eval_sets: EvalSets = ()

    def cut(self, pool: Pool, at: IntArray) -> Cut:
        near = Nearness.of_arrays(
            *pool.remembered(
                f"nearness to eval sets {self.eval_sets}",
                lambda: nearness_to_eval(pool.project, self.eval_sets).arrays(),
            )
        )
        wanted = pool.values("prompt")[at]
        cosine, test = np.full(len(at), np.nan), np.full(len(at), -1, dtype=np.int64)
        if len(near.prompts):
            place = np.minimum(np.searchsorted(near.prompts, wanted), len(near.prompts) - 1)
            embedded = near.prompts[place] == wanted
            cosine[embedded] = near.cosine[place[embedded]]
            test[embedded] = near.nearest[place[embedded]]
        asked = ~pool.is_eval[at] & (near.n_tests > 0)
        cut = far_from_tests(
            cosine,
            asked,
            near.tests.sets(test),
            near.tests.reasons,
            self.threshold,
            is_complete=near.is_complete,
            keep_missing=self.keep_missing,
        )
        dropped = test[~cut.keep & (cosine >= self.threshold)]
        most = zip(near.tests.sources, near.tests.most_matched(dropped), strict=True)
        notes = (Note(f"{eval_set_name(source)}: nearest most often", pk) for source, pk in most if pk)
        return replace(cut, notes=(*near.tests.lacking(self.eval_sets), *notes))


@dataclass(frozen=True)
class Nearness:
    """Embedded training prompts in order of id, and their cosines to the nearest eval prompt, −1 without one;
    `nearest` is its place in `tests`, −1 too.

    `n_tests` counts the eval prompts that say something; `is_complete`: all of them are embedded.
    """

    prompts: IntArray
    cosine: FloatArray
    nearest: IntArray
    tests: EvalPrompts
    n_tests: int
    is_complete: bool

    def arrays(self) -> tuple[Array, ...]:
        facts = np.array([self.n_tests, self.is_complete])
        return self.prompts, self.cosine, self.nearest, facts, *self.tests.arrays()

    @classmethod
    def of_arrays(
        cls, prompts: Array, cosine: Array, nearest: Array, facts: Array, *tests: Array
    ) -> Nearness:
        return cls(prompts, cosine, nearest, EvalPrompts.of_arrays(*tests), int(facts[0]), bool(facts[1]))


def nearness_to_eval(project: Project, sets: tuple[str, ...]) -> Nearness:
    """By the newest embedder; without one no prompt is embedded."""
    embedder = newest_embedder(project)
    chosen = eval_prompts(project, sets)
    lacking = chosen.lacking_embedding(embedder.pk if embedder else None).values_list("messages", flat=True)
    n_lacking = sum(bool(user_text(messages).strip()) for messages in lacking.iterator(chunk_size=1000))
    rows = list(chosen.values_list("id", "source"))
    tests = EvalPrompts.of([pk for pk, _ in rows], [source for _, source in rows])
    prompts, of_tests = np.zeros((2, 0), dtype=np.int64)
    cosine, nearest = np.zeros(0), np.zeros(0, dtype=np.int64)
    if embedder is not None:
        prompts, vectors = prompt_vectors(embedder, Prompt.Split.TRAIN)
        of_tests, test_vectors = prompt_vectors(embedder, Prompt.Split.EVAL)
        inside = np.isin(of_tests, tests.prompts)
        of_tests = of_tests[inside]
        cosine, nearest = largest_cosine(vectors, test_vectors[inside])
        if len(of_tests):
            nearest = np.searchsorted(tests.prompts, of_tests)[nearest]
    return Nearness(prompts, cosine, nearest, tests, n_lacking + len(of_tests), not n_lacking)
