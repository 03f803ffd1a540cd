"""Judgments, by people and judges alike: checked, then appended. Nothing here updates a row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db import transaction

from curation.models import Judgment, Pair, Rater
from curation.models.judgments import Side

Outcome = Judgment.Outcome
BATCH = 2000


@dataclass(frozen=True, kw_only=True)
class JudgmentValue:
    """One answer on a pair as shown; the fields mean what they mean on `Judgment`.

    Raises ValueError for an answer that contradicts itself.
    """

    pair_id: int
    rater_id: int
    left: str
    outcome: str
    source: str
    preference: int | None = None
    probability: float | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    rationale: str = ""
    skip_reason: str = ""
    duration_ms: int | None = None
    guideline: int | None = None
    supersedes_id: int | None = None

    def __post_init__(self) -> None:
        if self.left not in Side.values:
            raise ValueError(f"left must be 'a' or 'b', not {self.left!r}")
        if self.outcome not in Outcome.values:
            raise ValueError(f"unknown outcome {self.outcome!r}")
        if self.source not in Judgment.Source.values:
            raise ValueError(f"unknown source {self.source!r}")
        self._check_preference()
        if self.skip_reason and self.outcome != Outcome.SKIP:
            raise ValueError("only a skip has a skip reason")
        if self.outcome == Outcome.WITHDRAWN and self.supersedes_id is None:
            raise ValueError("a withdrawal supersedes the judgment it takes back")

    def _check_preference(self) -> None:
        preferred = self.outcome == Outcome.PREFERRED
        if preferred != (self.preference is not None):
            raise ValueError("a preference is given exactly when the outcome is 'preferred'")
        if self.preference is not None and abs(self.preference) not in {1, 2, 3}:
            raise ValueError(f"preference runs from -3 to 3 without 0, not {self.preference}")
        if self.probability is None:
            return
        if not 0 <= self.probability <= 1:
            raise ValueError(f"probability runs from 0 to 1, not {self.probability}")
        if self.preference is not None and (self.probability - 0.5) * self.preference < 0:
            raise ValueError("preference and probability point to different sides")


def judgments_record(*, rows: Iterable[JudgmentValue]) -> list[Judgment]:
    """Append many, all or none, in the order given. Pairs and raters must be of one project."""
    judgments = [Judgment(**asdict(row)) for row in rows]
    with transaction.atomic():
        return Judgment.objects.bulk_create(judgments, batch_size=BATCH)


def judgment_record(
    *,
    pair: Pair,
    rater: Rater,
    left: str,
    outcome: str,
    source: str,
    preference: int | None = None,
    probability: float | None = None,
    attributes: dict[str, Any] | None = None,
    rationale: str = "",
    skip_reason: str = "",
    duration_ms: int | None = None,
    guideline: int | None = None,
    supersedes: Judgment | None = None,
) -> Judgment:
    """Append one. Raises ValueError when it contradicts itself or what it supersedes."""
    if pair.prompt.project_id != rater.project_id:
        raise ValueError("pair and rater belong to different projects")
    if supersedes is not None and (supersedes.pair_id, supersedes.rater_id) != (pair.pk, rater.pk):
        raise ValueError("a judgment supersedes one of the same rater on the same pair")
    value = JudgmentValue(
        pair_id=pair.pk,
        rater_id=rater.pk,
        left=left,
        outcome=outcome,
        source=source,
        preference=preference,
        probability=probability,
        attributes=attributes or {},
        rationale=rationale,
        skip_reason=skip_reason,
        duration_ms=duration_ms,
        guideline=guideline,
        supersedes_id=supersedes.pk if supersedes else None,
    )
    return Judgment.objects.create(**asdict(value))
