"""Pairs on their way to a worker."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from django.db.models import Count

from curation.models import Pair
from curation.querysets import PairQuerySet
from judges.models import Judge, Verdict
from trainer_bridge.contracts import PairRow, ScoringRow


def pairs_of(project_id: int, split: str) -> PairQuerySet:
    """The project's pairs on prompts of a split; of every split when it is empty."""
    pairs = Pair.objects.filter(prompt__project=project_id)
    return pairs.filter(prompt__split=split) if split else pairs


def pairs_to_judge(judge: Judge, split: str) -> PairQuerySet:
    """The pairs that lack a verdict of this judge in at least one order."""
    both = Verdict.objects.filter(judge=judge).values("pair").annotate(orders=Count("left")).filter(orders=2)
    return pairs_of(judge.project_id, split).exclude(pk__in=both.values("pair"))


def pair_rows(pairs: PairQuerySet) -> Iterator[PairRow]:
    """Rows of `pairs.jsonl`, in the order of ids, a thousand at a time."""
    for pair in _with_texts(pairs):
        yield PairRow.model_validate(_fields(pair))


def left(pairs: PairQuerySet, known: Mapping[str, list[int]]) -> dict[str, list[int]]:
    """Of the names, those by which a pair lacks a score."""
    return {name: made for name, made in known.items() if pairs.lacking({name: made}).exists()}


def scoring_rows(pairs: PairQuerySet, known: Mapping[str, Collection[int]]) -> Iterator[ScoringRow]:
    """The same of pairs that lack a score by one of the names, as `PairQuerySet.lacking` has them; a row that
    lacks fewer than all says which."""
    for pair in _with_texts(pairs.lacking(known)):
        lacks = pair.lacks if len(pair.lacks) < len(known) else []
        yield ScoringRow.model_validate({**_fields(pair), "scorers": lacks})


def _with_texts(pairs: PairQuerySet) -> Iterator[Any]:
    return pairs.select_related("prompt", "response_a", "response_b").order_by("pk").iterator(1000)


def _fields(pair: Pair) -> dict[str, Any]:
    return {
        "pair_id": str(pair.pk),
        "prompt": pair.prompt.messages,
        "response_a": pair.response_a.text,
        "response_b": pair.response_b.text,
        "is_cut": [reply.finish_reason == "length" for reply in (pair.response_a, pair.response_b)],
    }
