"""Judgments are checked before they are appended."""

from __future__ import annotations

from typing import Any

import pytest

from curation.models import Judgment
from curation.services.judgment_record import JudgmentValue, judgment_record, judgments_record
from curation.services.rater_get import person_rater
from tests.conftest import People
from tests.factories import JudgmentFactory, PairFactory, PromptFactory, RaterFactory

pytestmark = pytest.mark.django_db


def test_it_works(people: People) -> None:
    pair = PairFactory(prompt=PromptFactory(project=people.project))
    rater = person_rater(project=people.project, user=people.anna)
    judgment = judgment_record(
        pair=pair, rater=rater, left="b", outcome="preferred", preference=-3, source="campaign"
    )
    assert Judgment.objects.current().get() == judgment
    assert person_rater(project=people.project, user=people.anna) == rater


def test_a_correction_supersedes() -> None:
    first = JudgmentFactory()
    second = judgment_record(
        pair=first.pair, rater=first.rater, left="a", outcome="tie", source="import", supersedes=first
    )
    assert list(Judgment.objects.current()) == [second]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"preference": 4}, "-3 to 3"),
        ({"preference": 0}, "-3 to 3"),
        ({"preference": None}, "exactly when"),
        ({"outcome": "tie"}, "exactly when"),
        ({"outcome": "better"}, "unknown outcome"),
        ({"outcome": "withdrawn", "preference": None}, "supersedes"),
        ({"left": "left"}, "'a' or 'b'"),
        ({"source": "dream"}, "unknown source"),
        ({"probability": 1.2}, "0 to 1"),
        ({"probability": 0.2}, "different sides"),
        ({"skip_reason": "other"}, "only a skip"),
    ],
)
def test_a_contradiction_is_refused(fields: dict[str, Any], words: str) -> None:
    good = {
        "pair_id": 1,
        "rater_id": 1,
        "left": "a",
        "outcome": "preferred",
        "preference": 2,
        "source": "judge",
    }
    with pytest.raises(ValueError, match=words):
        JudgmentValue(**{**good, **fields})


def test_pair_and_rater_are_of_one_project() -> None:
    with pytest.raises(ValueError, match="different projects"):
        judgment_record(pair=PairFactory(), rater=RaterFactory(), left="a", outcome="tie", source="judge")


def test_another_raters_judgment_cannot_be_superseded() -> None:
    theirs = JudgmentFactory()
    ours = RaterFactory(project=theirs.rater.project)
    with pytest.raises(ValueError, match="same rater"):
        judgment_record(
            pair=theirs.pair, rater=ours, left="a", outcome="tie", source="judge", supersedes=theirs
        )


def test_many_at_once() -> None:
    pair = PairFactory()
    raters = [RaterFactory(project=pair.prompt.project) for _ in range(3)]
    rows = (
        JudgmentValue(pair_id=pair.pk, rater_id=r.pk, left="a", outcome="tie", source="judge") for r in raters
    )
    assert [judgment.rater_id for judgment in judgments_record(rows=rows)] == [r.pk for r in raters]
