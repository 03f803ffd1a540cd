"""Where two solutions part."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.algorithms.segments import cover, step_bounds, stored_bounds
from curation.algorithms.shared_steps import Parting, n_shared, parting

ONE = "Step 1: Add 2 and 3.\nStep 2: That is 5.\nStep 3: So 5."
OTHER = "Step 1: Add 2 and 3.\nStep 2: That is 6.\nStep 3: So 6."
BOLD = "**Step 1:** A\n**Step 2:**"


def parted(one: str, other: str) -> Parting | None:
    return parting((one, other), (step_bounds(one), step_bounds(other)))


def test_it_works() -> None:
    assert parted(ONE, OTHER) == Parting(
        "Step 1: Add 2 and 3.\nStep 2:",
        (" That is 5.", " That is 6."),
        (" That is 5.\nStep 3: So 5.", " That is 6.\nStep 3: So 6."),
    )


@pytest.mark.parametrize(
    ("one", "other", "shared", "steps"),
    [
        ("Same.\n\nLeft.\n\nEnd.", "Same.\n\nRight.", "Same.\n\n", ("Left.", "Right.")),
        ("1. Same\n2. Left", "1. Same\n2. Right", "1. Same\n", ("2. Left", "2. Right")),
        # White space alone differs before the next step: it belongs to the step.
        ("Same.\n\nLeft.", "Same.\n\n\nRight.", "Same.", ("\n\nLeft.", "\n\n\nRight.")),
        (f"{BOLD} B", f"{BOLD} C", BOLD, (" B", " C")),
        # The heads differ, so they belong to the steps.
        ("Step 1: A\nStep 2: B", "Step 1: A\nStep 3: C", "Step 1: A\n", ("Step 2: B", "Step 3: C")),
    ],
)
def test_where_the_shared_part_ends(one: str, other: str, shared: str, steps: tuple[str, str]) -> None:
    found = parted(one, other)
    assert found is not None
    assert (found.shared, found.steps) == (shared, steps)


@pytest.mark.parametrize(
    ("one", "other", "n"),
    [
        ("Left.\n\nEnd.", "Right.\n\nEnd.", 0),
        ("Same.\n\nMore.", "Same.", 1),  # one ends
        ("Step 1: AB\nStep 2: C", "Step 1: A\nStep 2: C", 0),  # a step begins alike, which is not the same
        ("", "x", 0),
    ],
)
def test_texts_that_do_not_part_after_a_step(one: str, other: str, n: int) -> None:
    assert parted(one, other) is None
    assert n_shared((one, other), (step_bounds(one), step_bounds(other))) == n


PIECES = ["Step 1: a", "Step 2: b", "Step 2: c", "x\n\n", "1. y", "2. z", " ", "."]
texts = st.lists(st.sampled_from(PIECES), max_size=6).map("\n".join)


@given(texts, texts)
def test_nothing_is_lost_and_nothing_invented(one: str, other: str) -> None:
    found = parted(one, other)
    if found is None:
        return
    assert (found.shared + found.rests[0], found.shared + found.rests[1]) == (one, other)
    for step, rest in zip(found.steps, found.rests, strict=True):
        assert rest.startswith(step)
    assert found.shared.strip()


@pytest.mark.parametrize(
    ("segments", "bounds"),
    [
        ([{"start": 0, "end": 2}, {"start": 3, "end": 5}], [(0, 2), (3, 5)]),
        ([{"start": 0, "end": 9}], []),
        ([{"start": 3, "end": 5}, {"start": 0, "end": 2}], []),
        ([{"start": 2, "end": 2}], []),
        ([{"start": True, "end": 2}], []),
        ([{"end": 2}], []),
        (["x"], []),
        (None, []),
    ],
)
def test_stored_segments_count_where_they_fit(
    segments: list[object] | None, bounds: list[tuple[int, int]]
) -> None:
    assert stored_bounds(segments, "ab cd") == bounds


@pytest.mark.parametrize(
    ("bounds", "covers"),
    [
        ([(0, 2), (3, 5)], True), ([(0, 5)], True), ([(0, 2)], False), ([(3, 5)], False), ([], False),
        ([(0, 1), (3, 5)], False),
    ],
)  # fmt: skip
def test_segments_cover_every_visible_character(bounds: list[tuple[int, int]], covers: bool) -> None:
    assert cover(bounds, "ab cd") is covers
