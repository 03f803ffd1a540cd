"""One open turn of a campaign with a task form, and answers sent to it."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.test import Client

from annotators.models import Assignment, Campaign
from annotators.services.assignment_claim import assignment_claim
from annotators.services.campaign_create import campaign_create
from annotators.services.campaign_manage import campaign_start
from annotators.task_form import TaskForm
from curation.models import Judgment, Pair
from tests.annotators.conftest import answer_url, label_url, undo_url
from tests.conftest import People
from tests.factories import PairFactory, PromptFactory, ResponseFactory, SamplerFactory

Data = dict[str, Any]

TEXT_A = "Paris is the capital of France. It has 12 million people."
TEXT_B = "The capital is Lyon. Lyon is large. Go there."


@dataclass
class Turn:
    """Anna's turn. Unless the test says otherwise, response a stands on the left."""

    client: Client
    assignment: Assignment

    @property
    def campaign(self) -> Campaign:
        return self.assignment.campaign

    def page(self) -> str:
        return html.unescape(self.client.get(label_url(self.campaign)).content.decode())

    def send(self, data: Data) -> Any:
        return self.client.post(answer_url(self.assignment), data, headers={"HX-Request": "true"})

    def recorded(self, data: Data) -> Judgment:
        """The judgment that the answer became."""
        response = self.send(data)
        assert response.status_code == 200, html.unescape(response.content.decode())
        self.assignment.refresh_from_db()
        assert self.assignment.state == "done"
        assert self.assignment.judgment is not None
        return self.assignment.judgment

    def refused(self, data: Data, words: str) -> str:
        """The page that says why; nothing was recorded and the turn is still open."""
        before = Judgment.objects.count()
        response = self.send(data)
        page = html.unescape(response.content.decode())
        assert response.status_code == 400
        assert words in page
        assert Judgment.objects.count() == before
        self.assignment.refresh_from_db()
        assert self.assignment.state == "open"
        return page

    def undo(self) -> None:
        assert self.client.post(undo_url(self.campaign), headers={"HX-Request": "true"}).status_code == 200
        self.assignment.refresh_from_db()
        assert self.assignment.state == "open"


def begin(
    people: People, form: TaskForm, *, a: str = TEXT_A, b: str = TEXT_B, left: str = "a", **pair: Any
) -> Turn:
    prompt = PromptFactory(project=people.project)
    PairFactory(prompt=prompt, response_a__text=a, response_b__text=b, **pair)
    campaign = campaign_create(
        project=people.project,
        name=f"Parts of {prompt.pk}",
        form=form,
        pairs=Pair.objects.filter(prompt=prompt),
        user=people.rita,
    )
    return open_turn(people, campaign_start(campaign=campaign), left)


def begin_ranking(people: People, form: TaskForm, texts: list[str], first_id: int | None = None) -> Turn:
    """A ranking, its responses listed in the order of `texts`; the pair is its first two."""
    prompt = PromptFactory(project=people.project)
    sampler = SamplerFactory(project=people.project)
    ids: list[Data] = [{"id": first_id + i} if first_id else {} for i in range(len(texts))]
    made = [
        ResponseFactory(prompt=prompt, sampler=sampler, text=text, **own)
        for text, own in zip(texts, ids, strict=True)
    ]
    for other in made[1:]:
        Pair.objects.create(prompt=prompt, response_a=made[0], response_b=other)
    campaign = campaign_create(
        project=people.project,
        name=f"Ranking of {prompt.pk}",
        form=form,
        pairs=Pair.objects.filter(prompt=prompt),
        user=people.rita,
    )
    turn = open_turn(people, campaign_start(campaign=campaign), "a")
    order = sorted(turn.assignment.order or [])
    Assignment.objects.filter(pk=turn.assignment.pk).update(order=order)
    turn.assignment.refresh_from_db()
    return turn


def open_turn(people: People, campaign: Campaign, left: str) -> Turn:
    claimed = assignment_claim(campaign=campaign, user=people.anna)
    assert claimed is not None
    Assignment.objects.filter(pk=claimed.pk).update(left=left)
    return Turn(
        people.client("anna"), Assignment.objects.select_related("campaign", "pair").get(pk=claimed.pk)
    )


def querydict(data: Data) -> QueryDict:
    sent = QueryDict(mutable=True)
    sent.update(data)
    return sent


def span(start: Any, end: Any, **fields: Any) -> Data:
    return {"side": "left", "start": start, "end": end, "type": "factual", "severity": 1, **fields}


def spans(*marks: Data) -> str:
    return json.dumps(marks)
