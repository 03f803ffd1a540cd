"""Language of prompts: the search, its page, what the prompts' own field says, and excluding by language."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from pytest_django import DjangoAssertNumQueries

from curation.errors import CurationError
from curation.languages import declared_language, language_name
from curation.models import CleaningReport, LanguageFinding, Project, Prompt, PromptExclusion
from curation.services.cleaning_build import cleaning_build, cleaning_request
from curation.services.prompt_exclude import exclusions_lift, languages_exclude, prompt_exclude
from tests.conftest import People
from tests.factories import ProjectFactory, PromptFactory

URL = "/p/helpfulness/cleaning/languages/"
ENGLISH = "What is the capital of France, and why?"
GERMAN = "Was ist die Hauptstadt von Frankreich, und warum?"
FRENCH = "Quelle est la capitale de la France, et pourquoi ?"


def said(project: Project, text: str, language: str = "") -> Prompt:
    messages = [
        {"role": "system", "content": "Réponds toujours en français, s'il te plaît, et poliment."},
        {"role": "user", "content": text},
    ]
    return PromptFactory(project=project, messages=messages, language=language)


def searched(project: Project) -> CleaningReport:
    report = cleaning_request(project=project, kind="languages", params={}, user=None)
    cleaning_build(report_id=report.pk)
    report.refresh_from_db()
    assert report.state == "done", report.error
    return report


def mixed(project: Project) -> dict[str, Prompt]:
    return {
        "en": said(project, ENGLISH, "en"),
        "de": said(project, GERMAN, "en"),
        "fr": said(project, FRENCH),
        "": said(project, "2 + 2?", "en"),
    }


def exclude(report: CleaningReport, people: People, *languages: str, all_but: bool = False) -> int:
    return languages_exclude(
        report=report, languages=languages, all_but=all_but, reason="not ours", user=people.rita
    )


def test_it_works(people: People) -> None:
    prompts = mixed(people.project)
    client = people.client("rita")
    assert "Nothing searched yet" in client.get(URL).content.decode()
    client.post(f"{URL}find/")
    report = CleaningReport.objects.get()
    cleaning_build(report_id=report.pk)
    report.refresh_from_db()
    assert report.counts == {"prompts": 4, "excluded": 0, "untold": 1, "languages": 3, "contradict": 1}
    assert set(LanguageFinding.objects.values_list("prompt", "language", "contradicts")) == {
        (prompt.pk, code, code == "de") for code, prompt in prompts.items()
    }
    page = client.get(URL).content.decode()
    assert 'German <span class="small muted">de</span>' in page
    assert page.index("German") < page.index("Too short to tell</th>")
    assert page.count(GERMAN) == 2
    narrowed = client.get(URL, {"language": "none"}).content.decode()
    assert (narrowed.count("2 + 2?"), narrowed.count(ENGLISH)) == (2, 1)
    assert client.get(URL, {"contradicts": "yes"}).content.decode().count(ENGLISH) == 1
    client.post(
        f"{URL}{report.pk}/exclude/", {"languages": ["de"], "rule": "these", "reason": "English only"}
    )
    exclusion = PromptExclusion.objects.get()
    assert (exclusion.prompt, exclusion.reason) == (prompts["de"], "English only")
    assert (exclusion.report, exclusion.created_by) == (report, people.rita)
    assert "1 prompt is excluded" in client.get(URL).content.decode()
    client.post(f"/p/helpfulness/cleaning/{report.pk}/restore/")
    assert not Prompt.objects.excluded().exists()


@pytest.mark.parametrize(("name", "status"), [("alice", 200), ("rob", 404), ("anna", 404), ("charlie", 404)])
def test_researchers_search(people: People, name: str, status: int) -> None:
    report = searched(people.project)
    client = people.client(name)
    assert client.get(URL).status_code == status
    assert client.post(f"{URL}{report.pk}/exclude/").status_code == status
    assert client.post(f"{URL}find/").status_code == (302 if status == 200 else 404)


def test_visitors_are_asked_to_log_in(people: People) -> None:
    assert people.client("anonymous").get(URL).status_code == 302


def test_a_report_of_another_project_is_not_there(people: People) -> None:
    other = searched(ProjectFactory())
    assert people.client("rita").post(f"{URL}{other.pk}/exclude/").status_code == 404


def test_all_but_the_chosen_leaves_what_is_too_short_to_tell(people: People) -> None:
    prompts = mixed(people.project)
    report = searched(people.project)
    assert exclude(report, people, "en", all_but=True) == 2
    assert set(Prompt.objects.excluded()) == {prompts["de"], prompts["fr"]}
    assert exclude(report, people, "en", "de", all_but=True) == 0
    assert exclusions_lift(report=report, user=people.rita) == 2
    assert exclude(report, people, "") == 0


def test_nothing_chosen_excludes_nothing(people: People) -> None:
    mixed(people.project)
    report = searched(people.project)
    for all_but in (False, True):
        with pytest.raises(CurationError, match="Choose a language"):
            exclude(report, people, all_but=all_but)
    client = people.client("rita")
    for given in (
        {"rule": "others", "reason": "x"},
        {"languages": ["de"], "rule": "others"},
        {"languages": ["none"], "rule": "these", "reason": "x"},
        {"languages": ["xx"], "rule": "these", "reason": "x"},
    ):
        page = client.post(f"{URL}{report.pk}/exclude/", given)
        assert page.status_code == 200
        assert "field-bad" in page.content.decode()
    assert not PromptExclusion.objects.exists()


def test_excluded_prompts_are_not_read_and_keep_their_reason(people: People) -> None:
    prompts = mixed(people.project)
    report = searched(people.project)
    prompt_exclude(prompt=prompts["de"], user=people.rita, reason="Spam")
    assert exclude(report, people, "de", "fr") == 1
    assert prompts["de"].exclusions.get().reason == "Spam"
    again = searched(people.project)
    assert (again.counts["prompts"], again.counts["excluded"]) == (2, 2)
    exclusions_lift(report=report, user=people.rita)
    assert set(Prompt.objects.excluded()) == {prompts["de"]}


def test_a_project_without_prompts(people: People) -> None:
    assert searched(people.project).counts["languages"] == 0
    assert "No prompt was read" in people.client("rita").get(URL).content.decode()


def test_the_page_asks_the_same_for_one_language_and_many(
    people: People, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = people.client("rita")
    for texts, shown in (([ENGLISH], 1), ([ENGLISH, GERMAN, FRENCH] * 20, 3)):
        for place, text in enumerate(texts):
            said(people.project, f"{text} {place} {shown}")
        searched(people.project)
        with django_assert_max_num_queries(11):
            page = client.get(URL).content.decode()
        assert page.count('<span class="small muted">') == shown


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("en", "en"), ("EN-us", "en"), ("pt_BR", "pt"), ("zh-Hans", "zh"), ("English", "en"),
        ("deutsch", "de"), ("chinese", "zh"),
        ("Brazilian Portuguese", "pt"), ("hr", "sh"), ("Indonesian", "ms"), ("nb", "no"),
        ("", ""), ("Klingon", ""), ("tlh", ""), ("zxx", ""), ("mixed", ""),
    ],
)  # fmt: skip
def test_what_a_prompts_own_field_says(value: str, code: str) -> None:
    assert declared_language(value) == code


def test_languages_have_names_or_codes() -> None:
    names = [language_name(code) for code in ("fr", "sh", "pcm", "")]
    assert names == ["French", "Serbo-Croatian", "pcm", "too short to tell"]


def test_the_database_keeps_findings_sound(people: People) -> None:
    prompt = said(people.project, ENGLISH)
    report = searched(people.project)
    rows: list[dict[str, Any]] = [
        {"language": "de", "contradicts": False},  # a second one of the prompt
        {"language": "", "contradicts": True},
    ]
    for row in rows:
        with pytest.raises(IntegrityError), transaction.atomic():
            LanguageFinding.objects.create(report=report, prompt=prompt, **row)
