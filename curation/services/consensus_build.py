"""Rebuild what a method concludes for every judged pair of a project."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

import numpy as np
import numpy.typing as npt
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max

from curation.algorithms.consensus import Ballots, Conclusions, outweighed, stated_lean
from curation.bulk import copy_in, copy_out
from curation.consensus_methods import ConsensusMethod, consensus_method
from curation.models import ConsensusBuild, DatasetVersion, Judgment, Project

COLUMNS = [
    ("pair", "i8"), ("rater", "i8"), ("is_judge", "i2"), ("left_is_a", "i2"), ("kind", "i2"),
    ("adjudicated", "i2"), ("preference", "i8"), ("probability", "f8"),
]  # fmt: skip
# The SQL of `JudgmentQuerySet.counted`, as numbers; an answer's kind as in `algorithms.consensus`. Ids are
# bounded on both sides of the join: PostgreSQL does not carry a range from one to the other.
# What came later than `AsOf` says is not there; “lifted after infinity” is never.
BALLOTS = """
SELECT judgment.pair_id, judgment.rater_id,
    (rater.kind = 'judge')::int::int2, (judgment.left = 'a')::int::int2,
    (CASE judgment.outcome WHEN 'both_bad' THEN 1 WHEN 'skip' THEN 2 ELSE 0 END)::int2,
    (judgment.source = 'adjudicated')::int::int2, coalesce(judgment.preference, 0)::int8,
    CASE judgment.outcome WHEN 'tie' THEN 0.5 ELSE coalesce(judgment.probability, 'NaN') END::float8
FROM curation_judgment judgment
JOIN curation_rater rater ON rater.id = judgment.rater_id
JOIN curation_pair pair ON pair.id = judgment.pair_id
JOIN curation_prompt prompt ON prompt.id = pair.prompt_id
WHERE prompt.project_id = %(project)s AND judgment.outcome <> 'withdrawn'
    AND judgment.pair_id BETWEEN %(first)s AND %(last)s AND pair.id BETWEEN %(first)s AND %(last)s
    AND judgment.id <= %(last_judgment)s
    AND NOT EXISTS (
        SELECT FROM curation_judgment
        WHERE supersedes_id = judgment.id AND supersedes_id IS NOT NULL AND id <= %(last_judgment)s
    )
    AND NOT EXISTS (
        SELECT FROM curation_raterexclusion
        WHERE rater_id = judgment.rater_id AND created_at <= %(at)s
            AND (lifted_at IS NULL OR lifted_at > %(at)s)
    )
ORDER BY judgment.id
"""
STAGE = """
CREATE TEMP TABLE consensus_stage (
    pair_id bigint PRIMARY KEY, winner varchar(1) NOT NULL, probability float8 NOT NULL,
    margin float8 NOT NULL, votes jsonb NOT NULL
) ON COMMIT DROP
"""
UPSERT = """
INSERT INTO curation_consensus (pair_id, method, winner, probability, margin, votes, computed_at)
SELECT pair_id, %s, winner, probability, margin, votes, now() FROM consensus_stage
ON CONFLICT (pair_id, method) DO UPDATE
    SET winner = excluded.winner, probability = excluded.probability, margin = excluded.margin,
        votes = excluded.votes, computed_at = excluded.computed_at
"""
STORED = """
SELECT old.pair_id, (CASE old.winner WHEN 'a' THEN 1 WHEN 'b' THEN -1 ELSE 0 END)::int8, old.probability,
    old.margin{votes}
FROM curation_consensus old
JOIN curation_pair pair ON pair.id = old.pair_id
JOIN curation_prompt prompt ON prompt.id = pair.prompt_id
WHERE prompt.project_id = %(project)s AND old.method = %(method)s
    AND old.pair_id BETWEEN %(first)s AND %(last)s AND pair.id BETWEEN %(first)s AND %(last)s
