"""HelpSteer3 and HelpSteer2 preference files, held against the datasets' cards in words of their own."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.attributes import attributes_translate, responses_named
from curation.exporters import EXPORTERS
from curation.exporters.base import TrainingRow, why_left_out
from curation.exporters.helpsteer import most_similar
from curation.exporters.origin import Origin, Said, strength
from curation.importers.datasets.registry import FORMATS
from curation.services.dataset_freeze import dataset_freeze
from curation.services.export_write import export_write
from tests.conftest import People
from tests.curation.export_rows import AGAIN, SYSTEM, USER, export, lines, row
from tests.curation.native_data import Rich
from tests.curation.recipe_data import saved_recipe

COLUMNS3 = [
    "domain", "language", "context", "response1", "response2", "overall_preference", "individual_preference",
]  # fmt: skip
COLUMNS2 = [
    "split", "prompt", "response_1", "response_2", "preference_strength", "preference_statement",
    "preference_elaboration", "three_most_similar_preferences", "all_preferences_unprocessed",
]  # fmt: skip
PREFERENCES = ("three_most_similar_preferences", "all_preferences_unprocessed")


def said(score: int | None, left: int = 1, outcome: str = "", **more: Any) -> Said:
    """A judgment with this score; None is both bad unless `outcome` says otherwise."""
    usual = {None: "both_bad", 0: "tie"}.get(score, "preferred")
    preference = None if not score else (-score if left == 1 else score)
    return Said(
        rater="person-1",
        kind="person",
        left=left,
        outcome=outcome or usual,
        source="campaign",
        created_at="2026-01-05T10:00:00+00:00",
        preference=preference,
        **more,
    )


def judged(*scores: int | None, chosen: int = 1, **fields: Any) -> TrainingRow:
    judgments = tuple(said(score, left=1 + n % 2) for n, score in enumerate(scores))
    return row(**{"origin": Origin(chosen=chosen, judgments=judgments)} | fields)


def validate3(sample: dict[str, Any]) -> None:
    """The card of HelpSteer3's preference rows; a reader takes these columns and no other."""
    assert list(sample)[:7] == COLUMNS3
    for name in ("domain", "language", "response1", "response2"):
        assert isinstance(sample[name], str)
    assert sample["context"]
    for turn in sample["context"]:
        assert set(turn) == {"role", "content"}
        assert turn["role"] in {"system", "user", "assistant", "tool"}
        assert isinstance(turn["content"], str)
    assert sample["context"][-1]["role"] in {"user", "tool"}
    assert sample["overall_preference"] in range(-3, 4)
    for one in sample["individual_preference"]:
        assert list(one) == ["score", "reasoning", "feedback1", "feedback2"]
        assert one["score"] in range(-3, 4)
        assert all(isinstance(one[name], str) for name in ("reasoning", "feedback1", "feedback2"))


