"""Store one batch of an import: what it brings, issues and the place to resume, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from curation.importers.rows import FileRow, Position
from curation.models import ImportIssue, PromptImport
from curation.services.preference_land import preferences_land
from curation.services.preference_parse import ParsedPreference
from curation.services.prompt_parse import ParsedPrompt
from curation.services.prompt_store import imports_lock, prompts_store

MAX_ISSUES = 10_000
MAX_REASON = 300
MAX_EXCERPT = 300


class ImportTakenOverError(Exception):
    """Another worker owns the import by now; this one must stop without a trace."""


@dataclass
class Batch:
    """Rows read since the last commit: `preferences` are what a number of rows says together. `n_good` counts
    the rows of both kinds."""

    start: Position
    prompts: list[ParsedPrompt] = field(default_factory=list)
    preferences: list[tuple[list[ParsedPreference], int]] = field(default_factory=list)
    n_good: int = 0
    issues: list[tuple[int, str, str]] = field(default_factory=list)
    n_failed: int = 0
    n_bytes: int = 0

    @property
    def n_rows(self) -> int:
        return self.n_good + self.n_failed

    def add_prompt(self, row: FileRow, prompt: ParsedPrompt) -> None:
        self.prompts.append(prompt)
        self.n_good += 1
        self._pass(row)

    def add_preferences(self, rows: list[FileRow], said: list[ParsedPreference]) -> None:
        self.preferences.append((said, len(rows)))
        self.n_good += len(rows)
        for row in rows:
            self._pass(row)

    def add_issue(self, row: FileRow, reason: str, excerpt: str) -> None:
        self.n_failed += 1
        self.issues.append((row.line, reason[:MAX_REASON], excerpt[:MAX_EXCERPT]))
        self._pass(row)

    def _pass(self, row: FileRow) -> None:
        self.n_bytes += row.size
        self.start = row.after


@transaction.atomic
def batch_land(*, prompt_import: PromptImport, batch: Batch, bytes_read: int) -> None:
    """Store the batch and advance the import past it, or do neither.

    The import is advanced only while this worker's attempt still owns it; otherwise ImportTakenOverError.
    """
    with connection.cursor() as cursor:
        # A database that crashes now may lose the last batches, but each with the place to resume.
        cursor.execute("SET LOCAL synchronous_commit TO off")
    imports_lock(project_id=prompt_import.project_id)
    landed = dict(prompt_import.landed)
    if batch.preferences:
        created = _preferences_store(prompt_import, batch, landed)
    else:
        _, stored = prompts_store(
            project_id=prompt_import.project_id, import_id=prompt_import.pk, prompts=batch.prompts
        )
        created = len(stored)
    _issues_store(prompt_import, batch)
    _advance(prompt_import, batch, created, landed, bytes_read)


def _preferences_store(prompt_import: PromptImport, batch: Batch, landed: dict[str, int]) -> int:
    """How many rows brought something new; what they brought is added to `landed`."""
    counts = preferences_land(
        project=prompt_import.project,
        preferences=[preference for said, _ in batch.preferences for preference in said],
        prompt_import=prompt_import,
    )
    for name, number in counts.landed.items():
        landed[name] = landed.get(name, 0) + number
    is_new = iter(counts.is_new)
    return sum(rows for said, rows in batch.preferences if any(tuple(islice(is_new, len(said)))))


def _issues_store(prompt_import: PromptImport, batch: Batch) -> None:
    room = MAX_ISSUES - prompt_import.rows_failed
    issues = [
        ImportIssue(prompt_import=prompt_import, line=line, reason=reason, excerpt=_storable(excerpt))
        for line, reason, excerpt in batch.issues[: max(room, 0)]
    ]
    ImportIssue.objects.bulk_create(issues, ignore_conflicts=True)


def _advance(
    prompt_import: PromptImport, batch: Batch, created: int, landed: dict[str, int], bytes_read: int
) -> None:
    owned = PromptImport.objects.filter(
        pk=prompt_import.pk, state=PromptImport.State.RUNNING, attempt=prompt_import.attempt
    )
    advanced = owned.update(
        bytes_read=bytes_read,
        resume_offset=batch.start.offset,
        resume_line=batch.start.line,
        rows_read=F("rows_read") + batch.n_rows,
        rows_created=F("rows_created") + created,
        rows_duplicate=F("rows_duplicate") + batch.n_good - created,
        rows_failed=F("rows_failed") + batch.n_failed,
        landed=landed,
        heartbeat_at=timezone.now(),
    )
    if not advanced:
        raise ImportTakenOverError(f"import {prompt_import.pk}, attempt {prompt_import.attempt}")


def _storable(text: str) -> str:
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
