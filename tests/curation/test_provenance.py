"""Where a prompt, a response and a pair come from and went, on their pages."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from curation.models import DatasetVersion, Pair, Prompt, PromptImport, Sampler
from curation.services.dataset_freeze import dataset_freeze
from tests.conftest import People
from tests.curation.recipe_data import judged_pair, judged_project, saved_recipe
from tests.factories import PromptFactory

pytestmark = pytest.mark.django_db
BASE = "/p/helpfulness"
STEPS: list[dict[str, Any]] = [{"step": "consensus_exists"}, {"step": "min_margin", "margin": 0.3}]


@pytest.fixture
def pair(people: People) -> Pair:
    """Of an imported prompt, by a model whose settings are known."""
    file = PromptImport.objects.create(
        project=people.project, file="imports/x.jsonl", file_name="arena.jsonl", format="jsonl", state="done"
    )
    prompt = PromptFactory(
        project=people.project, source="arena", licence="cc-by-4.0", prompt_import=file, language="en"
    )
    pair = judged_pair(people.project, 0.9, prompt=prompt)
    Sampler.objects.update(revision="abc123", params={"temperature": 0.7}, template_hash="0123456789abcdef")
    return pair


def freeze(people: People, margin: float = 0.3) -> DatasetVersion:
    steps = [STEPS[0], {**STEPS[1], "margin": margin}]
    return dataset_freeze(recipe=saved_recipe(people.project, steps), user=None)


def test_it_works(people: People, pair: Pair) -> None:
    file = PromptImport.objects.get()
    for url in (f"{BASE}/prompts/{pair.prompt_id}/", f"{BASE}/pairs/{pair.pk}/"):
        page = people.client("rita").get(url).content.decode()
        assert f'<a href="{BASE}/imports/{file.pk}/">arena.jsonl</a>' in page
        for words in ("<dd>arena</dd>", "<dd>cc-by-4.0</dd>", "revision abc123", "temperature 0.7"):
            assert words in page, (url, words)
        assert people.client("rita").get(f"{BASE}/imports/{file.pk}/").status_code == 200


def test_a_reviewer_gets_no_link_that_leads_nowhere(people: People, pair: Pair) -> None:
    freeze(people)
    paths = (f"/prompts/{pair.prompt_id}/", f"/pairs/{pair.pk}/", "/datasets/1/")
    for path in paths:
        page = people.client("rob").get(BASE + path).content.decode()
        assert "arena.jsonl" in page
        assert "/imports/" not in page


def test_what_is_not_known_is_said(people: People) -> None:
    pair = judged_pair(people.project, 0.9)
    Prompt.objects.update(source="", licence="")
    page = people.client("rita").get(f"{BASE}/pairs/{pair.pk}/").content.decode()
    assert page.count("<dd>not stated</dd>") == 2
    assert "by no file" in page
    assert "No version holds or dropped it." in page


def test_a_pair_says_which_versions_hold_it_and_which_step_dropped_it(people: People) -> None:
    _, b_wins, barely, *_ = judged_project(people.project)
    freeze(people)
    freeze(people, 0.0)
    client = people.client("rob")
    page = client.get(f"{BASE}/pairs/{barely.pk}/")
    second, first = page.context["versions"]
    assert (first.number, first.position, first.step_index, first.reason) == (1, None, 1, "margin below 0.3")
    assert (second.number, second.chosen, second.split) == (2, "A", "train")
    assert second.position is not None
    html = page.content.decode()
    assert "Dropped at step 2" in html
    dropped = f"{BASE}/datasets/1/dropped/?step=1"
    assert f'<a href="{dropped}">margin below 0.3</a>' in html
    assert f"{barely.pk}" in client.get(dropped).content.decode()
    (held, _) = client.get(f"{BASE}/pairs/{b_wins.pk}/").context["versions"]
    assert (held.chosen, held.split) == ("B", "eval")
    assert held.soft_label == pytest.approx(0.9)


def test_more_versions_cost_no_more_queries(people: People) -> None:
    *_, barely, _, _ = judged_project(people.project)
    client = people.client("rob")

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(f"{BASE}/pairs/{barely.pk}/").status_code == 200
        return len(captured)

    freeze(people)
    before = queries()
    for margin in (0.0, 0.3, 0.0):
        freeze(people, margin)
    assert queries() == before
