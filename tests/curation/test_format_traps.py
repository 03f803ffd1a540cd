"""Traps in published files, which their cards name or their columns hold."""

from __future__ import annotations

from typing import Any

import pytest

from curation.importers.datasets.registry import FORMATS, recognise
from tests.curation.format_rows import RIGHT, SKY, WRONG, changed, read, wins


def completion(text: str, rating: str, overall: float) -> dict[str, Any]:
    names = ("helpfulness", "honesty", "instruction_following", "truthfulness")
    return {
        "model": "m",
        "response": text,
        "overall_score": overall,
        "annotations": {name: {"Rating": rating, "Rationale": "…"} for name in names},
    }


def test_it_works() -> None:
    """UltraFeedback before its correction: 10 where 1 was meant. The ratings say who is better."""
    row = changed("ultrafeedback", completions=[completion(WRONG, "1", 10), completion(RIGHT, "4", 7.5)])
    record = read("ultrafeedback", row)
    assert wins(record, record.comparisons[0]) == RIGHT
    assert record.answers[0].metadata["overall_score"] == 10


@pytest.mark.parametrize(
    ("winner", "outcome", "preference"),
    [("model_b", "preferred", -2), ("tie", "tie", None), ("both_bad", "both_bad", None)],
)
def test_outcomes_of_the_arena_140k(winner: str, outcome: str, preference: int | None) -> None:
    (comparison,) = read("arena-140k", changed("arena-140k", winner=winner)).comparisons
    assert (comparison.outcome, comparison.preference) == (outcome, preference)


def test_a_judge_that_changed_its_mind_with_the_order_is_a_tie() -> None:
    row = changed("mt-bench", winner="tie (inconsistent)", judge="gpt4_pair")
    (comparison,) = read("mt-bench", row).comparisons
    assert (comparison.outcome, comparison.rater.kind) == ("tie", "judge")


@pytest.mark.parametrize(
    ("changes", "each"),
    [
        ({"is_response_0_safe": ..., "is_response_1_safe": ...}, {}),
        ({"is_response_1_safe": None}, {"safe": (True, None)}),
        (
            {"response_0_severity_level": 0, "response_1_severity_level": 3},
            {"safe": (True, True), "severity": (0, 3)},
        ),
        (
            {"response_1_harm_category": {"Violence": True, "Privacy Violation": False}},
            {"safe": (True, True), "harm": (None, ["Violence"])},
        ),
        (
            {"response_0_harm_category": "", "response_1_harm_category": '{"Violence": true}'},
            {"safe": (True, True), "harm": (None, ["Violence"])},
        ),
    ],
)
def test_what_pku_leaves_out_of_safety_is_left_out(changes: dict[str, Any], each: dict[str, Any]) -> None:
    """Older rows have neither severity nor categories; the two preferences are all that a row must have."""
    record = read("pku-saferlhf", changed("pku-saferlhf", **changes))
    assert record.comparisons[0].each == each
    assert record.comparisons[0].columns == {}


def test_both_versions_of_skywork_are_read() -> None:
    """Turns may have content before role; a copy without the source column is an implicit prompt."""

    def turns(answer: str) -> list[dict[str, str]]:
        return [{"content": SKY, "role": "user"}, {"content": answer, "role": "assistant"}]

    row = {"chosen": turns(RIGHT), "rejected": turns(WRONG), "source": "magpie_ultra"}
    assert recognise([row]) is FORMATS["skywork"]
    record = read("skywork", row)
    assert (record.prompt.category, wins(record, record.comparisons[0])) == ("magpie_ultra", RIGHT)
    bare = {name: row[name] for name in ("chosen", "rejected")}
    assert recognise([bare]) is FORMATS["trl-implicit"]
    assert read("trl-implicit", bare).prompt.messages == record.prompt.messages
