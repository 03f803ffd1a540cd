"""The one registry of preference formats. To add one: a `DatasetFormat` in a module, and a line here."""

from __future__ import annotations

from collections.abc import Iterable

from curation.importers.datasets import (
    alpaca_eval,
    arena,
    argilla,
    columns,
    dialogue,
    fine_grained,
    helpsteer,
    helpsteer3,
    judged,
    label_studio,
    oasst,
    rewardbench,
    trl,
    ultrafeedback,
)
from curation.importers.datasets.record import DatasetFormat, Row

# In the order of recognition: formats that add columns to another's stand before it.
FORMATS: dict[str, DatasetFormat] = {
    entry.name: entry
    for entry in (
        *label_studio.FORMATS,
        *argilla.FORMATS,
        *rewardbench.FORMATS,
        *ultrafeedback.FORMATS,
        *dialogue.FORMATS,
        *trl.FORMATS,
        *helpsteer.FORMATS,
        *helpsteer3.FORMATS,
        *arena.FORMATS,
        *judged.FORMATS,
        *alpaca_eval.FORMATS,
        *fine_grained.FORMATS,
        *oasst.FORMATS,
        *columns.FORMATS,
    )
}


def recognise(rows: Iterable[Row]) -> DatasetFormat | None:
    """The format that fits the most of the first rows, and more than half; the earlier one of two."""
    head = list(rows)
    fits = {name: sum(map(entry.recognises, head)) for name, entry in FORMATS.items()}
    best = max(FORMATS, key=lambda name: fits[name])
    return FORMATS[best] if fits[best] * 2 > len(head) else None
