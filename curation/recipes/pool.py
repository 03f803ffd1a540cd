"""What steps may look at: a project's pairs, their consensus, judgments and scores, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from curation.algorithms.filters import BoolArray, FloatArray, IntArray, Verdicts
from curation.models import Project, Prompt, ScoreProducer
from curation.recipes import reads
from curation.recipes.reads import PromptValue


@dataclass(frozen=True)
class PoolConsensus:
    """Per pair of the pool. `winner` is +1 for a, −1 for b, 0 for a tie; `answered` is false where every
    rater said both bad; where `known` is false there is no consensus and the rest means nothing."""

    known: BoolArray
    answered: BoolArray
    winner: IntArray
    probability: FloatArray
    margin: FloatArray


class Pool:
    """The pairs of a project in order of id, without those of gold prompts: they check annotators and
    must never be trained on. Everything else is read once, when a step first asks for it.

    `method` is the consensus method whose winner is the chosen response; `producers` fills with those
    whose scores were read.
    """

    def __init__(self, project: Project, method: str) -> None:
        self.project = project
        self.method = method
        read = reads.pairs(project)
        self.pair_ids: IntArray = read["pair"]
        self.splits = np.where(read["eval"] == 1, Prompt.Split.EVAL.value, Prompt.Split.TRAIN.value)
        self.producers: dict[int, ScoreProducer] = {}
        self._consensus: dict[str, PoolConsensus] = {}
        self._values: dict[PromptValue, IntArray] = {}

    def __len__(self) -> int:
        return len(self.pair_ids)

    @property
    def chosen(self) -> IntArray:
        """+1 where a is chosen, −1 where b is, 0 where nobody is."""
        return self.consensus(self.method).winner

    def consensus(self, method: str) -> PoolConsensus:
        if method not in self._consensus:
            self._consensus[method] = self._read_consensus(method)
        return self._consensus[method]

    @cached_property
    def lengths(self) -> tuple[IntArray, IntArray]:
        """Characters of (chosen, rejected); of (b, a) where nobody is chosen."""
        at, table = self._inside(reads.lengths(self.project))
        a, b = np.zeros((2, len(self)), dtype=np.int64)
        a[at], b[at] = table["a"], table["b"]
        a_chosen = self.chosen > 0
        return np.where(a_chosen, a, b), np.where(a_chosen, b, a)

    @cached_property
    def verdicts(self) -> Verdicts:
        """What judges that count said; a skip says nothing."""
        at, table = self._inside(reads.verdicts(self.project))
        left_is_a = table["left_is_a"] == 1
        return Verdicts(at, table["judge"], left_is_a, np.where(left_is_a, table["left"], -table["left"]))

    def chosen_scores(self, scorer: str, producer_id: int | None) -> FloatArray:
        """The score for the direction chosen over rejected; NaN where there is none.

        By the producer named or, without a name, the newest: scores of different producers never mix.
        """
        producers = ScoreProducer.objects.filter(project=self.project, scorer=scorer).order_by("-id")
        producer = (producers.filter(pk=producer_id) if producer_id else producers).first()
        if producer is None:
            return np.full(len(self), np.nan)
        self.producers[producer.pk] = producer
        at, table = self._inside(reads.scores(producer))
        found = np.full(len(self), np.nan)
        # A symmetric score holds whichever of the two was chosen.
        fits = (table["direction"] == self.chosen[at]) | (table["direction"] == 0)
        found[at[fits]] = table["value"][fits]
        return found

    def values(self, of: PromptValue | Literal["chosen_model"]) -> IntArray:
        """A number for each pair's value: equal numbers, equal values."""
        if of == "chosen_model":
            return self._chosen_of("a_model", "b_model")[0]
        if of not in self._values:
            ids, numbers = reads.prompt_values(self.project, of)
            self._values[of] = self._placed(ids, numbers)
        return self._values[of]

    @cached_property
    def licences(self) -> tuple[IntArray, tuple[str, ...]]:
        """(place, names): per pair the place of its prompt's licence among the names; "" is no licence."""
        prompts, place = np.unique(self.values("licence"), return_inverse=True)
        return place, reads.licence_names(prompts)

    @cached_property
    def text_keys(self) -> tuple[IntArray, IntArray]:
        """Keys of (chosen, rejected), blind to case and white space; of (b, a) where nobody is chosen."""
        ids, keys = reads.response_keys(self.project)
        chosen, rejected = self._chosen_of("a", "b")
        return keys[np.searchsorted(ids, chosen)], keys[np.searchsorted(ids, rejected)]

    @cached_property
    def exclusions(self) -> tuple[IntArray, tuple[str, ...]]:
        """(why, reasons): per pair 0, or the 1-based place of the reason for which its prompt is excluded."""
        found = reads.prompt_exclusions(self.project)
        reasons = tuple(sorted(set(found.values())))
        number = {reason: place for place, reason in enumerate(reasons, start=1)}
        # The 0 in front is no prompt: it makes every search find a place.
        prompts = np.array([0, *found], dtype=np.int64)
        why = np.array([0, *(number[reason] for reason in found.values())], dtype=np.int64)
        wanted = self.values("prompt") if found else np.zeros(len(self), dtype=np.int64)
        at = np.searchsorted(prompts, wanted, side="right") - 1
        return np.where(prompts[at] == wanted, why[at], 0), reasons

    def eval_overlap(self, n: int) -> FloatArray:
        """The largest share of an eval prompt's words that the pair's prompt covers with n-grams; NaN where
        that was not tested, as for pairs of the eval split itself."""
        prompts, shares = reads.eval_overlap(self.project, n)
        wanted = self.values("prompt")
        found = np.full(len(self), np.nan)
        if len(prompts):
            at = np.minimum(np.searchsorted(prompts, wanted), len(prompts) - 1)
            tested = prompts[at] == wanted
            found[tested] = shares[at[tested]]
        return found

    @cached_property
    def _responses(self) -> dict[str, IntArray]:
        """Response ids and models of each pair, by column."""
        read = reads.pair_responses(self.project)
        return {name: self._placed(read["pair"], column) for name, column in read.items()}

    def _chosen_of(self, a: str, b: str) -> tuple[IntArray, IntArray]:
        """(chosen, rejected) of two columns; (b, a) where nobody is chosen."""
        of_a, of_b = self._responses[a], self._responses[b]
        a_chosen = self.chosen > 0
        return np.where(a_chosen, of_a, of_b), np.where(a_chosen, of_b, of_a)

    def _placed(self, ids: IntArray, values: IntArray) -> IntArray:
        """One value for every pair of the pool, from those of all pairs of the project in any order."""
        order = np.argsort(ids)
        return values[order][np.searchsorted(ids[order], self.pair_ids)]

    def _read_consensus(self, method: str) -> PoolConsensus:
        at, table = self._inside(reads.consensus(self.project, method))
        n = len(self)
        found = PoolConsensus(
            known=np.zeros(n, dtype=np.bool_),
            answered=np.zeros(n, dtype=np.bool_),
            winner=np.zeros(n, dtype=np.int64),
            probability=np.full(n, 0.5),
            margin=np.full(n, np.nan),
        )
        found.known[at] = True
        found.answered[at] = table["answered"] == 1
        found.winner[at] = table["winner"]
        found.probability[at] = table["probability"]
        found.margin[at] = table["margin"]
        return found

    def _inside(self, table: npt.NDArray[np.void]) -> tuple[IntArray, npt.NDArray[np.void]]:
        """Rows with a `pair`, each with its place in the pool; rows of other pairs go."""
        if not len(self):
            return np.zeros(0, dtype=np.int64), table[:0]
        at = np.minimum(np.searchsorted(self.pair_ids, table["pair"]), len(self) - 1)
        inside = self.pair_ids[at] == table["pair"]
        return at[inside], table[inside]
