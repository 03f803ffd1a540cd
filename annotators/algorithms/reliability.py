"""Who is right, and how often: raters' reliability and what their answers come to."""

from __future__ import annotations

from annotators.algorithms.convergence import ConvergenceError
from annotators.algorithms.dawid_skene import DawidSkene, dawid_skene
from annotators.algorithms.noisy_bradley_terry import (
    ComparisonTable,
    NoisyBradleyTerry,
    noisy_bradley_terry,
)
from annotators.algorithms.votes import (
    WeightedVotes,
    gold_weight,
    three_most_similar,
    three_most_similar_by_item,
    weighted_majority,
)
from curation.algorithms.intervals import Interval, accuracy_interval

__all__ = [
    "ComparisonTable",
    "ConvergenceError",
    "DawidSkene",
    "Interval",
    "NoisyBradleyTerry",
    "WeightedVotes",
    "accuracy_interval",
    "dawid_skene",
    "gold_weight",
    "noisy_bradley_terry",
    "three_most_similar",
    "three_most_similar_by_item",
    "weighted_majority",
]
