"""HelpSteer3's feedback and edits, held against the examples of the dataset's card."""

from __future__ import annotations

from typing import Any

import pytest

from curation.importers.datasets.record import PEOPLE
from curation.importers.datasets.registry import FORMATS, recognise
from curation.models import Judgment, Pair, Response
from curation.services.dataset_freeze import dataset_freeze
from tests.curation.format_rows import RIGHT, WRONG, changed, read, wins
from tests.curation.import_runs import jsonl, rows_of, run
from tests.curation.recipe_data import saved_recipe
from tests.factories import ProjectFactory

ORIGINAL = "Nobody knows."
COMMON = {"domain": "stem", "language": "english", "context": [{"role": "user", "content": "Why?"}]}
# The columns that the card's examples have.
CARD: dict[str, dict[str, Any]] = {
    "helpsteer3-feedback": COMMON
    | {"response1": "a", "response2": "b", "feedback1": ["f", "g"], "feedback2": ["h"]},
    "helpsteer3-edit": COMMON
    | {"original_response": "a", "edited_response": "b", "feedback": ["f"], "change_summary": "s"},
    "helpsteer3-edit-quality": COMMON
    | {
        "original_response": "a",
        "good_edited_response": "b",
        "bad_edited_response": "c",
        "feedback": ["f"],
    },
}


@pytest.mark.django_db
def test_it_works() -> None:
    """An edit points to what it edits, and is better than it for a stated reason."""
    project = ProjectFactory()
    done = run(jsonl([FORMATS["helpsteer3-edit"].example]), "helpsteer3-edit", project)
    assert rows_of(done) == (1, 0, 0)
    original, edit = Response.objects.order_by("id")
    assert (original.text, edit.text, edit.edited_from) == (WRONG, RIGHT, original)
    assert edit.sampler is not None
    assert (edit.sampler.model_name, original.edited_from) == (PEOPLE, None)
    judgment = Judgment.objects.select_related("rater").get()
    towards = judgment.preference if judgment.left == "b" else -(judgment.preference or 0)
    assert (towards, judgment.rationale) == (2, "The cause is now right.")
    assert (judgment.rater.label, judgment.rater.kind) == ("editors (HelpSteer3)", "person")
    assert judgment.attributes["imported"]["feedback"] == {
        "a": "The response is not helpful. It names the wrong cause.",
        "b": "",
    }


@pytest.mark.parametrize("name", CARD)
def test_the_rows_of_the_card_are_recognised(name: str) -> None:
    assert recognise([CARD[name]]) is FORMATS[name]
    assert set(FORMATS[name].example) == set(CARD[name])
    assert read(name, CARD[name]).prompt.category == "stem"


def test_feedback_stays_with_the_response_it_is_on() -> None:
    record = read("helpsteer3-feedback", CARD["helpsteer3-feedback"])
    assert [(one.text, one.metadata) for one in record.answers] == [
        ("a", {"feedback": ["f", "g"]}), ("b", {"feedback": ["h"]}),
    ]  # fmt: skip
    assert record.comparisons == ()
    half = read("helpsteer3-feedback", changed("helpsteer3-feedback", feedback1=None))
    assert half.answers[0].metadata == {}
    same = read("helpsteer3-feedback", CARD["helpsteer3-feedback"] | {"response2": "a"})
    assert [one.metadata for one in same.answers] == [{"feedback": ["f", "g", "h"]}]


def test_the_good_edit_is_better_than_the_bad_one_and_than_the_original() -> None:
    record = read("helpsteer3-edit-quality", FORMATS["helpsteer3-edit-quality"].example)
    assert [(one.text, one.model, one.edited_from) for one in record.answers] == [
        (ORIGINAL, "", None), (RIGHT, PEOPLE, 0), (WRONG, PEOPLE, 0),
    ]  # fmt: skip
    said = {
        (one.rater.label, frozenset({record.answers[one.first].text, record.answers[one.second].text})): wins(
            record, one
        )
        for one in record.comparisons
    }
    assert said == {
        ("edit quality (HelpSteer3)", frozenset({RIGHT, WRONG})): RIGHT,
        ("editors (HelpSteer3)", frozenset({RIGHT, ORIGINAL})): RIGHT,
    }


def test_edits_stand_left_about_as_often_as_right() -> None:
    records = [
        read("helpsteer3-edit", changed("helpsteer3-edit", original_response=f"{n}", edited_response=f"{n}."))
        for n in range(60)
    ]
    for record in records:
        (one,) = record.comparisons
        assert wins(record, one) == record.answers[1].text
        assert one.each["feedback"][0 if one.first == 0 else 1].startswith("The response is not")
    assert 15 < sum(record.comparisons[0].first == 1 for record in records) < 45


@pytest.mark.django_db
def test_an_edit_of_both_configs_is_one_response_and_one_judgment() -> None:
    project = ProjectFactory()
    edit = changed("helpsteer3-edit", original_response=ORIGINAL)
    run(jsonl([edit]), "helpsteer3-edit", project)
    done = run(jsonl([FORMATS["helpsteer3-edit-quality"].example]), "helpsteer3-edit-quality", project)
    assert [done.landed[noun] for noun in ("prompts", "responses", "pairs", "judgments")] == [0, 1, 1, 1]
    assert done.landed["repeated"] == 1
    assert (Response.objects.filter(edited_from__text=ORIGINAL).count(), Pair.objects.count()) == (2, 2)


@pytest.mark.django_db
def test_feedback_comes_to_responses_that_are_here_and_is_added_once() -> None:
    project = ProjectFactory()
    run(jsonl([FORMATS["helpsteer3"].example]), "helpsteer3", project)
    Response.objects.filter(text=WRONG).update(metadata={"feedback": ["Here before."], "label": False})
    other = changed("helpsteer3-feedback", response2="Another.", feedback1=["Later."])
    rows = [FORMATS["helpsteer3-feedback"].example, other]
    done = run(jsonl(rows), "helpsteer3-feedback", project)
    assert (rows_of(done), done.landed["responses"]) == ((2, 0, 0), 1)
    assert dict(Response.objects.values_list("text", "metadata")) == {
        RIGHT: {"feedback": ["The response is perfectly helpful."]},
        WRONG: {"feedback": ["Here before."], "label": False},
        "Another.": {"feedback": ["The response is not helpful. It names the wrong cause."]},
    }
    assert rows_of(run(jsonl(rows), "helpsteer3-feedback", project)) == (0, 2, 0)


@pytest.mark.django_db
def test_what_two_rows_say_of_one_new_response_is_kept_together() -> None:
    row = changed("alpaca-eval-outputs", index=3)
    done = run(jsonl([row, row | {"index": 4, "avg_logprob": -0.5}]), "alpaca-eval-outputs", ProjectFactory())
    assert done.landed["responses"] == 1
    assert Response.objects.get().metadata == {"index": 3, "avg_logprob": -0.5}


@pytest.mark.django_db
def test_the_responses_of_a_version_stay_as_its_exports_have_them() -> None:
    project = ProjectFactory()
    run(jsonl([FORMATS["helpsteer3"].example]), "helpsteer3", project)
    dataset_freeze(recipe=saved_recipe(project, [{"step": "consensus_exists"}]), user=None)
    before = list(Response.objects.order_by("id").values_list("metadata", flat=True))
    done = run(jsonl([FORMATS["helpsteer3-feedback"].example]), "helpsteer3-feedback", project)
    assert rows_of(done) == (0, 1, 0)
    assert list(Response.objects.order_by("id").values_list("metadata", flat=True)) == before
