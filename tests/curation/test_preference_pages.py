"""Preference data in the browser: recognised, previewed, changed, started, reported."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from curation.importers.datasets.registry import FORMATS
from curation.models import Judgment, Prompt, PromptImport, Response
from curation.services import prompt_import as service
from tests.conftest import People, streamed

pytestmark = [
    pytest.mark.django_db,
    # Celery 5.7 warns of the `queue` option that the house decorator sets on every task.
    pytest.mark.filterwarnings("ignore:(?s).*The 'queue' task attribute is deprecated"),
]

RESEARCHERS = {"alice", "rita"}
BASE = "/p/helpfulness"
HELPSTEER3 = json.dumps(FORMATS["helpsteer3"].example).encode() + b"\n"


def draft(people: People, content: bytes = HELPSTEER3 + b"{bad\n") -> PromptImport:
    upload = SimpleUploadedFile("pairs.jsonl", content)
    return service.import_create(project=people.project, user=people.rita, upload=upload)


def chosen(read_as: str = "helpsteer3", **changes: str) -> dict[str, str]:
    return {"read_as": read_as, "split": "train", "source": "pairs", "licence": "CC-BY-4.0"} | changes


def test_it_works(people: People, django_capture_on_commit_callbacks: Any) -> None:
    client = people.client("rita")
    upload = SimpleUploadedFile("pairs.jsonl", HELPSTEER3 + b"{bad\n")
    page = client.post(f"{BASE}/prompts/import/", {"file": upload}, follow=True).content.decode()
    assert "The first rows look like HelpSteer3 preference." in page
    assert "Response 1 is better" in page
    assert "annotator 1 (HelpSteer3)" in page
    assert "Would not land: Not valid JSON" in page
    url = f"{BASE}/imports/{PromptImport.objects.get().pk}/"
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"{url}start-preferences/", chosen(split="eval", licence="mine"))
    prompt = Prompt.objects.get()
    assert (prompt.source, prompt.split, prompt.licence) == ("HelpSteer3", "eval", "mine")
    assert Judgment.objects.get().preference == 2
    done = client.get(url).content.decode()
    assert "<dt>New judgments</dt><dd>1</dd>" in done
    assert "read as helpsteer3" in done
    assert streamed(client.get(f"{url}issues.csv")).decode().splitlines()[1].startswith("2,Not valid JSON")


@pytest.mark.parametrize("name", ["alice", "rita", "rob", "anna", "charlie", "anonymous"])
def test_who_may(people: People, name: str) -> None:
    prompt_import, client = draft(people), people.client(name)
    for url in (f"{BASE}/prompts/import/formats/", f"{BASE}/imports/{prompt_import.pk}/"):
        expected = 302 if name == "anonymous" else 200 if name in RESEARCHERS else 404
        assert client.get(url).status_code == expected, url
    start = f"{BASE}/imports/{prompt_import.pk}/start-preferences/"
    assert client.get(start).status_code == 405
    expected = 302 if name == "anonymous" or name in RESEARCHERS else 404
    assert client.post(start, chosen()).status_code == expected
    prompt_import.refresh_from_db()
    assert (prompt_import.state == "draft") == (name not in RESEARCHERS)


def test_an_import_of_another_project_is_not_started(people: People) -> None:
    prompt_import = draft(people)
    url = f"/p/elsewhere/imports/{prompt_import.pk}/start-preferences/"
    assert people.client("charlie").post(url, chosen()).status_code == 404


def test_the_reading_can_be_changed(people: People) -> None:
    client, url = people.client("rita"), f"{BASE}/imports/{draft(people).pk}/"
    as_prompts = client.get(url, {"read_as": "prompts"}).content.decode()
    assert "Columns of pairs.jsonl" in as_prompts
    assert '<input type="hidden" name="read_as" value="prompts">' in as_prompts
    assert 'aria-invalid="true"' not in as_prompts
    other = client.get(url, {"read_as": "shp"}).content.decode()
    assert "Would not land: The field “human_ref_A” is missing" in other
    assert '<option value="shp" selected>' in other
    unknown = client.get(url, {"read_as": "nonsense"}).content.decode()
    assert "Columns of pairs.jsonl" in unknown


def test_prompts_are_read_as_prompts(people: People) -> None:
    prompt_import = draft(people, b'{"prompt": "Hi", "topic": "x"}\n')
    page = people.client("rita").get(f"{BASE}/imports/{prompt_import.pk}/").content.decode()
    assert "Columns of pairs.jsonl" in page
    assert "look like no known format" in page


def test_the_source_is_asked_for_only_where_the_dataset_has_no_name(people: People) -> None:
    content = json.dumps(FORMATS["trl-explicit"].example).encode()
    for made, asked in ((draft(people, content), True), (draft(people), False)):
        page = people.client("rita").get(f"{BASE}/imports/{made.pk}/").content.decode()
        assert ("Source where no row names one" in page) == asked
        assert page.count('id="id_read_as"') == 1


@pytest.mark.parametrize("change", [{"read_as": "nonsense"}, {"split": "other"}, {"licence": "x" * 61}])
def test_a_start_that_chooses_nonsense_starts_nothing(people: People, change: dict[str, str]) -> None:
    prompt_import = draft(people)
    url = f"{BASE}/imports/{prompt_import.pk}/start-preferences/"
    page = people.client("rita").post(url, chosen(**change), follow=True).content.decode()
    assert "Choose a format and a split" in page
    prompt_import.refresh_from_db()
    assert prompt_import.state == "draft"


def test_starting_twice_says_so(people: People) -> None:
    client, url = people.client("rita"), f"{BASE}/imports/{draft(people).pk}/start-preferences/"
    client.post(url, chosen())
    assert "started already" in client.post(url, chosen(), follow=True).content.decode()


def test_texts_in_the_preview_are_hostile(people: People) -> None:
    row = FORMATS["helpsteer3"].example | {"response1": "**Bold** <script>alert(1)</script>", "domain": "<b>"}
    prompt_import = draft(people, json.dumps(row).encode())
    page = people.client("rita").get(f"{BASE}/imports/{prompt_import.pk}/").content.decode()
    assert "<strong>Bold</strong>" in page
    assert "<script>alert" not in page
    assert "&lt;b&gt;" in page


def test_the_preview_names_ties_and_counts_the_rest(people: People) -> None:
    answers = [
        {"answer": f"Answer {rank}.", "model": f"m{rank}", "rank": min(rank, 3)} for rank in range(1, 6)
    ]
    prompt_import = draft(people, json.dumps(FORMATS["nectar"].example | {"answers": answers}).encode())
    page = people.client("rita").get(f"{BASE}/imports/{prompt_import.pk}/").content.decode()
    assert "and 4 more" in page
    assert page.count("GPT-4 (Nectar)") == 6
    rows = [FORMATS["helpsteer2"].example, FORMATS["helpsteer2"].example | {"response": "Other."}]
    prompt_import = draft(people, b"\n".join(json.dumps(row).encode() for row in rows))
    page = people.client("rita").get(f"{BASE}/imports/{prompt_import.pk}/").content.decode()
    assert "Lines 1 and 2" in page
    assert "A tie" in page


def test_the_preview_says_which_is_safer(people: People) -> None:
    row = FORMATS["pku-saferlhf"].example | {"safer_response_id": 1}
    prompt_import = draft(people, json.dumps(row).encode())
    page = people.client("rita").get(f"{BASE}/imports/{prompt_import.pk}/").content.decode()
    assert "Response 1 is better; safety: response 2" in page


def test_every_format_is_listed_with_an_example(people: People) -> None:
    page = people.client("rita").get(f"{BASE}/prompts/import/formats/").content.decode()
    for name, entry in FORMATS.items():
        assert f'id="format-{name}"' in page
        assert entry.source in page
    assert page.count("<pre") == len(FORMATS)
    assert (
        f'href="{BASE}/prompts/import/formats/"'
        in people.client("rita").get(f"{BASE}/prompts/import/").content.decode()
    )


def test_what_a_file_says_of_a_response_is_on_the_prompt_page(people: People) -> None:
    prompt_import = draft(people, json.dumps(FORMATS["trl-unpaired"].example).encode())
    options = service.default_options(prompt_import, FORMATS["trl-unpaired"])
    service.preferences_start(
        prompt_import=prompt_import, dataset="trl-unpaired", options=options, send=False
    )
    service.import_run(import_id=prompt_import.pk)
    assert Response.objects.get().metadata == {"label": True}
    page = people.client("rob").get(f"{BASE}/prompts/{Prompt.objects.get().pk}/").content.decode()
    assert "<dt>label</dt><dd>True</dd>" in page
