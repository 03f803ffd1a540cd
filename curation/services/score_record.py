"""Pair scores and what produced them. Recording the same scores again changes nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.db import transaction

from curation.models import PairScore, Project, ScoreProducer

BATCH = 5000


@dataclass(frozen=True, kw_only=True)
class PairScoreValue:
    """One number about a pair; the scorer is the producer's."""

    pair_id: int
    direction: str
    value: float
    details: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.direction not in PairScore.Direction.values:
            raise ValueError(f"direction must be one of {PairScore.Direction.values}, not {self.direction!r}")


def producer_fingerprint(scorer: str, details: dict[str, Any]) -> str:
    """One name for one way of scoring: the scorer and everything that decides its numbers."""
    return hashlib.sha256(json.dumps([scorer, details], sort_keys=True).encode()).hexdigest()


def producer_get_or_create(
    *, project: Project, scorer: str, fingerprint: str, label: str, details: dict[str, Any]
) -> ScoreProducer:
    """The producer with this fingerprint; label and details are those of the first time."""
    producer, _ = ScoreProducer.objects.get_or_create(
        project=project,
        scorer=scorer,
        fingerprint=fingerprint,
        defaults={"label": label, "details": details},
    )
    return producer


@transaction.atomic
def scores_record(*, producer: ScoreProducer, rows: Iterable[PairScoreValue]) -> int:
    """Upsert by (pair, direction) of this producer; the last row of a key wins. Returns the rows read."""
    total = 0
    remaining = iter(rows)
    while batch := list(islice(remaining, BATCH)):
        total += len(batch)
        # PostgreSQL refuses one statement that upserts a key twice.
        latest = {(row.pair_id, row.direction): row for row in batch}
        PairScore.objects.bulk_create(
            [_score(producer, row) for row in latest.values()],
            update_conflicts=True,
            unique_fields=["pair", "scorer", "direction", "producer"],
            update_fields=["value", "details"],
        )
    return total


def _score(producer: ScoreProducer, row: PairScoreValue) -> PairScore:
    return PairScore(
        producer=producer,
        scorer=producer.scorer,
        pair_id=row.pair_id,
        direction=row.direction,
        value=row.value,
        details=row.details,
    )
