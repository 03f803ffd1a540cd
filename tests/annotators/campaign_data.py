"""What a browser sends from the form that makes a campaign, and answers to fill a campaign with."""

from __future__ import annotations

from typing import Any

from annotators.answers import Answer
from annotators.forms import CampaignForm
from annotators.models import Campaign
from annotators.services.assignment_claim import assignment_claim
from annotators.services.label_submit import label_submit
from curation.models import Project, User
from tests.conftest import People

NEW = "/p/helpfulness/campaigns/new/"
LEFT = Answer("preferred", 2)
RIGHT = Answer("preferred", -2)
TIE = Answer("tie")


def posted(form: Any) -> dict[str, Any]:
    """The fields as a browser would send them back untouched: empty ones empty, unticked boxes not at all."""
    values = {name: form[name].value() for name in form.fields}
    sent = {name: value for name, value in values.items() if value is not False and name != "participants"}
    return {name: "" if value is None else value for name, value in sent.items()} | {
        "participants": values["participants"] or []
    }


def campaign_fields(project: Project, **changed: Any) -> dict[str, Any]:
    """An untouched form with some fields changed; False unticks a box."""
    fields = {"name": "Pilot", **posted(CampaignForm(project=project)), "action": "make"}
    fields |= {"name": "Pilot"} | changed
    return {name: value for name, value in fields.items() if value is not False}


def post_campaign(people: People, **changed: Any) -> Any:
    fields = campaign_fields(people.project, **changed)
    return people.client("rita").post(NEW, fields)


def answer_all(campaign: Campaign, user: User, *answers: Answer) -> int:
    """Give the answers in turn, one for each pair the person gets; how many there were."""
    for n, given in enumerate(answers):
        turn = assignment_claim(campaign=campaign, user=user)
        if turn is None:
            return n
        label_submit(assignment_id=turn.pk, user=user, answer=given)
    return len(answers)
