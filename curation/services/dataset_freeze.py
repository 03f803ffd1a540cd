"""Freeze what a recipe keeps into a dataset version that never changes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from django.db import connection, transaction
from django.db.models import Max

from curation.algorithms.fingerprints import canonical_json
from curation.bulk import copy_in
from curation.dataset_card import dataset_card
from curation.errors import CurationError
from curation.models import DatasetRow, DatasetVersion, FilterRecipe, Pair, Project, User
from curation.recipes.funnel import Funnel
from curation.recipes.pool import Pool
from curation.services.consensus_build import consensus_build
from curation.services.recipe_run import recipe_apply


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
    copy_in("curation_datasetrow", ROW_COLUMNS, _rows(version_id, pool, funnel))
    copy_in("curation_droppedpair", DROP_COLUMNS, _drops(version_id, funnel))
    last = DatasetVersion.objects.filter(project=project).aggregate(last=Max("number"))["last"] or 0
    return DatasetVersion.objects.create(
        pk=version_id,
        project=project,
        number=last + 1,
        recipe=recipe,
        content_hash=content_hash(version_id),
        n_rows=len(funnel.kept),
        n_dropped=len(funnel.drops),
        funnel=funnel.report,
        card=dataset_card(
            version_id=version_id, recipe=recipe, method=pool.method, producers=pool.producers.values()
        ),
        note=note,
        created_by=user,
    )


def content_hash(version_id: int) -> str:
    """sha256 of the rows in order, one canonical JSON line each. No database id goes in, so the same data
    has the same hash everywhere."""
    digest = hashlib.sha256()
    rows = DatasetRow.objects.filter(version_id=version_id).order_by("position")
    for messages, chosen, rejected, margin, weight, soft_label, split in rows.values_list(
        "pair__prompt__messages", "chosen__text", "rejected__text", "margin", "weight", "soft_label", "split"
    ).iterator():
        row = {
            "prompt": messages,
            "chosen": chosen,
            "rejected": rejected,
            "margin": margin,
            "weight": weight,
            "soft_label": soft_label,
            "split": split,
        }
        digest.update(canonical_json(row).encode("utf-8") + b"\n")
    return digest.hexdigest()


ROW_COLUMNS = [
    "version_id", "position", "pair_id", "chosen_id", "rejected_id",
    "margin", "weight", "soft_label", "split",
]  # fmt: skip
DROP_COLUMNS = ["version_id", "pair_id", "step_index", "step", "reason"]


def _rows(version_id: int, pool: Pool, funnel: Funnel) -> list[tuple[Any, ...]]:
    """In order of prompt fingerprint, then text hashes: the same on every machine, whatever the ids."""
    found = pool.consensus(pool.method)
    texts = _responses(pool.project)
    keyed = []
    for at in funnel.kept.tolist():
        pair = int(pool.pair_ids[at])
        fingerprint, a, hash_a, b, hash_b = texts[pair]
        probability, margin = float(found.probability[at]), float(found.margin[at])
        if found.winner[at] > 0:
            key = (fingerprint, hash_a, hash_b, margin, probability)
            keyed.append((key, pair, a, b, margin, probability, pool.splits[at]))
        else:
            key = (fingerprint, hash_b, hash_a, margin, 1 - probability)
            keyed.append((key, pair, b, a, margin, 1 - probability, pool.splits[at]))
    keyed.sort()
    return [
        (version_id, position, pair, chosen, rejected, margin, 1.0, soft_label, split)
        for position, (_, pair, chosen, rejected, margin, soft_label, split) in enumerate(keyed)
    ]


def _responses(project: Project) -> dict[int, tuple[str, int, str, int, str]]:
    rows = Pair.objects.for_project(project).values_list(
        "id", "prompt__fingerprint", "response_a_id", "response_a__text_hash", "response_b_id",
        "response_b__text_hash",
    )  # fmt: skip
    return {pair: tuple(rest) for pair, *rest in rows}


def _drops(version_id: int, funnel: Funnel) -> Iterator[tuple[Any, ...]]:
    for drop in funnel.drops:
        yield version_id, drop.pair_id, drop.step_index, drop.step, drop.reason


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
