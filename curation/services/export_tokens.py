"""Rows of a dataset version with their tokens, as counted before with a trainer's tokenizer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

from django.db.models import Exists, OuterRef, QuerySet

from curation.algorithms.fingerprints import sha256_hex
from curation.errors import CurationError
from curation.exporters.base import Exporter, Tokens, TrainingRow
from curation.exporters.lengths import within
from curation.models import DatasetRow, PairScore, ScoreProducer
from curation.scorers import SHARED_TOKENS, scorer_name

CHUNK = 1000  # rows whose counts are in memory together
LEAST = 8  # the shortest max_length that is taken, as for scores


@dataclass(frozen=True)
class Limit:
    """The trainer's max_length, in tokens of the tokenizer that `counted_by` counted with."""

    counted_by: ScoreProducer
    max_length: int


def limited(exporter: Exporter, limit: Limit) -> Exporter:
    """The format with the length rules of its reader. Raises CurationError where there are none."""
    if limit.max_length < LEAST:
        raise CurationError(f"The max length is {limit.max_length} tokens; the least is {LEAST}.")
    if limit.counted_by.scorer != SHARED_TOKENS:
        raise CurationError(f"{limit.counted_by} counts no tokens. Choose scores of “Tokens in common”.")
    if not exporter.length_rules:
        raise CurationError(
            f"Readers of “{exporter.label}” drop no rows for their length. Export it without a tokenizer."
        )
    return within(exporter, limit.max_length)


def tokens_check(rows: QuerySet[DatasetRow], limit: Limit) -> None:
    """Raises CurationError unless the tokens of every row were counted: the file must not depend on when it
    is written."""
    counted = PairScore.objects.filter(producer=limit.counted_by, pair=OuterRef("pair"))
    if missing := rows.filter(~Exists(counted)).count():
        raise CurationError(
            f"The tokens of {missing} pairs of this split were not counted with {limit.counted_by.label}. "
            f"Compute “{scorer_name(SHARED_TOKENS)}” with that model on the page Scores, then export again."
        )


def with_tokens(limit: Limit, rows: Iterable[TrainingRow]) -> Iterator[TrainingRow]:
    """Each row with its tokens, in memory that does not grow with the rows."""
    remaining = iter(rows)
    while chunk := list(islice(remaining, CHUNK)):
        there = PairScore.objects.filter(
            producer=limit.counted_by, pair__in=[row.pair_id for row in chunk]
        ).order_by()
        names = ("pair", "value", "details", "pair__response_a__text_hash")
        counts = {pair: counted for pair, *counted in there.values_list(*names)}
        for row in chunk:
            shared, found, a = counts[row.pair_id]
            sides = ("a", "b") if sha256_hex(row.chosen) == a else ("b", "a")
            prompt, chosen, rejected = (int(found.get(name, 0)) for name in ("prompt", *sides))
            yield replace(row, tokens=Tokens(int(shared), prompt, chosen, rejected))
