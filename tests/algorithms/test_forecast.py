"""When a campaign is finished, at which pace, on which evidence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotators.algorithms.forecast import ENOUGH, Forecast, Window, forecast

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def at_pace(remaining: int, *answered: int, age: timedelta = 30 * DAY) -> Forecast | None:
    spans = (("24 hours", DAY), ("7 days", 7 * DAY), ("14 days", 14 * DAY))
    windows = [Window(label, span, n) for (label, span), n in zip(spans, answered, strict=False)]
    return forecast(remaining=remaining, windows=windows, now=NOW, age=age)


def test_it_works() -> None:
    found = at_pace(480, 240, 1000)
    assert found is not None
    assert (found.basis.label, found.per_hour, found.finish) == ("24 hours", 10.0, NOW + timedelta(hours=48))
    assert found.earliest is not None
    assert found.latest is not None
    assert found.earliest < NOW + timedelta(hours=48) < found.latest
    assert not found.whole


def test_too_few_answers_look_further_back() -> None:
    found = at_pace(100, ENOUGH - 1, ENOUGH)
    assert found is not None
    assert found.basis.label == "7 days"
    sparse = at_pace(100, 0, 2, 3)
    assert sparse is not None
    assert sparse.basis.label == "14 days"


def test_without_an_answer_there_is_none() -> None:
    assert at_pace(100, 0, 0, 0) is None
    assert at_pace(100) is None


def test_a_young_campaign_has_the_pace_of_its_own_age() -> None:
    found = at_pace(60, 60, age=timedelta(hours=2))
    assert found is not None
    assert (found.per_hour, found.finish, found.whole) == (30.0, NOW + timedelta(hours=2), True)
    few = at_pace(60, 3, 3, 3, age=timedelta(hours=2))
    assert few is not None
    assert few.basis.label == "24 hours"
    first_minute = at_pace(60, 30, age=timedelta(seconds=1))
    assert first_minute is not None
    assert first_minute.per_hour == pytest.approx(180)


def test_one_answer_promises_no_latest_finish() -> None:
    found = at_pace(10, 1)
    assert found is not None
    assert found.latest is None
    assert found.earliest is not None


def test_a_negative_rest_is_refused() -> None:
    with pytest.raises(ValueError, match="not a count"):
        at_pace(-1, 5)


counts = st.integers(min_value=0, max_value=10**7)
ages = st.integers(min_value=0, max_value=10**8).map(lambda seconds: timedelta(seconds=seconds))


@given(counts, counts, ages)
def test_the_range_holds_the_finish(remaining: int, answered: int, age: timedelta) -> None:
    found = at_pace(remaining, answered, age=age)
    assert (found is None) == (answered == 0)
    if found is None or found.finish is None:
        return
    assert found.earliest is not None
    assert NOW <= found.earliest <= found.finish
    assert found.latest is None or found.finish <= found.latest
    assert (found.finish == NOW) == (remaining / found.per_hour * 3600 < 1e-6)


@given(counts, st.integers(min_value=0, max_value=10**6), st.integers(min_value=1, max_value=10**6))
def test_more_to_do_is_never_sooner_and_more_answers_never_later(rest: int, more: int, answered: int) -> None:
    def finish(remaining: int, n: int) -> datetime:
        found = forecast(remaining=remaining, windows=[Window("24 hours", DAY, n)], now=NOW, age=30 * DAY)
        assert found is not None
        return found.finish or datetime.max.replace(tzinfo=UTC)

    assert finish(rest, answered) <= finish(rest + more, answered)
    assert finish(rest, answered + more) <= finish(rest, answered)
