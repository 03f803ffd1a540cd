"""Write a dataset version to a file for a trainer."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet, Value
from django.db.models.functions import Coalesce, Collate

from curation.bias.known import known_biases
from curation.errors import CurationError
from curation.exporters import EXPORTERS, Exporter
from curation.exporters.base import About, Dropped, TrainingRow, Written
from curation.importers.datasets.record import PEOPLE
from curation.models import DatasetRow, DatasetVersion, Export, ExportBuild, User
from curation.read_ahead import rows_ahead
from curation.services.export_origins import with_origins
from curation.services.export_tokens import Limit, limited, tokens_check, with_tokens

SPLITS = ("train", "eval", "all")


def export_write(
    *,
    version: DatasetVersion,
    format: str,  # noqa: A002 -- the field's name
    split: str,
    user: User | None,
    limit: Limit | None = None,
) -> Export:
    """The export of these rows in this format. A second call returns the same file, rebuilt if it is gone.

    With a limit, what the format's reader would drop or cut to nothing at that length is left out too. The
    file appears under its name only when it is complete.
    """
    exporter = exporter_of(format, split, limit)
    asked = {
        "format": format,
        "split": split,
        "tokens": limit and limit.counted_by,
        "max_length": limit and limit.max_length,
    }
    existing = version.exports.filter(**asked).first()
    if existing is not None and Path(existing.path).is_file():
        return existing
    path = export_path(version, exporter, split, limit)
    fields = _write_file(version, exporter, split, limit, path)
    export, _ = Export.objects.update_or_create(
        version=version,
        **asked,
        defaults=fields,
        create_defaults={**fields, "created_by": user},
    )
    return export


def exporter_of(name: str, split: str, limit: Limit | None) -> Exporter:
    """The format, with its reader's length rules where there is a limit. Raises CurationError for what there
    is not."""
    if name not in EXPORTERS or split not in SPLITS:
        raise CurationError(
            f"There is no export “{name}” of split “{split}”. Formats: {', '.join(EXPORTERS)}; "
            f"splits: {', '.join(SPLITS)}."
        )
    return EXPORTERS[name] if limit is None else limited(EXPORTERS[name], limit)


def export_again(export: Export, user: User | None) -> Export:
    """The export with its file, written anew if it was cleaned away: its bytes follow from the version."""
    return export_write(**asked_for(export), user=user)


def asked_for(of: Export | ExportBuild) -> dict[str, Any]:
    """What `export_write` was, or is to be, called with, but for the user."""
    limit = None
    if of.tokens is not None and of.max_length is not None:
        limit = Limit(of.tokens, of.max_length)
    return {"version": of.version, "format": of.format, "split": of.split, "limit": limit}


def export_path(version: DatasetVersion, exporter: Exporter, split: str, limit: Limit | None = None) -> Path:
    folder = Path(settings.EXPORTS_ROOT) / version.project.slug / f"v{version.number}"
    cut = f"-{limit.max_length}-of-{limit.counted_by.pk}" if limit else ""
    return folder / f"{exporter.name}-{split}{cut}.{exporter.suffix}"


def _write_file(
    version: DatasetVersion, exporter: Exporter, split: str, limit: Limit | None, path: Path
) -> dict[str, Any]:
    """Write beside `path` and move into place; returns the file's fields of `Export`."""
    if limit is not None:
        tokens_check(_rows_of_split(version, split), limit)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    os.close(handle)
    part = Path(name)
    try:
        with transaction.atomic():
            rows = training_rows(version, split, by_prompt=exporter.by_prompt)
            if exporter.needs_origin:
                rows = with_origins(version, rows)
            if limit is not None:
                rows = with_tokens(limit, rows)
            max_length = None if limit is None else limit.max_length
            written = exporter.write(rows, part, about(version, split, max_length))
        if not written.n_rows:
            raise CurationError(_why_empty(version, split, written))
        with part.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        n_bytes = part.stat().st_size
        part.chmod(0o644)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    if other := _rows_of_other_splits(version, split):
        written.left_out["split not asked for"] = other * exporter.rows_per_pair
    return {
        "path": str(path),
        "sha256": sha256,
        "n_bytes": n_bytes,
        "n_rows": written.n_rows,
        "left_out": written.left_out,
    }


def about(version: DatasetVersion, split: str, max_length: int | None = None) -> About:
    return About(
        project=version.project.slug,
        title=version.project.name,
        number=version.number,
        split=split,
        card=version.card,
        content_hash=version.content_hash,
        dropped=dropped_before(version),
        max_length=max_length,
        biases=lambda: _biases(version),
    )


def _biases(version: DatasetVersion) -> list[dict[str, Any]]:
    """Not as some report has them: a file must not depend on when a report was computed."""
    from curation.bias.report import frozen_findings  # the web process needs no scipy

    return known_biases(frozen_findings(version))


def dropped_before(version: DatasetVersion) -> tuple[Dropped, ...]:
    """The pairs that are in no export of the version, in the order of the recipe's steps."""
    found = [
        Dropped(step["label"], reason, n)
        for step in version.funnel
        for reason, n in step.get("reasons", {}).items()
    ]
    gold = version.card.get("gold_pairs_left_out", 0)
    return (*([Dropped("Before the recipe", "gold prompt", gold)] if gold else []), *found)


# In the order of `TrainingRow`'s fields.
FIELDS = (
    "pair__prompt__messages", "chosen__text", "rejected__text", "soft_label", "margin", "weight", "split",
    "position", "pair_id", "pair__prompt__fingerprint", "pair__prompt__category", "pair__prompt__source",
    "pair__prompt__licence", Coalesce("chosen__sampler__model_name", Value(PEOPLE)),
    Coalesce("rejected__sampler__model_name", Value(PEOPLE)), "block",
)  # fmt: skip


# A version's order but for the blocks of a curriculum, which come before the prompt there.
BY_PROMPT = (Collate("pair__prompt__fingerprint", "C"), "position")


def training_rows(version: DatasetVersion, split: str, *, by_prompt: bool = False) -> Iterator[TrainingRow]:
    """The version's rows in order, streamed through a server-side cursor; with `by_prompt` those of a prompt
    together, whatever their blocks. Call inside a transaction."""
    order = BY_PROMPT if by_prompt and _has_blocks(version) else ("position",)
    for values in rows_ahead(_rows_of_split(version, split).order_by(*order).values_list(*FIELDS)):
        yield TrainingRow(*values)


def _has_blocks(version: DatasetVersion) -> bool:
    """Whether it has a curriculum: rows stand by block, so the last one's is the highest."""
    return bool(version.rows.order_by("-position").values_list("block", flat=True).first())


def first_rows(version: DatasetVersion, n: int, *, origins: bool = False) -> list[TrainingRow]:
    values = _rows_of_split(version, "all").order_by("position").values_list(*FIELDS)
    rows = [TrainingRow(*row) for row in values[:n]]
    return list(with_origins(version, rows)) if origins else rows


def _rows_of_split(version: DatasetVersion, split: str) -> QuerySet[DatasetRow]:
    rows = DatasetRow.objects.filter(version=version)
    return rows if split == "all" else rows.filter(split=split)


def _rows_of_other_splits(version: DatasetVersion, split: str) -> int:
    return version.n_rows - _rows_of_split(version, split).count()


def _why_empty(version: DatasetVersion, split: str, written: Written) -> str:
    reasons = ", ".join(f"{reason} ({n})" for reason, n in written.left_out.items())
    return (
        f"Dataset {version} has no rows to export in split “{split}”"
        + (f": {reasons}. " if reasons else ". ")
        + "Choose another split, or freeze a version that has such rows."
    )
