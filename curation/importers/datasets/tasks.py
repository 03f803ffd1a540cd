"""What exports of labelling tools have in common: columns that the project's owner named, and answers that
say which of several responses is better."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import combinations
from typing import Any

from curation.importers.datasets import fields
from curation.importers.datasets.record import (
    BETTER,
    Answer,
    Comparison,
    Outcome,
    PreferenceRecord,
    PromptText,
    Rated,
)
from curation.importers.datasets.trl import is_messages
from curation.services.prompt_parse import RowError, conversation

PROMPTS = ("prompt", "instruction", "question", "query", "input", "context")
NOUN = r"(?:response|answer|output|completion|generation|candidate|reply|text|option|model)"
PLACES = {"a": 1, "left": 1, "first": 1, "b": 2, "right": 2, "second": 2}
NUMBERED = re.compile(rf"{NOUN}(\d{{1,2}}|a|b|left|right)")
SIDE = re.compile(rf"(?:the)?{NOUN}?(\d{{1,2}}|a|b|left|right|first|second){NOUN}?(?:is)?(\w*better)?")
TIES = frozenset({"tie", "tied", "equal", "same", "draw", "both", "bothgood", "aboutthesame", "nopreference"})
BOTH_BAD = frozenset({"bothbad", "neither", "botharebad", "bothresponsesarebad"})
STRENGTHS = {"slightlybetter": 1, "better": BETTER, "muchbetter": 3, "significantlybetter": 3}


@dataclass(frozen=True)
class Task:
    """A prompt and the responses to it, by the names of their columns."""

    prompt: PromptText
    answers: dict[str, Answer]


@dataclass(frozen=True)
class Ranks:
    """An answer that compares: the rank of each response, 1 the best, None where it has none."""

    ranks: tuple[int | None, ...]
    strength: int = BETTER
    both_bad: bool = False


@dataclass
class Given:
    """All that one person answered on a task, by the names of the questions."""

    rater: Rated
    compared: dict[str, Ranks] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)
    rationale: str = ""
    created_at: datetime | None = None
    is_skip: bool = False


def task_of(
    columns: Mapping[str, Any], metadata: Mapping[str, Any], responses: Mapping[str, Any] | None = None
) -> Task:
    """Raises RowError unless the columns name a prompt and, where `responses` does not hold them already,
    two or more responses."""
    texts = _responses(columns) if responses is None else responses
    prompt = next((name for name in PROMPTS if columns.get(name)), "")
    if not prompt:
        raise RowError(f"No column holds the prompt; these names are known: {', '.join(PROMPTS)}")
    if len(texts) < 2:
        raise RowError(
            "The row has fewer than two responses; columns that hold one are called “response1”, “answer a” "
            f"and so on. There are: {', '.join(columns)}"
        )
    answers = {
        name: Answer(fields.text(texts, name), fields.label(columns, f"{name}_model")) for name in texts
    }
    if len({answer.text for answer in answers.values()}) < 2:
        raise RowError(fields.SAME_TEXT)
    value = columns[prompt]
    messages = conversation(value) if is_messages(value) else fields.user_turn(fields.text(columns, prompt))
    used = {prompt, *answers, *(f"{name}_model" for name in answers)}
    prompt_text = PromptText(
        messages,
        metadata={**metadata, **fields.others(columns, used)},
        split=fields.split_named(columns.get(fields.SPLIT)),
    )
    return Task(prompt_text, answers)


def _responses(columns: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that hold a response by their names, in the order of their numbers."""
    found = {name: numbered for name in columns if (numbered := NUMBERED.fullmatch(plain(name)))}
    return {name: columns[name] for name in sorted(found, key=lambda name: _number(found[name][1]))}


def _number(word: str) -> int:
    return PLACES.get(word) or int(word)


def plain(text: str) -> str:
    """In lower case, letters and digits alone: “Response-1” and “response 1” are one name."""
    return re.sub(r"[\W_]+", "", text.lower())


def choice(text: str, task: Task) -> Ranks | None:
    """Which of two responses a label chooses, by the words that people use; None if it says nothing of it.

    “Left”, “A is slightly better”, “response-2” and the names of the columns are known, “tie” and “both bad”.
    """
    said, names = plain(text), [plain(name) for name in task.answers]
    if said in BOTH_BAD:
        return Ranks((1,) * len(names), both_bad=True)
    if said in TIES:
        return Ranks((1,) * len(names))
    if said in names:
        return _winner(names.index(said), len(names))
    found = SIDE.fullmatch(said)
    if found is None or found[2] not in {None, *STRENGTHS}:
        return None
    at = _number(found[1]) - 1
    return _winner(at, len(names), STRENGTHS[found[2] or "better"]) if 0 <= at < len(names) else None


def _winner(at: int, n: int, strength: int = BETTER) -> Ranks:
    return Ranks(tuple(1 if place == at else 2 for place in range(n)), strength)


def ranking(ranks: Mapping[str, int], task: Task) -> Ranks:
    """Of a rank for each response, by the names of their columns."""
    names = {plain(name): at for at, name in enumerate(task.answers)}
    found: list[int | None] = [None] * len(names)
    for name, rank in ranks.items():
        if plain(name) not in names:
            raise RowError(f"The ranking names “{name[:40]}”, which is none of: {', '.join(task.answers)}")
        found[names[plain(name)]] = rank
    return Ranks(tuple(found))


def record(task: Task, given: list[Given]) -> PreferenceRecord:
    """Raises RowError where nobody compared anything."""
    said = [one for each in given for one in _comparisons(each, len(task.answers))]
    if not said:
        raise RowError("No answer that was submitted compares the responses")
    return PreferenceRecord(task.prompt, tuple(task.answers.values()), tuple(said))


def _comparisons(given: Given, n: int) -> Iterator[Comparison]:
    """The first question that compares is the judgment on each two, the others are attributes of it."""
    if given.is_skip:
        yield Comparison(0, 1, given.rater, "skip", rationale=given.rationale, created_at=given.created_at)
        return
    if not given.compared:
        return
    (_, main), *others = given.compared.items()
    for first, second in combinations(range(n), 2):
        if None in {main.ranks[first], main.ranks[second]}:
            continue
        outcome, preference = outcome_of(main, first, second)
        yield Comparison(
            first,
            second,
            given.rater,
            outcome,
            preference,
            rationale=given.rationale,
            sides={name: side for name, ranks in others if (side := _side(ranks, first, second))},
            more=given.more,
            created_at=given.created_at,
        )


def _gap(ranks: Ranks, first: int, second: int) -> int | None:
    """How many ranks the first stands above the second."""
    one, other = ranks.ranks[first], ranks.ranks[second]
    return None if one is None or other is None else other - one


def outcome_of(ranks: Ranks, first: int, second: int) -> tuple[Outcome, int | None]:
    """What the ranks say of these two, by their places."""
    if ranks.both_bad:
        return "both_bad", None
    gap = _gap(ranks, first, second)
    if not gap:
        return "tie", None
    return "preferred", ranks.strength if gap > 0 else -ranks.strength


def _side(ranks: Ranks, first: int, second: int) -> str:
    gap = _gap(ranks, first, second)
    if gap is None:
        return ""
    return "tie" if not gap else "first" if gap > 0 else "second"
