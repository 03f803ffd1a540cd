"""Presets, forms in words, keys, and stored answers shown back."""

from __future__ import annotations

import html

import pytest
from django.template.loader import render_to_string
from pytest_django import DjangoAssertNumQueries

from annotators.answer_shown import shown_parts, side_names
from annotators.part_keys import part_keys
from annotators.task_form import Rationale, Scale, Segments, Spans, TaskForm
from annotators.task_presets import PRESETS, TaskPreset
from annotators.task_words import task_form_words
from curation.models import Judgment
from tests.annotators.parts_kit import TEXT_A, begin, begin_ranking, span, spans
from tests.conftest import People

NAMES = [
    "Preference, 5 steps", "Preference, 7 steps (HelpSteer3)", "HelpSteer2 ratings", "UltraFeedback aspects",
    "Fine-grained feedback", "Step-DPO first wrong step", "Mask-DPO sentences", "Ranking of 4",
    "Safety review", "Rewrite the better answer (HelpSteer3 edit)",
]  # fmt: skip


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.key)
def test_a_preset_is_a_form_that_survives_storage(preset: TaskPreset) -> None:
    assert TaskForm.model_validate(preset.form.model_dump(mode="json")) == preset.form
    assert preset.source
    assert task_form_words(preset.form)


def test_presets_are_told_apart() -> None:
    assert [preset.name for preset in PRESETS] == NAMES
    for of in (lambda p: p.key, lambda p: p.form.model_dump_json(), lambda p: task_form_words(p.form)[0:9]):
        found = [of(preset) for preset in PRESETS]
        assert all(found.count(each) == 1 for each in found)


def test_a_form_in_words() -> None:
    form = TaskForm(
        steps=7,
        both_bad=False,
        comparisons=("style", "accuracy"),
        ratings=(Scale(name="helpfulness"), Scale(name="honesty", low=1, high=5), Scale(name="clarity")),
        spans=Spans(types=("factual",)),
        segments=Segments(unit="step", ask="first_wrong"),
        rationale=Rationale(required=True, min_chars=40, reasons=("Clearer",)),
        rewrite="optional",
        safety=("Hate",),
    )
    assert task_form_words(form) == [
        "which of two responses is better, in 7 steps, or tie",
        "which is better in style and accuracy",
        "a rating of each from 0 to 4: helpfulness and clarity",
        "a rating of each from 1 to 5: honesty",
        "the first wrong step of each",
        "marked passages (factual, severity 1 to 3)",
        "safety tags (Hate)",
        "a rationale, required, at least 40 characters, with reasons to tick (Clearer)",
        "a rewrite of the better response, optional",
        "flags (pii, unsafe, broken)",
    ]
    plain = TaskForm(tie=False, both_bad=False, flags=())
    assert task_form_words(plain) == ["which of two responses is better, in 5 steps, without a tie"]
    ranking = TaskForm(kind="ranking", flags=())
    assert task_form_words(ranking) == ["up to 4 responses in order, ties allowed"]


def test_keys_are_those_of_the_parts() -> None:
    assert part_keys(TaskForm()) == []
    keys = [key for key, _ in part_keys(TaskForm(spans=Spans(), rewrite="required", rationale=Rationale()))]
    assert keys == ["m", "← → ↑ ↓", "Enter", "Delete", "w", "e"]
    assert part_keys(TaskForm(kind="ranking", ranking_size=6))[0].key == "1–6"
    assert [key for key, _ in part_keys(TaskForm(comparisons=("style",)))] == ["r", "0–9"]


# ── shown back ───────────────────────────────────────────────────────────────


def rows(judgment: Judgment, **options: object) -> dict[str, list[tuple[str, str]]]:
    parts = shown_parts(judgment, **options)  # type: ignore[arg-type]
    return {part.name: [(row.label, row.words) for row in part.rows] for part in parts}


