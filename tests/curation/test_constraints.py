"""PostgreSQL itself refuses bad data."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from curation.models import Judgment, Pair, Prompt, Response
from tests.factories import JudgmentFactory, PairFactory, PromptFactory, ResponseFactory

pytestmark = pytest.mark.django_db


def test_it_works() -> None:
    assert PairFactory().response_a_id < Pair.objects.get().response_b_id


def test_pair_across_prompts_is_refused() -> None:
    ours, theirs = ResponseFactory(), ResponseFactory()
    Pair.objects.create(prompt=ours.prompt, response_a=ours, response_b=theirs)
    with pytest.raises(IntegrityError):
        connection.check_constraints()


@pytest.mark.parametrize("column", ["prompt_id", "response_a_id", "response_b_id"])
def test_pair_of_what_is_not_there_is_refused(column: str) -> None:
    """The composite keys stand for one on each column."""
    first = ResponseFactory()
    second = ResponseFactory(prompt=first.prompt)
    there = {"prompt_id": first.prompt_id, "response_a_id": first.pk, "response_b_id": second.pk}
    missing = 0 if column == "response_a_id" else second.pk + 1000  # a is the smaller one
    Pair.objects.create(**{**there, column: missing})
    with pytest.raises(IntegrityError):
        connection.check_constraints()


@pytest.mark.parametrize("column", ["prompt_id", "response_a_id", "response_b_id"])
def test_what_a_pair_needs_stays(column: str) -> None:
    table = Prompt if column == "prompt_id" else Response
    table.objects.filter(pk=getattr(PairFactory(), column))._raw_delete("default")
    with pytest.raises(IntegrityError):
        connection.check_constraints()


def test_pair_with_itself_and_reversed_pair_are_refused() -> None:
    prompt = PromptFactory()
    first, second = ResponseFactory(prompt=prompt), ResponseFactory(prompt=prompt)
    for a, b in [(first, first), (second, first)]:
        with pytest.raises(IntegrityError, match="pair_canonical_and_different"), transaction.atomic():
            Pair.objects.create(prompt=prompt, response_a=a, response_b=b)


def test_judgments_are_append_only() -> None:
    judgment = JudgmentFactory()
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Judgment.objects.filter(pk=judgment.pk).update(preference=-2)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        judgment.delete()


def test_text_of_a_response_never_changes() -> None:
    response = ResponseFactory()
    response.text = "Something else"
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        response.save(update_fields=["text"])


def test_a_pair_stays_one_of_the_same_responses() -> None:
    pair, other = PairFactory(), PairFactory()
    for change in ({"response_b": other.response_b}, {"prompt": other.prompt}):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            Pair.objects.filter(pk=pair.pk).update(**change)


@pytest.mark.parametrize(
    "fields",
    [
        {"preference": 4},
        {"preference": 0},
        {"preference": None},
        {"outcome": "tie"},
        {"outcome": "withdrawn", "preference": None},
        {"left": "c"},
        {"probability": 1.01},
    ],
)
def test_impossible_judgments_are_refused(fields: dict[str, object]) -> None:
    pair = PairFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        JudgmentFactory(pair=pair, **fields)
