"""Recording pair scores."""

from __future__ import annotations

import pytest

from curation.models import PairScore
from curation.services.score_record import PairScoreValue, producer_get_or_create, scores_record
from tests.factories import PairFactory

pytestmark = pytest.mark.django_db


def test_recording_twice_keeps_one_row_with_the_last_value() -> None:
    pair = PairFactory()
    producer = producer_get_or_create(
        project=pair.prompt.project,
        scorer="ln_ches",
        fingerprint="f",
        label="tiny",
        details={"dtype": "float32"},
    )
    for value in (1.0, 2.0):
        rows = [PairScoreValue(pair_id=pair.pk, direction="a_over_b", value=v) for v in (0.0, value)]
        assert scores_record(producer=producer, rows=rows) == 2
    score = PairScore.objects.get()
    assert (score.value, score.scorer) == (2.0, "ln_ches")


def test_a_producer_is_found_again() -> None:
    project = PairFactory().prompt.project
    first, second = (
        producer_get_or_create(project=project, scorer="ches", fingerprint="f", label=label, details={})
        for label in ("one", "two")
    )
    assert first == second
    assert second.label == "one"


def test_an_unknown_direction_is_refused() -> None:
    with pytest.raises(ValueError, match="direction"):
        PairScoreValue(pair_id=1, direction="up", value=0.0)
