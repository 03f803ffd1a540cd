"""Rows for the export formats, and what they are said to come from."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from curation.exporters import EXPORTERS
from curation.exporters.base import About, TrainingRow, Written
from curation.exporters.origin import Origin

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
SEGMENTED = frozenset({"step_dpo", "mask_dpo", "trl_steps"})
# Formats that take rows with a system turn alone, and with none.
WITH_SYSTEM = frozenset({"axolotl_kto_system", "axolotl_user_system"})
WITHOUT_SYSTEM = frozenset(
    {"axolotl_kto", "axolotl_user", "axolotl_argilla_chat", "axolotl_kto_argilla_chat", "helpsteer2"}
)
# Formats that take prompts with tool calls alone.
CALLED = frozenset({"trl_tools"})
PLAIN = [name for name in EXPORTERS if name not in SEGMENTED | CALLED]
ABOUT = About("helpfulness", "Helpfulness", 3, "train", CARD, "c0ffee")


def row(
    messages: list[dict[str, Any]] | None = None, chosen: str = "good", rejected: str = "bad", **more: Any
) -> TrainingRow:
    return TrainingRow(messages or [USER], chosen, rejected, **{"soft_label": 0.9, "margin": 0.8, **more})


def called(name: str, **arguments: Any) -> list[dict[str, Any]]:
    """The turns of a tool call and of what it gave."""
    call = {"type": "function", "function": {"name": name, "arguments": arguments}}
    return [
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "content": "4", "name": name},
    ]


STEP = "Step 1: Same.\n"


def fit_for(name: str, made: TrainingRow) -> TrainingRow:
    """For a format of steps or verdicts the row with two judged steps in each response, the first shared; for
    one of tool calls with a call and its result after the prompt."""
    if name in CALLED:
        return replace(made, messages=[*made.messages, *called("look")])
    if name not in SEGMENTED:
        return made
    texts = [f"{STEP}Step 2: {text}" if text else "" for text in (made.chosen, made.rejected)]
    responses = tuple(
        {
            "segments": [
                {"start": 0, "end": len(STEP), "verdict": "right"},
                {"start": len(STEP), "end": len(text), "verdict": verdict},
            ]
        }
        for text, verdict in zip(texts, ("right", "wrong"), strict=True)
    )
    return replace(made, chosen=texts[0], rejected=texts[1], origin=Origin(1, responses=responses))


def export(name: str, rows: Iterable[TrainingRow], path: Path, about: About = ABOUT) -> Written:
    return EXPORTERS[name].write(iter(rows), path, about)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def zipped_lines(path: Path, member: str) -> list[dict[str, Any]]:
    with ZipFile(path) as zipped:
        return [json.loads(line) for line in zipped.read(member).decode().splitlines()]
