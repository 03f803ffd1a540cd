"""Personal data and secrets: the search over prompts and responses, its page, and excluding."""

from __future__ import annotations

from typing import Any

import pytest

from curation.models import CleaningReport, PatternFinding, Project, Prompt, PromptExclusion
from curation.services.cleaning_build import cleaning_build, cleaning_request
from curation.services.prompt_exclude import findings_exclude
from tests.conftest import People
from tests.factories import PromptFactory, ResponseFactory

URL = "/p/helpfulness/cleaning/patterns/"
ADDRESS = "jane.doe@corp.com"


def said(project: Project, text: str, role: str = "user") -> Prompt:
    return PromptFactory(project=project, messages=[{"role": role, "content": text}])


def searched(project: Project) -> CleaningReport:
    report = cleaning_request(project=project, kind="patterns", params={}, user=None)
    cleaning_build(report_id=report.pk)
    report.refresh_from_db()
    assert report.state == "done"
    return report


def test_it_works(people: People) -> None:
    asked = said(people.project, f"Answer {ADDRESS} and a@b.co politely.")
    harmless = said(people.project, "Answer politely.")
    response = ResponseFactory(prompt=harmless, text="Call +49 30 901820.")
    client = people.client("rita")
    assert "Nothing searched yet" in client.get(URL).content.decode()
    client.post(f"{URL}find/")
    report = CleaningReport.objects.get()
    cleaning_build(report_id=report.pk)
    found = set(PatternFinding.objects.values_list("prompt", "response", "kind", "masked", "n"))
    assert found == {
        (asked.pk, None, "email", "j•••@•••.com", 2),
        (harmless.pk, response.pk, "phone", "+4•••20", 1),
    }
    page = client.get(URL).content.decode()
    assert "j•••@•••.com" in page
    assert ADDRESS not in page
    assert "+4•••20" not in client.get(URL, {"kind": "email"}).content.decode()
    client.post(f"{URL}{report.pk}/exclude/", {"kind": "email"})
    exclusion = PromptExclusion.objects.get()
    assert (exclusion.prompt, exclusion.reason) == (asked, "found: E-mail address")
    assert "1 prompt is excluded" in client.get(URL).content.decode()
    client.post(f"/p/helpfulness/cleaning/{report.pk}/restore/")
    assert not Prompt.objects.excluded().exists()


@pytest.mark.parametrize(("name", "status"), [("alice", 200), ("rob", 404), ("anna", 404), ("charlie", 404)])
def test_researchers_search(people: People, name: str, status: int) -> None:
    report = searched(people.project)
    client = people.client(name)
    assert client.get(URL).status_code == status
    for act in ("find/", f"{report.pk}/exclude/"):
        assert client.post(f"{URL}{act}").status_code == (302 if status == 200 else 404)


def test_a_response_counts_only_where_one_asks_for_it(people: People) -> None:
    prompt = said(people.project, "Hello")
    for _ in range(2):
        ResponseFactory(prompt=prompt, text=f"Write to {ADDRESS}.")
    report = searched(people.project)
    assert report.counts["email"] == 2
    given: dict[str, Any] = {"report": report, "kind": "email", "reason": "found", "user": people.rita}
    assert findings_exclude(**given) == 0
    assert findings_exclude(**given, in_responses=True) == 1
    assert findings_exclude(**given, in_responses=True) == 0


def test_all_turns_are_read_and_excluded_prompts_are_not(people: People) -> None:
    said(people.project, f"You speak for {ADDRESS}", role="system")
    out = said(people.project, f"Ask {ADDRESS}")
    ResponseFactory(prompt=out, text=f"Ask {ADDRESS}")
    PromptFactory(
        project=people.project,
        messages=[
            {"role": "user", "content": [{"type": "text", "text": ADDRESS}, {"type": "image", "url": "x"}]},
            {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "f"}}]},
        ],
    )
    PromptExclusion.objects.create(prompt=out, reason="Spam")
    counts = searched(people.project).counts
    assert counts == {"prompts": 2, "responses": 0, "excluded": 1, "email": 2}


def test_a_prompt_in_another_script_is_named(people: People) -> None:
    for word in ("this", "that"):
        said(people.project, f"What is {word}, in English or in French?")
    other = said(people.project, "Что это такое?")
    said(people.project, "1 + 1 = ?")
    searched(people.project)
    finding = PatternFinding.objects.get()
    assert (finding.prompt, finding.kind) == (other, "script")
    assert finding.masked == "Cyrillic, 100% of the letters"


def test_another_project_is_not_read(people: People) -> None:
    said(PromptFactory().project, ADDRESS)
    assert searched(people.project).counts["prompts"] == 0


def test_an_empty_choice_is_refused(people: People) -> None:
    report = searched(people.project)
    page = people.client("rita").post(f"{URL}{report.pk}/exclude/", {"kind": "x"}, follow=True)
    assert "Choose what the prompts" in page.content.decode()
