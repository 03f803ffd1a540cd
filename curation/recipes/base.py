"""What every kind of recipe step is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict
from pydantic.fields import FieldInfo

from curation.algorithms.filters import Cut, IntArray
from curation.errors import CurationError
from curation.recipes.pool import Pool

# What a step that cuts by a score reads unless it says otherwise.
DEFAULT_SCORER = "ln_ches"


class RecipeError(CurationError):
    """The steps do not make a recipe."""


class Step(BaseModel, ABC):
    """One filter with its parameters. `cut` judges the pairs at places `at` of the pool, in that order.

    A parameter's title and description are what its field says; `choices` in its extra names each value.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    # A template that names a kind would otherwise make a step of it, without the parameters it needs.
    do_not_call_in_templates: ClassVar[bool] = True

    label: ClassVar[str]
    help: ClassVar[str]
    # Whose producers it may name, where it does not choose a scorer itself.
    scored_by: ClassVar[str] = DEFAULT_SCORER
    step: str

    @abstractmethod
    def cut(self, pool: Pool, at: IntArray) -> Cut: ...

    @property
    def params(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude={"step"})

    @property
    def scores(self) -> tuple[str, int] | None:
        """The scorer and the producer that the step names, if it names one."""
        return None


def choice_names(info: FieldInfo) -> dict[str, str]:
    """What a parameter with fixed values calls each of them; empty for any other parameter."""
    extra = info.json_schema_extra
    return dict(extra["choices"]) if isinstance(extra, dict) and "choices" in extra else {}  # type: ignore[arg-type]
