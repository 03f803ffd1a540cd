"""What steps may look at: a project's pairs, their consensus, judgments and scores, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from curation.algorithms.filters import BoolArray, FloatArray, IntArray, Verdicts
from curation.models import Project, ScoreProducer
from curation.recipes import reads
from curation.recipes.kept import Array, InMemory, Kept, Read
from curation.recipes.reads import PromptValue
from curation.scorers import SCORERS

# Ids in the range of the project's for each of its own, from which on they are searched rather than tabled.
SPARSE = 8
LARGEST = np.iinfo(np.int64).max


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
    whose scores were read. `kept` holds what was read; a snapshot serves several pools. `prompts`, `a` and
    `b` are the ids of each pair's prompt and responses.
    """

    def __init__(self, project: Project, method: str, kept: Kept | None = None) -> None:
        self.project = project
        self.method = method
        self.producers: dict[int, ScoreProducer] = {}
        self._kept = kept or InMemory()
        # The name says what is in it: a snapshot of an earlier release holds less under "pairs".
        self.pair_ids, self.prompts, self.a, self.b, self.is_eval = self._kept.get(
            "pairs and responses", self._read_pairs
        )

    def __len__(self) -> int:
        return len(self.pair_ids)

    @property
    def chosen(self) -> IntArray:
        """+1 where a is chosen, −1 where b is, 0 where nobody is."""
        return self.consensus(self.method).winner

    def consensus(self, method: str) -> PoolConsensus:
        name = self.consensus_name(method)
        return PoolConsensus(*self._kept.get(name, lambda: self._read_consensus(method)))

    @staticmethod
    def consensus_name(method: str) -> str:
        """What a method's conclusions are kept under."""
        return f"consensus {method}"

    @property
    def lengths(self) -> tuple[IntArray, IntArray]:
        """Characters of (chosen, rejected); of (b, a) where nobody is chosen."""
        return self._chosen_first(*self._kept.get("lengths", self._read_lengths))

    @property
    def strengths(self) -> FloatArray:
        """The mean strength that raters stated for the chosen response, −3…3; NaN where none did."""
        (toward_a,) = self._kept.get("strengths", self._read_strengths)
        return np.where(self.chosen > 0, toward_a, -toward_a)

    @property
    def verdicts(self) -> Verdicts:
        """What judges that count said; a skip says nothing."""
        return Verdicts(*self._kept.get("verdicts", self._read_verdicts))

    def chosen_scores(self, scorer: str, producer_id: int | None) -> FloatArray:
        """The score for the direction chosen over rejected; NaN where there is none.

        By the producer named or, without a name, the newest: scores of different producers never mix.
        """
        return self.both_scores(scorer, producer_id)[0]

    def both_scores(self, scorer: str, producer_id: int | None) -> tuple[FloatArray, FloatArray]:
        """(of chosen over rejected, of rejected over chosen); of a symmetric score, the same twice."""
        producer = self._producer(scorer, producer_id)
        if producer is None:
            nothing = np.full(len(self), np.nan)
            return nothing, nothing
        return self._chosen_first(
            *self._kept.get(f"scores {producer.pk}", lambda: self._read_scores(producer))
        )

    def response_scores(self, scorer: str, producer_id: int | None) -> FloatArray:
        """The numbers of both responses, whose difference is the score, as (2, pairs); NaN where there are
        none, as of scorers that look at a pair as a whole."""
        producer = self._producer(scorer, producer_id)
        if producer is None or scorer not in SCORERS or not SCORERS[scorer].ranks_responses:
            return np.full((2, len(self)), np.nan)
        (found,) = self._kept.get(
            f"response scores {producer.pk}", lambda: (self._read_response_scores(producer),)
        )
        return found

    def values(self, of: PromptValue | Literal["prompt", "chosen_model"]) -> IntArray:
        """A number for each pair's value: equal numbers, equal values."""
        if of == "prompt":
            return self.prompts
        if of == "chosen_model":
            return self._chosen_first(*self._kept.get("models", self._read_models))[0]
        (numbers,) = self._kept.get(
            f"prompt {of}", lambda: (_looked_up(*reads.prompt_values(self.project, of), self.prompts),)
        )
        return numbers

    @property
    def licences(self) -> tuple[IntArray, tuple[str, ...]]:
        """(place, names): per pair the place of its prompt's licence among the names; "" is no licence."""
        place, names = self._kept.get("licences", self._read_licences)
        return place, tuple(names.tolist())

    @property
    def text_keys(self) -> tuple[IntArray, IntArray]:
        """Keys of (chosen, rejected), blind to case and white space; of (b, a) where nobody is chosen."""
        return self._chosen_first(*self._kept.get("text keys", self._read_text_keys))

    @property
    def exclusions(self) -> tuple[IntArray, tuple[str, ...]]:
        """(why, reasons): per pair 0, or the 1-based place of the reason for which its prompt is excluded."""
        why, reasons = self._kept.get("exclusions", self._read_exclusions)
        return why, tuple(reasons.tolist())

    def remembered(self, name: str, read: Read) -> tuple[Array, ...]:
        """What a step reads for itself, kept beside the rest."""
        return self._kept.get(name, read)

    def _producer(self, scorer: str, producer_id: int | None) -> ScoreProducer | None:
        """The one named or, without a name, the newest; noted as one whose scores were read."""
        producers = ScoreProducer.objects.filter(project=self.project, scorer=scorer).order_by("-id")
        producer = (producers.filter(pk=producer_id) if producer_id else producers).first()
        if producer is not None:
            self.producers[producer.pk] = producer
        return producer

    def _chosen_first(self, of_a: Array, of_b: Array) -> tuple[Array, Array]:
        """(chosen, rejected) of two columns; (b, a) where nobody is chosen."""
        a_chosen = self.chosen > 0
        return np.where(a_chosen, of_a, of_b), np.where(a_chosen, of_b, of_a)

    def _read_pairs(self) -> tuple[Array, ...]:
        read = reads.pairs(self.project)
        # Each in memory of its own: a column of the table would keep all of it.
        return *(read[name].copy() for name in ("pair", "prompt", "a", "b")), read["eval"] == 1

    def _read_lengths(self) -> tuple[Array, ...]:
        return self._of_both(*reads.lengths(self.project))

    def _read_models(self) -> tuple[Array, ...]:
        return self._of_both(*reads.response_models(self.project))

    def _read_strengths(self) -> tuple[Array, ...]:
        at, table = self._inside(reads.strengths(self.project))
        found = np.full(len(self), np.nan)
        found[at] = table["toward_a"]
        return (found,)

    def _read_verdicts(self) -> tuple[Array, ...]:
        at, table = self._inside(reads.verdicts(self.project))
        left_is_a = table["left_is_a"] == 1
        return at, table["judge"], left_is_a, np.where(left_is_a, table["left"], -table["left"])

    def _read_scores(self, producer: ScoreProducer) -> tuple[Array, ...]:
        at, table = self._inside(reads.scores(producer))
        a_over_b, b_over_a = np.full((2, len(self)), np.nan)
        # A symmetric score, of direction 0, holds whichever of the two was chosen.
        for found, other in ((a_over_b, -1), (b_over_a, 1)):
            fits = table["direction"] != other
            found[at[fits]] = table["value"][fits]
        return a_over_b, b_over_a

    def _read_response_scores(self, producer: ScoreProducer) -> FloatArray:
        at, table = self._inside(reads.response_scores(producer))
        found = np.full((2, len(self)), np.nan)
        found[0, at], found[1, at] = table["a"], table["b"]
        return found

    def _read_licences(self) -> tuple[Array, ...]:
        prompts, place = np.unique(self.values("licence"), return_inverse=True)
        return place, np.array(reads.licence_names(prompts), dtype=np.str_)

    def _read_text_keys(self) -> tuple[Array, ...]:
        return self._of_both(*reads.response_keys(self.project))

    def _read_exclusions(self) -> tuple[Array, ...]:
        found = reads.prompt_exclusions(self.project)
        reasons = tuple(sorted(set(found.values())))
        number = {reason: place for place, reason in enumerate(reasons, start=1)}
        # The 0 in front is no prompt: it makes every search find a place.
        prompts = np.array([0, *found], dtype=np.int64)
        why = np.array([0, *(number[reason] for reason in found.values())], dtype=np.int64)
        wanted = self.values("prompt") if found else np.zeros(len(self), dtype=np.int64)
        at = np.searchsorted(prompts, wanted, side="right") - 1
        return np.where(prompts[at] == wanted, why[at], 0), np.array(reasons, dtype=np.str_)

    def _of_both(self, ids: IntArray, values: IntArray) -> tuple[Array, ...]:
        """Of each pair (the value of a, the value of b), from those of responses in any order."""
        return _looked_up(ids, values, self.a), _looked_up(ids, values, self.b)

    def _read_consensus(self, method: str) -> tuple[Array, ...]:
        """In the order of the fields of `PoolConsensus`."""
        at, table = self._inside(reads.consensus(self.project, method, self.pair_ids))
        n = len(self)
        known, answered = np.zeros((2, n), dtype=np.bool_)
        winner, probability, margin = np.zeros(n, dtype=np.int64), np.full(n, 0.5), np.full(n, np.nan)
        known[at], answered[at] = True, table["answered"] == 1
        winner[at], probability[at], margin[at] = table["winner"], table["probability"], table["margin"]
        return known, answered, winner, probability, margin

    def _inside(self, table: npt.NDArray[np.void]) -> tuple[IntArray, npt.NDArray[np.void]]:
        """Rows with a `pair`, each with its place in the pool; rows of other pairs go."""
        at = self._places(table["pair"])
        inside = at >= 0
        return (at, table) if inside.all() else (at[inside], table[inside])

    def _places(self, pairs: IntArray) -> IntArray:
        """The place of each pair in the pool; −1 for one that is not there."""
        if not len(self):
            return np.full(len(pairs), -1)
        first, span = self.pair_ids[0], self.pair_ids[-1] - self.pair_ids[0] + 1
        if span > SPARSE * len(self):
            at = np.minimum(np.searchsorted(self.pair_ids, pairs), len(self) - 1)
            return np.where(self.pair_ids[at] == pairs, at, -1)
        # A table of all ids in between: many times faster than to search for millions that come in any order.
        place = np.full(span + 1, -1)
        place[self.pair_ids - first] = np.arange(len(self))
        found: IntArray = place[np.where((pairs >= first) & (pairs < first + span), pairs - first, span)]
        return found


def _looked_up(ids: IntArray, values: IntArray, wanted: IntArray) -> IntArray:
    """The value of each wanted id, from those of ids in any order; 0 for one that has gone since."""
    order = np.argsort(ids, kind="stable")  # hardly any work where they are in order
    ids, values = np.append(ids[order], LARGEST), np.append(values[order], 0)
    at = np.searchsorted(ids, wanted)
    found: IntArray = np.where(ids[at] == wanted, values[at], 0)
    return found