ORDER BY old.pair_id
"""
# Where each part of so many pairs begins.
PARTS = """
SELECT id FROM (
    SELECT pair.id, row_number() OVER (ORDER BY pair.id) AS place FROM curation_pair pair
    JOIN curation_prompt prompt ON prompt.id = pair.prompt_id WHERE prompt.project_id = %s
) numbered WHERE place %% %s = 1 ORDER BY id
"""
# So many at a time keep the memory flat; each part reads through the index again.
PAIRS_AT_ONCE = 250_000
Ids = tuple[int, int]  # the first and the last
ALL: Ids = (0, 2**63 - 1)


@dataclass(frozen=True)
class AsOf:
    """Up to which judgment, by id, and at which time of exclusions; by default all there are now."""

    last_judgment: int = ALL[1]
    at: datetime | Literal["infinity"] = "infinity"


NOW = AsOf()
# Judgments are never changed or deleted, and exclusions only lifted: while none of these numbers has grown,
# nothing has changed.
BASIS = """
SELECT (SELECT count(*) FROM curation_judgment), count(*), count(exclusion.lifted_at)
FROM curation_raterexclusion exclusion JOIN curation_rater rater ON rater.id = exclusion.rater_id
WHERE rater.project_id = %s
"""
PRUNE = "DELETE FROM curation_consensus WHERE method = %s AND pair_id = ANY(%s)"


@transaction.atomic
def consensus_build(*, project: Project, method: str = "mean_probability") -> int:
    """Bring the method's rows in line with the judgments that count now. Returns how many pairs have one.

    A reviewer's decision outweighs every other answer on its pair, whatever the method. Raises CurationError
    for an unknown method, or where the data do not allow it.
    Rows that would not change are left alone; a pair whose judgments all vanished loses its row.
    """
    chosen = consensus_method(method)
    # One builder per project at a time; inserts that refer to the project go on.
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    basis = consensus_basis(project, method)
    parts = _parts(project) if chosen.per_pair else [ALL]
    n_pairs = sum(_build_part(project, chosen, ids) for ids in parts)
    ConsensusBuild.objects.update_or_create(project=project, method=method, defaults={"basis": basis})
    return n_pairs


def consensus_basis(project: Project, method: str) -> str:
    """What the method's conclusions depend on, as far as it is known without reading the judgments. While it
    is the same, so is what `consensus_build` comes to."""
    with connection.cursor() as cursor:
        cursor.execute(BASIS, [project.pk])
        found = cursor.fetchone()
    return ":".join(map(str, (settings.VERSION, *found, consensus_method(method).basis(project))))


def _parts(project: Project) -> list[Ids]:
    """All ids in parts, each with so many pairs of the project."""
    with connection.cursor() as cursor:
        cursor.execute(PARTS, [project.pk, PAIRS_AT_ONCE])
        starts = [pk for (pk,) in cursor.fetchall()][1:]
    return list(zip([ALL[0], *starts], [*(start - 1 for start in starts), ALL[1]], strict=True))


def _build_part(project: Project, chosen: ConsensusMethod, ids: Ids) -> int:
    method = chosen.name
    ballots, decisions = read_ballots(project, ids)
    conclusions = outweighed(chosen.conclude(project, ballots), decisions)
    stored = _stored(project, method, list(conclusions.counts), ids)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS consensus_stage")
        cursor.execute(STAGE)
        copy_in(
            "consensus_stage",
            ["pair_id", "winner", "probability", "margin", "votes"],
            _rows(conclusions, _differing(conclusions, stored)),
        )
        cursor.execute(UPSERT, [method])
        cursor.execute(PRUNE, [method, np.setdiff1d(stored["pair"], conclusions.pair).tolist()])
    return len(conclusions.pair)


def _stored(project: Project, method: str, names: list[str], ids: Ids) -> npt.NDArray[np.void]:
    """The method's rows as they are, in order of pair; a vote that is not there counts −1."""
    votes = "".join(f", coalesce((old.votes->>'{name}')::int8, -1)" for name in names)
    columns = [("pair", "i8"), ("winner", "i8"), ("probability", "f8"), ("margin", "f8")]
    columns += [(name, "i8") for name in names]
    return copy_out(STORED.format(votes=votes), {**_bounds(project, ids), "method": method}, columns)


def _bounds(project: Project, ids: Ids) -> dict[str, int]:
    return {"project": project.pk, "first": ids[0], "last": ids[1]}


def _differing(found: Conclusions, stored: npt.NDArray[np.void]) -> npt.NDArray[np.int64]:
    """Places of the conclusions that are not stored as they are."""
    if not len(stored):
        return np.arange(len(found.pair))
    at = np.minimum(np.searchsorted(stored["pair"], found.pair), len(stored) - 1)
    now = {"pair": found.pair, "winner": np.sign(found.lean), "probability": found.probability}
    same = np.ones(len(at), dtype=np.bool_)
    for name, values in {**now, "margin": found.margin, **found.counts}.items():
        same &= stored[name][at] == values
    return np.flatnonzero(~same)


def read_ballots(project: Project, ids: Ids = ALL, as_of: AsOf = NOW) -> tuple[Ballots, Ballots]:
    """Every counted judgment on these pairs in order of id: what raters say, and what reviewers decided."""
    table = read_answers(project, ids, as_of)
    decided = table["adjudicated"] == 1
    return as_ballots(table[~decided]), as_ballots(table[decided])


def read_answers(project: Project, ids: Ids = ALL, as_of: AsOf = NOW) -> npt.NDArray[np.void]:
    """Every counted judgment on these pairs in order of id, as COLUMNS; `probability` is NaN where there is
    none, and 0.5 of a tie."""
    return copy_out(BALLOTS, {**_bounds(project, ids), **asdict(as_of)}, COLUMNS)


def as_of_freeze(version: DatasetVersion) -> AsOf:
    """What counted when the version was frozen."""
    last = version.card.get("last_judgment")
    if last is None:  # frozen before cards named it
        known = Judgment.objects.for_project(version.project).known_to(version)
        last = known.aggregate(last=Max("pk"))["last"] or 0
    return AsOf(last, version.created_at)


def as_ballots(table: npt.NDArray[np.void]) -> Ballots:
    return Ballots(
        pair=table["pair"],
        rater=table["rater"],
        is_judge=table["is_judge"] == 1,
        left_is_a=table["left_is_a"] == 1,
        kind=table["kind"].astype(np.int64),
        lean=stated_lean(table["preference"], table["probability"]),
        preference=table["preference"],
    )


def _rows(found: Conclusions, at: npt.NDArray[np.int64]) -> Iterator[tuple[int, str, float, float, str]]:
    names = list(found.counts)
    votes = zip(*(column[at].tolist() for column in found.counts.values()), strict=True)
    for pair, lean, probability, margin, counts in zip(
        found.pair[at].tolist(),
        found.lean[at].tolist(),
        found.probability[at].tolist(),
        found.margin[at].tolist(),
        votes,
        strict=True,
    ):
        winner = "a" if lean > 0 else "b" if lean < 0 else ""
        yield pair, winner, probability, margin, json.dumps(dict(zip(names, counts, strict=True)))
