"""Steps that select by a score, by chance, by length, or by what pairs have in common."""

from __future__ import annotations

from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, StringConstraints, field_validator, model_validator

from curation.algorithms import filters, labels, selection
from curation.algorithms.filters import Cut, IntArray
from curation.algorithms.uncertainty import binary_entropy
from curation.recipes.base import (
    DEFAULT_SCORER,
    Column,
    Percent,
    Producer,
    Scorer,
    Seed,
    Step,
    choices,
    slides,
)
from curation.recipes.pool import Pool
from curation.scorers import scorer_name

Licence = Annotated[str, StringConstraints(max_length=60, strip_whitespace=True)]


def licence_name(licence: str) -> str:
    """A prompt that names no licence has the empty one, which is a licence like any other to a recipe."""
    return licence or "no licence"


class ScoreThreshold(Step):
    label = "Score between"
    help = (
        "Keeps pairs whose score lies between min and max, either of which may be left out. Percentiles rank "
        "the scored pairs that remain: 0 to 5 keeps the lowest 5 %. CHES has no absolute scale and is cut by "
        "rank (Razin et al., arXiv 2410.08847)."
    )
    scored = {"producer": "scorer"}
    step: Literal["score_threshold"] = "score_threshold"
    scorer: Scorer = DEFAULT_SCORER
    producer: Producer = None
    by: Literal["percentile", "value"] = Field(
        default="percentile",
        title="Min and max are",
        json_schema_extra=choices(percentile="percentiles", value="scores"),
    )
    min: float | None = Field(default=None, allow_inf_nan=False, title="Min")
    max: float | None = Field(default=None, allow_inf_nan=False, title="Max")
    keep_missing: bool = Field(default=False, title="Keep pairs without a score")

    @model_validator(mode="after")
    def _is_a_band(self) -> Self:
        ends = [end for end in (self.min, self.max) if end is not None]
        if not ends:
            raise ValueError("give a min, a max or both")
        if len(ends) == 2 and ends[0] > ends[1]:
            raise ValueError("min must not be above max")
        if self.by == "percentile" and not all(0 <= end <= 100 for end in ends):
            raise ValueError("percentiles run from 0 to 100")
        return self

    def cut(self, pool: Pool, at: IntArray) -> Cut:
        scores = pool.chosen_scores(self.scorer, self.producer)[at]
        name = scorer_name(self.scorer)
        if self.by == "value":
            return filters.score_band(scores, self.min, self.max, keep_missing=self.keep_missing, name=name)
        low = 0.0 if self.min is None else self.min
        high = 100.0 if self.max is None else self.max
        return filters.percentile_band(
            scores, pool.pair_ids[at], low, high, keep_missing=self.keep_missing, name=name
        )


class ScoreSlice(Step):
    label = "Slice around a quantile"
    help = (
        "Keeps this many pairs whose scores lie around a quantile: 0 the lowest, 0.5 the median, 1 the "
        "highest. Razin et al. compare such slices of 512 pairs (arXiv 2410.08847, section 5). Pairs without "
        "a score are dropped."
    )
    scored = {"producer": "scorer"}
    step: Literal["score_slice"] = "score_slice"
    scorer: Scorer = DEFAULT_SCORER
    producer: Producer = None
    quantile: float = Field(default=0.5, ge=0, le=1, title="Quantile")
    pairs: int = Field(default=512, ge=1, le=10**9, title="Pairs to keep", json_schema_extra=slides("pairs"))

    def cut(self, pool: Pool, at: IntArray) -> Cut:
        scores = pool.chosen_scores(self.scorer, self.producer)[at]
        return filters.around_quantile(scores, self.quantile, self.pairs, name=scorer_name(self.scorer))


CAPPED = {
    "source": "source",
    "category": "category",
    "prompt": "prompt",
    "chosen_model": "model of the chosen response",
}


