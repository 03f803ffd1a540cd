"""What is known of the segments of a row's responses: those stored with them, and people's verdicts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from curation.algorithms.segments import Bounds, cover, stored_bounds
from curation.exporters.base import TrainingRow

RIGHT, WRONG, UNSURE = "right", "wrong", "unsure"

Judged = list[tuple[Bounds, str]]  # each segment with its verdict


def stored_segments(row: TrainingRow, *, is_chosen: bool) -> list[Any] | None:
    """The segments that came with the response, as they are stored."""
    if row.origin is None:
        return None
    at = row.origin.chosen - 1 if is_chosen else 2 - row.origin.chosen
    found = row.origin.responses[at].get("segments") if at < len(row.origin.responses) else None
    return found if isinstance(found, list) else None


def judged_segments(row: TrainingRow, *, is_chosen: bool) -> Judged:
    """The segments with the verdict of most people; none where nobody gave one.

    People who were shown other segments than most are left aside. As many for right as for wrong is unsure.
    Without people it is the verdicts that came with the response.
    """
    return judged_in_all([(row, is_chosen)])


def judged_in_all(places: Sequence[tuple[TrainingRow, bool]]) -> Judged:
    """The same for a response that stands in several pairs: each with whether it is the chosen one there."""
    row, is_chosen = places[0]
    text = row.chosen if is_chosen else row.rejected
    given: dict[tuple[Bounds, ...], list[list[str]]] = defaultdict(list)
    for row, is_chosen in places:
        for bounds, verdicts in _said(row, text, is_chosen=is_chosen):
            given[bounds].append(verdicts)
    if not given:
        came_with = (_came_with(stored_segments(row, is_chosen=which), text) for row, which in places)
        return next((judged for judged in came_with if judged), [])
    bounds = max(given, key=lambda found: len(given[found]))
    return [
        (piece, _most(votes)) for piece, votes in zip(bounds, zip(*given[bounds], strict=True), strict=True)
    ]


def _said(row: TrainingRow, text: str, *, is_chosen: bool) -> Iterator[tuple[tuple[Bounds, ...], list[str]]]:
    if row.origin is None:
        return
    name = "a" if is_chosen == (row.origin.chosen == 1) else "b"
    for said in row.origin.judgments:
        segments = said.attributes.get("segments")
        found = segments.get(name) if isinstance(segments, dict) else None
        if not isinstance(found, dict):
            continue
        bounds = _pieces(found.get("bounds"))
        verdicts = _verdicts(found, len(bounds))
        if cover(bounds, text) and len(verdicts) == len(bounds):
            yield bounds, verdicts


def _pieces(value: Any) -> tuple[Bounds, ...]:
    if not isinstance(value, list):
        return ()
    two = [found for found in value if isinstance(found, list) and len(found) == 2]
    whole = [(start, end) for start, end in two if isinstance(start, int) and isinstance(end, int)]
    return tuple(whole) if len(whole) == len(value) else ()


def _verdicts(found: dict[str, Any], n: int) -> list[str]:
    """One for each segment; of what comes after the first wrong one nobody said anything."""
    if "first_wrong" not in found:
        value = found.get("verdicts")
        return [str(verdict) for verdict in value] if isinstance(value, list) else []
    first = found["first_wrong"]
    if first is None:
        return [RIGHT] * n
    if not isinstance(first, int) or not 0 <= first < n:
        return []
    return [RIGHT] * first + [WRONG] + [UNSURE] * (n - first - 1)


def _most(votes: tuple[str, ...]) -> str:
    count = Counter(votes)
    if count[RIGHT] == count[WRONG]:
        return UNSURE
    return RIGHT if count[RIGHT] > count[WRONG] else WRONG


def _came_with(segments: list[Any] | None, text: str) -> Judged:
    """The verdicts of a file, where each segment has one."""
    bounds = stored_bounds(segments, text)
    verdicts = [segment.get("verdict") for segment in segments or []] if cover(bounds, text) else []
    known = [verdict for verdict in verdicts if verdict in {RIGHT, WRONG, UNSURE}]
    return list(zip(bounds, known, strict=True)) if len(known) == len(bounds) else []
