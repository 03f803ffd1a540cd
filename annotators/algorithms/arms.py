"""What an order does to the answers: its own pairs beside those of the random control arm."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

Said = tuple[int, bool, int | None]  # pair, in the control arm, −1, 0 or 1 towards a; None: neither


@dataclass(frozen=True)
class Rate:
    """`hits` of `total`."""

    hits: int
    total: int

    @property
    def share(self) -> float | None:
        return self.hits / self.total if self.total else None


@dataclass(frozen=True)
class Arm:
    """`ties` are answers; `flips` are pairs with two or more answers for which people named opposite
    responses, `apart` those for which they did not all say the same."""

    n_answers: int
    ties: Rate
    flips: Rate
    apart: Rate


def compare_arms(answers: Iterable[Said]) -> dict[bool, Arm]:
    """Both arms, keyed by whether it is the control. Skips must be left out."""
    by_pair: dict[bool, dict[int, list[int | None]]] = {False: defaultdict(list), True: defaultdict(list)}
    for pair, control, towards_a in answers:
        by_pair[control][pair].append(towards_a)
    return {control: _arm(list(pairs.values())) for control, pairs in by_pair.items()}


def _arm(pairs: list[list[int | None]]) -> Arm:
    said = [vote for votes in pairs for vote in votes]
    shared = [set(votes) for votes in pairs if len(votes) > 1]
    return Arm(
        n_answers=len(said),
        ties=Rate(sum(vote == 0 for vote in said), len(said)),
        flips=Rate(sum({1, -1} <= votes for votes in shared), len(shared)),
        apart=Rate(sum(len(votes) > 1 for votes in shared), len(shared)),
    )
