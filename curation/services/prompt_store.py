"""Put prompts into a project, each once, whatever brings them."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

# Concurrent imports of one project would lock the same new fingerprints in different orders and deadlock,
# and number the same responses.
LOCK = "SELECT pg_advisory_xact_lock(hashtext('curation.prompt_land'), %s)"
STORE = """
INSERT INTO curation_prompt
    (project_id, prompt_import_id, created_at,
     messages, fingerprint, category, tags, source, split, language, licence, metadata)
SELECT %s, %s, now(), row.*
FROM json_to_recordset(%s::json) AS row(
    messages jsonb, fingerprint text, category text, tags text[], source text,
    split text, language text, licence text, metadata jsonb
)
ON CONFLICT (project_id, fingerprint) DO NOTHING
RETURNING id
"""


def imports_lock(*, project_id: int) -> None:
    """One import of a project at a time, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [project_id % 2**31])


def prompts_store(*, project_id: int, import_id: int | None, prompts: Sequence[str]) -> list[int]:
    """Store the JSON texts of `ParsedPrompt`s; the ids of those that are new. Call under `imports_lock`."""
    with connection.cursor() as cursor:
        cursor.execute(STORE, [project_id, import_id, f"[{','.join(prompts)}]"])
        return [pk for (pk,) in cursor.fetchall()]
