"""What steps may look at: a project's pairs, their consensus, judgments and scores, as arrays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from django.db.models import Value
from django.db.models.functions import Coalesce, Length

from curation.algorithms.filters import BoolArray, FloatArray, IntArray, Verdicts
from curation.models import Consensus, Judgment, Pair, PairScore, Project, Prompt, Rater, ScoreProducer
from curation.recipes.reads import (
    PromptValue,
    eval_overlap,
    pair_responses,
    prompt_exclusions,
    prompt_values,
    response_keys,
)


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
        self._pairs = (
            Pair.objects.for_project(project).exclude(prompt__split=Prompt.Split.GOLD).order_by("id")
        )
        rows = list(self._pairs.values_list("id", "prompt__split"))
        self.pair_ids = np.array([pair for pair, _ in rows], dtype=np.int64)
        self.splits = [split for _, split in rows]
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
        rows = self._pairs.values_list("id", Length("response_a__text"), Length("response_b__text"))
        _, table = self._table(rows, a="i8", b="i8")
        a_chosen = self.chosen > 0
        return np.where(a_chosen, table["a"], table["b"]), np.where(a_chosen, table["b"], table["a"])

    @cached_property
    def verdicts(self) -> Verdicts:
        """What judges that count said; a skip says nothing."""
        rows = (
            Judgment.objects.for_project(self.project)
            .counted()
            .filter(rater__kind=Rater.Kind.JUDGE)
            .exclude(outcome=Judgment.Outcome.SKIP)
            .values_list("pair_id", "rater_id", "left", Coalesce("preference", Value(0)))
        )
        at, table = self._table(rows, judge="i8", left="U1", preference="i8")
        left_is_a = table["left"] == "a"
        to_left = np.sign(table["preference"])
        return Verdicts(at, table["judge"], left_is_a, np.where(left_is_a, to_left, -to_left))

    def chosen_scores(self, scorer: str, producer_id: int | None) -> FloatArray:
        """The score for the direction chosen over rejected; NaN where there is none.

        By the producer named or, without a name, the newest: scores of different producers never mix.
        """
        producers = ScoreProducer.objects.filter(project=self.project, scorer=scorer).order_by("-id")
        producer = (producers.filter(pk=producer_id) if producer_id else producers).first()
        if producer is None:
            return np.full(len(self), np.nan)
        self.producers[producer.pk] = producer
        a_over_b = self._scores(producer, PairScore.Direction.A_OVER_B)
        b_over_a = self._scores(producer, PairScore.Direction.B_OVER_A)
        directed = np.select([self.chosen > 0, self.chosen < 0], [a_over_b, b_over_a], np.nan)
        # A symmetric score holds whichever of the two was chosen.
        return np.where(np.isnan(directed), self._scores(producer, PairScore.Direction.BOTH), directed)

    def values(self, of: PromptValue | Literal["chosen_model"]) -> IntArray:
        """A number for each pair's value: equal numbers, equal values."""
        if of == "chosen_model":
            return self._chosen_of("a_model", "b_model")[0]
        if of not in self._values:
            ids, numbers = prompt_values(self.project, of)
            self._values[of] = self._placed(ids, numbers)
        return self._values[of]

    @cached_property
    def text_keys(self) -> tuple[IntArray, IntArray]:
        """Keys of (chosen, rejected), blind to case and white space; of (b, a) where nobody is chosen."""
        ids, keys = response_keys(self.project)
        chosen, rejected = self._chosen_of("a", "b")
        return keys[np.searchsorted(ids, chosen)], keys[np.searchsorted(ids, rejected)]

    @cached_property
    def exclusions(self) -> tuple[IntArray, tuple[str, ...]]:
        """(why, reasons): per pair 0, or the 1-based place of the reason for which its prompt is excluded."""
        found = prompt_exclusions(self.project)
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
        prompts, shares = eval_overlap(self.project, n)
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
        read = pair_responses(self.project)
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

    def _scores(self, producer: ScoreProducer, direction: str) -> FloatArray:
        rows = producer.scores.filter(direction=direction).values_list("pair_id", "value")
        at, table = self._table(rows, value="f8")
        values = np.full(len(self), np.nan)
        values[at] = table["value"]
        return values

    def _read_consensus(self, method: str) -> PoolConsensus:
        rows = Consensus.objects.filter(pair__prompt__project=self.project, method=method).values_list(
            "pair_id", "winner", "probability", "margin", "votes__a", "votes__b", "votes__tie"
        )
        at, table = self._table(rows, winner="U1", probability="f8", margin="f8", a="i8", b="i8", tie="i8")
        n = len(self)
        found = PoolConsensus(
            known=np.zeros(n, dtype=np.bool_),
            answered=np.zeros(n, dtype=np.bool_),
            winner=np.zeros(n, dtype=np.int64),
            probability=np.full(n, 0.5),
            margin=np.full(n, np.nan),
        )
        found.known[at] = True
        found.answered[at] = table["a"] + table["b"] + table["tie"] > 0
        found.winner[at] = np.select([table["winner"] == "a", table["winner"] == "b"], [1, -1], 0)
        found.probability[at] = table["probability"]
        found.margin[at] = table["margin"]
        return found

    def _table(self, rows: Iterable[tuple[Any, ...]], **types: str) -> tuple[IntArray, npt.NDArray[np.void]]:
        """Rows of (pair id, …) as a record array, each with its place in the pool; rows of other pairs go."""
        table = np.array(list(rows), dtype=[("pair", "i8"), *types.items()])
        if not len(self):
            return np.zeros(0, dtype=np.int64), table[:0]
        at = np.minimum(np.searchsorted(self.pair_ids, table["pair"]), len(self) - 1)
        inside = self.pair_ids[at] == table["pair"]
        return at[inside], table[inside]