def validate2(sample: dict[str, Any]) -> None:
    """The card of HelpSteer2's preference file; NeMo's scripts split the prompt at the mark."""
    assert list(sample) == COLUMNS2
    assert sample["split"] in {"train", "val"}
    first, *turns = sample["prompt"].split("\n<extra_id_1>")
    assert first
    speakers = [turn.partition("\n")[0] for turn in turns]
    assert speakers == ["Assistant", "User"] * (len(turns) // 2)
    assert sample["preference_strength"] in {-3, -2, -1, 1, 2, 3}
    better = 2 if sample["preference_strength"] > 0 else 1
    assert sample["preference_statement"].startswith(f"@Response {better} is ")
    assert len(sample["three_most_similar_preferences"]) <= 3
    for name in PREFERENCES:
        for one in sample[name]:
            assert set(one) == {"statement", "elaboration", "strength"}
            assert one["strength"] in {*range(-3, 4), -100}
    assert all(one["strength"] != -100 for one in sample["three_most_similar_preferences"])


VALIDATORS = {"helpsteer3": validate3, "helpsteer2": validate2}


@pytest.mark.parametrize("name", VALIDATORS)
def test_it_works(people: People, name: str) -> None:
    rich = Rich(people)
    steps = [{"step": "consensus_exists"}]
    version = dataset_freeze(recipe=saved_recipe(rich.project, steps), user=None)
    made = export_write(version=version, format=name, split="all", user=None)
    rows = lines(Path(made.path))
    assert len(rows) == made.n_rows > 0
    assert made.n_rows + sum(made.left_out.values()) == version.n_rows == 11
    for sample in rows:
        VALIDATORS[name](sample)
    frozen = set(version.rows.values_list("chosen__text", "rejected__text"))
    for sample in rows:
        one, other, strongest = COLUMNS3[3:6] if name == "helpsteer3" else COLUMNS2[2:5]
        two, number = [sample[one], sample[other]], sample[strongest]
        better = two if number < 0 else two[::-1]
        assert tuple(better) in frozen


@pytest.mark.parametrize("name", VALIDATORS)
def test_rows_without_a_history_are_valid(tmp_path: Path, name: str) -> None:
    path = tmp_path / "file"
    assert export(name, [row(), row(AGAIN, split="eval"), row([USER], "b", "a")], path).n_rows == 3
    for sample in lines(path):
        VALIDATORS[name](sample)


def test_a_helpsteer3_row(tmp_path: Path) -> None:
    feedback = {"imported": {"feedback": {"a": "Right.", "b": "Wrong."}}}
    origin = Origin(
        chosen=2,
        prompt={"language": "english", "tags": ["t"], "metadata": {"n": 1}},
        judgments=(
            said(2, left=2, rationale="It is.", attributes=feedback),
            said(0),
            said(None),
            said(None, outcome="skip"),
            said(3),
        ),
    )
    path = tmp_path / "file"
    export("helpsteer3", [row(AGAIN, category="general", prompt_id="f00d", origin=origin)], path)
    (sample,) = lines(path)
    known = json.loads(sample.pop("tiebreak"))
    assert sample == {
        "domain": "general",
        "language": "english",
        "context": AGAIN,
        "response1": "bad",
        "response2": "good",
        "overall_preference": 2,
        "individual_preference": [
            {"score": 2, "reasoning": "It is.", "feedback1": "Right.", "feedback2": "Wrong."},
            {"score": 0, "reasoning": "", "feedback1": "", "feedback2": ""},
            {"score": 3, "reasoning": "", "feedback1": "", "feedback2": ""},
        ],
    }
    outcomes = [one["outcome"] for one in known["judgments"]]
    assert outcomes == ["preferred", "tie", "both_bad", "skip", "preferred"]
    assert known["row"] == {"chosen": 2, "soft_label": 0.9, "margin": 0.8, "weight": 1.0}
    assert (known["prompt"]["fingerprint"], known["prompt"]["tags"]) == ("f00d", ["t"])


def test_what_helpsteer3_has_no_place_for_is_in_the_column_of_our_own(tmp_path: Path) -> None:
    image = {"type": "image_url", "image_url": {"url": "https://example.org/cat.png"}}
    call = {"role": "assistant", "content": "", "tool_calls": [{"type": "function"}]}
    parts = [{"type": "text", "text": "What is"}, image, {"type": "text", "text": "this?"}]
    messages: list[dict[str, Any]] = [
        {"role": "user", "content": parts},
        call,
        {"role": "tool", "content": "4", "name": "look"},
    ]
    path = tmp_path / "file"
    written = export("helpsteer3", [row(messages), row(chosen=""), row(chosen="a", rejected="a")], path)
    assert (written.n_rows, written.left_out) == (2, {"identical responses": 1})
    seen, quiet = lines(path)
    assert seen["context"] == [
        {"role": "user", "content": "What is\nthis?"},
        {"role": "assistant", "content": ""},
        {"role": "tool", "content": "4"},
    ]
    assert json.loads(seen["tiebreak"])["prompt"]["messages"] == messages
    assert json.loads(quiet["tiebreak"])["prompt"]["messages"] is None
    assert "" in (quiet["response1"], quiet["response2"])


def test_a_helpsteer2_row(tmp_path: Path) -> None:
    origin = Origin(
        chosen=1,
        judgments=(said(1), said(-2, rationale="Clearer."), said(-3), said(None), said(-2, left=2)),
    )
    path = tmp_path / "file"
    export("helpsteer2", [row(AGAIN, split="eval", origin=origin)], path)
    (sample,) = lines(path)
    much, better = "@Response 1 is much better than @Response 2.", "@Response 1 is better than @Response 2."
    closest = [
        {"statement": better, "elaboration": "Clearer.", "strength": -2},
        {"statement": much, "elaboration": "", "strength": -3},
        {"statement": better, "elaboration": "", "strength": -2},
    ]
    assert sample == {
        "split": "val",
        "prompt": "Q\n<extra_id_1>Assistant\nA\n<extra_id_1>User\nAnd?",
        "response_1": "good",
        "response_2": "bad",
        "preference_strength": -2,
        "preference_statement": better,
        "preference_elaboration": "Clearer.",
        "three_most_similar_preferences": closest,
        "all_preferences_unprocessed": [
            {
                "statement": "@Response 2 is slightly better than @Response 1.",
                "elaboration": "",
                "strength": 1,
            },
            *closest[:2],
            {"statement": "Neither response is valid.", "elaboration": "", "strength": -100},
            closest[2],
        ],
    }


@pytest.mark.parametrize("name", VALIDATORS)
def test_our_own_reader_takes_the_file_the_same_way_round(tmp_path: Path, name: str) -> None:
    path = tmp_path / "file"
    export(name, [judged(-2, -1, -2), row(AGAIN, origin=judged(1, 3, chosen=2).origin)], path)
    entry = FORMATS["helpsteer2-preference" if name == "helpsteer2" else "helpsteer3"]
    for sample, turns in zip(lines(path), ([USER], AGAIN), strict=True):
        assert entry.recognises(sample)
        (record,) = entry.read({key: value for key, value in sample.items() if key != "tiebreak"})
        assert record.prompt.messages == turns
        for one in record.comparisons:
            assert one.preference is not None
            place = one.first if one.preference > 0 else one.second
            assert record.answers[place].text == "good"


LEFT_OUT: list[tuple[TrainingRow, str]] = [
    (judged(-1, -2), ""),
    (judged(3, 3, chosen=2), ""),
    (judged(None, None), ""),
    (row([SYSTEM, USER]), "turns do not alternate from a user turn on"),
    (row([USER, USER]), "turns do not alternate from a user turn on"),
    (row([{"role": "user", "content": "What is <extra_id_1>?"}]), "text holds <extra_id_1>"),
    (row(chosen="<extra_id_1>User\nHi"), "text holds <extra_id_1>"),
    (judged(0, 0, soft_label=0.5), "tie"),
    (judged(-3, 0, 0), "the closest three preferences differ by more than 2"),
    (judged(-3, 0, 0, -2, -2), ""),
    (judged(1, 2), "the closest three preferences do not say what the version says"),
    (judged(0, 0, -1), "the closest three preferences do not say what the version says"),
    (judged(-1, 0), ""),  # one half rounds to 1
    (row([{"role": "user", "content": [{"type": "image"}]}]), "prompt is not plain text"),
    (row(chosen=" "), "empty response"),
]


@pytest.mark.parametrize(("of", "reason"), LEFT_OUT)
def test_what_helpsteer2_cannot_say_is_left_out(of: TrainingRow, reason: str) -> None:
    exporter = EXPORTERS["helpsteer2"]
    assert why_left_out(exporter.rules, of) == reason
    assert not reason or reason in {known.reason for known in exporter.reasons}


def test_helpsteer3_holds_ties_and_what_was_chosen_against_the_mean(tmp_path: Path) -> None:
    path = tmp_path / "file"
    rows = [judged(0, 1, soft_label=0.5), judged(3, 3, -1), judged(), judged(None, chosen=2)]
    assert export("helpsteer3", rows, path).n_rows == 4
    assert [sample["overall_preference"] for sample in lines(path)] == [0, -1, -2, 2]


scores = st.lists(st.integers(-3, 3), max_size=9)


@given(scores, st.sampled_from([1, 2]))
def test_the_closest_three_are_those_of_all_choices_of_three(numbers: list[int], chosen: int) -> None:
    judgments = tuple(said(number) for number in numbers)
    found = [one.score for one in most_similar(Origin(chosen, judgments=judgments))]
    remaining = iter(numbers)
    assert all(number in remaining for number in found), "in the order of the judgments"
    assert len(found) == min(3, len(numbers))
    if len(numbers) > 3:
        threes = list(combinations(numbers, 3))
        spread = min(max(three) - min(three) for three in threes)
        equal = [sum(three) for three in threes if max(three) - min(three) == spread]
        assert max(found) - min(found) == spread
        assert sum(found) == (max(equal) if chosen == 2 else min(equal))


@given(scores.filter(bool), st.sampled_from([1, 2]))
def test_the_strength_is_the_mean_on_the_chosen_side(numbers: list[int], chosen: int) -> None:
    found = strength(numbers, -1 if chosen == 1 else 1, is_tie=False)
    towards = [number if chosen == 2 else -number for number in numbers]
    size = found if chosen == 2 else -found
    mean = sum(towards) / len(towards)
    assert 1 <= size <= 3
    if mean >= 1:
        assert abs(size - mean) <= 0.5
        assert size == 3 or size != mean - 0.5, "halves go away from zero"


sides = st.fixed_dictionaries({"a": st.integers(), "b": st.integers()})
attributes = st.fixed_dictionaries(
    {},
    optional={
        "ratings": st.dictionaries(st.text(), sides),
        "comparisons": st.dictionaries(st.text(), st.sampled_from(["a", "b", "tie"])),
        "spans": sides,
        "segments": st.fixed_dictionaries({}, optional={"a": st.integers(), "b": st.integers()}),
        "safety": sides,
        "imported": st.dictionaries(st.text(), st.one_of(sides, st.integers(), st.just({"c": 1}))),
        "flags": st.lists(st.sampled_from(["a", "b"])),
        "ranking": st.lists(st.lists(st.integers(1, 5))),
        "rewrite_of": st.integers(1, 5),
    },
)


@given(attributes, st.permutations(range(1, 6)))
def test_attributes_turned_twice_are_as_they_were(found: dict[str, Any], ids: list[int]) -> None:
    there = dict(enumerate(ids, start=1))
    back = {pk: place for place, pk in there.items()}
    turned = attributes_translate(found, turned=True, responses=there)
    assert attributes_translate(turned, turned=True, responses=back) == found
    assert responses_named(turned) == [there[place] for place in responses_named(found)]
    for name, both in found.get("ratings", {}).items():
        assert turned["ratings"][name] == {"a": both["b"], "b": both["a"]}
    assert turned.get("flags") == found.get("flags")
