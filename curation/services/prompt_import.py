"""Bring a file of prompts or preferences into a project: keep it, queue the work, do it, recover it."""

from __future__ import annotations

import gc
import hashlib
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from io import BufferedIOBase
from pathlib import Path
from time import monotonic
from typing import Any, cast

from django.conf import settings
from django.core.files.base import File
from django.db import DatabaseError, transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from curation.errors import CurationError
from curation.importers.datasets.column_guess import guess_columns
from curation.importers.datasets.columns import COLUMNS, ColumnMapping
from curation.importers.datasets.record import DatasetFormat
from curation.importers.datasets.registry import FORMATS, recognise
from curation.importers.guess import columns_of
from curation.importers.lines import too_large
from curation.importers.rows import FileRow, Position, RowReader, open_reader
from curation.importers.sniff import sniff_format
from curation.models import Project, PromptImport, User
from curation.read_ahead import ahead
from curation.services.preference_parse import Entry, ParsedPreference, ReadOptions, preference_entries
from curation.services.prompt_land import Batch, ImportTakenOverError, batch_land
from curation.services.prompt_parse import MAX_CHARS, FieldMapping, ParsedPrompt, RowError, prompt_parse

logger = logging.getLogger(__name__)

State = PromptImport.State
BATCH_ROWS = 5000
BATCH_BYTES = 8 * 2**20
BATCH_SECONDS = 2.0
GC_OBJECTS = 200_000
SWITCH_SECONDS = 0.0005
SAMPLE_ROWS = 50
MAX_ATTEMPTS = 5
UNEXPECTED = (
    "An unexpected error stopped the import; what was read so far has landed, and the operator finds the "
    "details in the log. “Try again” continues where it stopped."
)
GIVEN_UP = (
    f"The worker was lost {MAX_ATTEMPTS} times while it read this file. What was read so far has landed; "
    "ask the operator to look at the worker's log, then try again."
)
Progress = Callable[[PromptImport], None]
PromptEntry = tuple[list[FileRow], ParsedPrompt | str]


@dataclass(frozen=True)
class SampleRow:
    """A row at the head of a file: the prompt it would become, or why it would not."""

    line: int
    record: dict[str, Any] | None
    problem: str


def import_create(*, project: Project, user: User | None, upload: File[Any]) -> PromptImport:
    """Keep an uploaded file as a draft. Raises CurationError for a file that cannot be imported at all."""
    name = Path(upload.name or "upload").name
    if upload.size > settings.IMPORT_MAX_BYTES:
        raise CurationError(too_large(settings.IMPORT_MAX_BYTES))
    file_format = sniff_format(cast(BufferedIOBase, upload.file), name)
    upload.seek(0)
    digest = hashlib.sha256()
    for chunk in upload.chunks():
        digest.update(chunk)
    upload.seek(0)
    return PromptImport.objects.create(
        project=project,
        created_by=user,
        file=upload,
        file_name=name[-255:],
        file_bytes=upload.size,
        file_sha256=digest.hexdigest(),
        format=file_format,
    )


def import_head(prompt_import: PromptImport) -> list[FileRow]:
    """The first rows of the file, readable or not."""
    with closing(_reader(prompt_import)) as reader:
        return [row for row, _ in zip(reader.rows(Position()), range(SAMPLE_ROWS), strict=False)]


def import_sample(rows: list[FileRow], mapping: FieldMapping) -> list[SampleRow]:
    """What these rows would become under a mapping."""
    parsed = [(row.line, _parse(row, mapping)) for row in rows]
    return [
        SampleRow(line, None, result) if isinstance(result, str) else SampleRow(line, result.record, "")
        for line, result in parsed
    ]


def import_recognise(prompt_import: PromptImport) -> DatasetFormat | None:
    """The preference format that the first rows are in, if any."""
    return recognise(_values(import_head(prompt_import)))


