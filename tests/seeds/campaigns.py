"""Campaigns, with answers, disagreement and reports on them."""

from __future__ import annotations

from annotators.answers import Answer
from annotators.decisions import decisions_for
from annotators.models import Assignment, Campaign
from annotators.services.assignment_claim import assignment_claim
from annotators.services.campaign_create import campaign_create
from annotators.services.campaign_manage import campaign_start
from annotators.services.gold_manage import gold_add
from annotators.services.guideline_save import guideline_save
from annotators.services.label_submit import label_submit
from annotators.services.quality_build import quality_build, quality_request
from annotators.services.review_decide import review_decide
from annotators.task_form import REASONS, SAFETY_TAGS, Rationale, Scale, Segments, Spans, TaskForm
from curation.models import Judgment, Membership, Pair, Project, Rater, User
from curation.services.invitation_create import invitation_create
from curation.services.judgment_record import judgment_record
from tests.seeds.basics import make_user


def campaign(*, project: int, overlap: int = 1, lease_seconds: int = 900) -> int:
    made = campaign_create(
        project=Project.objects.get(pk=project),
        name="First look",
        pairs=Pair.objects.filter(prompt__project=project),
        overlap=overlap,
        lease_seconds=lease_seconds,
        guidelines="Prefer the response that answers the question.",
        user=User.objects.get(username="alice"),
    )
    campaign_start(campaign=made)
    return int(made.pk)


def campaign_worked(*, project: int) -> dict[str, int]:
    """A campaign with every kind of part, two versions of guidelines, answers that differ, and two people."""
    alice, anna = (User.objects.get(username=name) for name in ("alice", "anna"))
    task = TaskForm(
        steps=7,
        ratings=(Scale(name="Helpfulness"), Scale(name="Correctness")),
        comparisons=("Style",),
        spans=Spans(),
        segments=Segments(),
        rationale=Rationale(reasons=REASONS),
        rewrite="optional",
        safety=SAFETY_TAGS,
    )
    made = campaign_create(
        project=Project.objects.get(pk=project),
        name="Worked on",
        pairs=Pair.objects.filter(prompt__project=project),
        form=task,
        overlap=2,
        overlap_cap=3,
        order="uncertainty",
        control_share=0.3,
        guidelines="Prefer the response that answers the question.",
        participants=[anna],
        user=alice,
    )
    campaign_start(campaign=made)
    given = [Answer("preferred", 3, rationale="It answers."), Answer("preferred", -2), Answer("tie")]
    for number in range(24):
        person = (alice, anna)[number % 2]
        turn = assignment_claim(campaign=made, user=person)
        if turn is not None:
            label_submit(assignment_id=turn.pk, user=person, answer=given[number % 3])
    guideline_save(campaign=made, text="Prefer the response that answers the question in fewer words.")
    assignment_claim(campaign=made, user=anna)
    return {"campaign_worked": made.pk}


def disagreement(*, project: int) -> dict[str, int | str]:
    """A campaign in which Anna and Bea disagree; one pair waits for a reviewer, one was decided by Alice.

    Also an invitation as reviewer, by its secret, and one of Anna's answers.
    """
    owner, anna = (User.objects.get(username=name) for name in ("alice", "anna"))
    bea = User.objects.filter(username="bea").first() or make_user("bea")
    Membership.objects.get_or_create(project_id=project, user=bea, defaults={"role": "annotator"})
    made = campaign_create(
        project=Project.objects.get(pk=project),
        name="Second look",
        pairs=Pair.objects.filter(prompt__project=project),
        limit=3,
        overlap=2,
        guidelines="Prefer the response that answers the question.",
        user=owner,
    )
    campaign_start(campaign=made)
    for person, towards_a in ((anna, 2), (bea, -2)):
        for _ in range(2):
            turn = assignment_claim(campaign=made, user=person)
            assert turn is not None
            side = towards_a if turn.left == "a" else -towards_a
            label_submit(assignment_id=turn.pk, user=person, answer=Answer("preferred", side))
    first, second = made.campaign_pairs.filter(review="open").select_related("campaign", "pair__prompt")
    choice = decisions_for(made.task)[0]
    review_decide(campaign_pair=second, user=owner, choice=choice, cause="slip", note="B is cut off.")
    _, secret = invitation_create(project=made.project, user=owner, role="reviewer", note="Night shift")
    answered = Assignment.objects.filter(annotator=anna, campaign=made).earliest("pk")
    return {
        "again": made.pk,
        "waiting": first.pk,
        "decided": second.pk,
        "secret": secret,
        "turn": answered.pk,
    }


def quality(*, project: int, campaign: int) -> dict[str, int]:
    """A gold pair, imported raters who mostly agree on every pair, and a report on each of project and
    campaign."""
    owner = Project.objects.get(pk=project)
    alice = User.objects.get(username="alice")
    pairs = list(Pair.objects.filter(prompt__project=project).order_by("pk"))
    raters = [Rater.objects.create(project=owner, kind="person", label=f"expert {n}") for n in (1, 2, 3)]
    for number, pair in enumerate(pairs):
        for place, rater in enumerate(raters):
            judgment_record(
                pair=pair,
                rater=rater,
                left="ab"[(number + place) % 2],
                outcome=Judgment.Outcome.PREFERRED,
                preference=1 + (number + place) % 3 if (number + 2 * place) % 5 else -2,
                source=Judgment.Source.IMPORT,
            )
    gold = gold_add(project=owner, pair=pairs[-1], expected="a", user=alice, explanation="A **answers**.")
    for of in (Campaign.objects.get(pk=campaign), None):
        quality_build(report_id=quality_request(project=owner, campaign=of, user=alice).pk)
    return {"gold": gold.pk, "rater": raters[0].pk}
