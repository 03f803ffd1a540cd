"""Change a campaign that exists: what may change without making its answers mean different things."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict, Unpack

from django.db import IntegrityError, transaction

from annotators.errors import CampaignError
from annotators.models import Campaign, CampaignPair, Participation
from annotators.models.campaigns import MAX_OVERLAP
from annotators.services.queue_fill import current_gold
from annotators.services.turns import first_state
from curation.models import User


class CampaignChanges(TypedDict, total=False):
    name: str
    overlap_cap: int | None
    lease_seconds: int
    gold_share: float
    daily_goal: int | None
    break_after_minutes: int | None
    mask_words: str
    names_shown: bool
    invited_only: bool


def campaign_update(
    *, campaign: Campaign, participants: Iterable[User] | None = None, **changes: Unpack[CampaignChanges]
) -> Campaign:
    """Save the changes. A raised cap holds for pairs that are settled from now on.

    `participants` are those who take part without having opened a pair yet: people missing from it leave,
    people new in it join; whoever has opened one stays. Raises CampaignError when the name is taken, a number
    is out of range, the cap would sink, or there is no gold to mix in.
    """
    try:
        with transaction.atomic():
            current = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
            refuse_changes(current, changes)
            Campaign.objects.filter(pk=campaign.pk).update(**changes)
            if changes.get("gold_share"):
                gold_add(current)
            if participants is not None:
                participants_set(current, participants)
    except IntegrityError as error:
        if "campaign_name_unique" not in str(error):
            raise
        raise CampaignError(
            f"This project already has a campaign named “{changes['name']}”. Choose another name.",
            field="name",
        ) from error
    campaign.refresh_from_db()
    return campaign


def refuse_changes(campaign: Campaign, changes: CampaignChanges) -> None:
    """What the database would refuse too, in words, and a cap that sinks."""
    if "overlap_cap" in changes:
        cap, floor = changes["overlap_cap"], campaign.overlap_cap or campaign.overlap
        if campaign.overlap_cap is not None and (cap is None or cap < campaign.overlap_cap):
            raise CampaignError(
                f"The cap can only go up from {campaign.overlap_cap}: pairs may have been given to that many "
                "people already.",
                field="overlap_cap",
            )
        if cap is not None and not floor <= cap <= MAX_OVERLAP:
            raise CampaignError(f"The cap runs from {floor} to {MAX_OVERLAP}.", field="overlap_cap")
    if not 10 <= changes.get("lease_seconds", campaign.lease_seconds) <= 86_400:
        raise CampaignError("The lease runs from 10 to 86,400 seconds.", field="lease_seconds")
    share = changes.get("gold_share", 0.0)
    if not 0 <= share <= 0.5:
        raise CampaignError("The share of gold pairs runs from 0 to 0.5.", field="gold_share")
    if share and campaign.task.kind == "ranking":
        raise CampaignError("Gold is about one pair, so a ranking cannot mix it in.", field="gold_share")


def gold_add(campaign: Campaign) -> int:
    """Bring in the project's gold pairs that the campaign does not hold; returns how many came.

    A pair that stands in its queue stays there: people may have answered it already.
    """
    missing = current_gold(campaign).exclude(pair__in=campaign.campaign_pairs.values("pair"))
    rows = [
        CampaignPair(campaign=campaign, pair_id=gold.pair_id, gold=gold, slots_left=0) for gold in missing
    ]
    CampaignPair.objects.bulk_create(rows, ignore_conflicts=True)
    if not campaign.campaign_pairs.filter(gold__isnull=False, gold__retired_at=None).exists():
        raise CampaignError(
            "There is no gold pair that this campaign could mix in: the project has none, or each one "
            "stands in the campaign's own queue. Mark other pairs first, or set the share to 0.",
            field="gold_share",
        )
    return len(rows)


def participants_set(campaign: Campaign, participants: Iterable[User]) -> None:
    """Bring those who have not begun in line with `participants`."""
    wanted = {person.pk for person in participants}
    campaign.participations.filter(n_opened=0).exclude(user__in=wanted).delete()
    Participation.objects.bulk_create(
        [Participation(campaign=campaign, user_id=pk, state=first_state(campaign)) for pk in sorted(wanted)],
        ignore_conflicts=True,
    )
