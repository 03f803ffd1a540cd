"""Freeze what a recipe keeps into a dataset version that never changes."""

from __future__ import annotations

import hashlib
from array import array
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection, transaction
from django.db.models import Max

from curation.algorithms.filters import FloatArray, IntArray
from curation.bulk import copy_table, next_ids
from curation.dataset_card import dataset_card
from curation.errors import CurationError
from curation.models import DatasetVersion, FilterRecipe, Project, User
from curation.recipes.base import Column
from curation.recipes.funnel import Funnel, emptied
from curation.recipes.pool import Pool
from curation.services.recipe_run import recipe_apply

Table = npt.NDArray[np.void]

# What the recipe keeps, each with its place in the version once that is known.
KEPT = [
    ("position", "i4"), ("pair_id", "i8"), ("prompt_id", "i8"), ("chosen_id", "i8"), ("rejected_id", "i8"),
    ("margin", "f8"), ("weight", "f8"), ("soft_label", "f8"), ("block", "i8"), ("eval", "i8"),
]  # fmt: skip
# As they are stored, but for the version and the split.
STORED = [
    ("position", "i4"), ("pair_id", "i8"), ("chosen_id", "i8"), ("rejected_id", "i8"), ("margin", "f8"),
    ("weight", "f8"), ("soft_label", "f8"), ("block", "i2"),
]  # fmt: skip
DROPPED = [("pair_id", "i8"), ("step_index", "i8"), ("why", "i8")]


class EmptyDatasetError(CurationError):
    """The recipe keeps no pair."""


@transaction.atomic
def dataset_freeze(*, recipe: FilterRecipe, user: User | None, note: str = "") -> DatasetVersion:
    """Run the recipe again and write rows, drops and card as the project's next version.

    The rows go in first (foreign keys are checked at commit): the version, which no one may change
    afterwards, is written last.
    """
    # Two freezes at once would take the same number; a version's rows must not mix two consensus runs.
    project = Project.objects.select_for_update(no_key=True).get(pk=recipe.project_id)
    pool, funnel = recipe_apply(recipe)
    if nothing := emptied(funnel.report, len(pool)):
        raise EmptyDatasetError(f"There is nothing to freeze. {nothing.words}")
    [version_id] = next_ids("curation_datasetversion", 1)
    content_hash = _write_rows(version_id, pool, funnel)
    _write_drops(version_id, funnel)
    last = DatasetVersion.objects.filter(project=project).aggregate(last=Max("number"))["last"] or 0
    return DatasetVersion.objects.create(
        pk=version_id,
        project=project,
        number=last + 1,
        recipe=recipe,
        content_hash=content_hash,
        n_rows=len(funnel.kept),
        n_dropped=len(pool) - len(funnel.kept),
        funnel=funnel.report,
        card=dataset_card(
            version_id=version_id, recipe=recipe, method=pool.method, producers=pool.producers.values()
        ),
        note=note,
        created_by=user,
    )


STAGE_ROWS = """
DROP TABLE IF EXISTS freeze_row;
CREATE TEMP TABLE freeze_row (
    position int4, pair_id int8, prompt_id int8, chosen_id int8, rejected_id int8,
    margin float8, weight float8, soft_label float8, block int8, eval int8
) ON COMMIT DROP
"""
# In order of curriculum block, prompt fingerprint, text hashes: the same on every machine, whatever the ids.
# A block too large for its column is an error here.
CONTENT = """
COPY (
    SELECT prompt.fingerprint, chosen.text_hash, rejected.text_hash,
        kept.margin, kept.weight, kept.soft_label,
        CASE kept.eval WHEN 1 THEN 'eval' ELSE 'train' END
            || CASE kept.block WHEN 0 THEN '' ELSE ' ' || kept.block::int2 END,
        kept.position
    FROM freeze_row kept
    JOIN curation_prompt prompt ON prompt.id = kept.prompt_id
    JOIN curation_response chosen ON chosen.id = kept.chosen_id
    JOIN curation_response rejected ON rejected.id = kept.rejected_id
    ORDER BY kept.block, prompt.fingerprint COLLATE "C", chosen.text_hash COLLATE "C",
        rejected.text_hash COLLATE "C", kept.margin, kept.soft_label, kept.weight
) TO STDOUT
"""
STAGE_DROPS = """
DROP TABLE IF EXISTS freeze_dropped;
CREATE TEMP TABLE freeze_dropped (pair_id int8, step_index int8, why int8) ON COMMIT DROP
"""
DROPS = """
INSERT INTO curation_droppedpair (version_id, pair_id, step_index, step, reason)
SELECT %s, dropped.pair_id, dropped.step_index, named.step, named.reason
FROM freeze_dropped dropped
JOIN unnest(%s::int8[], %s::int8[], %s::text[], %s::text[]) AS named (step_index, why, step, reason)
    ON named.step_index = dropped.step_index AND named.why = dropped.why
ORDER BY dropped.step_index, dropped.pair_id
"""


