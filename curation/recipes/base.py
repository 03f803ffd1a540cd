"""What every kind of recipe step is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

from curation.algorithms.filters import Cut, IntArray
from curation.errors import CurationError
from curation.recipes.pool import Pool
from curation.scorers import scorers_in_words

# What a step that cuts by a score reads unless it says otherwise.
DEFAULT_SCORER = "ln_ches"
LARGEST_SEED = 2**31 - 1

Percent = Annotated[float, Field(ge=0, le=100)]
Seed = Annotated[
    int,
    Field(ge=0, le=LARGEST_SEED, title="Seed", description="The same seed draws the same pairs again."),
]
Producer = Annotated[int | None, Field(title="Scores by")]
Scorer = Annotated[str, Field(max_length=40, title="Score", description=scorers_in_words())]


class Column(StrEnum):
    """What a step may set for each row of a version."""

    SOFT_LABEL = "soft label"
    MARGIN = "margin"
    WEIGHT = "weight"
    BLOCK = "block"
    HELD_OUT = "held out"


class RecipeError(CurationError):
    """The steps do not make a recipe."""


class Step(BaseModel, ABC):
    """One filter with its parameters. `cut` judges the pairs at places `at` of the pool, in that order.

    A parameter's title and description are what its field says; `choices` in its extra names each value, and
    `slider` how far a slider goes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    # A template that names a kind would otherwise make a step of it, without the parameters it needs.
    do_not_call_in_templates: ClassVar[bool] = True

    label: ClassVar[str]
    help: ClassVar[str]
    # The fields that name a producer of scores, each with the field of its scorer; "" is `scored_by`.
    scored: ClassVar[Mapping[str, str]] = {}
    scored_by: ClassVar[str] = DEFAULT_SCORER
    # What `cut` gives each pair it keeps by the values it tells, if anything.
    sets: ClassVar[Column | None] = None
    step: str

    @abstractmethod
    def cut(self, pool: Pool, at: IntArray) -> Cut: ...

    @property
    def params(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude={"step"})

    @property
    def scores(self) -> dict[str, tuple[str, int]]:
        """By the field of the producer: the scorer and the producer, where the step names one."""
        values = self.model_dump()
        return {
            field: (values[scorer] if scorer else self.scored_by, values[field])
            for field, scorer in self.scored.items()
            if values[field]
        }


def choices(**names: str) -> dict[str, Any]:
    """The extra of a field with fixed values: what each is called."""
    return {"choices": names}


def slides(between: str) -> dict[str, Any]:
    """The extra of a number whose limits are no ends for a slider: `values` are those of the step's preview,
    `pairs` 1 and the pairs that come in, `0.1 10` those two. It slides by the logarithm: from 0 it cannot."""
    return {"slider": between}


def slider_ends(info: FieldInfo) -> str:
    """What `slides` said; empty for any other parameter."""
    extra = info.json_schema_extra
    return str(extra["slider"]) if isinstance(extra, dict) and "slider" in extra else ""


def choice_names(info: FieldInfo) -> dict[str, str]:
    """What a parameter with fixed values calls each of them; empty for any other parameter."""
    extra = info.json_schema_extra
    return dict(extra["choices"]) if isinstance(extra, dict) and "choices" in extra else {}  # type: ignore[arg-type]
