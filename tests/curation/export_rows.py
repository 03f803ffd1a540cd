"""Rows for the export formats, and what they are said to come from."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from curation.exporters import EXPORTERS
from curation.exporters.base import About, TrainingRow, Written

SYSTEM = {"role": "system", "content": "Be brief."}
USER = {"role": "user", "content": "Q"}
AGAIN = [USER, {"role": "assistant", "content": "A"}, {"role": "user", "content": "And?"}]

CARD: dict[str, Any] = {
    "consensus": "majority",
    "consensus_label": "Majority of votes",
    "recipe": {"name": "Clean", "version": 2},
    "sources": {"forum": 2, "": 1},
    "categories": {"maths": 3},
    "samplers": [
        {"model_name": "tiny", "responses": 3},
        {"model_name": "tiny", "responses": 1},
        {"model_name": "people", "responses": 1},
    ],
    "raters": [
        {"label": "anna", "kind": "person", "judgments": 3},
        {"label": "judge v1", "kind": "judge", "judgments": 6},
    ],
    "judgments": 9,
}
# Formats that take rows with steps or verdicts alone; the other rows here have none.
SEGMENTED = frozenset({"step_dpo", "mask_dpo"})
PLAIN = [name for name in EXPORTERS if name not in SEGMENTED]
ABOUT = About("helpfulness", "Helpfulness", 3, "train", CARD, "c0ffee")


def row(
    messages: list[dict[str, Any]] | None = None, chosen: str = "good", rejected: str = "bad", **more: Any
) -> TrainingRow:
    return TrainingRow(messages or [USER], chosen, rejected, **{"soft_label": 0.9, "margin": 0.8, **more})


def export(name: str, rows: Iterable[TrainingRow], path: Path, about: About = ABOUT) -> Written:
    return EXPORTERS[name].write(iter(rows), path, about)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def zipped_lines(path: Path, member: str) -> list[dict[str, Any]]:
    with ZipFile(path) as zipped:
        return [json.loads(line) for line in zipped.read(member).decode().splitlines()]
