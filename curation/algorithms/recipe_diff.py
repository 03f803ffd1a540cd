"""How two lists of steps differ: what was added, removed, moved, and which parameters changed.

A step is a mapping with its kind under `step` and its parameters. Lists are short (a recipe has at most 20
steps), so nothing here is hurried.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

RawStep = Mapping[str, Any]

WORDS = ("added", "removed", "moved", "changed", "unchanged")


@dataclass(frozen=True)
class StepDiff:
    """One step, with its place in either list, from 0; None where that list lacks it.

    `changes` are (parameter, old value, new value) of a step that both have; a parameter that one of them
    lacks is None there.
    """

    old: int | None
    new: int | None
    moved: bool = False
    changes: tuple[tuple[str, Any, Any], ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """What became of the step, in one or two of WORDS."""
        if self.old is None or self.new is None:
            return ("added",) if self.old is None else ("removed",)
        holds = {"moved": self.moved, "changed": bool(self.changes)}
        return tuple(word for word, true in holds.items() if true) or ("unchanged",)


def recipe_diff(old: Sequence[RawStep], new: Sequence[RawStep]) -> list[StepDiff]:
    """Every step of both, in the newer order; what was removed comes where it was.

    As few steps as possible are added and removed, and of those that both have, as few as possible moved.
    """
    partners = _partners(old, new)
    stayed = longest_increasing(list(partners.values()))
    removed = sorted(set(range(len(old))) - set(partners.values()))
    rows: list[StepDiff] = []
    for at, step in enumerate(new):
        before = partners.get(at)
        if before is None:
            rows.append(StepDiff(None, at))
            continue
        while before in stayed and removed and removed[0] < before:
            rows.append(StepDiff(removed.pop(0), None))
        rows.append(StepDiff(before, at, before not in stayed, _changes(old[before], step)))
    return rows + [StepDiff(at, None) for at in removed]


def _partners(old: Sequence[RawStep], new: Sequence[RawStep]) -> dict[int, int]:
    """Places in `new`, in order, with those in `old` of the same step: equal ones first, then of one kind."""
    free = list(range(len(old)))
    found: dict[int, int] = {}
    alike: tuple[Callable[[RawStep, RawStep], bool], ...] = (
        lambda one, other: one == other,
        lambda one, other: one["step"] == other["step"],
    )
    for are_one in alike:
        for at, step in enumerate(new):
            matches = [place for place in free if at not in found and are_one(old[place], step)]
            if matches:
                found[at] = matches[0]
                free.remove(matches[0])
    return dict(sorted(found.items()))


def longest_increasing(values: Sequence[int]) -> set[int]:
    """The members of a longest increasing subsequence of distinct numbers."""
    chains: list[list[int]] = []
    for value in values:
        before = [chain for chain in chains if chain[-1] < value]
        chains.append([*_longest(before), value])
    return set(_longest(chains))


def _longest(chains: Sequence[list[int]]) -> list[int]:
    return max(chains, key=len, default=[])


def _changes(old: RawStep, new: RawStep) -> tuple[tuple[str, Any, Any], ...]:
    return tuple(
        (name, old.get(name), new.get(name))
        for name in dict.fromkeys([*new, *old])
        if old.get(name) != new.get(name)
    )
