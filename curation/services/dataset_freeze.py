"""Freeze what a recipe keeps into a dataset version that never changes."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.db.models import Max

from curation.algorithms.filters import FloatArray
from curation.bulk import copy_table
from curation.dataset_card import dataset_card
from curation.errors import CurationError
from curation.models import DatasetVersion, FilterRecipe, Project, User
from curation.recipes.base import Column
from curation.recipes.funnel import Funnel
from curation.recipes.pool import Pool
from curation.services.consensus_build import consensus_build
from curation.services.recipe_run import recipe_apply

# Of each row: its pair, whether a is chosen, and what it is trained by.
KEPT = [
    ("pair_id", "i8"), ("a_wins", "i8"), ("margin", "f8"), ("weight", "f8"), ("soft_label", "f8"),
    ("block", "i8"), ("eval", "i8"),
]  # fmt: skip
DROPPED = [("pair_id", "i8"), ("step_index", "i8"), ("why", "i8")]


class EmptyDatasetError(CurationError):
    """The recipe keeps no pair."""


@transaction.atomic
def dataset_freeze(*, recipe: FilterRecipe, user: User | None, note: str = "") -> DatasetVersion:
    """Run the recipe again and write rows, drops and card as the project's next version.

    The rows go in first (foreign keys are checked at commit): the version, which no one may change
    afterwards, is written last, with the hash and the counts taken from the rows themselves.
    """
    # Two freezes at once would take the same number; a version's rows must not mix two consensus runs.
    project = Project.objects.select_for_update(no_key=True).get(pk=recipe.project_id)
    pool, funnel = recipe_apply(recipe, consensus_build)
    if not len(funnel.kept):
        raise EmptyDatasetError(_why_empty(pool, funnel))
    version_id = _next_id()
    _write_rows(version_id, pool, funnel)
    last = DatasetVersion.objects.filter(project=project).aggregate(last=Max("number"))["last"] or 0
    return DatasetVersion.objects.create(
        pk=version_id,
        project=project,
        number=last + 1,
        recipe=recipe,
        content_hash=content_hash(version_id),
        n_rows=len(funnel.kept),
        n_dropped=len(pool) - len(funnel.kept),
        funnel=funnel.report,
        card=dataset_card(
            version_id=version_id, recipe=recipe, method=pool.method, producers=pool.producers.values()
        ),
        note=note,
        created_by=user,
    )


def content_hash(version_id: int) -> str:
    """sha256 of one line for each row in order, its fields apart by tabs: the prompt's fingerprint, sha256 of
    the chosen and of the rejected text, margin, weight, soft label, split, to which a curriculum adds a space
    and the block. No database id goes in, so the same data has the same hash everywhere."""
    digest = hashlib.sha256()
    with connection.cursor() as cursor, cursor.cursor.copy(CONTENT, [version_id]) as copy:
        for block in copy:
            digest.update(block)
    return digest.hexdigest()


STAGES = """
DROP TABLE IF EXISTS freeze_kept, freeze_dropped;
CREATE TEMP TABLE freeze_kept (
    pair_id int8, a_wins int8, margin float8, weight float8, soft_label float8, block int8, eval int8
) ON COMMIT DROP;
CREATE TEMP TABLE freeze_dropped (pair_id int8, step_index int8, why int8) ON COMMIT DROP;
"""
# In order of curriculum block, prompt fingerprint, text hashes: the same on every machine, whatever the ids.
ROWS = """
INSERT INTO curation_datasetrow
    (version_id, position, pair_id, chosen_id, rejected_id, margin, weight, soft_label, block, split)
SELECT %s,
    row_number() OVER (
        ORDER BY block, fingerprint, chosen_hash, rejected_hash, margin, soft_label, weight
    ) - 1,
    pair_id, chosen_id, rejected_id, margin, weight, soft_label, block, split
FROM (
    SELECT kept.pair_id, kept.margin, kept.weight, kept.soft_label, kept.block,
        prompt.fingerprint COLLATE "C" AS fingerprint,
        CASE kept.eval WHEN 1 THEN 'eval' ELSE 'train' END AS split,
        CASE kept.a_wins WHEN 1 THEN a.id ELSE b.id END AS chosen_id,
        CASE kept.a_wins WHEN 1 THEN b.id ELSE a.id END AS rejected_id,
        CASE kept.a_wins WHEN 1 THEN a.text_hash ELSE b.text_hash END COLLATE "C" AS chosen_hash,
        CASE kept.a_wins WHEN 1 THEN b.text_hash ELSE a.text_hash END COLLATE "C" AS rejected_hash
    FROM freeze_kept kept
    JOIN curation_pair pair ON pair.id = kept.pair_id
    JOIN curation_prompt prompt ON prompt.id = pair.prompt_id
    JOIN curation_response a ON a.id = pair.response_a_id
    JOIN curation_response b ON b.id = pair.response_b_id
) directed
"""
DROPS = """
INSERT INTO curation_droppedpair (version_id, pair_id, step_index, step, reason)
SELECT %s, dropped.pair_id, dropped.step_index, named.step, named.reason
FROM freeze_dropped dropped
JOIN unnest(%s::int8[], %s::int8[], %s::text[], %s::text[]) AS named (step_index, why, step, reason)
    ON named.step_index = dropped.step_index AND named.why = dropped.why
ORDER BY dropped.step_index, dropped.pair_id
"""
CONTENT = """
COPY (
    SELECT prompt.fingerprint, chosen.text_hash, rejected.text_hash, row.margin, row.weight, row.soft_label,
        CASE row.block WHEN 0 THEN row.split ELSE row.split || ' ' || row.block END
    FROM curation_datasetrow row
    JOIN curation_pair pair ON pair.id = row.pair_id
    JOIN curation_prompt prompt ON prompt.id = pair.prompt_id
    JOIN curation_response chosen ON chosen.id = row.chosen_id
    JOIN curation_response rejected ON rejected.id = row.rejected_id
    WHERE row.version_id = %s ORDER BY row.position
) TO STDOUT
"""


def _write_rows(version_id: int, pool: Pool, funnel: Funnel) -> None:
    """Rows and drops, from numbers: no text leaves the database."""
    kept = funnel.kept
    rows = np.empty(len(kept), dtype=KEPT)
    rows["pair_id"], rows["a_wins"] = pool.pair_ids[kept], pool.chosen[kept] > 0
    for name, column in _columns(pool, funnel).items():
        rows[name] = column[kept]
    with connection.cursor() as cursor:
        cursor.execute(STAGES)
        copy_table("freeze_kept", rows)
        for drops in funnel.drops:
            dropped = np.empty(len(drops.pair_ids), dtype=DROPPED)
            dropped["pair_id"], dropped["why"] = drops.pair_ids, drops.why
            dropped["step_index"] = drops.step_index
            copy_table("freeze_dropped", dropped)
        cursor.execute("ANALYZE freeze_kept, freeze_dropped")
        cursor.execute(ROWS, [version_id])
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


def _next_id() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('curation_datasetversion', 'id'))")
        (value,) = cursor.fetchone()
    return int(value)


def _why_empty(pool: Pool, funnel: Funnel) -> str:
    if not len(pool):
        return "There is nothing to freeze: the project has no pairs outside gold prompts. Build pairs first."
    last = next(step for step in reversed(funnel.report) if step["dropped"])
    reasons = ", ".join(f"{reason} ({n})" for reason, n in last["reasons"].items())
    return (
        f"There is nothing to freeze: none of the {len(pool)} pairs is left after “{last['label']}”: "
        f"{reasons}. "
        "Loosen that step, or judge more pairs."
    )
