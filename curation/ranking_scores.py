"""How far two sources rank the responses of each prompt alike, as a score of every pair of the prompt.

A source is a producer whose scores hold a number of each response, such as its log-probability under a model,
or a judge, whose number of a response is the mean of P(it is better) over the pairs of it that it judged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from django.db.models import Exists, OuterRef

from curation.algorithms.consensus import voters
from curation.algorithms.rater_scores import PairValues
from curation.bulk import copy_out
from curation.errors import CurationError
from curation.judged_scores import pair_table
from curation.models import Judgment, PairScore, Project, Rater, ScoreProducer
from curation.scorers import SCORERS, RankingScorer
from curation.services.consensus_build import as_ballots, read_answers

Table = npt.NDArray[np.void]
PROMPTS_APART = 5000

# Two rows for each pair, one for each of its responses.
NUMBERS = """
SELECT response.id, (score.details->>response.side)::float8
FROM curation_pairscore score
JOIN curation_pair pair ON pair.id = score.pair_id
CROSS JOIN LATERAL (VALUES ('a', pair.response_a_id), ('b', pair.response_b_id)) AS response (side, id)
WHERE score.producer_id = %s AND score.direction = 'a_over_b' AND score.details ? 'a' AND score.details ? 'b'
"""


@dataclass(frozen=True)
class Source:
    """What ranks responses. `key` names it in forms and params."""

    key: str
    name: str


@dataclass(frozen=True)
class Numbers:
    """One number for each of these responses, in order of id."""

    response: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]

    @property
    def state(self) -> str:
        return hashlib.sha256(self.response.tobytes() + self.value.tobytes()).hexdigest()


def ranking_sources(project: Project) -> list[Source]:
    """Everything that ranks responses here: producers first, the newest before older ones, then judges."""
    names = [scorer.name for scorer in SCORERS.values() if scorer.ranks_responses]
    producers = ScoreProducer.objects.filter(project=project, scorer__in=names).order_by("-id")
    judged = Judgment.objects.filter(rater=OuterRef("pk"))
    judges = Rater.objects.filter(Exists(judged), project=project, kind=Rater.Kind.JUDGE)
    return [
        *(Source(f"producer:{producer.pk}", str(producer)) for producer in producers),
        *(Source(f"rater:{judge.pk}", f"judge {judge.label}") for judge in judges),
    ]


def read_numbers(project: Project, key: str) -> Numbers:
    """Raises CurationError for a source that is not there any more."""
    if key not in {source.key for source in ranking_sources(project)}:
        raise CurationError("What was to be compared is not in this project any more.")
    kind, _, pk = key.partition(":")
    return _by_producer(int(pk)) if kind == "producer" else _by_judge(project, int(pk))


def pairs_scored(key: str) -> int:
    """How many pairs a producer has scored; 0 for a judge."""
    kind, _, pk = key.partition(":")
    scores = PairScore.objects.filter(producer=int(pk), direction=PairScore.Direction.A_OVER_B)
    return scores.count() if kind == "producer" else 0


def consistency_of_pairs(
    project: Project, scorer: RankingScorer, first: Numbers, second: Numbers, beat: Callable[[], None]
) -> PairValues:
    """The consistency of each prompt with at least two responses that both sources rank, for all its pairs.

    Equal numbers rank in order of response id. `responses` in the details is how many were compared.
    """
    pairs = pair_table(project)
    common, at_first, at_second = np.intersect1d(first.response, second.response, return_indices=True)
    home = _prompt_of(pairs, common)
    order = np.argsort(home, kind="stable")
    prompts, start, n = np.unique(home[order], return_index=True, return_counts=True)
    value = np.full(len(prompts), np.nan)
    for place in np.flatnonzero(n > 1).tolist():
        rows = order[start[place] : start[place] + n[place]]
        value[place] = scorer.measure(first.value[at_first[rows]], second.value[at_second[rows]])
        if place % PROMPTS_APART == 0:
            beat()
    return _for_all_pairs(pairs, prompts[n > 1], value[n > 1], n[n > 1])


def _for_all_pairs(
    pairs: Table, prompts: npt.NDArray[np.int64], value: npt.NDArray[np.float64], n: npt.NDArray[np.int64]
) -> PairValues:
    inside = np.isin(pairs["prompt"], prompts)
    at = np.searchsorted(prompts, pairs["prompt"][inside])
    return PairValues(pairs["pair"][inside], value[at], {"responses": n[at]})


def _prompt_of(pairs: Table, responses: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    known = np.r_[pairs["a"], pairs["b"]]
    ids, first = np.unique(known, return_index=True)
    home: npt.NDArray[np.int64] = np.r_[pairs["prompt"], pairs["prompt"]][first]
    return home[np.searchsorted(ids, responses)]


def _by_producer(pk: int) -> Numbers:
    table = copy_out(NUMBERS, [pk], [("response", "i8"), ("value", "f8")])
    table = table[np.isfinite(table["value"])]
    # A response is scored once in each of its pairs; batches differ by rounding.
    return _means(table["response"], table["value"])


def _by_judge(project: Project, pk: int) -> Numbers:
    answers = read_answers(project)
    found = voters(as_ballots(answers[(answers["rater"] == pk) & (answers["adjudicated"] == 0)]))
    pair, p = found.pair[found.at_pair[found.voted]], (1 + found.lean[found.voted]) / 2
    pairs = pair_table(project)
    at = np.searchsorted(pairs["pair"], pair)
    return _means(np.r_[pairs["a"][at], pairs["b"][at]], np.r_[p, 1 - p])


def _means(response: npt.NDArray[np.int64], value: npt.NDArray[np.float64]) -> Numbers:
    ids, at = np.unique(response, return_inverse=True)
    total = np.bincount(at, weights=value, minlength=len(ids))
    return Numbers(ids, total / np.maximum(np.bincount(at, minlength=len(ids)), 1))
