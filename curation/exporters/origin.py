"""What is behind a row of a dataset version, for the formats that tell it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from curation.algorithms.fingerprints import sha256_hex

UNKNOWN_STRENGTH = 2  # of a preference that nobody gave a strength: better, as imports take it


@dataclass(frozen=True)
class Said:
    """One judgment, with responses by their places in the file: 1 and 2 are the pair's.

    `left` is the place of the response shown left; `preference` and `probability` are towards it.
    In `attributes` `a` is response 1 and `b` response 2. `earlier` are the answers that this one corrects,
    oldest first. `created_at` is ISO 8601 in UTC.
    """

    rater: str
    kind: str
    left: int
    outcome: str
    source: str
    created_at: str
    preference: int | None = None
    probability: float | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    rationale: str = ""
    skip_reason: str = ""
    duration_ms: int | None = None
    guideline: int | None = None
    earlier: tuple[Said, ...] = ()

    @property
    def score(self) -> int | None:
        """−3…3, negative where response 1 is better; None for an answer that compares nothing."""
        if self.outcome == "tie":
            return 0
        if self.preference is None:
            return None
        return -self.preference if self.left == 1 else self.preference


class Scored(NamedTuple):
    """A judgment that compares."""

    score: int
    said: Said


@dataclass(frozen=True)
class Origin:
    """`chosen` is the place of the chosen response. The pair's responses stand in the order of their texts'
    SHA-256, the same on every machine; `responses` beyond the second are those that others edit or that an
    answer ranks. `judgments` are those that stood when the version was frozen."""

    chosen: int
    prompt: dict[str, Any] = field(default_factory=dict)
    responses: tuple[dict[str, Any], ...] = ()
    judgments: tuple[Said, ...] = ()

    @property
    def sign(self) -> int:
        """What a score that speaks for the chosen response has."""
        return -1 if self.chosen == 1 else 1

    @property
    def scored(self) -> list[Scored]:
        return [Scored(said.score, said) for said in self.judgments if said.score is not None]


def first_is_chosen(chosen: str, rejected: str) -> bool:
    return sha256_hex(chosen) <= sha256_hex(rejected)


def strength(scores: Sequence[int], sign: int, *, is_tie: bool) -> int:
    """−3…3, negative where response 1 is better: the mean of the scores, rounded half away from zero, but on
    the side of `sign`, which the version chose, and at least 1; 0 where the version says tie."""
    if is_tie:
        return 0
    size = round_half_up(sign * sum(scores), len(scores)) if scores else UNKNOWN_STRENGTH
    return sign * max(size, 1)


def round_half_up(total: int, n: int) -> int:
    """total / n to the nearest whole number, halves upwards; `n` is positive."""
    return (2 * total + n) // (2 * n)
