"""The step that nobody writes: pairs of excluded prompts go before the recipe begins, with their reasons."""

from __future__ import annotations

from typing import Literal

from curation.algorithms import filters
from curation.algorithms.filters import Cut, IntArray
from curation.recipes.base import Step
from curation.recipes.pool import Pool


class NotExcluded(Step):
    label = "Prompt not excluded"
    help = "Keeps pairs whose prompt nobody has excluded. Comes by itself, where a project has such pairs."
    step: Literal["not_excluded"] = "not_excluded"

    def cut(self, pool: Pool, at: IntArray) -> Cut:
        why, reasons = pool.exclusions
        return filters.not_excluded(why[at], reasons)
