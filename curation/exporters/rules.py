"""The reasons that several formats share, and how each is found. Rules of one format stand beside it."""

from __future__ import annotations

from collections.abc import Collection

from curation.exporters.base import Rule, TrainingRow


def is_plain_text(row: TrainingRow) -> bool:
    return all(isinstance(turn["content"], str) and "tool_calls" not in turn for turn in row.messages)


def conversation(row: TrainingRow) -> list[dict[str, str]]:
    """The prompt's turns with role and content alone."""
    return [{"role": turn["role"], "content": turn["content"]} for turn in row.messages]


def after_system(row: TrainingRow) -> list[str]:
    """The roles of the turns after a system turn at the start."""
    roles = [turn["role"] for turn in row.messages]
    return roles[1:] if roles[0] == "system" else roles


def system_text(row: TrainingRow) -> str:
    """The system turn at the start, or nothing."""
    first = row.messages[0]
    return str(first["content"]) if first["role"] == "system" else ""


def takes_turns(row: TrainingRow, odd: Collection[str], even: Collection[str]) -> bool:
    """Whether the turns after a system turn are, by number, one of `odd` and one of `even` in turn."""
    return all(role in (even if at % 2 else odd) for at, role in enumerate(after_system(row)))


PLAIN_TEXT = Rule(
    "prompt is not plain text",
    "The format holds text alone: images, sound and tool calls would be lost.",
    lambda row: not is_plain_text(row),
)
ENDS_WITH_USER = Rule(
    "prompt does not end with a user turn",
    "The response answers a user; after another turn the chat template would begin it in the wrong place.",
    lambda row: row.messages[-1]["role"] != "user",
)
NOT_EMPTY = Rule(
    "empty response",
    "There would be nothing to learn from but the end of the turn.",
    lambda row: not row.chosen.strip() or not row.rejected.strip(),
)
DIFFERENT = Rule(
    "identical responses",
    "The loss of two equal responses has no gradient that means anything.",
    lambda row: row.chosen == row.rejected,
)
DECIDED = Rule(
    "tie",
    "With P(better) = 0.5 nothing says which of the two is better, and the format has no column for it.",
    lambda row: row.soft_label == 0.5,
)

PREFERENCE = (PLAIN_TEXT, ENDS_WITH_USER, NOT_EMPTY, DIFFERENT)
DECIDED_PREFERENCE = (*PREFERENCE, DECIDED)  # for formats that do not write the soft label
