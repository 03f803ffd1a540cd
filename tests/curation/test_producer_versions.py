"""The migration after which every score producer names its scorer's version."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from curation.models import ScoreProducer
from curation.services.score_record import producer_fingerprint, producer_get_or_create
from tests.factories import ProjectFactory

pytestmark = pytest.mark.django_db

say = import_module("curation.migrations.0023_score_producers_name_their_version").say


def producer(scorer: str, details: dict[str, Any]) -> ScoreProducer:
    return producer_get_or_create(
        project=ProjectFactory(),
        scorer=scorer,
        fingerprint=producer_fingerprint(scorer, details),
        label="x",
        details=details,
    )


def test_it_works() -> None:
    old = producer("ches", {"model_fingerprint": "f1", "max_length": 512})
    newer = producer("ches", {"model_fingerprint": "f1", "version": 2})
    before = newer.fingerprint
    for _ in range(2):  # as after an interruption
        say(apps, connection.schema_editor())
        old.refresh_from_db()
        newer.refresh_from_db()
        assert old.details == {"model_fingerprint": "f1", "max_length": 512, "version": 1}
        # What scoring makes of the same details now: the old scores are known to it.
        assert old.fingerprint == producer_fingerprint("ches", old.details)
        assert (newer.details["version"], newer.fingerprint) == (2, before)
