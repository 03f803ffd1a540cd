"""Put prompts into a project, each once, whatever brings them."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter

from django.db import connection
from django.utils import timezone

from curation.bulk import copy_in, next_ids
from curation.services.prompt_parse import ParsedPrompt

# Concurrent imports of one project would lock the same new fingerprints in different orders and deadlock,
# and number the same responses.
LOCK = "SELECT pg_advisory_xact_lock(hashtext('curation.prompt_land'), %s)"
KNOWN = """
SELECT fingerprint, id FROM curation_prompt
WHERE project_id = %s AND fingerprint = ANY(string_to_array(%s, ','))
"""
LABELS = ("category", "source", "split", "language", "licence")
COLUMNS = (
    "id", "project_id", "prompt_import_id", "created_at", "fingerprint", "messages", "metadata", "tags",
    *LABELS,
)  # fmt: skip


def imports_lock(*, project_id: int) -> None:
    """One import of a project at a time, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [project_id % 2**31])


def prompts_store(
    *, project_id: int, import_id: int | None, prompts: Sequence[ParsedPrompt]
) -> tuple[dict[str, int], set[int]]:
    """Store the prompts that are not here yet: the id of each fingerprint, and which are new.

    Call under `imports_lock`: nothing else makes prompts.
    """
    missing: dict[str, ParsedPrompt] = {}
    for prompt in prompts:
        missing.setdefault(prompt.record["fingerprint"], prompt)
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, [project_id, ",".join(missing)])
        ids: dict[str, int] = dict(cursor.fetchall())
    for fingerprint in ids:
        del missing[fingerprint]
    made = dict(zip(missing, next_ids("curation_prompt", len(missing)), strict=True))
    head = project_id, import_id, timezone.now().isoformat()
    labels = itemgetter(*LABELS)
    rows = (
        (
            pk, *head, fingerprint, prompt.messages, prompt.metadata, prompt.record["tags"] or "{}",
            *labels(prompt.record),
        )
        for (fingerprint, pk), prompt in zip(made.items(), missing.values(), strict=True)
    )  # fmt: skip
    copy_in("curation_prompt", COLUMNS, rows)
    return ids | made, set(made.values())
