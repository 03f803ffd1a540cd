"""How two frozen versions differ: which rows came, went or changed, why, and every measure side by side."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from django.db import connection
from django.db.models import Case, CharField, Count, F, FilteredRelation, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from curation.dataset_causes import NUMBERS, with_causes
from curation.models import DatasetVersion, ScoreProducer

KINDS = {
    "added": "Only in the newer",
    "removed": "Only in the older",
    "flipped": "The other response chosen",
    "changed": "Margin, soft label, weight or split changed",
}
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
SHARES = {
    "Split": "splits",
    "Category": "categories",
    "Source": "sources",
    "Licence": "licences",
    "Chosen by": "chosen_by_model",
    "Rejected by": "rejected_by_model",
}

# Every measure of a version's rows, in the direction chosen over rejected.
MEASURES = """
WITH row AS (
    SELECT r.*, length(c.text) AS chars_chosen, length(j.text) AS chars_rejected
    FROM curation_datasetrow r
    JOIN curation_response c ON c.id = r.chosen_id
    JOIN curation_response j ON j.id = r.rejected_id
    WHERE r.version_id = %(version)s
), measure AS (
    SELECT label, value FROM row CROSS JOIN LATERAL (VALUES
        ('margin', margin), ('soft label', soft_label), ('weight', weight),
        ('characters, chosen', chars_chosen), ('characters, rejected', chars_rejected),
        ('characters, chosen less rejected', chars_chosen - chars_rejected)
    ) AS plain (label, value)
    UNION ALL
    SELECT s.producer_id::text, s.value
    FROM row
    JOIN curation_pair p ON p.id = row.pair_id
    JOIN curation_pairscore s ON s.pair_id = row.pair_id
        AND s.direction IN ('both', CASE WHEN row.chosen_id = p.response_a_id THEN 'a_over_b' ELSE 'b_over_a' END)
)
SELECT label, count(*), avg(value), percentile_cont(%(quantiles)s) WITHIN GROUP (ORDER BY value)
FROM measure GROUP BY label
"""  # noqa: E501 -- one condition reads better on one line


@dataclass(frozen=True)
class Spread:
    """What a version's rows have of one measure; `quantiles` are those of QUANTILES."""

    n: int
    mean: float
    quantiles: tuple[float, ...]

    @property
    def median(self) -> float:
        return self.quantiles[QUANTILES.index(0.5)]


@dataclass(frozen=True)
class Measure:
    """One line of the table; a side is None where no row of that version has the measure."""

    label: str
    old: Spread | None
    new: Spread | None


@dataclass(frozen=True)
class Share:
    """Rows of both versions that have one value, such as a category."""

    value: str
    old: int
    new: int


# Of a row with what the older version says of its pair: whether another response is chosen, or the same with
# other numbers. Read from annotations: Django turns a negated `beside__margin` into a query for each row.
FLIPPED = Q(old_chosen__isnull=False) & ~Q(old_chosen=F("chosen"))
CHANGED = Q(old_chosen=F("chosen")) & ~Q(**{f"old_{name}": F(name) for name in NUMBERS})


def differing_rows(old: DatasetVersion, new: DatasetVersion, kind: str, why: str = "") -> QuerySet[Any]:
    """Rows of `new`, or of `old` for what was removed, in order, with `why`, by which they may be narrowed.
    Those that changed have `n_between`, the judgments of their pair from one freeze to the other, and the
    older version's `old_margin`, `old_soft_label`, `old_split`, `old_weight` and `old_block`."""
    if kind == "added":
        rows = _missing_from(old, new)
    elif kind == "removed":
        rows = _missing_from(new, old)
    else:
        differing = _with_old(new, old).filter(FLIPPED if kind == "flipped" else CHANGED)
        rows = with_causes(differing, old, new).order_by("position")
    return rows.filter(why=why) if why else rows


def _beside(version: DatasetVersion, other: DatasetVersion) -> QuerySet[Any]:
    """Rows of `version`, each beside the row that `other` has of its pair. A join, not a query for each row:
    there may be a million."""
    of_other = Q(pair__dataset_rows__version=other)
    return version.rows.annotate(beside=FilteredRelation("pair__dataset_rows", condition=of_other))


