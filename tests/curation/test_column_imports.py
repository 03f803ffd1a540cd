"""A table whose columns a person chooses: in the browser, on the command line, in every kind of file."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from pyarrow import parquet

from curation.errors import CurationError
from curation.models import Judgment, Prompt, PromptImport
from curation.services import prompt_import as service
from curation.services.preference_parse import ReadOptions
from tests.conftest import People, streamed
from tests.factories import ProjectFactory

pytestmark = [
    pytest.mark.django_db,
    # Celery 5.7 warns of the `queue` option that the house decorator sets on every task.
    pytest.mark.filterwarnings("ignore:(?s).*The 'queue' task attribute is deprecated"),
]

BASE = "/p/helpfulness"
RESEARCHERS = {"alice", "rita"}
VOTES = [
    {"frage": "Why?", "x": "Right.", "y": "Wrong.", "urteil": "1", "wer": "anna"},
    {"frage": "How?", "x": "So.", "y": "Thus.", "urteil": "0", "wer": "ben"},
    {"frage": "When?", "x": "Now.", "y": "Then.", "urteil": "2", "wer": "anna"},
    {"frage": "Who?", "x": "I.", "y": "You.", "urteil": "9", "wer": "anna"},
    {"frage": "Same?", "x": "Yes.", "y": "Yes.", "urteil": "1", "wer": "anna"},
    {"frage": "Empty?", "x": "", "y": "No.", "urteil": "2", "wer": "anna"},
]
COLUMNS = {
    "prompt": "frage", "response_a": "x", "response_b": "y", "winner": "urteil", "means_a": "1",
    "means_b": "2", "means_tie": "0", "rater": "wer",
}  # fmt: skip


def csv(rows: list[dict[str, str]]) -> bytes:
    return "\n".join(",".join(line) for line in (list(rows[0]), *(row.values() for row in rows))).encode()


def as_parquet(rows: list[dict[str, str]]) -> bytes:
    buffer = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(rows), buffer)
    return buffer.getvalue()


FILES = {
    "votes.csv": csv(VOTES),
    "votes.jsonl": b"\n".join(json.dumps(row).encode() for row in VOTES),
    "votes.json": json.dumps(VOTES).encode(),
    "votes.parquet": as_parquet(VOTES),
}


def draft(people: People, content: bytes = FILES["votes.csv"], name: str = "votes.csv") -> PromptImport:
    upload = SimpleUploadedFile(name, content)
    return service.import_create(project=people.project, user=people.rita, upload=upload)


def chosen(**changes: str) -> dict[str, str]:
    """What the form sends."""
    columns = {"kind": "text", "raters_are": "person"} | COLUMNS
    sent = {f"column_{role}": value for role, value in columns.items()}
    return {"read_as": "columns", "split": "train", "source": "votes", "licence": ""} | sent | changes


def test_it_works(people: People, django_capture_on_commit_callbacks: Any) -> None:
    client = people.client("rita")
    rows = [
        {"question": "Why?", "good": "Right.", "bad": "Wrong.", "topic": "sky"},
        {"question": "How?", "good": "", "bad": "Wrong.", "topic": "sky"},
    ]
    upload = SimpleUploadedFile("pairs.csv", csv(rows))
    page = client.post(f"{BASE}/prompts/import/", {"file": upload}, follow=True).content.decode()
    assert "look like Preferences in columns of any name" in page
    assert '<option value="question" selected>' in page
    assert "is better" in page
    assert "Would not land: The field “good” is empty" in page
    url = f"{BASE}/imports/{PromptImport.objects.get().pk}/"
    sent = {
        "read_as": "columns", "split": "eval", "source": "pairs", "licence": "mine", "column_kind": "text",
        "column_raters_are": "person", "column_prompt": "question", "column_chosen": "good",
        "column_rejected": "bad", "column_category": "topic",
    }  # fmt: skip
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"{url}start-preferences/", sent)
    prompt = Prompt.objects.get()
    assert (prompt.source, prompt.split, prompt.licence, prompt.category) == ("pairs", "eval", "mine", "sky")
    judgment = Judgment.objects.select_related("pair__response_a", "pair__response_b").get()
    left_is_better = judgment.preference == 2
    left = getattr(judgment.pair, f"response_{judgment.left}")
    assert (left.text == "Right.") == left_is_better
    done = client.get(url).content.decode()
    assert "read as columns" in done
    assert '<dt class="mono">chosen</dt><dd class="mono small">good</dd>' in done
    assert "<dt>New judgments</dt><dd>1</dd>" in done
    assert "“good” is empty" in streamed(client.get(f"{url}issues.csv")).decode()


@pytest.mark.parametrize("name", FILES)
def test_every_kind_of_file(people: People, name: str, django_capture_on_commit_callbacks: Any) -> None:
    prompt_import = draft(people, FILES[name], name)
    url = f"{BASE}/imports/{prompt_import.pk}/start-preferences/"
    with django_capture_on_commit_callbacks(execute=True):
        people.client("rita").post(url, chosen())
    prompt_import.refresh_from_db()
    assert (prompt_import.state, prompt_import.rows_created, prompt_import.rows_failed) == ("done", 3, 3)
    found = Judgment.objects.order_by("id").values_list("outcome", "preference", "rater__label")
    assert list(found) == [("preferred", 2, "anna"), ("tie", None, "ben"), ("preferred", -2, "anna")]
    reasons = " ".join(prompt_import.issues.values_list("reason", flat=True))
    assert "The winner is '9'" in reasons
    assert "the same text" in reasons
    assert "“x” is empty" in reasons
    assert prompt_import.mapping["columns"] == COLUMNS | {"kind": "text", "raters_are": "person"}


@pytest.mark.parametrize("name", ["alice", "rita", "rob", "anna", "charlie", "anonymous"])
def test_who_may(people: People, name: str) -> None:
    prompt_import, client = draft(people), people.client(name)
    url = f"{BASE}/imports/{prompt_import.pk}/"
    expected = 302 if name == "anonymous" else 200 if name in RESEARCHERS else 404
    assert client.get(url, {"read_as": "columns"}).status_code == expected
    expected = 302 if name == "anonymous" or name in RESEARCHERS else 404
    assert client.post(f"{url}start-preferences/", chosen()).status_code == expected
    prompt_import.refresh_from_db()
    assert (prompt_import.state == "draft") == (name not in RESEARCHERS)


def test_the_preview_follows_the_choice(people: People) -> None:
    client, url = people.client("rita"), f"{BASE}/imports/{draft(people).pk}/"
    first = client.get(url, {"read_as": "columns"}).content.decode()
    assert "Choose the column that holds the prompt." in first
    assert "Would not land" not in first
    whole = client.get(url, chosen()).content.decode()
    assert "Would not land: The winner is &#x27;9&#x27;" in whole
    assert "A tie" in whole
    assert '<option value="frage" selected>' in whole
    part = client.get(url, chosen(), headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith('<section id="preview"')
    assert "<form" not in part
    twice = client.get(url, chosen(column_rater="frage"), headers={"HX-Request": "true"}).content.decode()
    assert "“frage” is chosen twice" in twice


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"column_prompt": ""}, "Choose the column that holds the prompt."),
        ({"column_prompt": "absent"}, "Prompt: Select a valid choice."),
        ({"column_winner": ""}, "Choose either the columns"),
        ({"column_rater": "x"}, "is chosen twice"),
        ({"column_means_b": "1"}, "“1” is given two meanings"),
        ({"split": "other"}, "Split where a row names none: Select a valid choice."),
    ],
)
def test_a_start_that_chooses_nonsense_starts_nothing_and_keeps_the_choices(
    people: People, change: dict[str, str], words: str
) -> None:
    prompt_import = draft(people)
    url = f"{BASE}/imports/{prompt_import.pk}/start-preferences/"
    page = people.client("rita").post(url, chosen(**change), follow=True).content.decode()
    assert page.count(words) >= 2  # the message, and where the preview would stand
    assert '<option value="y" selected>' in page
    assert "csrfmiddlewaretoken=" not in page
    prompt_import.refresh_from_db()
    assert prompt_import.state == "draft"


def test_starting_twice_says_so(people: People) -> None:
    client, url = people.client("rita"), f"{BASE}/imports/{draft(people).pk}/start-preferences/"
    client.post(url, chosen())
    assert "started already" in client.post(url, chosen(), follow=True).content.decode()


def test_names_and_values_are_hostile(people: People) -> None:
    row = {"<b>prompt</b>": "Why?", "chosen": "<script>alert(1)</script>", "rejected": "No."}
    prompt_import = draft(people, json.dumps(row).encode(), "hostile.jsonl")
    named = {"column_prompt": "<b>prompt</b>", "column_chosen": "chosen", "column_rejected": "rejected"}
    empty = {f"column_{role}": "" for role in COLUMNS}
    page = people.client("rita").get(f"{BASE}/imports/{prompt_import.pk}/", chosen(**(empty | named)))
    text = page.content.decode()
    assert "<script>alert" not in text
    assert "<b>prompt" not in text
    assert "Response 1" in text


def test_the_preview_shows_all_that_a_row_says(people: People) -> None:
    rows = [{"prompt": "Why?", "chosen": "Right.", "rejected": "Wrong.", "margin": "0.25", "strength": "1",
             "rater": "anna", "split": "test", "licence": "MIT", "batch": "seven"}]  # fmt: skip
    url = f"{BASE}/imports/{draft(people, csv(rows)).pk}/"
    page = people.client("rita").get(url, {"read_as": "columns"}).content.decode()
    assert "is slightly better; margin 0.25" in page
    assert "Metadata: batch = seven" in page
    assert "MIT · split eval" in page
    assert '<th scope="row">anna</th>' in page


def test_the_last_choice_is_offered_again(people: People) -> None:
    columns = COLUMNS | {"kind": "text"}
    first = draft(people)
    options = ReadOptions(source="votes", columns=columns)
    service.preferences_start(prompt_import=first, dataset="columns", options=options, send=False)
    client = people.client("rita")
    page = client.get(f"{BASE}/imports/{draft(people).pk}/", {"read_as": "columns"}).content.decode()
    assert '<option value="urteil" selected>' in page
    other = draft(people, b"frage,x\nWhy?,No.\n")
    page = client.get(f"{BASE}/imports/{other.pk}/", {"read_as": "columns"}).content.decode()
    assert '<option value="frage" selected>' not in page


def test_columns_are_those_of_the_file_and_of_this_format_alone(people: People) -> None:
    prompt_import = draft(people)
    with pytest.raises(CurationError, match="no column “absent”; they have frage, x, y"):
        service.preferences_start(
            prompt_import=prompt_import,
            dataset="columns",
            options=ReadOptions(columns=COLUMNS | {"system": "absent"}),
        )
    with pytest.raises(CurationError, match="Only the format “columns”"):
        service.preferences_start(
            prompt_import=prompt_import, dataset="shp", options=ReadOptions(columns=COLUMNS)
        )
    with pytest.raises(CurationError, match="Choose the column that holds the prompt"):
        service.preferences_start(prompt_import=prompt_import, dataset="columns", options=ReadOptions())
    prompt_import.refresh_from_db()
    assert prompt_import.state == "draft"


def written(folder: Path, name: str = "votes.csv") -> str:
    path = folder / name
    path.write_bytes(FILES["votes.csv"])
    return str(path)


def test_the_command_takes_a_mapping(tmp_path: Path) -> None:
    out, project, path = io.StringIO(), ProjectFactory(), written(tmp_path)
    named = [f"{role}={column}" for role, column in COLUMNS.items()]
    call_command("import_preferences", project.slug, path, "--map", *named, stdout=out)
    assert "6 rows read: 3 created, 0 duplicate, 3 failed" in out.getvalue()
    assert "line 5: The winner is '9'" in out.getvalue()
    again = io.StringIO()
    call_command("import_preferences", project.slug, path, "--format", "columns", stdout=again)
    assert "0 created, 3 duplicate, 3 failed" in again.getvalue()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--map", "colour=red"], "knows no field “colour”"),
        (["--map", "prompt=frage"], "Choose either the columns"),
        (["--map", "prompt=frage", "chosen=x", "rejected=absent"], "no column “absent”"),
        (["--format", "shp", "--map", "prompt=frage"], "Only the format “columns”"),
        (["--map", "prompt=frage", "response_a=x", "response_b=y", "winner=wer"], "No row landed"),
    ],
)
def test_a_mapping_that_fits_nothing_fails(tmp_path: Path, arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        call_command(
            "import_preferences", ProjectFactory().slug, written(tmp_path), *arguments, stdout=io.StringIO()
        )
