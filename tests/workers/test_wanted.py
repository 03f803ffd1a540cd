"""What is asked of each pair and response of a pass."""

from __future__ import annotations

from collections.abc import Sequence

from trainer_bridge.contracts import Message, ScoringRow
from trainer_bridge.workers._pairs import Wanted, pair_keys

NAMES = ["ches", "logprob", "angle"]


def row(pair_id: str, a: str, b: str, scorers: Sequence[str] = (), prompt: str = "Why?") -> ScoringRow:
    messages = [Message(role="user", content=prompt)]
    return ScoringRow(pair_id=pair_id, prompt=messages, response_a=a, response_b=b, scorers=list(scorers))


def test_it_works() -> None:
    rows = [row("1", "x", "y", ["ches"]), row("2", "x", "z", ["logprob"]), row("3", "v", "w")]
    wanted = Wanted(NAMES, rows)
    assert [wanted.of_pair(each.pair_id) for each in rows] == [{"ches"}, {"logprob"}, {*NAMES}]
    asked = {key[1]: wanted.of_response(key) for each in rows for key in pair_keys(each)}
    assert asked == {
        "x": {"ches", "logprob"}, "y": {"ches"}, "z": {"logprob"}, "v": {*NAMES}, "w": {*NAMES},
    }  # fmt: skip


def test_a_response_is_that_of_its_prompt() -> None:
    rows = [row("1", "x", "y", ["ches"]), row("2", "x", "y", ["angle"], prompt="Who?")]
    wanted = Wanted(NAMES, rows)
    assert wanted.of_response(pair_keys(rows[0])[0]) == {"ches"}


def test_what_is_not_computed_any_more_is_not_asked_for() -> None:
    rows = [row("1", "x", "y", ["ches", "logprob"]), row("2", "v", "w", ["logprob"])]
    wanted = Wanted(["ches"], rows)
    assert [wanted.of_pair(each.pair_id) for each in rows] == [{"ches"}, set()]


def test_rows_that_name_none_ask_for_all() -> None:
    rows = [row("1", "x", "y"), row("2", "v", "w")]
    wanted = Wanted(NAMES, rows)
    assert {wanted.of_pair("1"), wanted.of_response(pair_keys(rows[1])[0])} == {frozenset(NAMES)}
