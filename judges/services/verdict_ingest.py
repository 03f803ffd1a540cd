"""Take in a judge's verdicts, in batches, while it is still judging."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from django.db import transaction

from curation.models import Judgment, Pair
from curation.services.judgment_record import JudgmentValue, judgments_record
from judges.algorithms.preferences import preference_of
from judges.models import Judge, Verdict

Key = tuple[int, str]
Row = Mapping[str, Any]
NUMBERS = ("p_left", "logprob_left", "logprob_right", "mass")
TEXTS = ("raw_text", "error")
BATCH = 2000
MAX_ID = 2**63 - 1


class VerdictCounts(NamedTuple):
    """What became of a batch: new and parsed, new but unparsed, already here, or not this project's pair."""

    created: int
    unparsed: int
    existing: int
    unknown: int


@transaction.atomic
def verdicts_ingest(*, judge: Judge, rows: Iterable[Row]) -> VerdictCounts:
    """Store verdicts (`contracts.VerdictRow` as JSON) by judge, pair and order; a second run adds nothing.

    A parsed verdict becomes a judgment of the judge's rater and stays as it is. An unparsed one keeps its
    raw text and gives way to a later answer.
    """
    given = list(rows)
    keyed = _keyed(given)
    # Two workers of one judge would otherwise both find a verdict missing and append its judgment twice.
    Judge.objects.select_for_update().get(pk=judge.pk)
    pairs = {pair_id for pair_id, _ in keyed}
    known = set(
        Pair.objects.filter(pk__in=pairs, prompt__project=judge.project_id).values_list("pk", flat=True)
    )
    stored = {(v.pair_id, v.left): v for v in Verdict.objects.filter(judge=judge, pair__in=known)}
    fresh = {
        key: row
        for key, row in keyed.items()
        if key[0] in known and (key not in stored or (not stored[key].parsed and row["parsed"]))
    }
    judgments = _append_judgments(judge, fresh)
    _upsert(judge, fresh, judgments)
    unknown = sum(1 for row in given if _pair_id(row["pair_id"]) not in known)
    return VerdictCounts(
        created=len(judgments),
        unparsed=len(fresh) - len(judgments),
        existing=len(given) - unknown - len(fresh),
        unknown=unknown,
    )


def _keyed(rows: Iterable[Row]) -> dict[Key, Row]:
    """One row for each pair and order: the first that parsed, as across batches."""
    keyed: dict[Key, Row] = {}
    for row in rows:
        key = (_pair_id(row["pair_id"]), row["left"])
        if key not in keyed or (row["parsed"] and not keyed[key]["parsed"]):
            keyed[key] = row
    return keyed


def _append_judgments(judge: Judge, rows: Mapping[Key, Row]) -> dict[Key, Judgment]:
    parsed = {key: row["p_left"] for key, row in rows.items() if row["parsed"]}
    values = [_judgment(judge, key, p_left) for key, p_left in parsed.items()]
    return dict(zip(parsed, judgments_record(rows=values), strict=True))


def _judgment(judge: Judge, key: Key, p_left: float) -> JudgmentValue:
    preference = preference_of(p_left)
    return JudgmentValue(
        pair_id=key[0],
        rater_id=judge.rater_id,
        left=key[1],
        outcome=Judgment.Outcome.TIE if preference is None else Judgment.Outcome.PREFERRED,
        preference=preference,
        probability=p_left,
        source=Judgment.Source.JUDGE,
    )


def _upsert(judge: Judge, rows: Mapping[Key, Row], judgments: Mapping[Key, Judgment]) -> None:
    verdicts = [
        Verdict(
            judge=judge,
            pair_id=key[0],
            left=key[1],
            judgment=judgments.get(key),
            **{name: row[name] for name in NUMBERS},
            # PostgreSQL stores no NUL, and a model may say anything.
            **{name: str(row.get(name) or "").replace("\x00", "") for name in TEXTS},
        )
        for key, row in rows.items()
    ]
    Verdict.objects.bulk_create(
        verdicts,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["judge", "pair", "left"],
        update_fields=["judgment", *NUMBERS, *TEXTS],
    )


def _pair_id(value: str) -> int:
    """The id a worker was given; 0, which no pair has, for anything else."""
    return int(value) if value.isascii() and value.isdigit() and int(value) <= MAX_ID else 0
