"""The parts of a task form as the page lays them out, filled in with what was given before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from annotators.algorithms.words import word_bounds
from annotators.parse.rows import NONE_WRONG, VERDICTS
from annotators.segmenting import response_bounds
from annotators.task_form import Scale, Segments, Spans, TaskForm
from curation.models import Response

Given = Mapping[str, list[str]]

SIDE_NAMES = {"left": "Left", "right": "Right"}
VERDICT_WORDS = {"right": "Correct", "wrong": "Wrong", "unsure": "Unsure"}  # “Right” is a side here
FLAG_WORDS = {"pii": "Personal data", "unsafe": "Unsafe", "broken": "Broken or cut off"}


class ShownSide(Protocol):
    """A response as the page shows it: `mask` gives what is shown of a range of the raw text."""

    side: str
    raw: str
    mask: Callable[[int, int], str]


@dataclass(frozen=True)
class Option:
    """A radio button or a checkbox; `key` chooses it while its row has the focus."""

    value: str
    label: str
    checked: bool
    key: str = ""
    note: str = ""


@dataclass(frozen=True)
class Row:
    """Radio buttons of one name. `label` is what a screen reader says, `text` what is judged, if shown."""

    name: str
    label: str
    options: list[Option]
    text: str = ""


@dataclass(frozen=True)
class RatedScale:
    name: str
    range: str
    rows: list[Row]


@dataclass(frozen=True)
class SideOptions:
    side: str
    name: str
    options: list[Option]


@dataclass(frozen=True)
class SideRows:
    side: str
    title: str
    rows: list[Row]


@dataclass(frozen=True)
class Word:
    """A word that can be marked; `gap` is the white space before it."""

    start: int
    end: int
    shown: str
    gap: str


@dataclass(frozen=True)
class SideWords:
    side: str
    title: str
    words: list[Word]


def options(pairs: Iterable[tuple[str, str, str]], chosen: Iterable[str]) -> list[Option]:
    chosen = set(chosen)
    return [Option(value, label, value in chosen, key) for value, label, key in pairs]


def rating_rows(form: TaskForm, given: Given) -> list[RatedScale]:
    return [
        RatedScale(
            scale.name,
            f"{scale.low}–{scale.high}",
            [rating_row(scale, f"rating-{number}-{side}", side, given) for side in SIDE_NAMES],
        )
        for number, scale in enumerate(form.ratings)
    ]


def rating_row(scale: Scale, name: str, side: str, given: Given) -> Row:
    values = [str(value) for value in range(scale.low, scale.high + 1)]
    ends = {values[0]: "lowest", values[-1]: "highest"}
    chosen = given.get(name, [])
    rated = [Option(value, value, value in chosen, value, ends.get(value, "")) for value in values]
    return Row(name, f"{scale.name}, {side} response", rated)


def comparison_rows(form: TaskForm, given: Given) -> list[Row]:
    offered = [("left", "Left", "1"), ("tie", "Level", "2"), ("right", "Right", "3")]
    return [
        Row(name := f"comparison-{number}", attribute, options(offered, given.get(name, [])), attribute)
        for number, attribute in enumerate(form.comparisons)
    ]


def segment_sides(
    asked: Segments, shown: Iterable[tuple[ShownSide, Response]], given: Given
) -> list[SideRows]:
    """Both responses with a row of verdicts for each segment, or one row to choose the first wrong one."""
    sides = []
    for side, response in shown:
        bounds = response_bounds(response, asked)
        texts = [side.mask(start, end) for start, end in bounds]
        make = verdict_rows if asked.ask == "verdicts" else first_wrong_rows
        sides.append(SideRows(side.side, SIDE_NAMES[side.side], make(asked.unit, side.side, texts, given)))
    return sides


def verdict_rows(unit: str, side: str, texts: list[str], given: Given) -> list[Row]:
    offered = [(verdict, VERDICT_WORDS[verdict], str(key)) for key, verdict in enumerate(VERDICTS, start=1)]
    return [
        Row(
            name := f"segment-{side}-{number}",
            f"{unit.capitalize()} {number + 1} of the {side} response",
            options(offered, given.get(name, [])),
            text,
        )
        for number, text in enumerate(texts)
    ]


def first_wrong_rows(unit: str, side: str, texts: list[str], given: Given) -> list[Row]:
    if not texts:
        return []
    name = f"first_wrong-{side}"
    offered = [
        (str(number), text, str(number + 1) if number < 9 else "") for number, text in enumerate(texts)
    ]
    offered.append((NONE_WRONG, f"No {unit} is wrong", "0"))
    label = f"First wrong {unit} of the {side} response"
    return [Row(name, label, options(offered, given.get(name, [])))]


def span_sides(shown: Iterable[ShownSide]) -> list[SideWords]:
    return [SideWords(side.side, SIDE_NAMES[side.side], list(words_of(side))) for side in shown]


def words_of(side: ShownSide) -> Iterator[Word]:
    last = 0
    for start, end in word_bounds(side.raw):
        yield Word(start, end, side.mask(start, end), side.raw[last:start])
        last = end


def severities(asked: Spans) -> list[Option]:
    """The severities to choose from, mildest first."""
    words = {1: "least", asked.severities: "most"} if asked.severities > 1 else {}
    return [
        Option(str(number), str(number), checked=False, key=str(number), note=words.get(number, ""))
        for number in range(1, asked.severities + 1)
    ]


def safety_sides(form: TaskForm, given: Given) -> list[SideOptions]:
    tags = [(tag, tag, "") for tag in form.safety]
    return [
        SideOptions(side, title, options(tags, given.get(f"safety-{side}", [])))
        for side, title in SIDE_NAMES.items()
    ]


def flag_options(form: TaskForm, given: Given) -> list[Option]:
    offered = [(flag, FLAG_WORDS.get(flag, flag), "") for flag in form.flags]
    return options(offered, given.get("flags", []))


def rank_options(number: int, n_listed: int, given: Given) -> list[Option]:
    ranks = [(str(rank), str(rank), "") for rank in range(1, n_listed + 1)]
    return options(ranks, given.get(f"rank-{number}", []))
