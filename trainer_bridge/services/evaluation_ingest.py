"""Take in an evaluation: the rows behind the win rate, then the rate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction

from judges.algorithms.win_rate import pair_outcome
from trainer_bridge.contracts import EvaluateResult, PairRow, VerdictRow
from trainer_bridge.models import Evaluation, EvaluationItem
from trainer_bridge.services.model_check import model_check

Verdicts = dict[tuple[str, str], VerdictRow]
Row = Mapping[str, Any]


@transaction.atomic
def evaluation_finish(
    *, evaluation: Evaluation, result: EvaluateResult, pairs: Iterable[Row], verdicts: Iterable[Row]
) -> None:
    """Store one item a prompt and the result. Running it again changes nothing."""
    for model, fingerprint in (
        (evaluation.model, result.model_fingerprint),
        (evaluation.baseline, result.baseline_fingerprint),
    ):
        model_check(model=model, environment={"model_fingerprint": fingerprint})
    items_ingest(evaluation=evaluation, pairs=pairs, verdicts=verdicts)
    low, high = result.win_rate_ci
    Evaluation.objects.filter(pk=evaluation.pk).update(
        win_rate=result.win_rate, ci_low=low, ci_high=high, result=result.model_dump(mode="json")
    )


def items_ingest(*, evaluation: Evaluation, pairs: Iterable[Row], verdicts: Iterable[Row]) -> int:
    """Upsert an item for each pair a worker wrote (named by its prompt, `a` is the model's answer)."""
    read = (VerdictRow.model_validate(row) for row in verdicts)
    by_side: Verdicts = {(row.pair_id, row.left): row for row in read}
    items = [_item(evaluation, PairRow.model_validate(pair), by_side) for pair in pairs]
    EvaluationItem.objects.bulk_create(
        items,
        batch_size=500,
        update_conflicts=True,
        unique_fields=["evaluation", "prompt"],
        update_fields=["model_text", "baseline_text", "probability", "flipped", "outcome", "verdicts"],
    )
    return len(items)


def _item(evaluation: Evaluation, pair: PairRow, by_side: Verdicts) -> EvaluationItem:
    said = [row for side in ("a", "b") if (row := by_side.get((pair.pair_id, side)))]
    item = EvaluationItem(
        evaluation=evaluation,
        prompt_id=int(pair.pair_id),
        # PostgreSQL stores no NUL, and a model may say anything.
        model_text=pair.response_a.replace("\x00", ""),
        baseline_text=pair.response_b.replace("\x00", ""),
        verdicts=[row.model_dump() | {"raw_text": row.raw_text.replace("\x00", "")} for row in said],
    )
    if pair.response_a == pair.response_b:
        item.outcome, item.probability = EvaluationItem.Outcome.TIE, 0.5
    elif len(said) < 2 or said[0].p_left is None or said[1].p_left is None:
        item.outcome = EvaluationItem.Outcome.UNPARSED
    else:
        met = pair_outcome(said[0].p_left, 1 - said[1].p_left)
        item.outcome = EvaluationItem.Outcome(met.outcome)
        item.probability, item.flipped = met.probability, met.flipped
    return item
