"""A stored answer shown back: what it says beside the preference, in rows of words and as marked text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from annotators.part_rows import FLAG_WORDS, VERDICT_WORDS
from curation.models import Judgment, Response

# What is shown of a range of response `a` or `b`; the raw text, unless the page masks some of it.
ShowText = Callable[[str, int, int], str]

NAMES = {"a": "Response A", "b": "Response B"}
VERDICT_TONES = {"right": "good", "wrong": "bad", "unsure": "warn"}
EXCERPT = 120


@dataclass(frozen=True)
class ShownRow:
    """`anchor` is the id of the passage that the row is about, in the same part."""

    label: str
    words: str
    tone: str = ""
    anchor: str = ""


@dataclass(frozen=True)
class Piece:
    """A stretch of text under the same marks; `label` names those that end with it."""

    text: str
    anchors: list[str]
    marked: bool
    label: str


@dataclass(frozen=True)
class MarkedText:
    title: str
    pieces: list[Piece]


@dataclass(frozen=True)
class ShownPart:
    name: str
    rows: list[ShownRow]
    texts: list[MarkedText] = field(default_factory=list)


def side_names(judgment: Judgment) -> dict[str, str]:
    """The responses by the side on which they were shown to that person."""
    return {"a": "Left", "b": "Right"} if judgment.left == "a" else {"a": "Right", "b": "Left"}


def shown_parts(
    judgment: Judgment, *, names: Mapping[str, str] = NAMES, show: ShowText | None = None
) -> list[ShownPart]:
    """What each part of the task form was answered with; parts that were not asked are left out.

    `names` says what the page calls responses a and b. With `show`, texts are shown as it gives them, and
    nothing else of a response is: pass it where the reader must not see raw text. Reads the pair's texts only
    for passages and segments.
    """
    said = judgment.attributes
    parts = [
        ShownPart("Ranking", list(ranking_rows(judgment, excerpts=show is None))),
        ShownPart("Comparisons", comparison_rows(said, names)),
        ShownPart("Ratings", rating_rows(said, names)),
        *segment_parts(judgment, names, show or raw_text(judgment)),
        *span_parts(judgment, names, show or raw_text(judgment)),
        ShownPart("Safety", safety_rows(said, names)),
        ShownPart("Reasons", [ShownRow("Reasons", ", ".join(said["reasons"]))] if "reasons" in said else []),
        ShownPart("Rationale", [ShownRow("Why", judgment.rationale)] if judgment.rationale else []),
        ShownPart("Rewrite", rewrite_rows(judgment, names)),
        ShownPart("Flags", flag_rows(said)),
    ]
    return [part for part in parts if part.rows]


def raw_text(judgment: Judgment) -> ShowText:
    def show(response: str, start: int, end: int) -> str:
        pair = judgment.pair
        return (pair.response_a if response == "a" else pair.response_b).text[start:end]

    return show


def excerpt(text: str) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= EXCERPT else one_line[:EXCERPT].rstrip() + "…"


def comparison_rows(said: dict[str, Any], names: Mapping[str, str]) -> list[ShownRow]:
    compared = said.get("comparisons", {})
    return [ShownRow(attribute, names.get(better, "Level")) for attribute, better in compared.items()]


def rating_rows(said: dict[str, Any], names: Mapping[str, str]) -> list[ShownRow]:
    return [
        ShownRow(
            scale, ", ".join(f"{names[response]} {rated[response]}" for response in by_side(rated, names))
        )
        for scale, rated in said.get("ratings", {}).items()
    ]


def by_side(answered: Mapping[str, Any], names: Mapping[str, str]) -> list[str]:
    """`a` and `b` in the order a reader expects: left before right."""
    return sorted((response for response in ("a", "b") if response in answered), key=lambda r: names[r])


def segment_parts(judgment: Judgment, names: Mapping[str, str], show: ShowText) -> Iterator[ShownPart]:
    segments = judgment.attributes.get("segments", {})
    for response in by_side(segments, names):
        given = segments[response]
        unit, bounds = given["unit"].capitalize(), given["bounds"]
        title = f"{unit}s, {names[response]}"
        if "verdicts" in given:
            rows = [
                ShownRow(
                    f"{unit} {number}: {VERDICT_WORDS[verdict].lower()}",
                    excerpt(show(response, *span)),
                    VERDICT_TONES[verdict],
                )
                for number, (verdict, span) in enumerate(zip(given["verdicts"], bounds, strict=True), start=1)
            ]
        elif (wrong := given["first_wrong"]) is None:
            rows = [ShownRow(f"First wrong {given['unit']}", "none", "good")]
        else:
            rows = [
                ShownRow(
                    f"First wrong {given['unit']}: {wrong + 1}",
                    excerpt(show(response, *bounds[wrong])),
                    "bad",
                )
            ]
        yield ShownPart(title, rows)


def span_parts(judgment: Judgment, names: Mapping[str, str], show: ShowText) -> Iterator[ShownPart]:
    spans = judgment.attributes.get("spans", {})
    for response in by_side(spans, names):
        marks = [
            (f"mark-{judgment.pk}-{response}-{number}", mark)
            for number, mark in enumerate(spans[response], start=1)
        ]
        rows = [
            ShownRow(
                f"{mark['type']}, severity {mark['severity']}",
                excerpt(show(response, mark["start"], mark["end"])),
                anchor=anchor,
            )
            for anchor, mark in marks
        ]
        pair = judgment.pair
        length = len((pair.response_a if response == "a" else pair.response_b).text)
        text = MarkedText(names[response], list(pieces(marks, length, response, show)))
        yield ShownPart(f"Marked passages, {names[response]}", rows, [text])


def pieces(
    marks: list[tuple[str, dict[str, Any]]], length: int, response: str, show: ShowText
) -> Iterator[Piece]:
    """The whole text, cut wherever a mark begins or ends."""
    edges = sorted({0, length, *(mark[end] for _, mark in marks for end in ("start", "end"))})
    for start, end in pairwise(edges):
        over = [(anchor, mark) for anchor, mark in marks if mark["start"] < end and mark["end"] > start]
        yield Piece(
            show(response, start, end),
            [anchor for anchor, mark in over if mark["start"] == start],
            bool(over),
            ", ".join(f"{mark['type']} {mark['severity']}" for _, mark in over if mark["end"] == end),
        )


def safety_rows(said: dict[str, Any], names: Mapping[str, str]) -> list[ShownRow]:
    tags = said.get("safety", {})
    return [
        ShownRow(names[response], ", ".join(tags[response]) or "nothing", "bad" if tags[response] else "")
        for response in by_side(tags, names)
    ]


def flag_rows(said: dict[str, Any]) -> list[ShownRow]:
    flags = said.get("flags", [])
    return (
        [ShownRow("Flags", ", ".join(FLAG_WORDS.get(flag, flag) for flag in flags), "warn")] if flags else []
    )


def ranking_rows(judgment: Judgment, *, excerpts: bool) -> Iterator[ShownRow]:
    """One row for each rank, with the numbers under which the responses were listed."""
    ranking: list[list[int]] = judgment.attributes.get("ranking", [])
    if not ranking:
        return
    assignment = getattr(judgment, "assignment", None)
    ids = [response for group in ranking for response in group]
    order = list(assignment.order or ids) if assignment else ids
    texts = Response.objects.in_bulk(ids) if excerpts else {}
    rank = 1
    for group in ranking:
        for response in sorted(group, key=order.index):
            words = f"Response {order.index(response) + 1}"
            if response in texts:
                words += f": {excerpt(texts[response].text)}"
            yield ShownRow(f"Rank {rank}{' (tied)' if len(group) > 1 else ''}", words)
        rank += len(group)


def rewrite_rows(judgment: Judgment, names: Mapping[str, str]) -> list[ShownRow]:
    """The rewritten text: of the judgment that was recorded for it, right after this one."""
    original = judgment.attributes.get("rewrite_of")
    if original is None:
        return []
    followed = Judgment.objects.filter(
        rater=judgment.rater_id,
        pk__gt=judgment.pk,
        outcome=Judgment.Outcome.PREFERRED,
        pair__response_a=original,
        pair__response_b__edited_from=original,
    )
    text = followed.order_by("pk").values_list("pair__response_b__text", flat=True).first()
    of = names["a" if original == judgment.pair.response_a_id else "b"]
    return [ShownRow(f"Rewrite of {of}", text or "")]
