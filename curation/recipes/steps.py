"""The kinds of step a recipe may have. To add one: a class here or in `selection_steps.py`, its filter in
`algorithms/filters.py`, and its name in `Kind`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, get_args

import numpy as np
from pydantic import Field, TypeAdapter, ValidationError, field_validator, model_validator

from curation.algorithms import filters
from curation.algorithms.filters import Cut, IntArray, Verdicts
from curation.consensus_methods import consensus_method
from curation.errors import CurationError
from curation.recipes.base import DEFAULT_SCORER, Percent, Producer, RecipeError, Step, slides
from curation.recipes.decontamination_steps import Decontaminate
from curation.recipes.embedding_steps import DecontaminateByMeaning
from curation.recipes.gap_steps import Curriculum, EasyPairs, SoftLabel, TrainingMargin, Weight
from curation.recipes.pool import Pool
from curation.recipes.selection_steps import (
    BalanceLength,
    CapPerValue,
    CertainSample,
    Confirmed,
    ExactDuplicates,
    HoldOut,
    LicenceOfPrompt,
    ScoreSlice,
    ScoreThreshold,
)
from curation.scorers import SCORERS, scorer_name

MAX_STEPS = 20


class ConsensusExists(Step):
    label = "Consensus exists"
    help = (
        "Keeps pairs whose raters agree on a winner, which becomes the chosen response. Comes first in every "
        "recipe; a second one keeps only pairs for which its method names the same winner. The histogram is "
        "of P(chosen is better): ties are at 0.5."
    )
    step: Literal["consensus_exists"] = "consensus_exists"
    method: str = Field(default="mean_probability", title="Method")

    @field_validator("method")
    @classmethod
    def _method_is_registered(cls, name: str) -> str:
        try:
            return consensus_method(name).name
        except CurationError as error:
            raise ValueError(str(error)) from error

    def cut(self, pool: Pool, at: IntArray) -> Cut:
        found = pool.consensus(self.method)
        return filters.consensus_exists(
            found.winner[at], found.known[at], found.answered[at], pool.chosen[at], found.probability[at]
        )


class MinMargin(Step):
    label = "Minimum margin"
    help = "Keeps pairs whose consensus margin |2·P − 1| is at least this: 0 is a coin toss, 1 is certain."
    step: Literal["min_margin"] = "min_margin"
    margin: Annotated[float, Field(ge=0, le=1, title="Margin")] = 0.2

    def cut(self, pool: Pool, at: IntArray) -> Cut:
        return filters.min_margin(pool.consensus(pool.method).margin[at], self.margin)


class JudgesAgree(Step):
    label = "Judges agree"
    help = (
        "Keeps pairs for which every judge, in both presentation orders, names one and the same winner. The "
        "histogram is of the share of a pair's verdicts that name its more frequent winner."
    )
    step: Literal["judges_agree"] = "judges_agree"
    require_judge: bool = Field(default=True, title="Drop pairs that no judge has seen")

    def cut(self, pool: Pool, at: IntArray) -> Cut:
        place = np.full(len(pool), -1, dtype=np.int64)
        place[at] = np.arange(len(at))
        all_of = pool.verdicts
        asked = place[all_of.at] >= 0
        verdicts = Verdicts(
            place[all_of.at][asked], all_of.judge[asked], all_of.left_is_a[asked], all_of.vote[asked]
        )
        return filters.judges_agree(verdicts, len(at), require_judge=self.require_judge)


class DropTopLnChes(Step):
    label = f"Drop the highest {scorer_name(DEFAULT_SCORER)}"
    help = (
        "Drops this share of the scored pairs that remain, the highest length-normalised CHES first. To the "
        "model their two responses look alike, and training on them lowers the likelihood of both "
        f"({SCORERS[DEFAULT_SCORER].source})."
    )
    scored = {"producer": ""}
    step: Literal["drop_top_ln_ches"] = "drop_top_ln_ches"
    percent: Percent = Field(default=10.0, title="Percent to drop")
    producer: Producer = None
    keep_missing: bool = Field(default=False, title="Keep pairs without a score")

    def cut(self, pool: Pool, at: IntArray) -> Cut:
        scores = pool.chosen_scores(DEFAULT_SCORER, self.producer)[at]
        return filters.drop_top(
            scores,
            pool.pair_ids[at],
            self.percent,
            keep_missing=self.keep_missing,
            name=scorer_name(DEFAULT_SCORER),
        )


class LengthRatio(Step):
    label = "Length ratio"
    help = (
        "Keeps pairs whose chosen response has between min and max times the characters of the rejected one."
    )
    step: Literal["length_ratio"] = "length_ratio"
    min: Annotated[float, Field(ge=0, le=1000, title="Min", json_schema_extra=slides("0.1 10"))] = 0.5
    max: Annotated[float, Field(ge=0, le=1000, title="Max", json_schema_extra=slides("0.1 10"))] = 2.0

    @model_validator(mode="after")
    def _min_is_below_max(self) -> LengthRatio:
        if self.min > self.max:
            raise ValueError("min must not be above max")
        return self

    def cut(self, pool: Pool, at: IntArray) -> Cut:
        chosen, rejected = pool.lengths
        return filters.length_ratio(chosen[at], rejected[at], self.min, self.max)


Kind = (
    ConsensusExists
    | MinMargin
    | JudgesAgree
    | DropTopLnChes
    | ScoreThreshold
    | ScoreSlice
    | LengthRatio
    | BalanceLength
    | CapPerValue
    | LicenceOfPrompt
    | CertainSample
    | ExactDuplicates
    | Decontaminate
    | DecontaminateByMeaning
    | EasyPairs
    | Confirmed
    | SoftLabel
    | TrainingMargin
    | Weight
    | Curriculum
    | HoldOut
)
STEPS: dict[str, type[Step]] = {kind.model_fields["step"].default: kind for kind in get_args(Kind)}
_RECIPE: TypeAdapter[list[Kind]] = TypeAdapter(list[Annotated[Kind, Field(discriminator="step")]])


def parse_steps(raw: Sequence[dict[str, Any]]) -> list[Step]:
    """The typed steps. Raises RecipeError with what is wrong, step by step."""
    try:
        steps: list[Step] = list(_RECIPE.validate_python(list(raw)))
    except ValidationError as error:
        raise RecipeError(" ".join(_say(detail) for detail in error.errors())) from error
    if not steps or not isinstance(steps[0], ConsensusExists):
        raise RecipeError(
            f"The first step must be “{ConsensusExists.label}”: it decides which response is the chosen one."
        )
    if len(steps) > MAX_STEPS:
        raise RecipeError(f"A recipe has at most {MAX_STEPS} steps; this one has {len(steps)}.")
    return steps


def completed(saved: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Saved steps with the parameters that came since, which say by default what was done without them; as
    they are where they make no recipe any more."""
    try:
        return [step.model_dump(mode="json") for step in parse_steps(saved)]
    except RecipeError:
        return list(saved)


def _say(detail: Any) -> str:
    index, *path = detail["loc"]
    where = ".".join(str(part) for part in path if part not in STEPS)
    # How pydantic begins what a validator of ours says.
    what = detail["msg"].removeprefix("Value error, ")
    return f"Step {int(index) + 1}{f', {where}' if where else ''}: {what}."
