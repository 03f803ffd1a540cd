"""import_create → import_start → import_run: what lands, what is reported, what survives a kill."""

from __future__ import annotations

import gzip
import io
import json
import random
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from curation.errors import CurationError
from curation.importers.rows import MAX_ROW_BYTES
from curation.models import ImportIssue, Project, Prompt, PromptImport
from curation.services import prompt_import as service
from curation.services.prompt_land import batch_land
from curation.services.prompt_parse import FieldMapping
from tests.factories import ProjectFactory

pytestmark = [
    pytest.mark.django_db,
    # Celery 5.7 warns of the `queue` option that the house decorator sets on every task.
    pytest.mark.filterwarnings("ignore:\\s*The 'queue' task attribute"),
]

PROMPT = FieldMapping(prompt="prompt")
MESSAGES = FieldMapping(prompt="messages", kind="messages")


def draft(content: bytes, name: str = "prompts.jsonl", project: Project | None = None) -> PromptImport:
    upload = SimpleUploadedFile(name, content)
    return service.import_create(project=project or ProjectFactory(), user=None, upload=upload)


def run(
    content: bytes,
    mapping: FieldMapping = PROMPT,
    name: str = "prompts.jsonl",
    project: Project | None = None,
) -> PromptImport:
    prompt_import = draft(content, name, project)
    service.import_start(prompt_import=prompt_import, mapping=mapping, send=False)
    service.import_run(import_id=prompt_import.pk)
    prompt_import.refresh_from_db()
    return prompt_import


def jsonl(*rows: Any) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def counts(prompt_import: PromptImport) -> tuple[int, int, int]:
    return prompt_import.rows_created, prompt_import.rows_duplicate, prompt_import.rows_failed


def reasons() -> dict[int, str]:
    return dict(ImportIssue.objects.values_list("line", "reason"))


def test_it_works() -> None:
    mapping = FieldMapping(prompt="prompt", category="topic", tags="tags", source="dataset", split="fold")
    row = {"prompt": "Why is the sky blue?", "topic": "science", "tags": "sky, colour", "id": 7}
    done = run(jsonl({**row, "dataset": "quiz", "fold": "test"}, {"prompt": "Hello"}), mapping)
    assert (done.state, counts(done), done.rows_read) == ("done", (2, 0, 0), 2)
    assert done.bytes_read == done.file_bytes
    assert len(done.file_sha256) == 64
    prompt = Prompt.objects.earliest("id")
    assert prompt.messages == [{"role": "user", "content": "Why is the sky blue?"}]
    assert (prompt.category, prompt.tags, prompt.source) == ("science", ["sky", "colour"], "quiz")
    assert (prompt.split, prompt.metadata) == ("eval", {"id": 7})


def test_duplicates_in_the_file_and_in_the_project_are_counted() -> None:
    project = ProjectFactory()
    run(jsonl({"prompt": "Hello"}), project=project)
    done = run(jsonl({"prompt": " Hello\n"}, {"prompt": "New"}, {"prompt": "New"}), project=project)
    assert counts(done) == (1, 2, 0)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"prompt": ', "Not valid JSON"),
        (b'["a"]', "not a JSON object"),
        (b'{"prompt": 7}', "a number, not a text"),
        (b'{"prompt": "  "}', "Turn 1 is empty"),
        (b'{"other": "x"}', "missing or empty"),
        (b'{"prompt": "a\\u0000b"}', "NUL"),
        (b'{"prompt": "ok", "note": {"deep": ["\\u0000"]}}', "NUL"),
        (b'{"prompt": "a\\ud800"}', "surrogate"),
        (b'{"prompt": "caf\xe9"}', "not valid UTF-8"),
        (b'{"prompt": "x", "n": NaN}', "NaN is not a JSON number"),
        (b'{"prompt": "x", "n": 1e999}', "cannot be stored"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"prompt": "' + b"x" * MAX_ROW_BYTES + b'"}', "longer than 4 MiB"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_row_is_reported_with_its_line_and_the_rest_lands(line: bytes, reason: str) -> None:
    content = b'{"prompt": "before"}\n\n' + line + b'\n{"prompt": "after"}'
    done = run(content)
    assert (done.state, counts(done)) == ("done", (2, 0, 1))
    assert list(reasons()) == [3]
    assert reason in reasons()[3]


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([], "not a list of turns"),
        ("hello", "not valid JSON"),
        (["hello"], "Turn 1 is a text"),
        ([{"role": "wizard", "content": "x"}], "unknown role 'wizard'"),
        ([{"role": ["user"], "content": "x"}], "unknown role"),
        ([{"role": "system", "content": "x"}], "no user turn"),
        ([{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}], "ends with assistant"),
        ([{"role": "user", "content": ""}], "Turn 1 is empty"),
        ([{"role": "user", "content": [{"type": "smell"}]}], "unknown type"),
        ([{"role": "user", "content": [{"type": ["text"]}]}], "unknown type"),
        ([{"role": "user", "content": 5}], "a number"),
    ],
)
def test_conversations_that_are_no_prompts(messages: Any, reason: str) -> None:
    done = run(jsonl({"messages": messages}), MESSAGES)
    assert counts(done) == (0, 0, 1)
    assert reason in reasons()[1] or not messages


