"""The quality report: what is computed, how it is asked for, and its pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from annotators.answers import Answer
from annotators.models import Campaign, QualityReport
from annotators.people_table import reported_people
from annotators.services.assignment_claim import assignment_claim
from annotators.services.label_submit import label_submit
from annotators.services.quality_build import quality_build, quality_request
from curation.models import Judgment, Rater, User
from curation.services.rater_exclude import rater_exclude
from tests.annotators.conftest import MakeCampaign
from tests.annotators.test_gold import answer_gold, make_pair, mark
from tests.conftest import People
from tests.factories import JudgmentFactory, MembershipFactory, RaterFactory, UserFactory

pytestmark = pytest.mark.django_db

PROJECT_PAGE = "/p/helpfulness/agreement/"


def crew(people: People, n: int) -> list[User]:
    users = [UserFactory(username=f"worker{number}") for number in range(n)]
    for user in users:
        MembershipFactory(project=people.project, user=user)
    return users


def answer_all(campaign: Campaign, user: User, says: Callable[[int], str]) -> int:
    """Answer whatever is left for the person; `says` gets the pair's place, and names a response, a side,
    or an outcome."""
    n = 0
    while (turn := assignment_claim(campaign=campaign, user=user)) is not None:
        said = says(turn.campaign_pair.position or 0)
        towards_left = 2 if said in {turn.left, "left"} else -2
        names_one = said in {"a", "b", "left", "right"}
        answer = Answer("preferred", towards_left) if names_one else Answer(said)
        label_submit(assignment_id=turn.pk, user=user, answer=answer)
        n += 1
    return n


def always(said: str) -> Callable[[int], str]:
    return lambda _place: said


def computed(people: People, campaign: Campaign | None = None) -> dict[str, Any]:
    report = quality_request(project=people.project, campaign=campaign, user=people.rita)
    quality_build(report_id=report.pk)
    report.refresh_from_db()
    assert (report.state, report.error) == ("done", "")
    found: dict[str, Any] = report.report
    return found


def page_of(people: People, campaign: Campaign) -> str:
    return people.client("rita").get(f"/p/helpfulness/campaigns/{campaign.pk}/quality/").content.decode()


def test_it_works(people: People, make_campaign: MakeCampaign) -> None:
    campaign = make_campaign(4, overlap=2)
    first, second = crew(people, 2)
    answer_all(campaign, first, always("a"))
    answer_all(campaign, second, lambda place: "b" if place == 4 else "a")
    report = computed(people, campaign)
    overall = report["overall"]
    assert (report["n_raters"], overall["n_pairs"], overall["n_ratings"]) == (2, 4, 8)
    assert overall["percent"]["value"] == 0.75
    assert overall["fleiss"]["value"] == pytest.approx(-1 / 7)  # (0.75 − 0.78125) / (1 − 0.78125)
    assert overall["alpha_nominal"]["value"] == pytest.approx(0.0)  # 1 − 7·2/(2·7·1)
    (pair,) = report["rater_pairs"]["rows"]
    assert (pair["n"], pair["percent"], pair["kappa"]["value"]) == (4, 0.75, 0.0)
    row = reported_people(campaign)[first.pk]
    assert (row["answers"], row["agreement"]["value"], row["agreement"]["n"]) == (4, 0.75, 4)
    page = page_of(people, campaign)
    assert "75.0 %" in page
    assert "As of" in page
    assert "worker0" in page
    assert "Recompute" in page


def test_the_button_queues_one_report_at_a_time(
    people: People, campaign: Campaign, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    client = people.client("rita")
    for path in ("agreement/build/", f"campaigns/{campaign.pk}/quality/build/"):
        with django_capture_on_commit_callbacks(execute=True) as sent:
            client.post(f"/p/helpfulness/{path}")
        assert len(sent) == 1
    assert list(QualityReport.objects.values_list("state", flat=True)) == ["done", "done"]
    first = quality_request(project=people.project, campaign=None, user=people.rita)
    again = quality_request(project=people.project, campaign=None, user=people.alice)
    assert first.pk == again.pk
    assert quality_request(project=people.project, campaign=campaign, user=people.rita).pk != first.pk


def test_the_page_polls_only_while_a_report_is_on_its_way(people: People) -> None:
    client = people.client("rita")
    assert "Nothing computed yet" in client.get(PROJECT_PAGE).content.decode()
    report = quality_request(project=people.project, campaign=None, user=people.rita)
    assert 'hx-trigger="every 2s"' in client.get(PROJECT_PAGE).content.decode()
    fragment = client.get(PROJECT_PAGE, headers={"HX-Request": "true"})
    assert "<html" not in fragment.content.decode()
    assert "HX-Refresh" not in fragment.headers
    quality_build(report_id=report.pk)
    fragment = client.get(PROJECT_PAGE, headers={"HX-Request": "true"})
    assert fragment.headers["HX-Refresh"] == "true"
    assert 'hx-trigger="every 2s"' not in client.get(PROJECT_PAGE).content.decode()


def test_nobody_answered(people: People, campaign: Campaign) -> None:
    for found in (computed(people, campaign), computed(people)):
        assert found["overall"]["percent"] == {
            "value": None, "low": None, "high": None, "n": 0, "reason": "no pair was answered by two raters",
        }  # fmt: skip
        assert (found["people"], found["answers"]) == ([], [])
    page = page_of(people, campaign)
    assert "not defined: no pair was answered by two raters" in page
    assert "Nobody has answered yet" in page


def test_one_rater_only(people: People, campaign: Campaign) -> None:
    answer_all(campaign, people.anna, always("a"))
    report = computed(people, campaign)
    (row,) = report["people"]
    assert row["agreement"]["reason"] == "nobody else answered the same pairs"
    assert row["kappa"]["value"] is None
    assert "not defined: nobody else answered the same pairs" in page_of(people, campaign)
    assert "No two raters answered the same pair" in page_of(people, campaign)


def test_all_ties_leave_nothing_beyond_chance(people: People, make_campaign: MakeCampaign) -> None:
    campaign = make_campaign(3, overlap=2)
    for user in crew(people, 2):
        answer_all(campaign, user, always("tie"))
    overall = computed(people, campaign)["overall"]
    assert overall["percent"]["value"] == 1.0
    for name in ("fleiss", "alpha_nominal", "alpha_ordinal"):
        assert "nothing is left beyond chance" in overall[name]["reason"]
    assert "not defined: everyone gave the same answer" in page_of(people, campaign)


def test_unequal_overlap_has_no_fleiss_kappa(people: People, make_campaign: MakeCampaign) -> None:
    campaign = make_campaign(2, overlap=3)
    one, two, three = crew(people, 3)
    answer_all(campaign, one, always("a"))
    answer_all(campaign, two, lambda place: "b" if place == 1 else "a")
    turn = assignment_claim(campaign=campaign, user=three)
    assert turn is not None
    label_submit(assignment_id=turn.pk, user=three, answer=Answer("tie"))
    assert "number of raters differs" in computed(people, campaign)["overall"]["fleiss"]["reason"]


def test_gold_is_measured_per_person_and_category_and_kept_out_of_agreement(
    people: People, make_campaign: MakeCampaign
) -> None:
    for category in ("maths", "maths", "law"):
        mark(people, make_pair(people, category=category))
    campaign = make_campaign(1, qualification_size=3, qualification_pass=0)
    for _ in range(3):
        turn = assignment_claim(campaign=campaign, user=people.anna)
        assert turn is not None
        right = turn.pair.prompt.category == "maths"
        answer_gold(campaign, people.anna, "a" if right else "tie")
    answer_all(campaign, people.anna, always("a"))
    report = computed(people, campaign)
    (row,) = report["people"]
    assert (row["gold"]["part"], row["gold"]["n"], row["answers"]) == (2, 3, 4)
    assert row["gold"]["low"] < 2 / 3 < row["gold"]["high"]
    assert {part["name"]: (part["part"], part["n"]) for part in row["gold_by_category"]} == {
        "maths": (2, 2),
        "law": (0, 1),
    }
    assert {"why": "checks on gold pairs", "n": 3} in report["left_out"]
    assert report["n_judgments"] == 1
    page = page_of(people, campaign)
    assert "2 of 3" in page


def test_whoever_always_prefers_the_left_is_flagged(people: People, make_campaign: MakeCampaign) -> None:
    campaign = make_campaign(40, overlap=2)
    lefty, fair = crew(people, 2)
    answer_all(campaign, lefty, always("left"))
    answer_all(campaign, fair, lambda place: "left" if place % 2 else "right")
    rows = {row["label"]: row["left"] for row in computed(people, campaign)["people"]}
    assert (rows["worker0"]["value"], rows["worker0"]["flag"]) == (1.0, "left")
    assert rows["worker1"]["flag"] == ""
    assert page_of(people, campaign).count("Always left?") == 1


def test_speed(people: People, make_campaign: MakeCampaign) -> None:
    campaign = make_campaign(12, overlap=6)
    users = crew(people, 6)
    for user in users:
        answer_all(campaign, user, always("a"))
    for number, user in enumerate(users):
        took = 300 if number == 0 else 20_000 + 1000 * number
        # Judgments never change; for this measurement the clock is set on copies that replace them.
        for judgment in Judgment.objects.filter(rater__user=user):
            set_duration(judgment, took)
    rows = {row["label"]: row for row in computed(people, campaign)["people"]}
    assert rows["worker0"]["median_seconds"] == 0.3
    assert (rows["worker0"]["rushed"]["value"], rows["worker0"]["speed"]) == (1.0, "fast")
    assert {rows[f"worker{n}"]["speed"] for n in range(1, 6)} == {""}
    assert rows["worker3"]["rushed"]["value"] == 0.0


def set_duration(judgment: Judgment, took: int) -> None:
    assignment = judgment.assignment
    newer = JudgmentFactory(
        pair=judgment.pair,
        rater=judgment.rater,
        left=judgment.left,
        preference=judgment.preference,
        duration_ms=took,
        source="campaign",
        supersedes=judgment,
    )
    type(assignment).objects.filter(pk=assignment.pk).update(judgment=newer)


def test_a_rater_who_is_left_out_counts_nowhere_but_keeps_a_row(
    people: People, make_campaign: MakeCampaign
) -> None:
    campaign = make_campaign(3, overlap=2)
    first, second = crew(people, 2)
    for user in (first, second):
        answer_all(campaign, user, always("a"))
    rater = Rater.objects.get(user=second)
    rater_exclude(rater=rater, user=people.rita, reason="Guesses")
    report = computed(people, campaign)
    assert (report["n_raters"], report["overall"]["n_pairs"]) == (1, 0)
    assert report["excluded"] == [{"rater": rater.pk, "label": "worker1", "reason": "Guesses", "n": 3}]
    assert {row["label"]: row["excluded"] for row in report["people"]} == {"worker0": False, "worker1": True}
    page = page_of(people, campaign)
    assert "left out with 3: Guesses" in page


def test_people_and_judges_compare_in_the_projects_report(
    people: People, make_campaign: MakeCampaign
) -> None:
    campaign = make_campaign(4)
    answer_all(campaign, people.anna, always("a"))
    judge = RaterFactory(project=people.project, label="judge v1")
    for place, queued in enumerate(campaign.campaign_pairs.all()):
        for left in ("a", "b"):
            towards_a = -2 if place == 0 else 2
            preference = towards_a if left == "a" else -towards_a
            JudgmentFactory(pair=queued.pair, rater=judge, left=left, preference=preference, source="judge")
    mark(people, campaign.campaign_pairs.all()[0].pair)
    report = computed(people)
    assert report["overall"]["percent"]["value"] == 0.75
    rows = {row["label"]: row for row in report["people"]}
    assert (rows["judge v1"]["answers"], rows["judge v1"]["agreement"]["n"]) == (8, 4)
    assert (rows["judge v1"]["gold"]["part"], rows["judge v1"]["gold"]["n"]) == (0, 1)
    assert rows["anna"]["gold"]["part"] == 1
    assert [row["name"] for row in report["methods"]["built"] if row["n"] is None] == []
    page = people.client("rita").get(PROJECT_PAGE).content.decode()
    assert "judge v1" in page
    assert "Dawid-Skene" in page


def test_methods_that_differ_are_listed(people: People, make_campaign: MakeCampaign) -> None:
    campaign = make_campaign(2, overlap=3)
    for number, user in enumerate(crew(people, 3)):
        strong = number == 0
        while (turn := assignment_claim(campaign=campaign, user=user)) is not None:
            towards_a = 3 if strong else -1
            answer = Answer("preferred", towards_a if turn.left == "a" else -towards_a)
            label_submit(assignment_id=turn.pk, user=user, answer=answer)
    report = computed(people)
    same = {(row["first"], row["second"]): (row["n"], row["same"]) for row in report["methods"]["same"]}
    assert same["majority", "mean_probability"] == (2, 0)
    assert [row["reason"] != "" for row in report["methods"]["built"] if row["name"] == "gold_weighted"] == [
        True
    ]
    client = people.client("rita")
    page = client.get(PROJECT_PAGE).content.decode()
    assert "agreement/differ/?first=majority&amp;second=mean_probability" in page
    assert "Weighted by gold: not defined" in page
    listed = client.get(f"{PROJECT_PAGE}differ/?first=majority&second=mean_probability")
    assert listed.context["page"].paginator.count == 2
    none = client.get(f"{PROJECT_PAGE}differ/?first=majority&second=majority").content.decode()
    assert "conclude the same on every pair" in none
    assert "Choose two methods" in client.get(f"{PROJECT_PAGE}differ/").content.decode()


def test_weeks_and_categories(people: People, make_campaign: MakeCampaign) -> None:
    campaign = make_campaign(2, overlap=2)
    for user in crew(people, 2):
        answer_all(campaign, user, lambda place: "a" if place == 1 else "b")
    report = computed(people, campaign)
    year, week, _ = timezone.now().isocalendar()
    assert [row["name"] for row in report["weeks"]["rows"]] == [f"{year}-W{week:02}"]
    assert [(row["name"], row["n_pairs"]) for row in report["categories"]["rows"]] == [("general", 2)]
    assert report["categories"]["rows"][0]["percent"]["value"] == 1.0


def test_a_decision_is_no_rating(people: People, make_campaign: MakeCampaign) -> None:
    campaign = make_campaign(1, overlap=2)
    for user in crew(people, 2):
        answer_all(campaign, user, always("a"))
    rob = RaterFactory(kind="person", project=people.project, user=people.rob, label="rob")
    JudgmentFactory(pair=campaign.campaign_pairs.get().pair, rater=rob, preference=-2, source="adjudicated")
    report = computed(people)
    assert (report["overall"]["n_ratings"], report["overall"]["percent"]["value"]) == (2, 1.0)
    assert {"why": "reviewers' decisions", "n": 1} in report["left_out"]


def test_pages_cost_the_same_for_one_row_and_many(
    people: People, make_campaign: MakeCampaign, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    campaign = make_campaign(2, overlap=4)
    client = people.client("rita")
    for user in crew(people, 4):
        answer_all(campaign, user, lambda place: "a" if place == 1 else "b")
        computed(people)
        computed(people, campaign)
        for path in ("agreement/", f"campaigns/{campaign.pk}/quality/"):
            with django_assert_max_num_queries(11):
                assert client.get(f"/p/helpfulness/{path}").status_code == 200


def test_researchers_only(people: People, campaign: Campaign) -> None:
    for path in (
        "agreement/",
        f"campaigns/{campaign.pk}/quality/",
        "agreement/differ/",
        "agreement/help/",
        "gold/",
    ):
        for name in ("rob", "anna", "charlie"):
            assert people.client(name).get(f"/p/helpfulness/{path}").status_code == 404, (name, path)
        assert people.client("rita").get(f"/p/helpfulness/{path}").status_code == 200, path
    for path in ("agreement/build/", f"campaigns/{campaign.pk}/quality/build/", "gold/unanimous/"):
        for name in ("rob", "anna", "charlie"):
            assert people.client(name).post(f"/p/helpfulness/{path}").status_code == 404, (name, path)
    assert not QualityReport.objects.exists()
    assert people.client("charlie").get(f"/p/elsewhere/campaigns/{campaign.pk}/quality/").status_code == 404
