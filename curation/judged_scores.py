"""What a project's judgments say of its pairs, as scores: all scorers from judgments, in one reading."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from curation.algorithms import rater_scores
from curation.algorithms.consensus import Ballots, mean_probability, outweighed, voters
from curation.algorithms.rater_scores import PairValues
from curation.bulk import copy_out
from curation.models import Project, ScoreProducer
from curation.recipes.reads import scores
from curation.scorers import SCORERS
from curation.services.consensus_build import as_ballots, read_answers

Answers = npt.NDArray[np.void]

RESPONSES = """
SELECT pair.id, pair.prompt_id, pair.response_a_id, pair.response_b_id FROM curation_pair pair
JOIN curation_prompt prompt ON prompt.id = pair.prompt_id WHERE prompt.project_id = %s ORDER BY pair.id
"""


@dataclass(frozen=True)
class ScoreSet:
    """The scores of one scorer. `details` are those of its producer: what went in, as far as it decides the
    numbers, so that the same details mean the same scores."""

    scorer: str
    values: PairValues
    details: dict[str, Any]


def pair_table(project: Project) -> npt.NDArray[np.void]:
    """`pair`, `prompt`, and the responses `a` and `b`, in order of pair."""
    return copy_out(RESPONSES, [project.pk], [(name, "i8") for name in ("pair", "prompt", "a", "b")])


def judged_scores(project: Project) -> Iterator[ScoreSet]:
    """One set for each scorer from judgments, whether or not any pair has a value.

    Reviewers' decisions are no rater's view: they count in `transitivity` alone, as in every consensus.
    """
    answers = read_answers(project)
    decided = answers["adjudicated"] == 1
    went_in = {"answers": len(answers), "state": hashlib.sha256(answers.tobytes()).hexdigest()}
    ballots = as_ballots(answers[~decided])
    judges = _judges(answers[~decided], ballots)
    rewards = _newest_rewards(project)
    values = {**_sureness(judges, ballots), "transitivity": _transitivity(project, answers)}
    for scorer, found in values.items():
        yield ScoreSet(scorer, found, went_in)
    reward = _reward_gaps(rewards)
    details = went_in | {"rewards": [producer.pk for producer in rewards], "reward_state": _state(reward)}
    of_judges = _only(ballots, ballots.is_judge)
    yield ScoreSet("unanimity", rater_scores.unanimity(of_judges, reward), details)


def _sureness(judges: Ballots, ballots: Ballots) -> dict[str, PairValues]:
    by_judge, by_rater = voters(judges), voters(ballots)
    of_judges, of_raters = (np.ones(len(found.rater), dtype=np.bool_) for found in (by_judge, by_rater))
    return {
        "judge_entropy": rater_scores.mean_entropy(by_judge, of_judges),
        "judge_bald": rater_scores.disagreement(by_judge, of_judges),
        "rater_entropy": rater_scores.entropy_of_mean(by_rater, of_raters),
        "rater_bald": rater_scores.disagreement(by_rater, of_raters),
    }


def _judges(answers: Answers, ballots: Ballots) -> Ballots:
    """What judges said: a probability where they stated one, else the bare verdict, from those who gave it
    in both orders."""
    unstated = np.isnan(answers["probability"])
    bare = replace(ballots, lean=np.where(unstated, np.sign(ballots.preference), ballots.lean))
    judges = _only(bare, ballots.is_judge)
    return _only(judges, rater_scores.self_sure(judges, ~unstated[ballots.is_judge]))


def _transitivity(project: Project, answers: Answers) -> PairValues:
    decided = answers["adjudicated"] == 1
    concluded = outweighed(mean_probability(as_ballots(answers[~decided])), as_ballots(answers[decided]))
    pairs = pair_table(project)
    won = concluded.lean != 0
    found = pairs[np.searchsorted(pairs["pair"], concluded.pair[won])]
    a_won = concluded.lean[won] > 0
    return rater_scores.transitivity(
        found["pair"],
        found["prompt"],
        np.where(a_won, found["a"], found["b"]),
        np.where(a_won, found["b"], found["a"]),
    )


def _newest_rewards(project: Project) -> list[ScoreProducer]:
    """The newest producer of each scorer that is a reward."""
    names = [scorer.name for scorer in SCORERS.values() if scorer.is_reward]
    producers = ScoreProducer.objects.filter(project=project, scorer__in=names)
    return list(producers.order_by("scorer", "-id").distinct("scorer"))


def _reward_gaps(producers: list[ScoreProducer]) -> PairValues:
    """Every gap a over b, of all producers, in order of pair."""
    tables = [scores(producer) for producer in producers]
    rows = np.concatenate([np.zeros(0, dtype=[("pair", "i8"), ("value", "f8")]), *map(_a_over_b, tables)])
    rows = rows[np.argsort(rows["pair"], kind="stable")]
    return PairValues(rows["pair"], rows["value"])


def _a_over_b(table: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
    kept = table[(table["direction"] == 1) & np.isfinite(table["value"])]
    rows = np.empty(len(kept), dtype=[("pair", "i8"), ("value", "f8")])
    rows["pair"], rows["value"] = kept["pair"], kept["value"]
    return rows


def _state(found: PairValues) -> str:
    return hashlib.sha256(found.pair.tobytes() + found.value.tobytes()).hexdigest()


def _only(ballots: Ballots, which: npt.NDArray[np.bool_]) -> Ballots:
    return Ballots(*(column[which] for column in vars(ballots).values()))
