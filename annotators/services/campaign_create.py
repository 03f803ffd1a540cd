"""Make a campaign: its settings, its queue, its gold pairs, its people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict, Unpack

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from annotators.errors import CampaignError
from annotators.models import Campaign, Participation
from annotators.models.campaigns import MAX_OVERLAP
from annotators.services.guideline_save import guideline_save
from annotators.services.queue_fill import gold_fill, queue_fill, ranking_fill
from annotators.services.turns import first_state
from annotators.task_form import TaskForm
from curation.models import Pair, Project, User


class CampaignSettings(TypedDict, total=False):
    """The fields of a campaign that are chosen when it is made; each has its default on the model."""

    overlap: int
    overlap_cap: int | None
    lease_seconds: int
    order: str
    seed: int | None
    control_share: float
    invited_only: bool
    gold_share: float
    qualification_size: int
    qualification_pass: float
    daily_goal: int | None
    break_after_minutes: int | None
    mask_identity: bool
    mask_words: str
    names_shown: bool


def campaign_create(
    *,
    project: Project,
    user: User,
    name: str,
    pairs: QuerySet[Pair],
    form: TaskForm | None = None,
    guidelines: str = "",
    limit: int | None = None,
    participants: Iterable[User] = (),
    **settings: Unpack[CampaignSettings],
) -> Campaign:
    """A draft over `pairs` of the project, in the order that the settings name, at most `limit` of them.

    A ranking puts up to `ranking_size` responses of each prompt in order. `participants` are members who take
    part from the start; with `invited_only` nobody else may. Raises CampaignError when the name is taken, a
    number is out of range, or nothing is there to annotate.
    """
    form = form or TaskForm()
    campaign = Campaign(
        project=project, name=name, created_by=user, form=form.model_dump(mode="json"), **settings
    )
    refuse_contradictions(campaign, form)
    try:
        with transaction.atomic():
            campaign.save()
            chosen = pairs.filter(prompt__project=project)
            if form.kind == "ranking":
                campaign.n_pairs, campaign.n_left_out = ranking_fill(campaign, chosen, limit)
            else:
                campaign.n_pairs = queue_fill(campaign, chosen, limit)
                gold_fill(campaign)
            campaign.save(update_fields=["n_pairs", "n_left_out"])
            if guidelines.strip():
                guideline_save(campaign=campaign, text=guidelines)
            Participation.objects.bulk_create(
                Participation(campaign=campaign, user=person, state=first_state(campaign))
                for person in participants
            )
    except IntegrityError as error:
        if "campaign_name_unique" not in str(error):
            raise
        raise CampaignError(
            f"This project already has a campaign named “{name}”. Choose another name.", field="name"
        ) from error
    return campaign


def refuse_contradictions(campaign: Campaign, form: TaskForm) -> None:
    """What the database would refuse too, in words."""
    if not 1 <= campaign.overlap <= MAX_OVERLAP or not 10 <= campaign.lease_seconds <= 86_400:
        raise CampaignError("Overlap runs from 1 to 9 and the lease from 10 to 86,400 seconds.")
    if campaign.overlap_cap is not None and not campaign.overlap <= campaign.overlap_cap <= MAX_OVERLAP:
        raise CampaignError(
            "The cap on people per pair runs from the overlap itself to 9.", field="overlap_cap"
        )
    if not 0 <= campaign.gold_share <= 0.5:
        raise CampaignError("The share of gold pairs runs from 0 to 0.5.", field="gold_share")
    if form.kind == "ranking" and (campaign.gold_share or campaign.qualification_size):
        raise CampaignError(
            "Gold is about one pair, so a ranking cannot mix it in. Check people in a pairwise campaign."
        )
