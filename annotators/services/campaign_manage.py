"""Make a campaign, and move it through draft, running, paused and closed."""

from __future__ import annotations

from django.db import IntegrityError, connection, transaction
from django.db.models import F, QuerySet, TextField, Value, Window
from django.db.models.functions import MD5, Cast, Concat, RowNumber

from annotators.errors import CampaignError
from annotators.models import Campaign
from annotators.services.guideline_save import guideline_save
from curation.models import Pair, Project, User

State = Campaign.State
FILL = (
    "INSERT INTO annotators_campaignpair (campaign_id, pair_id, position, slots_left) "
    "SELECT %s, chosen.id, chosen.queue_position, %s FROM ({pairs}) chosen"
)


def campaign_create(
    *,
    project: Project,
    name: str,
    pairs: QuerySet[Pair],
    overlap: int = 1,
    guidelines: str = "",
    lease_seconds: int = 900,
    user: User,
    seed: int | None = None,
    limit: int | None = None,
) -> Campaign:
    """A draft of `pairs` of the project, in id order or shuffled by `seed`, at most `limit` of them.

    One INSERT … SELECT, so a million pairs never pass through Python. Raises CampaignError when the name
    is taken, a number is out of range, or there is no pair.
    """
    if not 1 <= overlap <= 9 or not 10 <= lease_seconds <= 86_400:
        raise CampaignError("Overlap runs from 1 to 9 and the lease from 10 to 86,400 seconds.")
    try:
        with transaction.atomic():
            campaign = Campaign.objects.create(
                project=project,
                name=name,
                overlap=overlap,
                lease_seconds=lease_seconds,
                seed=seed,
                created_by=user,
            )
            campaign.n_pairs = queue_fill(campaign, pairs.filter(prompt__project=project), limit)
            campaign.save(update_fields=["n_pairs"])
            if guidelines.strip():
                guideline_save(campaign=campaign, text=guidelines)
    except IntegrityError as error:
        if "campaign_name_unique" not in str(error):
            raise
        raise CampaignError(
            f"This project already has a campaign named “{name}”. Choose another name."
        ) from error
    return campaign


def queue_fill(campaign: Campaign, pairs: QuerySet[Pair], limit: int | None) -> int:
    """Put the pairs into the campaign's queue; returns how many, and refuses none."""
    seed = Value(f"{campaign.seed}:", output_field=TextField())
    order = F("id").asc() if campaign.seed is None else MD5(Concat(seed, Cast("id", TextField())))
    chosen = pairs.annotate(queue_position=Window(RowNumber(), order_by=order)).order_by("queue_position")
    sql, params = chosen.values("id", "queue_position")[:limit].query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(FILL.format(pairs=sql), [campaign.pk, campaign.overlap, *params])
        n_pairs: int = cursor.rowcount
    if n_pairs == 0:
        raise CampaignError(
            "No pair matches, so there is nothing to annotate. Build pairs first, or choose other pairs."
        )
    return n_pairs


def campaign_start(*, campaign: Campaign) -> Campaign:
    """Run a draft, resume a paused campaign, or reopen a closed one."""
    return campaign_move(campaign, State.RUNNING, from_states=[State.DRAFT, State.PAUSED, State.CLOSED])


def campaign_pause(*, campaign: Campaign) -> Campaign:
    """Take no answers for now; pairs on people's screens stay theirs until their leases run out."""
    return campaign_move(campaign, State.PAUSED, from_states=[State.RUNNING])


def campaign_close(*, campaign: Campaign) -> Campaign:
    """Take no more answers."""
    return campaign_move(campaign, State.CLOSED, from_states=[State.RUNNING, State.PAUSED])


def campaign_move(campaign: Campaign, to: State, *, from_states: list[State]) -> Campaign:
    moved = Campaign.objects.filter(pk=campaign.pk, state__in=from_states).update(state=to)
    campaign.refresh_from_db(fields=["state"])
    if not moved:
        raise CampaignError(
            f"“{campaign.name}” is {campaign.get_state_display().lower()}, so it cannot become "
            f"{to.label.lower()}. Reload the page to see where it stands."
        )
    return campaign