def test_backslashes_that_spell_an_escape_are_text() -> None:
    assert counts(run(jsonl({"prompt": "What does \\u0000 mean?"}))) == (1, 0, 0)


def test_csv_with_quotes_newlines_bom_and_a_broken_row() -> None:
    content = (
        b'\xef\xbb\xbfprompt;topic\r\n"two\nlines; and ""more""";a\r\nonly one\r\n"broken"x;b\r\nlast;c\r\n'
    )
    done = run(content, FieldMapping(prompt="prompt", category="topic"), "data.csv")
    assert counts(done) == (2, 0, 2)
    assert [prompt.messages[0]["content"] for prompt in Prompt.objects.all()] == [
        'two\nlines; and "more"',
        "last",
    ]
    assert "1 fields; the header has 2" in reasons()[4]
    assert "Is a quote missing" in reasons()[5]


def test_csv_quote_that_never_closes_spoils_one_row_only() -> None:
    rows = b"".join(b"prompt %d,x\n" % number for number in range(50))
    done = run(b'prompt,topic\n"open,x\n' + rows, PROMPT, "data.csv")
    assert counts(done) == (50, 0, 1)


def test_csv_in_latin_1_is_reported_row_by_row() -> None:
    done = run("prompt\ncafé\nplain\n".encode("latin-1"), PROMPT, "data.csv")
    assert counts(done) == (1, 0, 1)
    assert "not valid UTF-8" in reasons()[2]


def parquet(table: dict[str, list[Any]], **options: Any) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(table), buffer, **options)
    return buffer.getvalue()


def test_parquet_with_messages_and_missing_values() -> None:
    turns = [[{"role": "user", "content": f"Question {n}", "name": None}] for n in range(5)]
    content = parquet({"messages": turns, "score": [0.5, float("nan"), None, 1.0, 2.0]}, row_group_size=2)
    done = run(content, MESSAGES, "data.parquet")
    assert counts(done) == (5, 0, 0)
    assert [prompt.metadata for prompt in Prompt.objects.all()[:2]] == [{"score": 0.5}, {}]


def test_gzip_is_read_and_a_cut_off_file_lands_what_is_whole() -> None:
    content = gzip.compress(jsonl(*({"prompt": f"{n} {random.Random(n).random()}"} for n in range(20_000))))
    assert counts(run(content, name="a.jsonl.gz")) == (20_000, 0, 0)
    cut = run(content[: len(content) // 2], name="b.jsonl.gz")
    assert cut.state == "failed"
    assert "cut off after line" in cut.error
    assert cut.rows_created == cut.rows_read > 1000


def test_a_gzip_bomb_stops_at_the_limit(settings: Any) -> None:
    settings.IMPORT_MAX_BYTES = 2**20
    bomb = run(gzip.compress(b'{"prompt": "a"}\n' + b"\n" * 2**22), name="bomb.jsonl.gz")
    assert bomb.state == "failed"
    assert "the limit of this server" in bomb.error


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", b"", "is empty"),
        ("a.jsonl", b"\xef\xbb\xbf \n", "is empty"),
        ("a.json", b'{\n"prompt": "x"}', "one JSON object spread over many lines"),
        ("a.csv", "prompt\nx".encode("utf-16"), "UTF-16"),
        ("a.csv", "prompt\nlonger text".encode("utf-16-le"), "UTF-16"),
        ("a.xlsx", b"PK\x03\x04zip", "spreadsheet"),
        ("a.bin", bytes(range(27)) * 9, "binary"),
        ("a.txt", b"hello", "of no known kind"),
        ("a.jsonl.gz", b"\x1f\x8bnothing", "gzip file is damaged"),
    ],
)
def test_files_that_cannot_be_imported_say_why(name: str, content: bytes, message: str) -> None:
    with pytest.raises(CurationError, match=message):
        draft(content, name)
    assert not PromptImport.objects.exists()


def test_damaged_parquet_says_so() -> None:
    failed = run(b"PAR1 but not really", name="data.parquet")
    assert (failed.state, "not readable as Parquet" in failed.error) == ("failed", True)


