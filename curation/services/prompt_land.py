"""Store one batch of an import: prompts, issues and the place to resume, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from curation.importers.rows import FileRow, Position
from curation.models import ImportIssue, PromptImport

MAX_ISSUES = 10_000
MAX_REASON = 300
MAX_EXCERPT = 300

# Concurrent imports of one project would lock the same new fingerprints in different orders and deadlock.
LOCK = "SELECT pg_advisory_xact_lock(hashtext('curation.prompt_land'), %s)"
LAND = """
INSERT INTO curation_prompt
    (project_id, prompt_import_id, created_at,
     messages, fingerprint, category, tags, source, split, language, licence, metadata)
SELECT %s, %s, now(), row.*
FROM json_to_recordset(%s::json) AS row(
    messages jsonb, fingerprint text, category text, tags text[], source text,
    split text, language text, licence text, metadata jsonb
)
ON CONFLICT (project_id, fingerprint) DO NOTHING
"""


class ImportTakenOverError(Exception):
    """Another worker owns the import by now; this one must stop without a trace."""


@dataclass
class Batch:
    """Rows read since the last commit. `prompts` are the JSON texts of `ParsedPrompt`s."""

    start: Position
    prompts: list[str] = field(default_factory=list)
    issues: list[tuple[int, str, str]] = field(default_factory=list)
    n_failed: int = 0
    n_bytes: int = 0

    @property
    def n_rows(self) -> int:
        return len(self.prompts) + self.n_failed

    def add_prompt(self, row: FileRow, json_text: str) -> None:
        self.prompts.append(json_text)
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
        cursor.execute(LOCK, [prompt_import.project_id % 2**31])
        cursor.execute(LAND, [prompt_import.project_id, prompt_import.pk, f"[{','.join(batch.prompts)}]"])
        created = cursor.rowcount
    _issues_store(prompt_import, batch)
    _advance(prompt_import, batch, created, bytes_read)


def _issues_store(prompt_import: PromptImport, batch: Batch) -> None:
    room = MAX_ISSUES - prompt_import.rows_failed
    issues = [
        ImportIssue(prompt_import=prompt_import, line=line, reason=reason, excerpt=_storable(excerpt))
        for line, reason, excerpt in batch.issues[: max(room, 0)]
    ]
    ImportIssue.objects.bulk_create(issues, ignore_conflicts=True)


def _advance(prompt_import: PromptImport, batch: Batch, created: int, bytes_read: int) -> None:
    owned = PromptImport.objects.filter(
        pk=prompt_import.pk, state=PromptImport.State.RUNNING, attempt=prompt_import.attempt
    )
    advanced = owned.update(
        bytes_read=bytes_read,
        resume_offset=batch.start.offset,
        resume_line=batch.start.line,
        rows_read=F("rows_read") + batch.n_rows,
        rows_created=F("rows_created") + created,
        rows_duplicate=F("rows_duplicate") + len(batch.prompts) - created,
        rows_failed=F("rows_failed") + batch.n_failed,
        heartbeat_at=timezone.now(),
    )
    if not advanced:
        raise ImportTakenOverError(f"import {prompt_import.pk}, attempt {prompt_import.attempt}")


def _storable(text: str) -> str:
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