def _with_old(new: DatasetVersion, old: DatasetVersion) -> QuerySet[Any]:
    """Rows of `new` with `old_chosen` and the older version's other columns; null where it lacks the pair."""
    columns = {f"old_{name}": F(f"beside__{name}") for name in ("chosen", *NUMBERS)}
    found: QuerySet[Any] = _beside(new, old).annotate(**columns)
    return found


def _missing_from(other: DatasetVersion, version: DatasetVersion) -> QuerySet[Any]:
    """Rows of `version` whose pair `other` does not hold, with why it does not."""
    by_other = Q(pair__dropped_from__version=other)
    found: QuerySet[Any] = (
        _beside(version, other)
        .filter(beside__isnull=True)
        .annotate(
            gone=FilteredRelation("pair__dropped_from", condition=by_other),
            why=Coalesce("gone__reason", _why_unseen(other, version), output_field=CharField()),
        )
        .order_by("position")
    )
    return found


def _why_unseen(other: DatasetVersion, version: DatasetVersion) -> Value | Case:
    """Why `other` neither holds nor dropped a pair of `version`. Pairs that a version holds stay, and a
    freeze passes over those of gold prompts alone: a later one lacks nothing else."""
    if other.number > version.number:
        return Value(f"its prompt had become a gold prompt when {other} was frozen")
    return Case(
        When(
            pair__created_at__gt=other.created_at, then=Value(f"the pair was built after {other} was frozen")
        ),
        default=Value(f"not among the pairs when {other} was frozen"),
    )


def build_report(old: DatasetVersion, new: DatasetVersion) -> dict[str, Any]:
    """What takes long to find, as JSON: `counts` and `reasons` by kind, and `measures`."""
    return {
        "counts": difference_counts(old, new),
        "reasons": {kind: reasons(old, new, kind) for kind in KINDS},
        "measures": [asdict(measure) for measure in measures(old, new)],
    }


def difference_counts(old: DatasetVersion, new: DatasetVersion) -> dict[str, int]:
    """How many rows there are of each of KINDS, with two joins of the versions."""
    missing = Q(beside__isnull=True)
    of_new = _with_old(new, old).aggregate(
        added=Count("pk", filter=missing),
        flipped=Count("pk", filter=FLIPPED),
        changed=Count("pk", filter=CHANGED),
    )
    counts = {**of_new, "removed": _beside(old, new).filter(missing).count()}
    return {kind: counts[kind] for kind in KINDS}


def reasons(old: DatasetVersion, new: DatasetVersion, kind: str) -> list[tuple[str, int]]:
    """Why rows differ, the most frequent reason first."""
    rows: QuerySet[Any] = differing_rows(old, new, kind)
    return list(rows.order_by().values_list("why").annotate(n=Count("pk")).order_by("-n", "why"))


def measures(old: DatasetVersion, new: DatasetVersion) -> list[Measure]:
    """Margin, label and lengths first, then the scores of every producer that scored a row of either."""
    by_version = [_spreads(version) for version in (old, new)]
    ids = {label for found in by_version for label in found if label.isdecimal()}
    producers = ScoreProducer.objects.filter(pk__in=ids).order_by("scorer", "pk")
    titles = {str(producer.pk): str(producer) for producer in producers}
    plain = [label for label in _labels(by_version) if not label.isdecimal()]
    return [
        Measure(titles.get(label, label), *(found.get(label) for found in by_version))
        for label in [*plain, *titles]
    ]


def _labels(by_version: Iterable[dict[str, Spread]]) -> list[str]:
    return list(dict.fromkeys(label for found in by_version for label in sorted(found)))


def _spreads(version: DatasetVersion) -> dict[str, Spread]:
    with connection.cursor() as cursor:
        cursor.execute(MEASURES, {"version": version.pk, "quantiles": list(QUANTILES)})
        return {label: Spread(n, mean, tuple(at)) for label, n, mean, at in cursor.fetchall()}


def shares(old: DatasetVersion, new: DatasetVersion) -> list[tuple[str, list[Share]]]:
    """By split, category, source and model, from the versions' cards; the largest of the newer first."""
    return [(title, _shares(old.card.get(key, {}), new.card.get(key, {}))) for title, key in SHARES.items()]


def _shares(old: dict[str, int], new: dict[str, Any]) -> list[Share]:
    found = [Share(value, old.get(value, 0), new.get(value, 0)) for value in {*old, *new}]
    return sorted(found, key=lambda share: (-share.new, -share.old, share.value))