def test_stored_issues_are_capped_but_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curation.services.prompt_land.MAX_ISSUES", 3)
    monkeypatch.setattr(service, "BATCH_ROWS", 2)
    done = run(b"no\n" * 7)
    assert (done.rows_failed, ImportIssue.objects.count()) == (7, 3)


FILES = {
    "jsonl": (jsonl(*({"prompt": f"Question {n}"} for n in range(10))), "a.jsonl"),
    "gzip": (gzip.compress(jsonl(*({"prompt": f"Question {n}"} for n in range(10)))), "a.jsonl.gz"),
    "array": (json.dumps([{"prompt": f"Question {n}"} for n in range(10)]).encode(), "a.json"),
    "csv": (b"prompt\n" + b"".join(b'"Question\n %d"\n' % n for n in range(10)), "a.csv"),
    "parquet": (parquet({"prompt": [f"Question {n}" for n in range(10)]}, row_group_size=4), "a.parquet"),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_killed_import_resumes_with_no_loss_and_no_double(
    kind: str, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    monkeypatch.setattr(service, "BATCH_ROWS", 3)
    content, name = FILES[kind]
    prompt_import = draft(content, name)
    service.import_start(prompt_import=prompt_import, mapping=PROMPT, send=False)

    real, calls = batch_land, []

    def dies_in_third(**batch: Any) -> None:
        calls.append(batch)
        if len(calls) == 3:
            raise KeyboardInterrupt
        real(**batch)

    with patch.object(service, "batch_land", dies_in_third), pytest.raises(KeyboardInterrupt):
        service.import_run(import_id=prompt_import.pk)
    prompt_import.refresh_from_db()
    assert (prompt_import.state, prompt_import.rows_read, Prompt.objects.count()) == ("running", 6, 6)

    PromptImport.objects.update(heartbeat_at=timezone.now() - timedelta(hours=1))
    service.imports_recover()
    prompt_import.refresh_from_db()
    assert (prompt_import.state, counts(prompt_import)) == ("done", (10, 0, 0))
    assert (prompt_import.rows_read, prompt_import.attempt) == (10, 2)


def test_a_failing_batch_leaves_nothing_behind() -> None:
    with patch("curation.services.prompt_land._advance", side_effect=RuntimeError):
        failed = run(jsonl({"prompt": "Hello"}) + b"bad\n")
    assert (failed.state, failed.error) == ("failed", service.UNEXPECTED)
    assert not Prompt.objects.exists()
    assert not ImportIssue.objects.exists()


def test_a_worker_that_was_taken_over_stops_without_a_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "BATCH_ROWS", 1)
    prompt_import = draft(jsonl({"prompt": "one"}, {"prompt": "two"}))
    service.import_start(prompt_import=prompt_import, mapping=PROMPT, send=False)

    def another_worker(row: PromptImport) -> None:
        PromptImport.objects.filter(pk=row.pk).update(attempt=9)

    service.import_run(import_id=prompt_import.pk, on_progress=another_worker)
    prompt_import.refresh_from_db()
    assert (prompt_import.state, prompt_import.rows_read, Prompt.objects.count()) == ("running", 1, 1)


def test_only_a_queued_import_runs_and_only_a_draft_starts() -> None:
    done = run(jsonl({"prompt": "Hello"}))
    service.import_run(import_id=done.pk)
    with pytest.raises(CurationError, match="started already"):
        service.import_start(prompt_import=done, mapping=PROMPT)
    done.refresh_from_db()
    assert (done.attempt, done.rows_read) == (1, 1)


def test_an_import_that_keeps_losing_its_worker_is_given_up() -> None:
    prompt_import = draft(jsonl({"prompt": "Hello"}))
    long_ago = timezone.now() - timedelta(hours=1)
    PromptImport.objects.update(state="running", attempt=service.MAX_ATTEMPTS, heartbeat_at=long_ago)
    service.imports_recover()
    prompt_import.refresh_from_db()
    assert (prompt_import.state, prompt_import.error) == ("failed", service.GIVEN_UP)


def test_starting_sends_the_task(django_capture_on_commit_callbacks: Any) -> None:
    prompt_import = draft(jsonl({"prompt": "Hello"}))
    with django_capture_on_commit_callbacks(execute=True):
        service.import_start(prompt_import=prompt_import, mapping=PROMPT)
    prompt_import.refresh_from_db()
    assert prompt_import.state == "done"


def test_the_public_prompts_import_whole() -> None:
    path = Path(__file__).parents[3] / "shared" / "data" / "alpaca_eval" / "prompts.jsonl"
    if not path.exists():
        pytest.skip("the AlpacaEval prompts are not beside this checkout")
    done = run(path.read_bytes(), FieldMapping(prompt="prompt", source="dataset"))
    assert done.rows_created + done.rows_duplicate == 805
