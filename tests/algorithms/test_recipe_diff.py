"""What differs between two lists of steps, rebuilt and counted by other means."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from curation.algorithms.recipe_diff import StepDiff, longest_increasing, recipe_diff

Steps = list[dict[str, Any]]
steps = st.lists(
    st.builds(lambda kind, x: {"step": kind, "x": x}, st.sampled_from("abcd"), st.integers(0, 2))
)


def kinds(of: Steps) -> Counter[str]:
    return Counter(step["step"] for step in of)


def test_it_works() -> None:
    old: Steps = [{"step": "a"}, {"step": "b", "x": 1, "y": 2}, {"step": "c"}, {"step": "d"}]
    new: Steps = [{"step": "a"}, {"step": "d"}, {"step": "e"}, {"step": "b", "x": 3, "y": 2}]
    diff = recipe_diff(old, new)
    assert diff == [
        StepDiff(0, 0),
        StepDiff(2, None),
        StepDiff(3, 1),
        StepDiff(None, 2),
        StepDiff(1, 3, moved=True, changes=(("x", 1, 3),)),
    ]
    assert [row.words for row in diff] == [
        ("unchanged",), ("removed",), ("unchanged",), ("added",), ("moved", "changed"),
    ]  # fmt: skip


@given(steps, steps)
def test_the_newer_list_is_rebuilt_from_the_older(old: Steps, new: Steps) -> None:
    diff = recipe_diff(old, new)
    rebuilt = [
        new[row.new] if row.old is None else old[row.old] | {name: value for name, _, value in row.changes}
        for row in diff
        if row.new is not None
    ]
    assert rebuilt == new
    assert [row.new for row in diff if row.new is not None] == list(range(len(new)))
    assert sorted(row.old for row in diff if row.old is not None) == list(range(len(old)))
    # What stayed and what went stand in the older order.
    places = [row.old for row in diff if row.old is not None and not row.moved]
    assert places == sorted(places)


@given(steps, steps)
def test_no_more_is_added_or_removed_than_the_kinds_demand(old: Steps, new: Steps) -> None:
    diff = recipe_diff(old, new)
    assert Counter(new[row.new]["step"] for row in diff if row.old is None and row.new is not None) == (
        kinds(new) - kinds(old)
    )
    assert Counter(old[row.old]["step"] for row in diff if row.new is None and row.old is not None) == (
        kinds(old) - kinds(new)
    )


@given(steps)
def test_a_list_does_not_differ_from_itself(same: Steps) -> None:
    assert recipe_diff(same, same) == [StepDiff(at, at) for at in range(len(same))]


@given(steps, steps)
def test_the_other_way_round_adds_what_was_removed(old: Steps, new: Steps) -> None:
    there, back = (Counter(word for row in diff for word in row.words) for diff in both_ways(old, new))
    assert (there["added"], there["removed"]) == (back["removed"], back["added"])


def both_ways(old: Steps, new: Steps) -> tuple[list[StepDiff], list[StepDiff]]:
    return recipe_diff(old, new), recipe_diff(new, old)


@given(st.permutations(range(7)))
def test_as_few_as_possible_move(order: list[int]) -> None:
    """Against every choice of more steps to leave where they are."""
    old: Steps = [{"step": str(kind)} for kind in range(7)]
    moved = [row for row in recipe_diff(old, [old[at] for at in order]) if row.moved]
    stayed = len(order) - len(moved)
    assert not any(list(some) == sorted(some) for some in combinations(order, stayed + 1))
    left = [at for at in order if at in longest_increasing(order)]
    assert left == sorted(left)
    assert len(left) == stayed


def test_of_two_of_a_kind_the_equal_one_is_the_same() -> None:
    low, high = {"step": "a", "x": 1}, {"step": "a", "x": 9}
    assert recipe_diff([low, high], [high]) == [StepDiff(0, None), StepDiff(1, 0)]
    assert recipe_diff([low], [high, low]) == [StepDiff(None, 0), StepDiff(0, 1)]


def test_a_parameter_that_one_lacks_changed_from_or_to_none() -> None:
    [row] = recipe_diff([{"step": "a", "x": 1}], [{"step": "a", "y": 2}])
    assert sorted(row.changes) == [("x", 1, None), ("y", None, 2)]
    assert row.words == ("changed",)


def test_nothing_at_all() -> None:
    assert recipe_diff([], []) == []
    assert [row.words for row in recipe_diff([{"step": "a"}], [])] == [("removed",)]
