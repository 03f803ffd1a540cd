"""Scores of pairs: from a model, from texts alone, from a tokenizer."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from curation.scorers import TEXTS
from trainer_bridge.contracts.base import Dtype, Strict
from trainer_bridge.contracts.judging import PairRow

# What `score_pairs` can compute; each may give several scores. The last two take passes of their own.
OwnComputation = Literal["ches", "last_hidden_ip", "angle", "token_edit", "logprob", "entanglement"]


Computation = Literal[OwnComputation, "log_ratio", "lora_entanglement"]


class ScoringRow(PairRow):
    """A row of `pairs.jsonl` for `score_pairs` and `score_texts`. `scorers` are those of the spec that this
    pair lacks; a row that names none lacks all."""

    scorers: list[str] = []


class ScoreRow(Strict):
    """A row of `scores.jsonl` for the `ches` scorer (Razin et al., arXiv 2410.08847).

    `n_*` count the summed hidden states: the last prompt token through the last response token.
    """

    pair_id: str
    dot_ab: float
    norm2_a: float
    norm2_b: float
    n_a: int
    n_b: int
    ches_a_over_b: float
    ches_b_over_a: float
    ln_ches_a_over_b: float
    ln_ches_b_over_a: float


class ScoreValue(Strict):
    """The score of a over b by one scorer in one version, and what it found in each response, if anything.

    A directed score of b over a is the negative of this.
    """

    scorer: str
    version: int
    value: float
    details: dict[str, float] = {}


class ScoreValuesRow(Strict):
    """A pair's scores by a computation that is not `ches`: a row of `<computation>.jsonl` of `score_pairs`,
    or, with all scorers that the pair lacks, of `scores.jsonl` of `score_texts` and `score_tokens`."""

    pair_id: str
    scores: list[ScoreValue]


class Refusals(Strict):
    """`refused.json`: why `score_pairs` cannot do one of its computations, by their names."""

    reasons: dict[str, str]


class ScoreSpec(Strict):
    """`score_pairs`: one forward pass per distinct response; another under `reference` for `log_ratio`, a
    backward pass per response of the pairs in `sample` for `lora_entanglement`."""

    model: str
    dtype: Dtype = "float32"
    max_length: Annotated[int, Field(ge=8)] = 512
    pairs: str
    scorers: Annotated[list[Computation], Field(min_length=1)] = ["ches"]
    reference: str = ""
    sample: str = ""

    @model_validator(mode="after")
    def _has_what_its_scorers_need(self) -> ScoreSpec:
        if "log_ratio" in self.scorers and not self.reference:
            raise ValueError("log_ratio compares two models; name the second as reference")
        if "lora_entanglement" in self.scorers and not self.sample:
            raise ValueError("lora_entanglement needs the file of the pairs it is for, as sample")
        return self


class TextScoreSpec(Strict):
    """`score_texts`: scorers that read nothing but the texts, by their names in the registry. `toxic_words`
    names the list that `toxicity` counts by, a phrase a line; without one it is the English list."""

    pairs: str
    toxic_words: str = ""
    scorers: Annotated[list[str], Field(min_length=1)]

    @field_validator("scorers")
    @classmethod
    def _are_text_scorers(cls, names: list[str]) -> list[str]:
        if unknown := [name for name in names if name not in TEXTS]:
            raise ValueError(
                f"{', '.join(unknown)} cannot be computed from texts; choose from: {', '.join(TEXTS)}"
            )
        return list(dict.fromkeys(names))


class TokenScoreSpec(Strict):
    """`score_tokens`: every token scorer, under the tokenizer of `model`, whose weights stay on the disk."""

    model: str
    pairs: str
