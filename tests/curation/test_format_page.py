"""The page of export formats, and the form that offers them."""

from __future__ import annotations

import html
from dataclasses import replace
from typing import Any

import pytest
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from curation.exporters import EXPORTERS, by_trainer
from curation.exporters.base import why_left_out
from curation.exporters.shown import SHOWN_CHARS, shown_format
from curation.models import DatasetVersion
from curation.services.dataset_freeze import dataset_freeze
from tests.conftest import People
from tests.curation.export_rows import ABOUT, CALLED, PLAIN, SEGMENTED, WITH_SYSTEM, fit_for, row
from tests.curation.recipe_data import judged_pair, judged_project, saved_recipe

pytestmark = pytest.mark.django_db


def url(name: str = "format-list", **kwargs: Any) -> str:
    return reverse(f"curation:{name}", kwargs={"slug": "helpfulness", **kwargs})


def frozen(people: People) -> DatasetVersion:
    return dataset_freeze(recipe=saved_recipe(people.project), user=None)


def test_it_works(people: People) -> None:
    judged_project(people.project)
    version = frozen(people)
    page = html.unescape(people.client("rita").get(url()).content.decode())
    for exporter in EXPORTERS.values():
        for text in (exporter.label, exporter.help, f"<code>{exporter.name}</code>", *exporter.notes):
            assert text in page, exporter.name
        for reason in exporter.reasons:
            assert reason.because in page, exporter.name
        assert f'id="{exporter.name}"' in page
    assert version.rows.earliest("position").chosen.text in page
    assert "helpfulness-v1-train-openrlhf.jsonl" in page
    # No row has a system turn, tool calls, steps or verdicts.
    assert page.count("Example, made up") == len(WITH_SYSTEM | SEGMENTED | CALLED)
    assert f'href="{url("dataset-detail", number=1)}?format=openrlhf#exports"' in page


def test_how_many_rows_a_pair_gives(people: People) -> None:
    page = people.client("rob").get(url()).content.decode()
    for name, words in (
        ("trl_jsonl", "one row a pair"),
        ("trl_unpaired", "one row a response"),
        ("trl_prompts", "at most one row a pair"),
    ):
        said = page.partition(f"<code>{name}</code>")[2].partition("</p>")[0]
        assert said.endswith(f", {words}.")


def test_a_reviewer_is_offered_no_export(people: People) -> None:
    judged_project(people.project)
    frozen(people)
    assert "#exports" not in people.client("rob").get(url()).content.decode()


@pytest.mark.parametrize(
    ("person", "status"),
    [("alice", 200), ("rita", 200), ("rob", 200), ("anna", 404), ("charlie", 404), ("anonymous", 302)],
)
def test_who_may_see_it(people: People, person: str, status: int) -> None:
    assert people.client(person).get(url()).status_code == status


def test_without_a_version_every_example_is_made_up(people: People) -> None:
    page = people.client("rob").get(url()).content.decode()
    assert page.count("Example, made up") == len(EXPORTERS)
    assert "no dataset version yet" in page


def test_examples_are_of_the_version_asked_for(people: People) -> None:
    judged_pair(people.project, 0.9, texts="early words")
    frozen(people)
    judged_pair(people.project, 0.9, texts="late words")
    dataset_freeze(recipe=saved_recipe(people.project, [{"step": "consensus_exists"}]), user=None)
    client = people.client("rita")
    assert "late words" not in client.get(url(), {"version": "1"}).content.decode()
    assert "early words" in client.get(url(), {"version": "1"}).content.decode()
    assert client.get(url(), {"version": "7"}).status_code == 404
    assert client.get(url(), {"version": "9" * 30}).status_code == 404
    assert client.get(url(), {"version": "x"}).context["version"].number == 2


def test_another_projects_version_is_not_found(people: People) -> None:
    judged_project(people.project)
    frozen(people)
    path = reverse("curation:format-list", kwargs={"slug": "elsewhere"})
    assert people.client("charlie").get(path, {"version": "1"}).status_code == 404


def test_long_and_hostile_texts(people: People) -> None:
    judged_pair(people.project, 0.9, texts="<script>alert(1)</script>" + "x" * SHOWN_CHARS)
    frozen(people)
    page = people.client("rita").get(url()).content.decode()
    assert "<script>alert" not in page
    assert "x" * SHOWN_CHARS not in page
    assert "…" in page


@pytest.mark.parametrize("name", sorted(SEGMENTED))
def test_steps_too_long_to_show(name: str) -> None:
    """Cut texts begin alike, and offsets of segments lie outside of them."""
    long = "x" * SHOWN_CHARS
    rows = [replace(fit_for(name, row(chosen=f"{long}a", rejected=f"{long}b")), position=7)]
    if name == "step_dpo":
        rows[0] = replace(rows[0], chosen=f"{long}\n\na", rejected=f"{long}\n\nb", origin=None)
    assert not why_left_out(EXPORTERS[name].rules, rows[0])
    shown = shown_format(EXPORTERS[name], rows, ABOUT)
    assert shown.position is None
    short = replace(fit_for(name, row()), position=8)
    assert shown_format(EXPORTERS[name], [*rows, short], ABOUT).position == 8


def test_the_version_page_offers_the_formats_by_trainer(people: People) -> None:
    judged_project(people.project)
    frozen(people)
    page = people.client("rita").get(url("dataset-detail", number=1), {"format": "openrlhf"}).content.decode()
    for trainer, formats in by_trainer():
        assert f'<optgroup label="{trainer}">' in page
        for exporter in formats:
            assert f'<option value="{exporter.name}"' in page
    assert '<option value="openrlhf" selected>' in page
    assert f"{url()}?version=1" in page


@pytest.mark.parametrize("name", sorted(set(PLAIN) - WITH_SYSTEM))
def test_every_format_can_be_exported_and_downloaded(
    people: People, name: str, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    judged_project(people.project)
    version = frozen(people)
    client = people.client("rita")
    with django_capture_on_commit_callbacks(execute=True):
        client.post(url("export-create", number=1), {"format": name, "split": "all"})
    export = version.exports.get()
    download = client.get(url("export-download", pk=export.pk))
    assert len(b"".join(download)) == export.n_bytes
    file = f"helpfulness-v1-all-{name}.{EXPORTERS[name].suffix}"
    assert download.headers["Content-Disposition"] == f'attachment; filename="{file}"'


def test_an_unknown_format_is_refused(people: People) -> None:
    judged_project(people.project)
    version = frozen(people)
    answer = people.client("rita").post(
        url("export-create", number=1), {"format": "zephyr.nectar", "split": "all"}, follow=True
    )
    assert "Choose a format and a split" in answer.content.decode()
    assert not version.export_builds.exists()


def test_queries_do_not_grow_with_rows(
    people: People, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = people.client("rita")
    for _ in range(2):
        judged_project(people.project)
        frozen(people)
        with django_assert_max_num_queries(11):
            assert client.get(url()).status_code == 200
