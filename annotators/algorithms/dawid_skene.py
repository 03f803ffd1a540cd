"""True values and each rater's errors, estimated together from the ratings alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotators.algorithms.convergence import ConvergenceError
from annotators.algorithms.ratings import FloatArray, IntArray, Labels, Ratings, RatingTable, totals

SMALLEST = 1e-10


@dataclass(frozen=True, eq=False)
class DawidSkene:
    """`posteriors` (items, labels): P(the item's true value is the label). `confusion` (raters, true,
    given): P(rater gives | true). `priors` (labels,): the share of each true value. `accuracy` (raters,):
    the expected share of the rater's own ratings that are true."""

    items: Labels
    labels: Labels
    posteriors: FloatArray
    raters: Labels
    confusion: FloatArray
    priors: FloatArray
    accuracy: FloatArray
    n_iter: int
    converged: bool


def dawid_skene(ratings: Ratings, n_iter: int = 100, tol: float = 1e-5) -> DawidSkene:
    """Maximum likelihood by EM from the shares of votes (Dawid and Skene, 1979, JRSS C 28(1)).

    Stops when a round gains less than `tol` in log likelihood per rating; raises ConvergenceError when
    `n_iter` rounds do not bring that about. A rater is assumed to err alike on all items of one true value.
    """
    table = RatingTable.of(ratings)
    if not len(table) or n_iter < 1:
        raise ValueError("Dawid-Skene needs at least one rating and one round")
    posteriors = _vote_shares(table)
    reached = -np.inf
    for used in range(1, n_iter + 1):
        priors, confusion = _maximise(table, posteriors)
        posteriors, likelihood = _expect(table, priors, confusion)
        if likelihood - reached < tol * len(table):
            return _result(table, posteriors, used)
        reached = likelihood
    raise ConvergenceError(f"Dawid-Skene did not settle within {n_iter} rounds; allow more, or a larger tol")


def _vote_shares(table: RatingTable) -> FloatArray:
    """(labels, items): all arrays here have the labels first, so that each label is one fast column."""
    shares: FloatArray = table.counts() / table.by_item.size[:, None]
    return np.ascontiguousarray(shares.T)


def _answers(table: RatingTable) -> IntArray:
    return table.rater * len(table.labels) + table.value


def _maximise(table: RatingTable, posteriors: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Priors (labels,) and confusion (true, raters, given) that fit the posteriors best."""
    n_labels, n_raters = len(table.labels), len(table.raters)
    answers = _answers(table)
    cells = [totals(answers, true[table.item], n_raters * n_labels) for true in posteriors]
    counts = np.maximum(np.stack(cells).reshape(n_labels, n_raters, n_labels), SMALLEST)
    priors = np.maximum(posteriors.mean(axis=1), SMALLEST)
    return priors / priors.sum(), counts / counts.sum(axis=2, keepdims=True)


def _expect(table: RatingTable, priors: FloatArray, confusion: FloatArray) -> tuple[FloatArray, float]:
    """Posteriors (labels, items), and the log likelihood of all ratings under what they were made from."""
    answers = _answers(table)
    given = np.log(confusion).reshape(len(table.labels), -1)
    log_joint = np.stack([totals(table.item, true[answers], len(table.items)) for true in given])
    log_joint += np.log(priors)[:, None]
    top = log_joint.max(axis=0)
    joint = np.exp(log_joint - top)
    total = joint.sum(axis=0)
    return joint / total, float((top + np.log(total)).sum())


def _result(table: RatingTable, posteriors: FloatArray, n_iter: int) -> DawidSkene:
    priors, confusion = _maximise(table, posteriors)
    right = totals(table.rater, posteriors[table.value, table.item], len(table.raters))
    answers = np.bincount(table.rater, minlength=len(table.raters))
    return DawidSkene(
        items=table.items,
        labels=table.labels,
        posteriors=posteriors.T,
        raters=table.raters,
        confusion=confusion.transpose(1, 0, 2),
        priors=priors,
        accuracy=right / np.maximum(answers, 1),
        n_iter=n_iter,
        converged=True,
    )
