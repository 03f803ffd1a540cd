"""Steps by how far apart the two responses are: which pairs are easy, and how each is to be trained on."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from curation.algorithms import filters, labels, selection
from curation.algorithms.filters import Cut, FloatArray, IntArray
from curation.algorithms.response_ranks import rank_gaps
from curation.algorithms.uncertainty import binary_entropy
from curation.recipes.base import DEFAULT_SCORER, Column, Percent, Producer, Scorer, Step, choices, slides
from curation.recipes.pool import Pool
from curation.scorers import scorer_name

GAPS = choices(
    consensus="margin of the consensus, |2·P − 1|",
    strength="mean strength that raters stated, 1 slight to 3 strong",
    rank="difference of the responses' ranks in their prompt",
    score="score below, chosen over rejected",
)


class GapStep(Step):
    """A step that reads a gap between chosen and rejected: larger is clearer."""

    scored = {"producer": "scorer"}
    gap: Literal["consensus", "strength", "rank", "score"] = Field(
        default="consensus", title="Gap", json_schema_extra=GAPS
    )
    scorer: Scorer = DEFAULT_SCORER
    producer: Producer = None

    def gaps(self, pool: Pool, at: IntArray) -> FloatArray:
        """NaN where there is none."""
        if self.gap == "consensus":
            return pool.consensus(pool.method).margin[at]
        if self.gap == "strength":
            return pool.strengths[at]
        if self.gap == "rank":
            p = pool.consensus(pool.method).probability[at]
            return rank_gaps(pool.prompts[at], pool.a[at], pool.b[at], pool.chosen[at], p)
        return pool.chosen_scores(self.scorer, self.producer)[at]

    @property
    def missing(self) -> str:
        """Why a pair without a gap goes."""
        return {
            "consensus": "no consensus margin",
            "strength": "no stated strength",
            "rank": "no winner to rank",
            "score": f"no {scorer_name(self.scorer)} score",
        }[self.gap]


class EasyPairs(GapStep):
    label = "Easy or hard pairs"
    help = (
        "Keeps the easy pairs, whose gap is at least γ, or the hard ones, below γ, as MPO divides them (Gou "
        "and Nguyen, arXiv 2403.19443). γ is a percentile of the gaps of the pairs that remain, without "
        "their sign. Pairs without a gap are dropped."
    )
    step: Literal["easy_pairs"] = "easy_pairs"
    keep: Literal["easy", "hard"] = Field(
        default="easy", title="Keep", json_schema_extra=choices(easy="easy pairs", hard="hard pairs")
    )
    percentile: Percent = Field(default=50.0, title="Percentile of γ")

    def cut(self, pool: Pool, at: IntArray) -> Cut:
        return filters.easy_or_hard(
            self.gaps(pool, at), self.percentile, easy=self.keep == "easy", missing=self.missing
        )


class Curriculum(GapStep):
    label = "Curriculum order"
    help = (
        "Orders the rows from easy to hard, in blocks to be trained one after another; it drops only pairs "
        "without a gap. Curry-DPO (Pattnaik et al., arXiv 2403.07230): the easiest pair of every prompt "
        "first, then every second easiest, or all pairs by falling gap in blocks of equal size. MPO (arXiv "
        "2403.19443): two blocks, divided at a percentile of the gap. A trainer that shuffles undoes the "
        "order: train on one block after another. Gap by rank: a response ranks among those of its prompt by "
        "its mean probability to be the better one, over the pairs that come in; equals share the mean of "
        "their ranks. It is below 0 where the winner ranks lower. Curry-DPO ranks by people or GPT-4. Equal "
        "gaps stand in the order of their pairs."
    )
    sets = Column.BLOCK
    step: Literal["curriculum"] = "curriculum"
    scheme: Literal["prompt", "global", "easy_first"] = Field(
        default="prompt",
        title="Blocks",
        json_schema_extra=choices(
            **{
                "prompt": "by rank within the prompt",
                "global": "of equal size",
                "easy_first": "easy, then hard",
            }
        ),
    )
    blocks: int = Field(default=3, ge=1, le=100, title="Blocks of equal size")
    percentile: Percent = Field(default=50.0, title="Percentile that divides easy and hard")

    def cut(self, pool: Pool, at: IntArray) -> Cut:
        gaps = self.gaps(pool, at)
        found = np.isfinite(gaps)
        block = np.full(len(gaps), np.nan)
        if found.any():
            block[found] = 1 + self._blocks(gaps[found], pool.values("prompt")[at][found])
        return filters.with_number(block, missing=self.missing)

    def _blocks(self, gaps: FloatArray, prompt: IntArray) -> IntArray:
        if self.scheme == "prompt":
            return selection.prompt_blocks(prompt, gaps)
        if self.scheme == "global":
            return selection.global_blocks(gaps, self.blocks)
        easy, _ = selection.easy_pairs(gaps, self.percentile)
        return np.where(easy, 0, 1)


class SoftLabel(Step):
    label = "Soft label"
    help = (
        "Sets P(chosen is better) of every row; without this step it is that of the consensus. From a score: "
        "σ(scale · score), the Bradley-Terry model of a reward gap; the score itself where it is a share, as "
        "CREAM-dyn takes the consistency of two rankings; or the mean of those over the prompts, as "
        "CREAM-avg does (arXiv 2410.12735). Or, as SmPO does, the softmax of both responses' scores, "
        "normalised to 0…1 by the lowest and the highest of the pairs that come in, where SmPO's code takes "
        "fixed ends of one reward model; it is at most 0.73. Where only the gap of a pair is known, the "
        "largest gap stands for highest − lowest. A label of exactly ½ says nothing of which is better: "
        "exports that do not write the label leave such rows out as ties."
    )
    scored = {"producer": "scorer"}
    sets = Column.SOFT_LABEL
    step: Literal["soft_label"] = "soft_label"
    rule: Literal["consensus", "bradley_terry", "smpo", "score", "mean_score"] = Field(
        default="bradley_terry",
        title="From",
        json_schema_extra=choices(
            consensus="the consensus",
            bradley_terry="σ(scale · score)",
            smpo="the softmax of normalised scores (SmPO)",
            score="the score, 0 to 1",
            mean_score="the mean score over the prompts, 0 to 1",
        ),
    )
    scorer: Scorer = DEFAULT_SCORER
    producer: Producer = None
    scale: float = Field(default=1.0, ge=0, le=1000, title="Scale", json_schema_extra=slides("0.01 100"))
    keep_missing: bool = Field(default=False, title="Keep pairs without a score")
    fill: Literal["consensus", "mean"] = Field(
        default="consensus",
        title="Label of a pair that is kept without a score",
        json_schema_extra=choices(consensus="that of the consensus", mean="the mean label over the prompts"),
    )

    def cut(self, pool: Pool, at: IntArray) -> Cut:
        found = pool.consensus(pool.method)
        own = np.where(found.winner > 0, found.probability, 1 - found.probability)[at]
        if self.rule == "consensus":
            return filters.with_number(own, missing="no consensus")
        name = scorer_name(self.scorer)
        scores = pool.chosen_scores(self.scorer, self.producer)[at]
        label = self._label(pool, at, scores)
        cut = filters.share_of_score(label, scores, name=name)
        if not self.keep_missing:
            return cut
        mean = self._mean(pool, at, np.where(cut.keep, label, np.nan))
        return filters.filled(cut, own if self.fill == "consensus" else mean)

    def _label(self, pool: Pool, at: IntArray, scores: FloatArray) -> FloatArray:
        if self.rule == "bradley_terry":
            return labels.bradley_terry(scores, self.scale)
        if self.rule == "smpo":
            of_responses = pool.response_scores(self.scorer, self.producer)[:, at]
            return labels.bradley_terry(labels.normalised_gap(scores, of_responses))
        if self.rule == "mean_score":
            return np.where(np.isfinite(scores), self._mean(pool, at, scores), np.nan)
        return scores

    @staticmethod
    def _mean(pool: Pool, at: IntArray, values: FloatArray) -> FloatArray:
        """The mean over the prompts, for every pair."""
        return np.full(len(at), labels.mean_over_groups(values, pool.values("prompt")[at]))


class TrainingMargin(GapStep):
    label = "Training margin"
    help = (
        "Sets the margin of every row, by which a reward model or an offset loss is to tell chosen from "
        "rejected (Llama 2, arXiv 2307.09288); without this step it is that of the consensus. It is scale · "
        "gap; a gap below 0 counts as 0. Pairs without a gap are dropped."
    )
    sets = Column.MARGIN
    step: Literal["training_margin"] = "training_margin"
    scale: float = Field(default=1.0, ge=0, le=1000, title="Scale", json_schema_extra=slides("0.01 100"))

    def cut(self, pool: Pool, at: IntArray) -> Cut:
        margin = np.maximum(self.scale * self.gaps(pool, at), 0.0)
        return filters.with_number(margin, missing=self.missing)


class Weight(GapStep):
    label = "Weight"
    help = (
        "Sets the weight of every row in the loss; without this step it is 1. By the gap: the strength is "
        "scaled Bradley-Terry (HelpSteer2-Preference, arXiv 2410.01257), a reward gap what GAPO does (arXiv "
        "2504.10044). By certainty: 1 − H(P) / ln 2 of the consensus. A gap below 0 counts as 0. Pairs "
        "without a gap are dropped."
    )
    sets = Column.WEIGHT
    step: Literal["weight"] = "weight"
    rule: Literal["gap", "certainty"] = Field(
        default="gap",
        title="By",
        json_schema_extra=choices(gap="gap", certainty="certainty of the consensus"),
    )
    mean_one: bool = Field(default=True, title="Divide by the mean, so that the average weight is 1")

    def cut(self, pool: Pool, at: IntArray) -> Cut:
        if self.rule == "certainty":
            weight = 1 - binary_entropy(pool.consensus(pool.method).probability[at]) / np.log(2)
        else:
            weight = np.maximum(self.gaps(pool, at), 0.0)
        if self.mean_one:
            weight = labels.of_mean_one(weight)
        return filters.with_number(weight, missing=self.missing)
