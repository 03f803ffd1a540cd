"""Near duplicates: the search on a worker, its page, and keeping one of each cluster."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from curation.models import CleaningReport, DuplicateMember, Project, Prompt, PromptExclusion
from curation.services import cleaning_build as service
from curation.services.cleaning_build import cleaning_build, cleaning_recover, cleaning_request
from curation.services.prompt_exclude import duplicates_exclude, prompt_exclude
from tests.conftest import People
from tests.factories import JudgmentFactory, PairFactory, PromptFactory, RaterFactory

URL = "/p/helpfulness/cleaning/"
STORY = "Write a story about a lighthouse keeper who finds a message in a bottle on the beach one morning."


def said(project: Project, text: str, **extra: Any) -> Prompt:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}]
    return PromptFactory(project=project, messages=messages, **extra)


def alike(project: Project) -> list[Prompt]:
    """A cluster of three (two of them but for case), a cluster of two, one alone, one without words."""
    texts = [
        STORY,
        STORY + " Please.",
        STORY.upper(),
        "Sort this list: a b",
        "sort this list; a, b!",
        "Alone",
        "?!",
    ]
    return [said(project, text) for text in texts]


def searched(project: Project, **params: Any) -> CleaningReport:
    given = {"n": 3, "threshold": 0.7} | params
    report = cleaning_request(project=project, kind="duplicates", params=given, user=None)
    cleaning_build(report_id=report.pk)
    report.refresh_from_db()
    return report


def clusters(report: CleaningReport) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for cluster, prompt in report.members.values_list("cluster", "prompt"):
        found.setdefault(cluster, []).append(prompt)
    return found


def test_it_works(people: People, django_capture_on_commit_callbacks: Any) -> None:
    prompts = alike(people.project)
    client = people.client("rita")
    assert "Nothing searched yet" in client.get(URL).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"{URL}find/", {"n": "3", "threshold": "0.7"})
    report = CleaningReport.objects.get()
    assert report.state == "done"
    assert report.created_by == people.rita
    assert report.counts == {
        "compared": 6, "wordless": 1, "excluded": 0, "clusters": 2, "members": 5, "exact": 2, "to_exclude": 3,
    }  # fmt: skip
    assert clusters(report) == {1: [p.pk for p in prompts[:3]], 2: [p.pk for p in prompts[3:5]]}
    page = client.get(URL).content.decode()
    assert "Cluster 2" in page
    assert page.count(">the same text<") == 2
    assert page.count(">the same runs<") == 2
    client.post(f"{URL}{report.pk}/keep-one/", {"rule": "oldest"})
    assert set(Prompt.objects.excluded()) == {prompts[1], prompts[2], prompts[4]}
    exclusion = prompts[1].exclusions.get()
    assert (exclusion.kept, exclusion.created_by) == (prompts[0], people.rita)
    page = client.get(f"/p/helpfulness/prompts/{prompts[1].pk}/").content.decode()
    assert "near duplicate, the oldest is kept" in page
    assert f"Prompt {prompts[0].pk}</a>" in page
    assert "3 prompts are excluded" in client.get(URL).content.decode()
    client.post(f"{URL}{report.pk}/restore/")
    assert not Prompt.objects.excluded().exists()
    assert PromptExclusion.objects.count() == 3


@pytest.mark.parametrize(("name", "status"), [("alice", 200), ("rob", 404), ("anna", 404), ("charlie", 404)])
def test_researchers_clean(people: People, name: str, status: int) -> None:
    report = searched(people.project)
    client = people.client(name)
    assert client.get(URL).status_code == status
    for act in ("find/", f"{report.pk}/keep-one/", f"{report.pk}/restore/"):
        assert client.post(f"{URL}{act}").status_code == (
            404 if status == 404 else 302 if "/" in act[:-1] else 200
        )


def test_a_report_of_another_project_is_not_there(people: People) -> None:
    other = searched(PromptFactory().project)
    assert people.client("rita").post(f"{URL}{other.pk}/keep-one/", {"rule": "oldest"}).status_code == 404
    assert people.client("rita").post(f"{URL}{other.pk}/restore/").status_code == 404


@pytest.mark.parametrize(("rule", "kept"), [("oldest", 0), ("longest", 1), ("eval", 2), ("judged", 3)])
def test_each_rule_keeps_another(people: People, rule: Any, kept: int) -> None:
    texts = [STORY, STORY + " Please, and thanks.", STORY + " Thanks.", STORY + " Please."]
    prompts = [
        said(people.project, text, split="eval" if place == 2 else "train")
        for place, text in enumerate(texts)
    ]
    rater = RaterFactory(project=people.project)
    for prompt, n in zip(prompts, (0, 1, 1, 2), strict=True):
        for _ in range(n):
            JudgmentFactory(pair=PairFactory(prompt=prompt), rater=rater)
    report = searched(people.project)
    assert duplicates_exclude(report=report, rule=rule, user=people.rita) == 3
    assert list(Prompt.objects.included()) == [prompts[kept]]
    assert set(PromptExclusion.objects.values_list("kept", flat=True)) == {prompts[kept].pk}
    assert duplicates_exclude(report=report, rule=rule, user=people.rita) == 0


def test_one_cluster_at_a_time(people: People) -> None:
    prompts = alike(people.project)
    report = searched(people.project)
    people.client("rita").post(f"{URL}{report.pk}/keep-one/", {"rule": "oldest", "cluster": "2"})
    assert list(Prompt.objects.excluded()) == [prompts[4]]


def test_an_excluded_member_is_not_the_one_that_is_kept(people: People) -> None:
    prompts = alike(people.project)
    report = searched(people.project)
    prompt_exclude(prompt=prompts[0], user=people.rita, reason="Spam")
    assert duplicates_exclude(report=report, rule="oldest", user=people.rita) == 2
    assert prompts[1] in Prompt.objects.included()
    assert prompts[0].exclusions.get().reason == "Spam"
    again = searched(people.project)
    assert (again.counts["excluded"], again.counts["clusters"]) == (3, 0)
    assert "No two prompts are that much alike" in people.client("rita").get(URL).content.decode()


def test_only_what_users_say_is_compared(people: People) -> None:
    for number in range(3):
        said(people.project, f"Question {number} about something: {'abc'[number]}{number} and why?")
    PromptFactory(
        project=people.project,
        messages=[
            {"role": "user", "content": [{"type": "image", "url": "x"}, {"type": "text", "text": STORY}]}
        ],
    )
    said(people.project, STORY)
    assert searched(people.project).counts["members"] == 2


def test_one_search_at_a_time(people: People) -> None:
    first = cleaning_request(project=people.project, kind="duplicates", params={}, user=None)
    assert cleaning_request(project=people.project, kind="duplicates", params={"n": 5}, user=None) == first
    page = people.client("rita").get(URL).content.decode()
    assert "hx-get" in page
    poll = people.client("rita").get(URL, headers={"HX-Request": "true"})
    assert "HX-Refresh" not in poll.headers
    assert "<h1>" not in poll.content.decode()
    CleaningReport.objects.update(state="failed", error="It broke.")
    poll = people.client("rita").get(URL, headers={"HX-Request": "true"})
    assert poll.headers["HX-Refresh"] == "true"
    assert "It broke." in people.client("rita").get(URL).content.decode()


def test_a_second_worker_finds_nothing_to_do(people: People) -> None:
    alike(people.project)
    report = searched(people.project)
    cleaning_build(report_id=report.pk)
    assert DuplicateMember.objects.count() == 5


def test_a_lost_worker_is_replaced_and_cannot_finish(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    alike(people.project)
    report = cleaning_request(
        project=people.project, kind="duplicates", params={"n": 3, "threshold": 0.7}, user=None
    )
    find = service.FINDERS["duplicates"]

    def overtaken(mine: CleaningReport, beat: Any) -> Any:
        found = find(mine, beat)
        CleaningReport.objects.update(heartbeat_at=timezone.now() - timedelta(hours=1))
        monkeypatch.setattr("curation.tasks.cleaning_build.delay", lambda _: None)
        cleaning_recover()
        monkeypatch.setitem(service.FINDERS, "duplicates", find)
        cleaning_build(report_id=mine.pk)
        return found

    monkeypatch.setitem(service.FINDERS, "duplicates", overtaken)
    cleaning_build(report_id=report.pk)
    report.refresh_from_db()
    assert (report.state, report.attempt) == ("done", 2)
    assert report.members.count() == 5


def test_what_the_broker_lost_is_sent_again(people: People) -> None:
    report = cleaning_request(
        project=people.project, kind="duplicates", params={"n": 3, "threshold": 0.7}, user=None
    )
    cleaning_recover()
    report.refresh_from_db()
    assert report.state == "queued"
    CleaningReport.objects.update(heartbeat_at=timezone.now() - timedelta(hours=1))
    cleaning_recover()
    report.refresh_from_db()
    assert report.state == "done"


def test_after_three_lost_workers_it_gives_up(people: People) -> None:
    report = cleaning_request(project=people.project, kind="duplicates", params={}, user=None)
    hour_ago = timezone.now() - timedelta(hours=1)
    CleaningReport.objects.update(state="running", attempt=3, heartbeat_at=hour_ago)
    cleaning_recover()
    report.refresh_from_db()
    assert report.state == "failed"
    assert "lost 3 times" in report.error


def test_a_fault_is_told_and_logged(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(report: CleaningReport, beat: Any) -> Any:
        raise ValueError("secret detail")

    monkeypatch.setitem(service.FINDERS, "duplicates", broken)
    report = searched(people.project)
    assert report.state == "failed"
    assert "secret" not in report.error


def test_parameters_out_of_range_are_refused(people: People) -> None:
    page = people.client("rita").post(f"{URL}find/", {"n": "3", "threshold": "0"}).content.decode()
    assert "greater than or equal to 0.3" in page
    assert not CleaningReport.objects.exists()


def test_the_page_asks_the_same_for_one_cluster_and_many(
    people: People, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(25):
        for end in ("", "!"):
            said(people.project, f"What is number {number} in words and why is it {number * 7}{end}")
    report = searched(people.project)
    assert report.counts["clusters"] == 25
    client = people.client("rita")
    for number, n_shown in ((1, 20), (2, 5)):
        with django_assert_max_num_queries(10):
            page = client.get(URL, {"page": number}).content.decode()
        assert page.count('id="cluster-') == n_shown


def test_the_database_keeps_one_standing_exclusion(people: People) -> None:
    prompt = PromptFactory(project=people.project)
    PromptExclusion.objects.create(prompt=prompt, reason="a")
    with pytest.raises(IntegrityError), transaction.atomic():
        PromptExclusion.objects.create(prompt=prompt, reason="b")