def _write_rows(version_id: int, pool: Pool, funnel: Funnel) -> str:
    """The rows, from numbers: no text leaves the database. Returns the version's content hash."""
    rows = _kept_rows(pool, funnel)
    rows["position"], content_hash = _put_in_order(rows)
    in_order = np.argsort(rows["position"])  # as exports will read them
    for is_eval, split in enumerate(("train", "eval")):
        at = in_order[rows["eval"][in_order] == is_eval]
        stored = np.empty(len(at), dtype=[("version_id", "i8"), ("split", f"S{len(split)}"), *STORED])
        stored["version_id"], stored["split"] = version_id, split
        for name, _ in STORED:
            stored[name] = rows[name][at]
        copy_table("curation_datasetrow", stored)
    return content_hash


def _kept_rows(pool: Pool, funnel: Funnel) -> Table:
    kept = funnel.kept
    rows = np.empty(len(kept), dtype=KEPT)
    a, b, a_wins = pool.a[kept], pool.b[kept], pool.chosen[kept] > 0
    rows["position"] = np.arange(len(kept))
    rows["pair_id"], rows["prompt_id"] = pool.pair_ids[kept], pool.prompts[kept]
    rows["chosen_id"], rows["rejected_id"] = np.where(a_wins, a, b), np.where(a_wins, b, a)
    for name, column in _columns(pool, funnel).items():
        rows[name] = column[kept]
    return rows


def _put_in_order(rows: Table) -> tuple[IntArray, str]:
    """(the position of each row, the content hash); until then, a row's position is its place in `rows`.

    The hash is the sha256 of one line for each row in order, its fields apart by tabs: the prompt's
    fingerprint, sha256 of the chosen and of the rejected text, margin, weight, soft label, split, to which a
    curriculum adds a space and the block. No database id goes in, so the same data has the same hash
    everywhere.
    """
    digest, order = hashlib.sha256(), array("q")
    with connection.cursor() as cursor:
        cursor.execute(STAGE_ROWS)
        copy_table("freeze_row", rows)
        cursor.execute("ANALYZE freeze_row")
        rest = b""
        with cursor.cursor.copy(CONTENT) as copy:
            for block in copy:
                *lines, rest = (rest + block).split(b"\n")
                for line in lines:
                    content, _, place = line.rpartition(b"\t")
                    digest.update(content + b"\n")
                    order.append(int(place))
    position = np.empty(len(rows), dtype=np.int64)
    position[np.frombuffer(order, dtype=np.int64)] = np.arange(len(rows))
    return position, digest.hexdigest()


def _write_drops(version_id: int, funnel: Funnel) -> None:
    with connection.cursor() as cursor:
        cursor.execute(STAGE_DROPS)
        for drops in funnel.drops:
            dropped = np.empty(len(drops.pair_ids), dtype=DROPPED)
            dropped["pair_id"], dropped["why"] = drops.pair_ids, drops.why
            dropped["step_index"] = drops.step_index
            copy_table("freeze_dropped", dropped)
        cursor.execute("ANALYZE freeze_dropped")
        cursor.execute(DROPS, [version_id, *_reasons(funnel)])


def _columns(pool: Pool, funnel: Funnel) -> dict[str, FloatArray]:
    """What each row is trained by: as the recipe's steps set it, else as the consensus says."""
    found = pool.consensus(pool.method)
    soft_label = np.where(found.winner > 0, found.probability, 1 - found.probability)
    ones, zeros = np.ones(len(pool)), np.zeros(len(pool))
    return {
        "margin": funnel.columns.get(Column.MARGIN, found.margin),
        "weight": funnel.columns.get(Column.WEIGHT, ones),
        "soft_label": funnel.columns.get(Column.SOFT_LABEL, soft_label),
        "block": funnel.columns.get(Column.BLOCK, zeros),
        "eval": funnel.columns.get(Column.HELD_OUT, pool.is_eval),
    }


def _reasons(funnel: Funnel) -> tuple[list[Any], ...]:
    """Step index, place of the reason, name of the step and reason, as columns."""
    named = [
        (drops.step_index, why, drops.step, reason)
        for drops in funnel.drops
        for why, reason in enumerate(drops.reasons, start=1)
    ]
    return tuple(map(list, zip(*named, strict=True)))
