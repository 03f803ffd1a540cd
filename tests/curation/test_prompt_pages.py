"""The prompt, pair and import pages: who sees them, what they show, what they cost."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from curation.models import Consensus, Pair, PairScore, Prompt, PromptImport, ScoreProducer
from curation.services import prompt_import as service
from tests.conftest import People, streamed
from tests.factories import JudgmentFactory, PairFactory, PromptFactory, RaterFactory, ResponseFactory

pytestmark = [
    pytest.mark.django_db,
    # Celery 5.7 warns of the `queue` option that the house decorator sets on every task.
    pytest.mark.filterwarnings("ignore:(?s).*The 'queue' task attribute is deprecated"),
]

RESEARCHERS = {"alice", "rita"}
REVIEWERS = RESEARCHERS | {"rob"}
EVERYBODY = ["alice", "rita", "rob", "anna", "charlie", "anonymous"]
BASE = "/p/helpfulness"


def judged_pair(people: People) -> Pair:
    prompt = PromptFactory(project=people.project, category="science", source="quiz")
    pair = PairFactory(
        prompt=prompt,
        response_a=ResponseFactory(prompt=prompt, text="**Bold** <script>alert(1)</script>"),
        response_b=ResponseFactory(prompt=prompt),
    )
    JudgmentFactory(
        pair=pair, rater=RaterFactory(project=people.project, label="Judge X"), left="b", probability=0.75
    )
    Consensus.objects.create(pair=pair, method="mean_probability", winner="b", probability=0.25, margin=0.5)
    producer = ScoreProducer.objects.create(
        project=people.project, scorer="ches", fingerprint="f", label="SmolLM2"
    )
    PairScore.objects.create(pair=pair, producer=producer, scorer="ches", direction="both", value=1.5)
    return pair


def draft(people: People, content: bytes = b'{"prompt": "Hi", "topic": "x"}\nbad\n') -> PromptImport:
    upload = SimpleUploadedFile("prompts.jsonl", content)
    return service.import_create(project=people.project, user=people.rita, upload=upload)


@pytest.mark.parametrize("name", EVERYBODY)
def test_who_may_see_what(people: People, name: str) -> None:
    pair, prompt_import = judged_pair(people), draft(people)
    client = people.client(name)
    pages = {
        f"{BASE}/prompts/": REVIEWERS,
        f"{BASE}/prompts/{pair.prompt_id}/": REVIEWERS,
        f"{BASE}/pairs/": REVIEWERS,
        f"{BASE}/pairs/{pair.pk}/": REVIEWERS,
        f"{BASE}/pairs/build/": RESEARCHERS,
        f"{BASE}/cleaning/": RESEARCHERS,
        f"{BASE}/prompts/import/": RESEARCHERS,
        f"{BASE}/imports/{prompt_import.pk}/": RESEARCHERS,
        f"{BASE}/imports/{prompt_import.pk}/issues.csv": RESEARCHERS,
    }
    for url, allowed in pages.items():
        expected = 302 if name == "anonymous" else 200 if name in allowed else 404
        assert client.get(url).status_code == expected, url
    start = f"{BASE}/imports/{prompt_import.pk}/start/"
    assert client.get(start).status_code == 405
    expected = 302 if name == "anonymous" or name in RESEARCHERS else 404
    for url in (f"{BASE}/pairs/build/", start):
        assert client.post(url).status_code == expected, url


def test_objects_of_another_project_are_not_found(people: People) -> None:
    pair = PairFactory()
    client = people.client("alice")
    assert client.get(f"{BASE}/pairs/{pair.pk}/").status_code == 404
    assert client.get(f"{BASE}/prompts/{pair.prompt_id}/").status_code == 404


def test_prompt_page_shows_responses_judgments_and_scores_safely(people: People) -> None:
    pair = judged_pair(people)
    for url in (f"{BASE}/prompts/{pair.prompt_id}/", f"{BASE}/pairs/{pair.pk}/"):
        html = people.client("rob").get(url).content.decode()
        assert "<strong>Bold</strong>" in html
        assert "<script>alert" not in html
        assert "Judge X" in html
        assert "CHES" in html


def test_pages_of_pairs_name_people_only_to_those_who_run_campaigns(people: People) -> None:
    pair = judged_pair(people)
    for person in (people.anna, people.rob):
        rater = RaterFactory(project=people.project, kind="person", user=person, label=f"<{person}>")
        JudgmentFactory(pair=pair, rater=rater, outcome="tie", preference=None)
    for path in (f"{BASE}/pairs/{pair.pk}/", f"{BASE}/pairs/", f"{BASE}/prompts/{pair.prompt_id}/"):
        seen, known = (people.client(name).get(path).content.decode() for name in ("rob", "rita"))
        assert "Judge X" in seen
        assert "&lt;anna&gt;" not in seen
        assert ("A person" in seen, "You" in seen) == (True, True)
        assert "&lt;anna&gt;" in known


def test_pair_page_says_which_response_a_rater_preferred(people: People) -> None:
    html = people.client("rob").get(f"{BASE}/pairs/{judged_pair(people).pk}/").content.decode()
    assert "B preferred" in html


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", True),
        ("split=train&category=science&source=quiz", True),
        ("split=eval", False),
        ("text=QUESTION", True),
        ("text=%22nothing%22", False),
        ("split=nonsense&page=999", True),
    ],
)
def test_prompt_filters(people: People, query: str, found: bool) -> None:
    pair = judged_pair(people)
    html = people.client("rob").get(f"{BASE}/prompts/?{query}").content.decode()
    assert (f"/prompts/{pair.prompt_id}/" in html) == found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("judged=yes&consensus=yes&winner=b&scorer=ches", True),
        ("judged=no", False),
        ("consensus=no", False),
        ("winner=a", False),
        ("winner=tie", False),
        ("prompt=1000000", False),
    ],
)
def test_pair_filters(people: People, query: str, found: bool) -> None:
    pair = judged_pair(people)
    html = people.client("rob").get(f"{BASE}/pairs/?{query}").content.decode()
    assert (f"/pairs/{pair.pk}/" in html) == found


@pytest.mark.parametrize("path", ["prompts/", "pairs/"])
def test_queries_do_not_grow_with_rows(people: People, path: str) -> None:
    client = people.client("rob")

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            client.get(f"{BASE}/{path}")
        return len(captured)

    judged_pair(people)
    before = queries()
    for _ in range(3):
        pair = PairFactory(prompt__project=people.project)
        JudgmentFactory(pair=pair)
    assert queries() == before


def test_building_pairs_says_what_it_made(people: People) -> None:
    prompt = PromptFactory(project=people.project)
    ResponseFactory.create_batch(3, prompt=prompt)
    response = people.client("rita").post(f"{BASE}/pairs/build/", follow=True)
    assert "3 new pairs" in response.content.decode()


def test_upload_preview_start_report(people: People, django_capture_on_commit_callbacks: Any) -> None:
    client = people.client("rita")
    upload = SimpleUploadedFile("mine.jsonl", b'{"prompt": "Hi", "topic": "x"}\n=bad\n')
    page = client.post(f"{BASE}/prompts/import/", {"file": upload}, follow=True)
    assert "How the first rows would land" in page.content.decode()
    prompt_import = PromptImport.objects.get()
    url = f"{BASE}/imports/{prompt_import.pk}/"
    mapping = {"prompt": "topic", "kind": "text", "default_split": "eval"}
    preview = client.get(url, mapping, headers={"HX-Request": "true"}).content.decode()
    assert "eval" in preview
    assert "<html" not in preview
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"{url}start/", {**mapping, "prompt": "prompt", "category": "topic"})
    prompt = Prompt.objects.get()
    assert (prompt.split, prompt.category) == ("eval", "x")
    html = client.get(url).content.decode()
    assert "Not valid JSON" in html
    assert "every 2s" not in html
    csv_text = streamed(client.get(f"{url}issues.csv")).decode()
    assert csv_text.splitlines()[1].endswith(",'=bad")


def test_a_running_import_polls_its_fragment(people: People) -> None:
    prompt_import = draft(people)
    PromptImport.objects.update(state="running")
    client = people.client("rita")
    fragment = client.get(f"{BASE}/imports/{prompt_import.pk}/", headers={"HX-Request": "true"})
    assert "every 2s" in fragment.content.decode()
    assert "<html" not in fragment.content.decode()


def test_a_bad_file_is_explained_on_the_form(people: People) -> None:
    page = people.client("rita").post(
        f"{BASE}/prompts/import/", {"file": SimpleUploadedFile("a.json", b'{\n"prompt": "x"}')}
    )
    assert "one JSON object spread over many lines" in page.content.decode()
