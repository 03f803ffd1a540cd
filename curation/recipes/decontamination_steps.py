"""The step that compares the n-grams of prompts with those of eval prompts, and what it reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal, TypeVar

import numpy as np
from django.db.models import Exists, OuterRef
from pydantic import Field

from curation.algorithms import filters
from curation.algorithms.decontamination import SET_THRESHOLD, THRESHOLD, N, NgramIndex, user_turns
from curation.algorithms.filters import Cut, FloatArray, IntArray, Note
from curation.models import Pair, Prompt
from curation.recipes.base import Step
from curation.recipes.eval_sets import EvalPrompts, EvalSets, eval_prompts, eval_set_name
from curation.recipes.kept import Array
from curation.recipes.pool import Pool

T = TypeVar("T")

CHUNK = 5000
SETS_NOTED = 20


class Decontaminate(Step):
    label = "Decontaminate"
    help = (
        "Drops pairs whose prompt gives an eval prompt away: more than this share of its words lie in "
        "n-grams that the prompt holds too. The rule of Tülu 3 (Lambert et al., arXiv 2411.15124), on what "
        "the user says, by words without case and punctuation. Pairs of the eval split are not tested and "
        "stay; eval prompts of fewer than n words match nothing; without eval prompts nothing is dropped. "
        "It tells how many prompts of each eval set are given away; Tülu 3 cleans a training set above 2 %."
    )
    step: Literal["decontaminate"] = "decontaminate"
    n: int = Field(default=N, ge=1, le=50, title="Words in an n-gram")
    threshold: float = Field(default=THRESHOLD, ge=0, le=1, title="Share of an eval prompt")
    eval_sets: EvalSets = ()

    def cut(self, pool: Pool, at: IntArray) -> Cut:
        found = EvalOverlap.of_arrays(
            *pool.remembered(
                f"overlap with eval sets {self.n} {self.eval_sets}",
                lambda: eval_overlap(pool, self.n, self.eval_sets).arrays(),
            )
        )
        share, test = found.share[at], found.test[at]
        cut = filters.overlap_below(
            share, found.tests.sets(test), found.tests.reasons, self.threshold, self.n
        )
        notes = found.notes(self.threshold, test[~cut.keep])
        return replace(cut, notes=(*found.tests.lacking(self.eval_sets), *notes))


@dataclass(frozen=True)
class EvalOverlap:
    """Per pair of the pool the largest share that its prompt covers of an eval prompt, and the place of that
    one in `tests`, −1 for none; NaN where nothing was tested, as for pairs of the eval split. `of_tests`: the
    largest share of each eval prompt that the prompt of any pair covers."""

    share: FloatArray
    test: IntArray
    of_tests: FloatArray
    tests: EvalPrompts

    def arrays(self) -> tuple[Array, ...]:
        return self.share, self.test, self.of_tests, *self.tests.arrays()

    @classmethod
    def of_arrays(cls, share: Array, test: Array, of_tests: Array, *tests: Array) -> EvalOverlap:
        return cls(share, test, of_tests, EvalPrompts.of_arrays(*tests))

    def notes(self, threshold: float, matched: IntArray) -> list[Note]:
        """How many prompts of each set are given away, the largest share first, and the one that is at most
        of the places `matched`."""
        set_of, n_sets = self.tests.set_of, len(self.tests.sources)
        n = np.bincount(set_of, minlength=n_sets)
        covered = np.bincount(set_of[self.of_tests > threshold], minlength=n_sets)
        most = self.tests.most_matched(matched)
        order = np.argsort(-covered / np.maximum(n, 1), kind="stable")[:SETS_NOTED]
        return [
            Note(_set_in_words(self.tests.sources[s], int(covered[s]), int(n[s]), most[s]), most[s])
            for s in order.tolist()
            if covered[s]
        ]


def _set_in_words(source: str, covered: int, n: int, most: int | None) -> str:
    share = covered / n
    found = (
        f"{eval_set_name(source)}: {covered:,} of {n:,} eval prompts ({share:.1%}) are given away by pairs"
    )
    more = f", more than the {SET_THRESHOLD:.0%} of Tülu 3’s rule for a whole set"
    return f"{found}{more if share > SET_THRESHOLD else ''}{'; most often' if most else ''}"


def eval_overlap(pool: Pool, n: int, sets: tuple[str, ...]) -> EvalOverlap:
    """Of all training prompts with pairs, whichever of them earlier steps keep."""
    ids: list[int] = []
    sources: list[str] = []

    def turns() -> Iterator[list[str]]:
        rows = eval_prompts(pool.project, sets).values_list("id", "source", "messages")
        for pk, source, messages in rows.iterator(chunk_size=CHUNK):
            ids.append(pk)
            sources.append(source)
            yield user_turns(messages)

    index = NgramIndex(turns(), n)
    share, test = np.full(len(pool), np.nan), np.full(len(pool), -1, dtype=np.int64)
    of_tests = np.zeros(index.n_tests)
    prompts, of_prompts, tests = _training_overlap(pool, index, of_tests)
    if len(prompts):
        at = np.minimum(np.searchsorted(prompts, pool.prompts), len(prompts) - 1)
        tested = prompts[at] == pool.prompts
        share[tested], test[tested] = of_prompts[at[tested]], tests[at[tested]]
    return EvalOverlap(share, test, of_tests, EvalPrompts.of(ids, sources))


def _training_overlap(
    pool: Pool, index: NgramIndex, of_tests: FloatArray
) -> tuple[IntArray, FloatArray, IntArray]:
    """(ids of training prompts with pairs, in order; the share and the test of each), and fills `of_tests`;
    all are empty where there is no test."""
    ids: list[int] = []
    shares, tests = [np.zeros(0)], [np.zeros(0, dtype=np.int64)]
    paired = Prompt.objects.filter(
        Exists(Pair.objects.filter(prompt=OuterRef("pk"))), project=pool.project, split=Prompt.Split.TRAIN
    )
    rows = paired.order_by("id").values_list("id", "messages").iterator(chunk_size=CHUNK)
    for chunk in _chunks(rows) if index.n_tests else ():
        found = index.overlap(user_turns(messages) for _, messages in chunk)
        ids += [pk for pk, _ in chunk]
        shares.append(found.share)
        tests.append(found.test)
        np.maximum(of_tests, found.of_tests, out=of_tests)
    return np.array(ids, dtype=np.int64), np.concatenate(shares), np.concatenate(tests)


def _chunks(rows: Iterator[T]) -> Iterator[list[T]]:
    while chunk := list(islice(rows, CHUNK)):
        yield chunk