def default_options(
    prompt_import: PromptImport,
    entry: DatasetFormat,
    *,
    split: str | None = None,
    licence: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> ReadOptions:
    """The format's split and licence unless others are named; the file's name as the last source. Where a
    person chooses the columns: those named, and a guess of the others; where none is named, those of the
    last such import if this file has them all."""
    source = prompt_import.file_name[: MAX_CHARS["source"]]
    return ReadOptions(
        split=split or entry.split,
        source=source,
        licence=entry.licence if licence is None else licence,
        columns=_likely_columns(prompt_import, columns or {}) if entry is COLUMNS else columns or {},
    )


def import_columns(prompt_import: PromptImport) -> list[str]:
    """The columns that the first rows name."""
    return columns_of(_values(import_head(prompt_import)))


def _likely_columns(prompt_import: PromptImport, named: Mapping[str, str]) -> dict[str, str]:
    rows = _values(import_head(prompt_import))
    last = PromptImport.objects.filter(project=prompt_import.project_id, dataset=COLUMNS.name).first()
    if last is not None and not named:
        mapping: dict[str, str] = last.mapping["columns"]
        if set(ColumnMapping.of(mapping).columns.values()) <= set(columns_of(rows)):
            return mapping
    return guess_columns(rows, named)


def _values(rows: list[FileRow]) -> list[dict[str, Any]]:
    return [row.value for row in rows if row.value is not None]


def import_start(*, prompt_import: PromptImport, mapping: FieldMapping, send: bool = True) -> None:
    """Queue a draft with its mapping. `send=False` leaves the work to the caller's own `import_run`."""
    if not mapping.prompt:
        raise CurationError("Choose the column that holds the prompt.")
    _queue(prompt_import, "", asdict(mapping), send)


def preferences_start(
    *, prompt_import: PromptImport, dataset: str, options: ReadOptions, send: bool = True
) -> None:
    """Queue a draft as preferences in the format of this name."""
    if dataset not in FORMATS:
        raise CurationError(f"There is no preference format “{dataset}”; known are {', '.join(FORMATS)}.")
    if options.columns or dataset == COLUMNS.name:
        _check_columns(prompt_import, dataset, options)
    _queue(prompt_import, dataset, asdict(options), send)


def _check_columns(prompt_import: PromptImport, dataset: str, options: ReadOptions) -> None:
    if dataset != COLUMNS.name:
        raise CurationError(
            f"Only the format “{COLUMNS.name}” lets you choose columns; “{dataset}” knows its own."
        )
    named = ColumnMapping.of(options.columns).columns.values()
    if prompt_import.state != State.DRAFT:
        return
    there = import_columns(prompt_import)
    missing = [column for column in named if column not in there]
    if missing:
        raise CurationError(f"The first rows have no column “{missing[0]}”; they have {', '.join(there)}.")


def _queue(prompt_import: PromptImport, dataset: str, mapping: dict[str, Any], send: bool) -> None:
    with transaction.atomic():
        queued = PromptImport.objects.filter(pk=prompt_import.pk, state=State.DRAFT).update(
            state=State.QUEUED, dataset=dataset, mapping=mapping, heartbeat_at=timezone.now()
        )
        if not queued:
            raise CurationError("This import was started already. Reload the page to see how far it is.")
        if send:
            _send_on_commit(prompt_import.pk)


def import_restart(*, prompt_import: PromptImport) -> None:
    """Queue a failed import again: it continues after the last batch that landed."""
    now = timezone.now()
    with transaction.atomic():
        queued = (
            PromptImport.objects.filter(pk=prompt_import.pk, state=State.FAILED)
            .exclude(file="")
            .update(
                state=State.QUEUED,
                attempts_allowed=F("attempt") + MAX_ATTEMPTS,
                # The pause between failure and restart is no part of how long the import takes.
                started_at=now - (F("finished_at") - F("started_at")),
                heartbeat_at=now,
                finished_at=None,
                error="",
            )
        )
        if not queued:
            raise CurationError(
                "Only a failed import whose file is still here can be tried again; this one is queued "
                "already, has ended, or was discarded."
            )
        _send_on_commit(prompt_import.pk)


def import_discard(*, prompt_import: PromptImport) -> None:
    """Delete the stored file of a draft, which then goes, or of a failed import, whose report stays."""
    with transaction.atomic():
        # Locked, so that a start or restart in another tab comes wholly before or finds nothing.
        found = PromptImport.objects.select_for_update().filter(pk=prompt_import.pk).first()
        if found is None:
            return
        if not found.can_discard:
            raise CurationError(
                "Only a draft, or a failed import whose file is still here, can be discarded."
            )
        stored, name = found.file.storage, str(found.file.name)
        if found.state == State.DRAFT:
            found.delete()
        else:
            PromptImport.objects.filter(pk=found.pk).update(file="")
        transaction.on_commit(lambda: stored.delete(name), robust=True)


def import_run(*, import_id: int, on_progress: Progress | None = None) -> None:
    """Read the file from where the last worker stopped to its end. Does nothing if another worker has it."""
    prompt_import = _claim(import_id)
    if prompt_import is None:
        return
    try:
        _read_to_end(prompt_import, on_progress)
    except ImportTakenOverError as error:
        logger.warning("stopped: %s was taken over", error)
    except CurationError as error:
        _finish(prompt_import, State.FAILED, str(error))
    except DatabaseError:
        # Left running: `imports_recover` sends it again once the database answers.
        raise
    except Exception:  # process boundary: the row must not stay "running" for ever
        logger.exception("import %s failed", import_id)
        _finish(prompt_import, State.FAILED, UNEXPECTED)
    else:
        _finish(prompt_import, State.DONE)


def imports_recover() -> None:
    """Queue again what a lost worker left running, and send again what the broker lost."""
    lost = timezone.now() - timedelta(seconds=settings.JOB_LOST_AFTER_SECONDS)
    running = PromptImport.objects.filter(state=State.RUNNING, heartbeat_at__lt=lost)
    running.filter(attempt__gte=F("attempts_allowed")).update(
        state=State.FAILED, error=GIVEN_UP, finished_at=timezone.now()
    )
    running.update(state=State.QUEUED)
    queued = PromptImport.objects.filter(state=State.QUEUED, heartbeat_at__lt=lost)
    for import_id in queued.values_list("pk", flat=True):
        if queued.filter(pk=import_id).update(heartbeat_at=timezone.now()):
            _send(import_id)


def _send_on_commit(import_id: int) -> None:
    # robust: with the broker down the import waits as queued, and recovery sends it.
    transaction.on_commit(lambda: _send(import_id), robust=True)


def _send(import_id: int) -> None:
    from curation import tasks  # tasks call this module

    tasks.import_run.delay(import_id)


def _claim(import_id: int) -> PromptImport | None:
    """Make the import this worker's; None when it is not queued. `attempt` tells the owners apart."""
    claimed = PromptImport.objects.filter(pk=import_id, state=State.QUEUED).update(
        state=State.RUNNING,
        attempt=F("attempt") + 1,
        heartbeat_at=Now(),
        started_at=Coalesce(F("started_at"), Now()),
    )
    return PromptImport.objects.select_related("project").get(pk=import_id) if claimed else None


def _finish(prompt_import: PromptImport, state: str, error: str = "") -> None:
    owned = PromptImport.objects.filter(
        pk=prompt_import.pk, state=State.RUNNING, attempt=prompt_import.attempt
    )
    done = {"bytes_read": F("file_bytes")} if state == State.DONE else {}
    owned.update(state=state, error=error, finished_at=timezone.now(), **done)


def _reader(prompt_import: PromptImport) -> RowReader:
    return open_reader(Path(prompt_import.file.path), prompt_import.format, settings.IMPORT_MAX_BYTES)


def _read_to_end(prompt_import: PromptImport, on_progress: Progress | None) -> None:
    """Batches are parsed by one thread while the one before lands, which is PostgreSQL's work above all."""
    with (
        _python_for_batches(),
        closing(_reader(prompt_import)) as reader,
        closing(ahead(_batches(reader, prompt_import))) as batches,
    ):
        for batch, bytes_read in batches:
            batch_land(prompt_import=prompt_import, batch=batch, bytes_read=bytes_read)
            prompt_import.refresh_from_db()
            if on_progress is not None:
                on_progress(prompt_import)


@contextmanager
def _python_for_batches() -> Iterator[None]:
    """Fewer searches for cycles, which would look at every row several times, a third of the time here, and
    find none; and quicker turns, so that PostgreSQL does not wait for a thread that waits for the other."""
    threshold, turn = gc.get_threshold(), sys.getswitchinterval()
    gc.set_threshold(GC_OBJECTS, *threshold[1:])
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        yield
    finally:
        gc.set_threshold(*threshold)
        sys.setswitchinterval(turn)


def _entries(rows: Iterator[FileRow], prompt_import: PromptImport) -> Iterator[Entry | PromptEntry]:
    if prompt_import.dataset:
        entry, options = FORMATS[prompt_import.dataset], ReadOptions(**prompt_import.mapping)
        yield from preference_entries(rows, entry, options)
        return
    mapping = FieldMapping(**prompt_import.mapping)
    for row in rows:
        yield [row], _parse(row, mapping)


def _batches(reader: RowReader, prompt_import: PromptImport) -> Iterator[tuple[Batch, int]]:
    """Rows in batches that are small in number, bytes and time, and how far into the stored file each ends.
    Good rows before damage still come."""
    start = Position(prompt_import.resume_offset, prompt_import.resume_line)
    batch, began = Batch(start), monotonic()
    try:
        for rows, said in _entries(reader.rows(start), prompt_import):
            _add(batch, rows, said)
            if _is_full(batch) or monotonic() - began > BATCH_SECONDS:
                yield batch, reader.bytes_read()
                batch, began = Batch(batch.start), monotonic()
    except CurationError:
        if batch.n_rows:
            yield batch, reader.bytes_read()
        raise
    if batch.n_rows:
        yield batch, reader.bytes_read()


def _is_full(batch: Batch) -> bool:
    return batch.n_rows >= BATCH_ROWS or batch.n_bytes >= BATCH_BYTES


def _add(batch: Batch, rows: list[FileRow], said: ParsedPrompt | list[ParsedPreference] | str) -> None:
    if isinstance(said, ParsedPrompt):
        batch.add_prompt(rows[0], said)
    elif isinstance(said, str):
        batch.add_issue(rows[0], said, rows[0].excerpt or str(rows[0].value))
    else:
        batch.add_preferences(rows, said)


def _parse(row: FileRow, mapping: FieldMapping) -> ParsedPrompt | str:
    """The prompt, or the reason why there is none."""
    if row.value is None:
        return row.problem
    try:
        return prompt_parse(row.value, mapping)
    except RowError as error:
        return str(error)
