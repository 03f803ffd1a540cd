"""When a campaign will be finished, from how many answers came in lately."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt

ENOUGH = 20  # answers; a shorter window with fewer says too little
SHORTEST = timedelta(minutes=10)  # a pace over less would be a guess
FARTHEST = timedelta(days=3650)
CONFIDENCE_Z = 1.96


@dataclass(frozen=True)
class Window:
    """`n_answers` came in the last `span`; `label` says so in words."""

    label: str
    span: timedelta
    n_answers: int


@dataclass(frozen=True)
class Forecast:
    """`finish`, and the range that 95 % of Poisson arrivals leave open; None: beyond ten years.

    `whole` says that the basis reaches back to the first answer.
    """

    finish: datetime | None
    earliest: datetime | None
    latest: datetime | None
    per_hour: float
    basis: Window
    whole: bool


def forecast(*, remaining: int, windows: Sequence[Window], now: datetime, age: timedelta) -> Forecast | None:
    """The finish at the pace of the first of `windows`, shortest first, with enough answers or all there are.

    Where none has, the longest with any decides; without an answer there is no forecast. A window cannot
    reach back beyond `age`, the time since the first answer: a campaign an hour old has the pace of an hour.
    The count of answers is taken as Poisson, so its square root is its standard error; a pace whose lower
    bound is 0 has no latest finish.
    """
    if remaining < 0:
        raise ValueError(f"{remaining} answers remaining is not a count")
    answered = [window for window in windows if window.n_answers > 0]
    if not answered:
        return None
    telling = (window for window in answered if window.n_answers >= ENOUGH or window.span >= age)
    basis = next(telling, answered[-1])
    hours = max(min(basis.span, age), SHORTEST) / timedelta(hours=1)
    error = CONFIDENCE_Z * sqrt(basis.n_answers)
    return Forecast(
        finish=_at(now, remaining, basis.n_answers / hours),
        earliest=_at(now, remaining, (basis.n_answers + error) / hours),
        latest=_at(now, remaining, (basis.n_answers - error) / hours),
        per_hour=basis.n_answers / hours,
        basis=basis,
        whole=basis.span >= age,
    )


def _at(now: datetime, remaining: int, per_hour: float) -> datetime | None:
    if remaining == 0:
        return now
    if per_hour <= 0 or remaining / per_hour > FARTHEST / timedelta(hours=1):
        return None
    return now + timedelta(hours=remaining / per_hour)