class CapPerValue(Step):
    label = "Cap per value"
    help = (
        "Keeps at most so many pairs of each source, category, prompt, or model of the chosen response, "
        "drawn at random. Pairs without such a value count as one value. A percentage is of the pairs that "
        "come in, rounded down, but at least one pair."
    )
    step: Literal["cap_per_value"] = "cap_per_value"
    per: Literal["source", "category", "prompt", "chosen_model"] = Field(
        default="source", title="Per", json_schema_extra=choices(**CAPPED)
    )
    at_most: int = Field(default=1000, ge=1, le=10**9, title="At most", json_schema_extra=slides("values"))
    unit: Literal["pairs", "percent"] = Field(
        default="pairs",
        title="Counted in",
        json_schema_extra=choices(pairs="pairs", percent="percent of the pairs that come in"),
    )
    seed: Seed = 0

    @model_validator(mode="after")
    def _is_a_percentage(self) -> Self:
        if self.unit == "percent" and self.at_most > 100:
            raise ValueError("at most 100 percent")
        return self

    def cut(self, pool: Pool, at: IntArray) -> Cut:
        limit = self.at_most
        if self.unit == "percent":
            limit = max(filters.percent_of(self.at_most, len(at)), 1)
        seed = selection.stream(self.seed, f"{self.step} {self.per}")
        return filters.cap_per_value(
            pool.values(self.per)[at], pool.pair_ids[at], limit, seed=seed, what=CAPPED[self.per]
        )


class LicenceOfPrompt(Step):
    label = "Licence of the prompt"
    help = (
        "Keeps only pairs whose prompt is under one of these licences, or drops those pairs and keeps the "
        "others. A licence is what the import says, letter by letter: MIT and mit are two. Prompts for which "
        "it says nothing are under “no licence”. The terms of the models that responded are not looked at."
    )
    step: Literal["licence"] = "licence"
    rule: Literal["keep", "drop"] = Field(
        default="keep",
        title="Pairs under these licences",
        json_schema_extra=choices(keep="are kept, others dropped", drop="are dropped, others kept"),
    )
    licences: Annotated[tuple[Licence, ...], Field(max_length=100)] = Field(default=(), title="Licences")

    @field_validator("licences")
    @classmethod
    def _each_once_in_order(cls, licences: tuple[str, ...]) -> tuple[str, ...]:
        if any("\0" in licence for licence in licences):
            raise ValueError("a licence has no NUL character")
        return tuple(sorted(set(licences)))

    @model_validator(mode="after")
    def _names_a_licence(self) -> Self:
        if not self.licences:
            raise ValueError("name at least one licence; an empty text stands for prompts without one")
        return self

    def cut(self, pool: Pool, at: IntArray) -> Cut:
        place, names = pool.licences
        stays = np.array([(name in self.licences) == (self.rule == "keep") for name in names], dtype=np.bool_)
        reasons = [f"licence {name}" if name else licence_name(name) for name in names]
        return filters.values_that_stay(place[at], stays, reasons)


class BalanceLength(Step):
    label = "Balance length"
    help = (
        "Drops the fewest pairs so that the chosen response is the longer one, in characters, in at most "
        "this share of the pairs that remain. Those with the largest difference go first; pairs with an "
        "equal or shorter chosen response stay."
    )
    step: Literal["balance_length"] = "balance_length"
    percent: Percent = Field(default=50.0, title="Percent with the longer chosen")

    def cut(self, pool: Pool, at: IntArray) -> Cut:
        chosen, rejected = pool.lengths
        return filters.balance_length(chosen[at], rejected[at], pool.pair_ids[at], self.percent)


