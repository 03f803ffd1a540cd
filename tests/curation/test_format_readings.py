"""What single formats say, and the traps in them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.importers.datasets import dialogue, helpsteer, trl
from curation.importers.datasets.registry import FORMATS, recognise
from tests.curation.format_rows import LONG, RIGHT, SKY, TURN, WRONG, changed, read, wins


def test_trl_texts_are_cut_at_a_word() -> None:
    start = "The colour of the sky is b"  # where TRL's own cut would be
    assert trl.implicit_texts(start + "lue.", start + "rown.") == (
        "The colour of the sky is",
        " blue.",
        " brown.",
    )
    assert trl.implicit_texts("Is it? Yes", "Is it? Yes, it is") == ("Is it?", " Yes", " Yes, it is")


TRL_TYPES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "trl-explicit",
        {"prompt": SKY, "chosen": RIGHT, "rejected": WRONG},
        {"prompt": [TURN], "chosen": [trl.GOOD], "rejected": [trl.BAD]},
    ),
    (
        "trl-unpaired",
        {"prompt": SKY, "completion": RIGHT, "label": False},
        {"prompt": [TURN], "completion": [trl.GOOD], "label": False},
    ),
    (
        "trl-stepwise",
        {"prompt": SKY, "completions": [RIGHT, WRONG], "labels": [True, False]},
        {"prompt": [TURN], "completions": [RIGHT, WRONG], "labels": [True, False]},
    ),
]


@pytest.mark.parametrize(("name", "text", "messages"), TRL_TYPES, ids=[name for name, *_ in TRL_TYPES])
def test_texts_and_chat_messages_say_the_same(
    name: str, text: dict[str, Any], messages: dict[str, Any]
) -> None:
    assert recognise([text]) is recognise([messages]) is FORMATS[name]
    assert read(name, text) == read(name, messages)
    extras = {"tools": [{"name": "search"}], "chat_template_kwargs": {"thinking": True}}
    assert read(name, messages | extras).prompt.metadata == extras


def test_an_implicit_prompt_of_texts_and_of_chat_messages() -> None:
    text = {"chosen": f"{SKY} {RIGHT}", "rejected": f"{SKY} {WRONG}"}
    messages = {"chosen": [TURN, trl.GOOD], "rejected": [TURN, trl.BAD]}
    assert recognise([text]) is recognise([messages]) is FORMATS["trl-implicit"]
    one, other = read("trl-implicit", text), read("trl-implicit", messages)
    assert one.prompt == other.prompt
    # The white space between prompt and answer is part of a text.
    assert {answer.text.strip() for answer in one.answers} == {answer.text for answer in other.answers}


words = st.lists(st.text("abc", min_size=1, max_size=3), min_size=1, max_size=4).map(" ".join)


@given(words, words, words)
def test_a_cut_loses_nothing_and_splits_no_word(prompt: str, one: str, other: str) -> None:
    chosen, rejected = f"{prompt} {one}", f"{prompt} {other}"
    if chosen == rejected:
        return
    start, first, second = trl.implicit_texts(chosen, rejected)
    assert (start + first, start + second) == (chosen, rejected)
    assert first[0] == second[0] == " "
    assert first.strip()
    assert second.strip()
    assert start.startswith(prompt) or start in prompt


def test_a_prompt_that_the_dialogues_repeat_is_taken_once() -> None:
    record = read("ultrafeedback-binarized", FORMATS["ultrafeedback-binarized"].example)
    assert record.prompt.messages == [TURN]
    assert [answer.text for answer in record.answers] in ([RIGHT, WRONG], [WRONG, RIGHT])
    (comparison,) = record.comparisons
    better = 8.5 if wins(record, comparison) == record.answers[0].text else 4.0
    assert comparison.ratings["score"][0] == better
    explicit = read("trl-explicit", changed("trl-explicit", chosen=[TURN, trl.GOOD], margin=0.5))
    assert explicit.prompt.messages == [TURN]
    assert explicit.comparisons[0].more == {"margin": 0.5}


def test_several_turns_are_split_at_the_last_answer() -> None:
    start = "\n\nHuman: Hi\n\nAssistant: Hello, Human: you\n\nHuman: Why?"
    row = {"chosen": f"{start}\n\nAssistant: Because.", "rejected": f"{start}\n\nAssistant: No idea."}
    assert read("hh-rlhf", row).prompt.messages == [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello, Human: you"},
        {"role": "user", "content": "Why?"},
    ]
    record = read("trl-implicit", {"chosen": [*LONG, trl.GOOD], "rejected": [*LONG, trl.BAD]})
    assert record.prompt.messages == LONG


said_texts = st.text("ab \n:", min_size=1).map(str.strip).filter(bool)


@given(st.lists(said_texts, min_size=1, max_size=5))
def test_a_dialogue_is_read_as_it_was_written(contents: list[str]) -> None:
    names = ["Human", "Assistant"] * 3
    text = "".join(f"\n\n{name}: {content}" for name, content in zip(names, contents, strict=False))
    assert [turn["content"] for turn in dialogue.dialogue(text, "It")] == contents


def test_rank_one_is_the_best() -> None:
    answers = [{"answer": f"answer {rank}", "model": f"m{rank}", "rank": rank} for rank in (3, 1, 2, 2)]
    answers[3]["answer"] = "another 2"
    record = read("nectar", changed("nectar", answers=answers))
    assert len(record.comparisons) == 6
    said = {
        frozenset((record.answers[c.first].text, record.answers[c.second].text)): wins(record, c)
        for c in record.comparisons
    }
    assert said[frozenset(("answer 1", "answer 3"))] == "answer 1"
    assert said[frozenset(("answer 2", "answer 3"))] == "answer 2"
    assert said[frozenset(("answer 2", "another 2"))] == "tie"


def test_ratings_are_compared_by_what_both_have() -> None:
    def completion(text: str, **ratings: str) -> dict[str, Any]:
        return {"response": text, "annotations": {name: {"Rating": value} for name, value in ratings.items()}}

    completions = [
        completion("a", helpfulness="5", honesty="N/A"),
        completion("b", helpfulness="4", honesty="5"),
        completion("c", helpfulness="4", honesty="5", **{"instruction-following": "1"}),
        {"response": "unrated"},
    ]
    record = read("ultrafeedback", changed("ultrafeedback", completions=completions))
    assert len(record.answers) == 4
    assert [(c.first, c.second, wins(record, c)) for c in record.comparisons] == [
        (0, 1, "a"), (0, 2, "a"), (1, 2, "tie"),
    ]  # fmt: skip
    assert record.comparisons[0].ratings == {"helpfulness": (5, 4)}
    assert record.answers[2].metadata["ratings"]["instruction_following"] == 1


def test_later_turns_of_helpsteer_are_turns() -> None:
    prompt = "Hi\n<extra_id_1>Assistant\nHello\n<extra_id_1>User\nWhy?\n<extra_id_1>Assistant\n"
    assert [turn["role"] for turn in helpsteer.prompt_turns(prompt)] == ["user", "assistant", "user"]


def test_signs_of_strength_differ_between_the_helpsteers() -> None:
    second = read("helpsteer2-preference", changed("helpsteer2-preference", preference_strength=3))
    assert second.comparisons[0].preference == -3
    people = [{"score": 1, "reasoning": "r"}, {"score": 0}, {"score": -3, "feedback1": "f"}]
    third = read("helpsteer3", changed("helpsteer3", individual_preference=people))
    assert [(c.rater.label, c.outcome, c.preference) for c in third.comparisons] == [
        ("annotator 1 (HelpSteer3)", "preferred", -1),
        ("annotator 2 (HelpSteer3)", "tie", None),
        ("annotator 3 (HelpSteer3)", "preferred", 3),
    ]
    overall = read("helpsteer3", changed("helpsteer3", individual_preference=None, overall_preference=2))
    assert [c.preference for c in overall.comparisons] == [-2]


def test_better_and_safer_are_kept_apart() -> None:
    record = read("pku-saferlhf", changed("pku-saferlhf", better_response_id=0, safer_response_id=1))
    (comparison,) = record.comparisons
    assert (wins(record, comparison), comparison.sides) == (RIGHT, {"safety": "second"})
    assert comparison.each["safe"] == (True, True)


@pytest.mark.parametrize(
    ("winner", "outcome", "preference"),
    [("model_b", "preferred", -2), ("tie", "tie", None), ("tie (bothbad)", "both_bad", None)],
)
def test_arena_outcomes(winner: str, outcome: str, preference: int | None) -> None:
    (comparison,) = read("arena-33k", changed("arena-33k", winner=winner)).comparisons
    assert (comparison.outcome, comparison.preference) == (outcome, preference)
    assert comparison.rater.label == "arena_user_973 (Chatbot Arena)"
    assert comparison.created_at is not None
    assert comparison.created_at.year == 2023


@pytest.mark.parametrize(
    "time",
    [1682351591.0, "2023-04-24T15:53:11", datetime(2023, 4, 24, 15, 53, 11, tzinfo=UTC)],
    ids=["s", "text", "as it is"],
)
def test_times_in_any_form(time: Any) -> None:
    (comparison,) = read("arena-33k", changed("arena-33k", tstamp=time)).comparisons
    assert comparison.created_at == datetime(2023, 4, 24, 15, 53, 11, tzinfo=UTC)
    (unknown,) = read("arena-33k", changed("arena-33k", tstamp="yesterday")).comparisons
    assert unknown.created_at is None


def test_parts_of_one_text_are_that_text() -> None:
    parts = [{"role": "user", "content": [{"type": "text", "text": SKY, "image": None}]}]
    said = [*parts, {"role": "assistant", "content": [{"type": "text", "text": RIGHT}]}]
    record = read("arena-140k", changed("arena-140k", conversation_a=said))
    assert record.prompt.messages == [TURN]


def test_probabilities_of_alpaca_eval() -> None:
    (one,) = read("alpaca-eval", changed("alpaca-eval", preference=1.25)).comparisons
    assert (one.probability, one.preference, one.rater.kind) == (0.75, 2, "judge")
    (tie,) = read("alpaca-eval", changed("alpaca-eval", preference=1.5)).comparisons
    assert (tie.probability, tie.outcome) == (0.5, "tie")


def test_each_right_completion_beats_each_wrong_one() -> None:
    row = changed("rewardbench-2", chosen=["r1", "r2"], rejected=["w1"], models=["a", "b", "c"])
    record = read("rewardbench-2", row)
    assert sorted(wins(record, comparison) for comparison in record.comparisons) == ["r1", "r2"]
    assert {answer.text: answer.model for answer in record.answers} == {"r1": "a", "r2": "b", "w1": "c"}


def test_marks_stand_with_the_first_comparison() -> None:
    record = read("fine-grained-rlhf", FORMATS["fine-grained-rlhf"].example)
    first, *rest = record.comparisons
    assert first.marks == (
        [{"start": 3, "end": 18, "type": "factual", "severity": 1, "text": "mirrors the sea"}],
        None,
    )
    assert {comparison.marks for comparison in rest} == {(None, None)}


def test_a_tree_is_a_prompt_for_each_ranked_fork() -> None:
    def message(text: str, role: str, *replies: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {"text": text, "role": role, "replies": list(replies), **more}

    deeper = message(
        "And then?",
        "prompter",
        message("First.", "assistant", rank=2),
        message("Second.", "assistant", rank=0),
        message("Deleted.", "assistant", rank=1, deleted=True),
        message("Unranked.", "assistant", rank=None),
    )
    root = message(
        "Hi",
        "prompter",
        message("Hello.", "assistant", deeper, rank=0),
        message("What?", "assistant", message("Why?", "prompter"), rank=1, synthetic=True, model_name="m"),
    )
    first, second = FORMATS["oasst-trees"].read({"message_tree_id": "t", "prompt": root})
    assert [turn["content"] for turn in second.prompt.messages] == ["Hi", "Hello.", "And then?"]
    assert [wins(record, record.comparisons[0]) for record in (first, second)] == ["Hello.", "Second."]
    assert {answer.text: answer.model for answer in first.answers} == {
        "Hello.": "volunteers (Open-Assistant)",
        "What?": "m",
    }
