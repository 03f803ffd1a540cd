"""What a rater says of a pair as one code: 1 a is better, −1 b is, 0 a tie, 2 both are bad."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotators.algorithms.ratings import IntArray, RatingTable
from annotators.models import GoldPair
from curation.algorithms.consensus import BoolArray, Voters
from curation.models import Project

LABELS = {"a": 1, "b": -1, "tie": 0, "both_bad": 2}
BOTH_BAD = LABELS["both_bad"]


@dataclass(frozen=True)
class Gold:
    """Gold pairs in use, in order of pair, with the label that is right."""

    pair: IntArray
    label: IntArray

    def on(self, pair: IntArray) -> tuple[BoolArray, IntArray]:
        """For each of `pair`: whether it is gold, and its label (any, where it is not)."""
        if not len(self.pair):
            return np.zeros(len(pair), dtype=np.bool_), np.zeros(len(pair), dtype=np.int64)
        at = np.minimum(np.searchsorted(self.pair, pair), len(self.pair) - 1)
        return self.pair[at] == pair, self.label[at]


def gold_labels(project: Project) -> Gold:
    rows = list(
        GoldPair.objects.filter(project=project, retired_at=None)
        .order_by("pair")
        .values_list("pair", "expected")
    )
    return Gold(
        np.array([pair for pair, _ in rows], dtype=np.int64),
        np.array([LABELS[expected] for _, expected in rows], dtype=np.int64),
    )


def labels_of(found: Voters) -> IntArray:
    """One label for each voter; only where they answered does it mean anything."""
    return np.where(found.voted, np.sign(found.lean), BOTH_BAD).astype(np.int64)


def winner_table(found: Voters) -> RatingTable:
    """Who says what of which pair (places in `found.pair`); skips are no ratings."""
    said = found.answered
    return RatingTable.from_arrays(found.at_pair[said], found.rater[said], labels_of(found)[said])


def preference_table(found: Voters) -> RatingTable:
    """The strengths from −3 to 3 towards a, 0 for a tie; both bad has none."""
    voted = found.voted
    return RatingTable.from_arrays(found.at_pair[voted], found.rater[voted], found.preference[voted])
