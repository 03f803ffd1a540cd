"""Consensus methods that need to know how reliable raters are. Registered when the app is ready."""

from __future__ import annotations

import hashlib

import numpy as np

from annotators.algorithms.ratings import FloatArray, IntArray, RatingTable
from annotators.algorithms.reliability import (
    ComparisonTable,
    ConvergenceError,
    dawid_skene,
    gold_weight,
    noisy_bradley_terry,
    three_most_similar_by_item,
    weighted_majority,
)
from annotators.quality.labels import gold_labels, labels_of, winner_table
from curation.algorithms.consensus import (
    VOTE,
    Ballots,
    BoolArray,
    Conclusions,
    Voters,
    concluded,
    stated_lean,
    voters,
)
from curation.bulk import copy_out
from curation.consensus_methods import ConsensusMethod, method_register
from curation.errors import CurationError
from curation.models import Project

RESPONSES = """
SELECT pair.id, pair.response_a_id, pair.response_b_id FROM curation_pair pair
JOIN curation_prompt prompt ON prompt.id = pair.prompt_id WHERE prompt.project_id = %s ORDER BY pair.id
"""


def gold_weighted(project: Project, ballots: Ballots) -> Conclusions:
    gold = gold_labels(project)
    if not len(gold.pair):
        raise CurationError(
            "No pair of this project is gold, so answers cannot be weighted by it. Mark some first, or "
            "choose another method."
        )
    found = voters(ballots, heads=True)
    said = labels_of(found)
    known, expected = gold.on(found.pair[found.at_pair])
    known &= found.answered
    raters, at = np.unique(found.rater, return_inverse=True)
    total = np.bincount(at[known], minlength=len(raters))
    right = np.bincount(at[known & (said == expected)], minlength=len(raters))
    table = winner_table(found)
    if not len(table):
        return concluded(found, np.zeros(len(found.pair)))
    weights = {
        rater: gold_weight(n_right, n, max(len(table.labels), 2))
        for rater, n_right, n in zip(raters.tolist(), right.tolist(), total.tolist(), strict=True)
    }
    voted = weighted_majority(table, weights)
    return by_posterior(found, voted.items, voted.labels, voted.posteriors)


def gold_basis(project: Project) -> str:
    """A digest of the gold pairs in use and their expected answers."""
    gold = gold_labels(project)
    return hashlib.sha256(gold.pair.tobytes() + gold.label.tobytes()).hexdigest()[:32]


def by_dawid_skene(_project: Project, ballots: Ballots) -> Conclusions:
    found = voters(ballots, heads=True)
    table = winner_table(found)
    if not len(table):
        return concluded(found, np.zeros(len(found.pair)))
    try:
        estimated = dawid_skene(table)
    except ConvergenceError as error:
        raise CurationError(f"{error}. Choose another method, or judge more pairs.") from error
    return by_posterior(found, estimated.items, estimated.labels, estimated.posteriors)


def by_noisy_bradley_terry(project: Project, ballots: Ballots) -> Conclusions:
    found = voters(ballots, heads=True)
    lean = np.zeros(len(found.pair))
    votes = ballots.kind == VOTE
    if votes.any():
        responses = copy_out(RESPONSES, [project.pk], [("pair", "i8"), ("a", "i8"), ("b", "i8")])
        table = comparisons(ballots, votes, responses["pair"], responses["a"], responses["b"])
        try:
            estimated = noisy_bradley_terry(table)
        except ConvergenceError as error:
            raise CurationError(f"{error}. Choose another method, or judge more pairs.") from error
        voted = found.count(found.voted) > 0
        at = np.searchsorted(responses["pair"], found.pair[voted])
        items = np.array(estimated.items)
        a, b = (estimated.scores[np.searchsorted(items, responses[side][at])] for side in ("a", "b"))
        lean[voted] = np.tanh((a - b) / 2)  # 2·σ(a − b) − 1
    return concluded(found, lean)


def by_three_most_similar(_project: Project, ballots: Ballots) -> Conclusions:
    found = voters(ballots)
    lean = np.zeros(len(found.pair))
    if found.voted.any():
        voted = found.voted
        table = RatingTable.from_arrays(found.at_pair[voted], found.rater[voted], found.preference[voted])
        items, settled = three_most_similar_by_item(table)
        strength = np.nan_to_num(settled, nan=0.0).astype(np.int64)
        lean[np.array(items, dtype=np.int64)] = stated_lean(strength, np.full(len(strength), np.nan))
    return concluded(found, lean)


def by_posterior(
    found: Voters, items: tuple[object, ...], labels: tuple[object, ...], posteriors: FloatArray
) -> Conclusions:
    """P(a) − P(b) as the lean; 0 where a tie, or that both are bad, is likelier than either winner."""
    share = dict(zip(labels, posteriors.T, strict=True))
    nothing = np.zeros(len(items))
    a, b = share.get(1, nothing), share.get(-1, nothing)
    undecided = np.maximum(share.get(0, nothing), share.get(2, nothing)) >= np.maximum(a, b)
    lean = np.zeros(len(found.pair))
    lean[np.array(items, dtype=np.int64)] = np.where(undecided, 0.0, a - b)
    return concluded(found, lean)


def comparisons(
    ballots: Ballots, votes: BoolArray, pair: IntArray, a: IntArray, b: IntArray
) -> ComparisonTable:
    """The votes as comparisons of responses; `pair` is ascending, with responses `a` and `b`."""
    at = np.searchsorted(pair, ballots.pair[votes])
    left_is_a = ballots.left_is_a[votes]
    left = np.where(left_is_a, a[at], b[at])
    right = np.where(left_is_a, b[at], a[at])
    left_wins = (1 + np.sign(ballots.lean[votes])) / 2
    return ComparisonTable.from_arrays(left, right, ballots.rater[votes], left_wins)


METHODS = (
    ConsensusMethod(
        "gold_weighted",
        "Weighted by gold",
        "Heads are counted, each with the log odds of the rater's accuracy on gold pairs.",
        gold_weighted,
        gold_basis,
    ),
    ConsensusMethod(
        "dawid_skene",
        "Dawid-Skene",
        "Each rater's errors and the answers that are most likely right, estimated together (1979).",
        by_dawid_skene,
    ),
    ConsensusMethod(
        "noisy_bradley_terry",
        "Noisy Bradley-Terry",
        "Scores of the responses, from raters who differ in skill and may favour the left side; only equal "
        "scores are a tie.",
        by_noisy_bradley_terry,
    ),
    ConsensusMethod(
        "three_most_similar",
        "Three most similar",
        "The mean of the three strengths closest together; none where they spread over more than 2 "
        "(HelpSteer2-Preference, arXiv 2410.01257).",
        by_three_most_similar,
        per_pair=True,
    ),
)


def methods_register() -> None:
    for method in METHODS:
        method_register(method)
