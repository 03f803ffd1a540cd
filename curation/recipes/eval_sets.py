"""Eval prompts by the sets they come from: a set is the eval prompts of one source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import AfterValidator, Field, StringConstraints

from curation.algorithms.filters import IntArray, Note
from curation.models import Project, Prompt
from curation.querysets import PromptQuerySet
from curation.recipes.kept import Array


def _each_once_in_order(sets: tuple[str, ...]) -> tuple[str, ...]:
    if any("\0" in source for source in sets):
        raise ValueError("a source has no NUL character")
    return tuple(sorted(set(sets)))


EvalSet = Annotated[str, StringConstraints(max_length=120, strip_whitespace=True)]
EvalSets = Annotated[
    tuple[EvalSet, ...],
    AfterValidator(_each_once_in_order),
    Field(
        max_length=100,
        title="Eval sets",
        description="By the source of their prompts. None chosen: all eval prompts.",
    ),
]


def eval_set_name(source: str) -> str:
    """Prompts without a source are a set like any other to a recipe."""
    return source or "no source"


def eval_prompts(project: Project, sets: tuple[str, ...]) -> PromptQuerySet:
    """Those of the eval sets named, or all, in order of id."""
    prompts = Prompt.objects.filter(project=project, split=Prompt.Split.EVAL).order_by("id")
    return prompts.filter(source__in=sets) if sets else prompts


@dataclass(frozen=True)
class EvalPrompts:
    """Eval prompts: their ids, the place of the set of each among `sources`, and these."""

    prompts: IntArray
    set_of: IntArray
    sources: tuple[str, ...]

    @classmethod
    def of(cls, prompts: list[int], sources: list[str]) -> EvalPrompts:
        """From the source of each."""
        found, set_of = np.unique(np.array(sources, dtype=np.str_), return_inverse=True)
        return cls(np.array(prompts, dtype=np.int64), set_of, tuple(found.tolist()))

    def arrays(self) -> tuple[Array, ...]:
        return self.prompts, self.set_of, np.array(self.sources, dtype=np.str_)

    @classmethod
    def of_arrays(cls, prompts: Array, set_of: Array, sources: Array) -> EvalPrompts:
        return cls(prompts, set_of, tuple(sources.tolist()))

    @property
    def reasons(self) -> list[str]:
        """Of each set, what a prompt of it is called in the reason for a drop."""
        return [f"of {source}" if source else "without a source" for source in self.sources]

    def sets(self, tests: IntArray) -> IntArray:
        """The set of each of these places of prompts; 0 for −1, which is none."""
        # −1 finds what was put last.
        found: IntArray = np.append(self.set_of, 0)[tests]
        return found

    def most_matched(self, matched: IntArray) -> list[int | None]:
        """Of each set, the prompt at most of these places, the first of several; None where there is none."""
        times = np.bincount(matched, minlength=len(self.prompts))
        most: list[int | None] = [None] * len(self.sources)
        for place in np.lexsort((-np.arange(len(times)), times)).tolist():
            if times[place]:
                most[int(self.set_of[place])] = int(self.prompts[place])
        return most

    def lacking(self, sets: tuple[str, ...]) -> tuple[Note, ...]:
        """A note for each set named that has no prompt."""
        return tuple(
            Note(f"{eval_set_name(source)}: no eval prompt, so nothing was compared with this set")
            for source in sets
            if source not in self.sources
        )
