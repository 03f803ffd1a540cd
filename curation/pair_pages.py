"""Where a pair went: the dataset versions that hold it or dropped it."""

from __future__ import annotations

from dataclasses import dataclass

from curation.models import DatasetRow, DroppedPair, Pair
from curation.recipes.pages import step_label


@dataclass(frozen=True)
class InVersion:
    """What became of a pair in a version: a row, or a drop at a step with its reason."""

    number: int
    position: int | None = None
    chosen: str = ""
    split: str = ""
    soft_label: float | None = None
    step_index: int | None = None
    step: str = ""
    reason: str = ""


def versions_with(pair: Pair) -> list[InVersion]:
    """The newest first. A version from before the pair was built, or while its prompt was gold, says nothing
    of it. Of the versions only the numbers are read: their funnels and cards are large."""
    rows = DatasetRow.objects.filter(pair=pair).order_by()
    drops = DroppedPair.objects.filter(pair=pair).order_by()
    held = [
        InVersion(number, position, "A" if chosen == pair.response_a_id else "B", split, soft_label)
        for number, position, chosen, split, soft_label in rows.values_list(
            "version__number", "position", "chosen", "split", "soft_label"
        )
    ]
    dropped = [
        InVersion(number, step_index=index, step=step_label(step), reason=reason)
        for number, index, step, reason in drops.values_list(
            "version__number", "step_index", "step", "reason"
        )
    ]
    return sorted(held + dropped, key=lambda found: -found.number)
