"""Files imported as preferences, and public files, for the tests that read them where they are."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from config.settings.env import BASE_DIR
from curation.importers.datasets.registry import FORMATS
from curation.models import Project, PromptImport
from curation.services import prompt_import as service

DATA = BASE_DIR.parent / "shared" / "data"


def jsonl(rows: Iterable[Any]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def started(content: bytes, dataset: str, project: Project, name: str = "data.jsonl") -> PromptImport:
    draft = service.import_create(project=project, user=None, upload=SimpleUploadedFile(name, content))
    options = service.default_options(draft, FORMATS[dataset])
    service.preferences_start(prompt_import=draft, dataset=dataset, options=options, send=False)
    return draft


def run(content: bytes, dataset: str, project: Project, name: str = "data.jsonl") -> PromptImport:
    draft = started(content, dataset, project, name)
    service.import_run(import_id=draft.pk)
    draft.refresh_from_db()
    return draft


def rows_of(done: PromptImport) -> tuple[int, int, int]:
    return done.rows_created, done.rows_duplicate, done.rows_failed


def public(*parts: str) -> Path:
    path = DATA.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"{'/'.join(parts)} is not beside this checkout")
    return path


def json_rows(path: Path) -> list[dict[str, Any]]:
    content = path.read_bytes()
    text = gzip.decompress(content) if path.suffix == ".gz" else content
    return [json.loads(line) for line in text.splitlines()]
