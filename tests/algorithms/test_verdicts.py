from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judges.algorithms.verdicts import (
    UNREAD,
    TokenChoice,
    conversation_text,
    log_sum_exp,
    missing_placeholders,
    question_text,
    read_answer,
    read_logprobs,
)

LABELS = ("A", "B")
logprobs = st.floats(-80, 0)


def test_p_left_is_the_left_share() -> None:
    reading = read_logprobs(math.log(0.3), math.log(0.1), 0.01)
    assert reading.parsed
    assert reading.p_left == pytest.approx(0.75)
    assert reading.mass == pytest.approx(0.4)


def test_too_little_mass_is_unparsed_but_measured() -> None:
    reading = read_logprobs(math.log(0.001), math.log(0.002), 0.01)
    assert not reading.parsed
    assert reading.p_left is None
    assert reading.mass == pytest.approx(0.003)


def test_two_impossible_labels_are_unparsed_even_without_a_minimum() -> None:
    reading = read_logprobs(-math.inf, -math.inf, 0.0)
    assert (reading.parsed, reading.logprob_left, reading.mass) == (False, None, 0.0)


def test_one_impossible_label_is_a_certain_verdict_with_finite_numbers() -> None:
    reading = read_logprobs(math.log(0.9), -math.inf, 0.01)
    assert (reading.p_left, reading.logprob_right) == (1.0, None)
    assert read_logprobs(-math.inf, math.log(0.9), 0.01).p_left == 0.0


@given(logprobs, logprobs)
def test_swapping_the_labels_complements_the_probability(left: float, right: float) -> None:
    one, other = read_logprobs(left, right, 0.0), read_logprobs(right, left, 0.0)
    assert one.p_left is not None
    assert other.p_left is not None
    assert one.p_left + other.p_left == pytest.approx(1)


@given(st.lists(st.floats(-50, 0), min_size=1, max_size=5))
def test_log_sum_exp_adds_probabilities(values: list[float]) -> None:
    assert math.exp(log_sum_exp(values)) == pytest.approx(sum(math.exp(v) for v in values))


def test_white_space_variants_of_a_label_add_up() -> None:
    choice = TokenChoice("A", {"A": math.log(0.2), " A": math.log(0.4), "B": math.log(0.2), "x": -1.0})
    assert read_answer([choice], LABELS, 0.01).p_left == pytest.approx(0.75)


def test_a_verdict_after_a_polite_opening_is_found() -> None:
    opening = TokenChoice("Verdict", {"Verdict": -0.01, "The": -5.0})
    colon = TokenChoice(":", {":": -0.01, "A": math.log(0.5)})
    verdict = TokenChoice(" B", {" B": math.log(0.9), " A": math.log(0.1)})
    assert read_answer([opening, colon, verdict], LABELS, 0.01).p_left == pytest.approx(0.1)


def test_an_answer_without_labels_is_unread() -> None:
    assert read_answer([TokenChoice("Sorry", {"Sorry": -0.1})], LABELS, 0.01) == UNREAD
    assert read_answer([], LABELS, 0.01) == UNREAD


def test_a_response_cannot_smuggle_in_placeholders() -> None:
    text = question_text("{prompt}|{left}|{right}", prompt="{left}", left="{right} {0} {", right="R")
    assert text == "{left}|{right} {0} {|R"


def test_a_template_names_what_it_lacks() -> None:
    assert missing_placeholders("{prompt} {left} {{right}") == []
    assert missing_placeholders("{left}") == ["prompt", "right"]


def test_a_lone_user_turn_is_shown_bare_and_longer_prompts_name_roles() -> None:
    assert conversation_text([("user", "Why?")]) == "Why?"
    assert conversation_text([("system", "Be brief."), ("user", "Why?")]) == "System: Be brief.\n\nUser: Why?"
