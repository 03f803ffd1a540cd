"""What a scorer says of itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from operator import sub
from typing import Any


class Needs(StrEnum):
    """What a scorer reads. `label` heads a group of scorers on forms and pages."""

    TEXT = "text"
    TOKENIZER = "tokenizer"
    EMBEDDINGS = "embeddings"
    TOKENS = "tokens"
    HIDDEN_STATES = "hidden states"
    LOG_PROBABILITIES = "log-probabilities"
    TWO_MODELS = "two models"
    GRADIENTS = "gradients"
    JUDGMENTS = "judgments"
    RANKINGS = "rankings"
    ESTIMATOR = "estimator"

    @property
    def label(self) -> str:
        return LABELS[self]


LABELS = {
    Needs.TEXT: "From the texts alone",
    Needs.TOKENIZER: "From a model's tokenizer alone",
    Needs.EMBEDDINGS: "From sentence embeddings",
    Needs.TOKENS: "From a model's tokens",
    Needs.HIDDEN_STATES: "From a model's hidden states",
    Needs.LOG_PROBABILITIES: "From a model's log-probabilities",
    Needs.TWO_MODELS: "From the log-probabilities of two models",
    Needs.GRADIENTS: "From a model's gradients",
    Needs.JUDGMENTS: "From the judgments",
    Needs.RANKINGS: "From two rankings",
    Needs.ESTIMATOR: "From an estimator trained on the judgments",
}


class Worse(StrEnum):
    """Which scores are those of pairs one would rather not train on."""

    HIGH = "high"
    LOW = "low"
    NEITHER = "neither"


@dataclass(frozen=True, kw_only=True)
class Scorer:
    """One number about a pair, and what a reader must know to use it.

    A directed scorer has a value for each of the two choices, `a_over_b` and `b_over_a`; any other has one,
    `both`. `version` goes up when the same pair would get another number: scores of two versions never mix.
    `ranks_responses` says that `a` and `b` in a score's details are numbers of the responses themselves, by
    which a model ranks them; `is_reward` that the score's sign is what a reward model prefers.
    """

    name: str
    label: str
    help: str
    formula: str
    source: str
    needs: Needs
    directed: bool
    worse: Worse
    unit: str = ""
    version: int = 1
    ranks_responses: bool = False
    is_reward: bool = False

    @property
    def direction(self) -> str:
        return "chosen over rejected" if self.directed else "symmetric"


class PromptPart(StrEnum):
    """What of a prompt a text scorer is given."""

    ALL = "all"  # every turn
    LAST_USER = "last user"  # what the user said last


# Of a and b, whether each is known to have been cut at the length it was allowed.
NOT_CUT = (False, False)


@dataclass(frozen=True)
class TextScore:
    """The score of a over b; `details` holds what was found in each of the two."""

    value: float
    details: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class TextFeature(Scorer, ABC):
    """A number found in each response to its prompt. `reads` says what stands for the prompt; with
    `counts_cut` a response that is known to be cut has the number 1, whatever its text."""

    feature: Callable[[str, str], float]
    reads: PromptPart = PromptPart.ALL
    counts_cut: bool = False
    needs: Needs = Needs.TEXT

    def score(self, prompt: str, a: str, b: str, is_cut: tuple[bool, bool] = NOT_CUT) -> TextScore:
        of_a, of_b = (
            1.0 if self.counts_cut and cut else float(self.feature(prompt, text))
            for text, cut in zip((a, b), is_cut, strict=True)
        )
        return TextScore(self.of_both(of_a, of_b), {"a": of_a, "b": of_b})

    @abstractmethod
    def of_both(self, of_a: float, of_b: float) -> float:
        """The score of a over b from the numbers of a and b."""


@dataclass(frozen=True, kw_only=True)
class TextGap(TextFeature):
    """The two numbers compared: `compare` changes sign when its arguments swap, so that b over a is the
    negative of a over b."""

    compare: Callable[[float, float], float] = sub
    directed: bool = True

    def of_both(self, of_a: float, of_b: float) -> float:
        return float(self.compare(of_a, of_b))


@dataclass(frozen=True, kw_only=True)
class TextCount(TextFeature):
    """How many of the two responses have what the feature, 1 or 0, asks for."""

    unit: str = "responses"
    directed: bool = False

    def of_both(self, of_a: float, of_b: float) -> float:
        return of_a + of_b


@dataclass(frozen=True, kw_only=True)
class TextLikeness(Scorer):
    """How alike the two texts are, whichever comes first."""

    measure: Callable[[str, str], float]
    reads: PromptPart = PromptPart.ALL
    needs: Needs = Needs.TEXT
    directed: bool = False

    def score(
        self,
        prompt: str,  # noqa: ARG002 -- as TextGap is called
        a: str,
        b: str,
        is_cut: tuple[bool, bool] = NOT_CUT,  # noqa: ARG002 -- as TextGap is called
    ) -> TextScore:
        return TextScore(float(self.measure(a, b)))


TextScorer = TextFeature | TextLikeness


@dataclass(frozen=True, kw_only=True)
class EmbeddingScorer(Scorer):
    """Computed in the database (`services/embedding_score.py`) from embeddings by one model."""

    needs: Needs = Needs.EMBEDDINGS


@dataclass(frozen=True, kw_only=True)
class ModelScorer(Scorer):
    """Computed by the worker `score_pairs`; `computation` is its name in the spec, which may make several
    scores at once. A `sampled` one is too costly for all pairs: it is computed for some, drawn at random."""

    computation: str
    sampled: bool = False


@dataclass(frozen=True, kw_only=True)
class TokenScorer(Scorer):
    """Computed by the worker `score_tokens`, which loads a model's tokenizer and no weights."""

    needs: Needs = Needs.TOKENIZER


def is_approximate(details: Mapping[str, Any]) -> bool:
    """Whether a producer with these details computed in a precision that can flip a sign near zero."""
    return details.get("dtype") == "bfloat16"
