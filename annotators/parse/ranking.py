"""A ranking: a rank for each listed response, equal ranks for a tie."""

from __future__ import annotations

from itertools import groupby

from django.http import QueryDict

from annotators.errors import PartError
from annotators.models import Assignment
from annotators.parse.fields import quoted, whole_number
from curation.models import Judgment
from curation.models.judgments import Side

Outcome = Judgment.Outcome


def parse_ranking(assignment: Assignment, data: QueryDict) -> list[list[int]]:
    """Groups of response ids, best first; ids in one group are tied. `rank-1` is about the first listed.

    Ties may be counted either way, 1 1 2 or 1 1 3; a rank that leaves a gap beyond that is refused.
    """
    order = assignment.order or []
    ranks = [parse_rank(number, len(order), data) for number in range(1, len(order) + 1)]
    for number, rank in enumerate(ranks, start=1):
        n_better = sum(other < rank for other in ranks)
        if rank > n_better + 1:
            raise PartError(
                "ranking",
                f"Response {number} has rank {rank}, but only {n_better} of the others rank before it. "
                f"Ranks begin at 1 and leave no gap.",
            )
    by_rank = sorted(zip(ranks, order, strict=True), key=lambda ranked: ranked[0])
    return [[response for _, response in group] for _, group in groupby(by_rank, key=lambda r: r[0])]


def parse_rank(number: int, n_listed: int, data: QueryDict) -> int:
    value = data.get(f"rank-{number}", "")
    if not value:
        raise PartError("ranking", f"Response {number} has no rank yet. Give each one from 1 to {n_listed}.")
    rank = whole_number(value)
    if rank is None or not 1 <= rank <= n_listed:
        raise PartError("ranking", f"Response {number} ranks from 1 to {n_listed}, not {quoted(value)}.")
    return rank


def ranked_answer(assignment: Assignment, ranking: list[list[int]]) -> tuple[str, int | None]:
    """(outcome, preference) of the assignment's own pair, as it was listed."""
    place = {response: rank for rank, group in enumerate(ranking) for response in group}
    pair = assignment.pair
    first, second = place[pair.response_a_id], place[pair.response_b_id]
    left, right = (first, second) if assignment.left == Side.A else (second, first)
    if left == right:
        return Outcome.TIE, None
    return Outcome.PREFERRED, 2 if left < right else -2