@pytest.mark.django_db
def test_an_answer_is_shown_back_in_words(people: People) -> None:
    form = TaskForm(
        ratings=(Scale(name="helpfulness"),),
        comparisons=("style", "accuracy"),
        segments=Segments(unit="step", ask="first_wrong"),
        spans=Spans(types=("factual", "irrelevant")),
        safety=("Hate", "Refusal"),
        rationale=Rationale(reasons=("Clearer", "Safer")),
        rewrite="required",
    )
    judgment = begin(people, form, left="b").recorded(
        {
            "answer": "right",
            "rating-0-left": "1", "rating-0-right": "3",
            "comparison-0": "right", "comparison-1": "tie",
            "first_wrong-left": "0", "first_wrong-right": "none",
            "spans": spans(span(0, 5, side="right"), span(3, 8, side="right", type="irrelevant", severity=3)),
            "safety-left": ["Hate", "Refusal"],
            "reasons": ["Clearer", "Safer"], "rationale": "Paris it is.",
            "rewrite": "Paris.", "flags": "pii",
        }
    )  # fmt: skip
    assert rows(judgment) == {
        "Comparisons": [("style", "Response A"), ("accuracy", "Level")],
        "Ratings": [("helpfulness", "Response A 3, Response B 1")],
        "Steps, Response A": [("First wrong step", "none")],
        "Steps, Response B": [("First wrong step: 1", "The capital is Lyon. Lyon is large. Go there.")],
        "Marked passages, Response A": [
            ("factual, severity 1", "Paris"),
            ("irrelevant, severity 3", "is is"),
        ],
        "Safety": [("Response A", "nothing"), ("Response B", "Hate, Refusal")],
        "Reasons": [("Reasons", "Clearer, Safer")],
        "Rationale": [("Why", "Paris it is.")],
        "Rewrite": [("Rewrite of Response A", "Paris.")],
        "Flags": [("Flags", "Personal data")],
    }
    by_side = rows(judgment, names=side_names(judgment))
    assert by_side["Ratings"] == [("helpfulness", "Left 1, Right 3")]
    assert by_side["Comparisons"][0] == ("style", "Right")
    page = html.unescape(
        render_to_string("annotators/parts/answer_shown.html", {"shown": shown_parts(judgment)})
    )
    anchor = f"mark-{judgment.pk}-a-2"
    assert f'<a href="#{anchor}">irrelevant, severity 3</a>' in page
    assert f'id="{anchor}" tabindex="-1"></span>is<span class="mark-label"> factual 1</span></mark>' in page


@pytest.mark.django_db
def test_marked_text_is_the_whole_text(people: People) -> None:
    form = TaskForm(spans=Spans(types=("factual", "irrelevant")))
    marks = spans(span(0, 5), span(0, 8, type="irrelevant"), span(50, 57, type="irrelevant"))
    part = shown_parts(begin(people, form).recorded({"answer": "tie", "spans": marks}))[0]
    pieces = part.texts[0].pieces
    assert "".join(piece.text for piece in pieces) == TEXT_A
    assert [(piece.text, piece.label) for piece in pieces if piece.marked] == [
        ("Paris", "factual 1"), (" is", "irrelevant 1"), ("people.", "irrelevant 1"),
    ]  # fmt: skip


@pytest.mark.django_db
def test_masked_text_stays_masked(people: People) -> None:
    form = TaskForm(spans=Spans(types=("factual",)), segments=Segments())
    data = {f"segment-{side}-{j}": "wrong" for side in ("left", "right") for j in range(3)}
    judgment = begin(people, form).recorded({"answer": "tie", "spans": spans(span(0, 5)), **data})
    shown = shown_parts(judgment, show=lambda response, start, end: f"[{response}{end - start}]")
    page = render_to_string("annotators/parts/answer_shown.html", {"shown": shown})
    assert "[a5]" in page
    assert "Paris" not in page
    assert "Lyon" not in page


@pytest.mark.django_db
def test_sentence_verdicts_are_shown_one_by_one(people: People) -> None:
    form = TaskForm(segments=Segments())
    data = {f"segment-right-{j}": verdict for j, verdict in enumerate(("wrong", "unsure", "right"))}
    judgment = begin(people, form, a="").recorded({"answer": "tie", **data})
    assert rows(judgment) == {
        "Sentences, Response B": [
            ("Sentence 1: wrong", "The capital is Lyon."),
            ("Sentence 2: unsure", "Lyon is large."),
            ("Sentence 3: correct", "Go there."),
        ]
    }


@pytest.mark.django_db
def test_a_ranking_is_shown_by_the_numbers_of_the_page(people: People) -> None:
    turn = begin_ranking(people, TaskForm(kind="ranking"), ["First.", "Second.", "Third."])
    judgment = turn.recorded({"answer": "ranking", "rank-1": "2", "rank-2": "2", "rank-3": "1"})
    ranked = [("Rank 1", "Response 3: Third."), ("Rank 2 (tied)", "Response 1: First.")]
    assert rows(judgment)["Ranking"] == [*ranked, ("Rank 2 (tied)", "Response 2: Second.")]
    masked = rows(judgment, show=lambda *_: "")
    assert [words for _, words in masked["Ranking"]] == ["Response 3", "Response 1", "Response 2"]


@pytest.mark.django_db
def test_each_rewrite_is_shown_with_its_own_answer(people: People) -> None:
    turn = begin(people, TaskForm(rewrite="required"))
    first = turn.recorded({"answer": "left", "rewrite": "Paris."})
    turn.undo()
    second = turn.recorded({"answer": "left", "rewrite": "Paris, France."})
    assert rows(first)["Rewrite"] == [("Rewrite of Response A", "Paris.")]
    assert rows(second)["Rewrite"] == [("Rewrite of Response A", "Paris, France.")]


@pytest.mark.django_db
def test_a_plain_answer_shows_nothing_and_costs_nothing(
    people: People, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    recorded = begin(people, TaskForm()).recorded({"answer": "tie"})
    judgment = Judgment.objects.get(pk=recorded.pk)
    with django_assert_max_num_queries(0):
        assert shown_parts(judgment) == []