class CertainSample(Step):
    label = "Sample by certainty"
    help = (
        "Keeps a random share of the pairs, drawn with weights 1 − H for certain pairs or H for uncertain "
        "ones, as UPO samples (Wang et al., arXiv 2409.11212). H is the BALD of an estimator, as in the "
        "paper, or, where none was trained, the entropy −p ln p − (1 − p) ln(1 − p) of the consensus "
        "probability. A pair of weight 0 is never drawn, so fewer may be left; one without an estimate is "
        "dropped, and the percentage is of those that have one."
    )
    scored = {"producer": ""}
    scored_by = "upo_bald"
    step: Literal["certain_sample"] = "certain_sample"
    prefer: Literal["certain", "uncertain"] = Field(
        default="certain",
        title="Prefer",
        json_schema_extra=choices(certain="certain pairs", uncertain="uncertain pairs"),
    )
    percent: Percent = Field(default=50.0, title="Percent to keep")
    uncertainty: Literal["consensus", "upo_bald"] = Field(
        default="consensus",
        title="H is",
        json_schema_extra=choices(
            consensus="the entropy of the consensus", upo_bald="the BALD of an estimator"
        ),
    )
    producer: Annotated[int | None, Field(title="BALD by")] = None
    seed: Seed = 0

    def cut(self, pool: Pool, at: IntArray) -> Cut:
        if self.uncertainty == "consensus":
            uncertainty = binary_entropy(pool.consensus(pool.method).probability[at])
        else:
            uncertainty = pool.chosen_scores(self.scored_by, self.producer)[at]
        return filters.sample_by_entropy(
            uncertainty,
            pool.pair_ids[at],
            self.percent,
            certain=self.prefer == "certain",
            seed=selection.stream(self.seed, self.step),
            name=scorer_name(self.scored_by),
        )


class ExactDuplicates(Step):
    label = "Drop exact duplicates"
    help = (
        "Of pairs whose chosen and rejected texts are both the same but for case and white space, keeps the "
        "first. Short answers such as “Yes” repeat over prompts that have nothing in common; to keep those, "
        "compare within a prompt only. The histogram is of how many pairs are alike, 1 where a pair has no "
        "duplicate."
    )
    step: Literal["exact_duplicates"] = "exact_duplicates"
    same_prompt: bool = Field(default=False, title="Compare within a prompt only")

    def cut(self, pool: Pool, at: IntArray) -> Cut:
        chosen, rejected = pool.text_keys
        keys = [chosen[at], rejected[at]]
        if self.same_prompt:
            keys.append(pool.values("prompt")[at])
        return filters.first_of_each(*keys)


class HoldOut(Step):
    label = "Hold out an eval split"
    help = (
        "Moves this share of the prompts, with all their pairs, to the eval split; pairs of eval prompts "
        "stay there. Each prompt is drawn by its own content, so the same prompt falls the same way in every "
        "project, and new prompts move none. It drops nothing."
    )
    sets = Column.HELD_OUT
    step: Literal["hold_out"] = "hold_out"
    percent: Percent = Field(default=5.0, title="Percent of the prompts")
    seed: Seed = 0

    def cut(self, pool: Pool, at: IntArray) -> Cut:
        seed = selection.stream(self.seed, self.step)
        held = labels.held_out(pool.values("content")[at], self.percent, seed=seed)
        return filters.with_number((held | pool.is_eval[at]).astype(np.float64), missing="no prompt")


class Confirmed(Step):
    label = "Label confirmed"
    help = (
        "Keeps pairs whose chosen response a trusted score confirms, and so does at least one of the "
        "judges' majority and a second score. It is the second stage of Skywork-Reward-V2 (Liu et al., "
        "arXiv 2507.01352), where a reward model trained on human labels is trusted and the best reward "
        "model is the second. A score confirms where it is higher for chosen over rejected than for "
        "rejected over chosen. Where judges alone made the label, their majority is the label again, and "
        "the trusted score decides."
    )
    scored = {"producer": "scorer", "second_producer": "second_scorer"}
    step: Literal["confirmed"] = "confirmed"
    scorer: Scorer = "logp_gap"
    producer: Producer = None
    second_scorer: Scorer = Field(default="mean_logp_gap", title="Second score")
    second_producer: Producer = Field(default=None, title="Second scores by")

    def cut(self, pool: Pool, at: IntArray) -> Cut:
        verdicts = pool.verdicts
        votes = np.bincount(verdicts.at, weights=verdicts.vote, minlength=len(pool))
        chosen, rejected = pool.both_scores(self.scorer, self.producer)
        second_chosen, second_rejected = pool.both_scores(self.second_scorer, self.second_producer)
        return filters.confirmed(
            chosen[at],
            rejected[at],
            judges=(votes * pool.chosen > 0)[at],
            second=(second_chosen > second_rejected)[at],
            name=scorer_name(self.scorer),
        )
