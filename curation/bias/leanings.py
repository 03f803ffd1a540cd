"""Which models and which lengths a version prefers, and how noisy its labels are."""

from __future__ import annotations

from math import nan
from typing import Any

import numpy as np
import numpy.typing as npt

from curation.algorithms.biases import (
    disagreement,
    log_ratio_bins,
    majority_error,
    spearman,
    spearman_interval,
    vote_error,
)
from curation.algorithms.consensus import Ballots, voters
from curation.algorithms.ranking import Ranked
from curation.bias.numbers import Statistic, mean, measured, resampled, share, undefined
from curation.bias.reads import VersionRows
from curation.models import DatasetVersion
from curation.services.consensus_build import as_of_freeze, read_ballots

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

MOST_IN_SQUARE = 8
RATIO_EDGES = np.linspace(-4, 4, 17)
NO_CONTEST = "it stands against no other model"
SAME_LENGTH = "chosen and rejected are equally long in every row"
NO_VARIATION = "margins or lengths never vary"
NO_VOTES = "no rater preferred a side in any of these pairs"
NO_TWOSOMES = "no pair has votes of two raters"


def model_table(rows: VersionRows) -> dict[str, Any]:
    """How often each model is chosen where it stands against another; two by two where they are few."""
    n = len(rows.models)
    beats = np.bincount(rows.chosen_model * n + rows.rejected_model, minlength=n * n).reshape(n, n)
    own = np.diag(beats)
    won, lost = beats.sum(axis=1) - own, beats.sum(axis=0) - own
    stands = won + lost + own
    order = [model for model in np.argsort(-stands, kind="stable").tolist() if stands[model]]
    table = [
        {
            "name": rows.models[model],
            "stands": share(int(stands[model]), len(rows), NO_CONTEST),
            "own": int(own[model]),
            "won": share(int(won[model]), int(won[model] + lost[model]), NO_CONTEST),
        }
        for model in order
    ]
    square = [
        [
            None if a == b else share(int(beats[a, b]), int(beats[a, b] + beats[b, a]), NO_CONTEST)
            for b in order
        ]
        for a in order
    ]
    return {"rows": table, "square": square if 2 <= len(order) <= MOST_IN_SQUARE else []}


def length_bias(rows: VersionRows) -> dict[str, Any]:
    """Lengths are of characters; a row whose responses are equally long has no longer one."""
    table = rows.table
    prompt = table["prompt"]
    chosen, rejected = table["chosen_chars"], table["rejected_chars"]
    difference = (chosen - rejected).astype(np.float64)
    uneven = difference != 0
    rho = spearman(table["margin"], difference)
    ranked = Ranked(np.concatenate([chosen, rejected]), np.repeat([True, False], len(rows)))
    bins, without = log_ratio_bins(chosen, rejected, RATIO_EDGES)
    return {
        "difference": mean(difference, prompt, SAME_LENGTH),
        "chosen_mean": float(chosen.mean()),
        "rejected_mean": float(rejected.mean()),
        "longer": mean((difference[uneven] > 0).astype(np.float64), prompt[uneven], SAME_LENGTH),
        "n_equal": int((~uneven).sum()),
        "spearman": undefined(NO_VARIATION, len(rows))
        if np.isnan(rho)
        else measured(rho, spearman_interval(rho, len(rows)), len(rows)),
        "auc": resampled(lambda weight: ranked.auc(np.concatenate([weight, weight])), prompt, SAME_LENGTH),
        "ratio": {"edges": RATIO_EDGES.tolist(), "counts": bins.tolist(), "without": without},
    }


def label_noise(rows: VersionRows, version: DatasetVersion) -> dict[str, Any]:
    """What the raters' votes on the version's pairs say of its labels; a rater has one vote on a pair. Votes
    are those that counted when it was frozen."""
    table = rows.table
    ballots, _ = read_ballots(version.project, as_of=as_of_freeze(version))
    for_chosen, for_rejected, ties = votes_by_row(rows, ballots)
    votes = for_chosen + for_rejected
    asked = votes > 0
    several = votes > 1
    differ = differing_share(for_chosen[several], for_rejected[several], table["prompt"][several])
    error = _error_of(differ)
    return {
        "against": resampled(
            lambda weight: _ratio(weight, for_rejected, votes),
            table["prompt"],
            NO_VOTES,
            int(votes.sum()),
        ),
        "differ": differ,
        "error": error,
        "flip": _expected_flip(votes[asked], error),
        "soft": mean(1 - table["soft_label"], table["prompt"], NO_VOTES),
        "n_ties": int(ties.sum()),
        "rows_with_votes": int(asked.sum()),
        "rows_with_several": int(several.sum()),
        "rows": len(rows),
    }


def votes_by_row(rows: VersionRows, ballots: Ballots) -> tuple[IntArray, IntArray, IntArray]:
    """Per row: raters who prefer the chosen response, the rejected one, and neither."""
    pairs = rows.table["pair"]
    inside = np.isin(ballots.pair, pairs)
    found = voters(Ballots(*(column[inside] for column in vars(ballots).values())), heads=True)
    order = np.argsort(pairs)
    row = order[np.searchsorted(pairs[order], found.pair)][found.at_pair]
    towards_chosen = np.where(rows.table["a_is_chosen"][row] == 1, 1, -1) * found.lean
    sides = (towards_chosen > 0, towards_chosen < 0, towards_chosen == 0)
    first, second, neither = (np.bincount(row[found.voted & side], minlength=len(rows)) for side in sides)
    return first, second, neither


def differing_share(for_chosen: IntArray, for_rejected: IntArray, prompt: IntArray) -> Statistic:
    """How often two raters of one pair disagree."""
    votes = for_chosen + for_rejected
    twosomes, differ = votes * (votes - 1) // 2, for_chosen * for_rejected
    return resampled(
        lambda weight: _ratio(weight, differ, twosomes),
        prompt, NO_TWOSOMES, disagreement(for_chosen, for_rejected).twosomes,
    )  # fmt: skip


def _ratio(weight: FloatArray, part: IntArray, whole: IntArray) -> float:
    total = float(weight @ whole)
    return float(weight @ part) / total if total else nan


def _error_of(differ: Statistic) -> Statistic:
    """The error of a vote rises with the disagreement, so the ends of the interval map to its ends."""
    if differ["value"] is None:
        return differ
    ends = {key: differ[key] if differ[key] is None else vote_error(differ[key]) for key in ("low", "high")}
    return {**differ, "value": vote_error(differ["value"]), **ends}


def _expected_flip(votes: IntArray, error: Statistic) -> Statistic:
    """How often the majority of the votes of a row would be wrong, over the rows with votes."""
    if error["value"] is None:
        return undefined(error["reason"], len(votes))
    sizes, n = np.unique(votes, return_counts=True)

    def flip(of_a_vote: float | None) -> float | None:
        if of_a_vote is None:
            return None
        by_size = [majority_error(of_a_vote, size) for size in sizes.tolist()]
        return float(np.average(by_size, weights=n))

    return {**error, "n": len(votes), **{key: flip(error[key]) for key in ("value", "low", "high")}}
