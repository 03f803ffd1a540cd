"""What claiming, answering and undoing share: whose turn it is, and which slot it takes.

Locks are always taken in the order person, assignment, campaign pair, and campaign pairs by position, so
no two requests can deadlock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, OuterRef
from django.utils.crypto import salted_hmac

from annotators.errors import LabelError
from annotators.models import Assignment, Campaign, CampaignPair, Participation
from annotators.querysets import HOLDING, count_of
from config.compiled import Compiled, CompiledUpdate, Given
from curation.models import User
from curation.models.judgments import Side

STOPPED = {
    Campaign.State.DRAFT: "This campaign has not started yet.",
    Campaign.State.PAUSED: "This campaign is paused. Answers are not taken until it is resumed.",
    Campaign.State.CLOSED: "This campaign is closed. Answers are no longer taken.",
}
BARRED = {
    Participation.State.PAUSED: (
        "Your work in this campaign is paused. What you answered is kept; ask the researcher who runs it."
    ),
    Participation.State.FAILED: (
        "Your qualification round did not reach the pass mark, so there are no pairs for you in this "
        "campaign. Ask the researcher who runs it for another try."
    ),
}

PARTICIPATION_LOCK = Compiled(
    lambda: Participation.objects.select_for_update(no_key=True).filter(
        campaign=Given("campaign"), user=Given("user")
    )
)
SHOWN = Compiled(
    lambda: Assignment.objects.filter(campaign_pair=Given("pair")).values_list(
        "slot", "state", "left", "annotator_id"
    )
)

COUNT_SLOT = CompiledUpdate(
    lambda: CampaignPair.objects.filter(pk=Given("pair")), slots_left=F("slots_left") - 1
)


def refuse_unless_running(campaign: Campaign) -> None:
    """Raise LabelError, saying why, when the campaign takes no answers."""
    if campaign.state != Campaign.State.RUNNING:
        raise LabelError(STOPPED[Campaign.State(campaign.state)])


def participation_lock(*, campaign: Campaign, user: User) -> Participation:
    """The person's standing, locked: one request of a person at a time, or two tabs would claim two pairs.

    Whoever comes for the first time joins. Raises LabelError when they may not take part.
    """
    standing = PARTICIPATION_LOCK.first(campaign=campaign.pk, user=user.pk)
    if standing is None:
        if campaign.invited_only:
            raise LabelError("This campaign is for named people. Ask its researcher to add you.")
        newcomer = Participation(campaign=campaign, user=user, state=first_state(campaign))
        Participation.objects.bulk_create([newcomer], ignore_conflicts=True)
        standing = PARTICIPATION_LOCK.get(campaign=campaign.pk, user=user.pk)
    if standing.state in BARRED:
        raise LabelError(BARRED[Participation.State(standing.state)])
    standing.user = user  # known already; reading it must not ask again
    return standing


def first_state(campaign: Campaign) -> Participation.State:
    """Where a newcomer begins."""
    return Participation.State.QUALIFYING if campaign.qualification_size else Participation.State.ACTIVE


def gold_seed(campaign: Campaign, user_id: int) -> str:
    """What decides which of a person's turns bring gold: their own, and not to be guessed from their id."""
    return salted_hmac("annotators.gold", f"{campaign.pk}:{user_id}").hexdigest()


def lease_end(campaign: Campaign, now: datetime) -> datetime:
    return now + timedelta(seconds=campaign.lease_seconds)


@dataclass(frozen=True)
class Showings:
    """How a campaign pair has been shown so far: which slots are taken, how often each side was left, and
    whose turns at it ran out."""

    taken: frozenset[int]
    a_left: int
    b_left: int
    expired_for: frozenset[int]

    def free_slot(self, overlap: int) -> int:
        return min(set(range(1, overlap + 1)) - self.taken)


def showings(campaign_pair: CampaignPair) -> Showings:
    rows = SHOWN.rows(pair=campaign_pair.pk)
    taken = frozenset(slot for slot, state, _, _ in rows if state in HOLDING and slot is not None)
    a_left = sum(left == Side.A for _, _, left, _ in rows)
    expired_for = frozenset(person for _, state, _, person in rows if state == Assignment.State.EXPIRED)
    return Showings(taken, a_left, len(rows) - a_left, expired_for)


def slot_count_down(campaign_pair: CampaignPair) -> None:
    """Count one slot as taken. The caller holds the pair's row lock and saw a free slot."""
    COUNT_SLOT.run(pair=campaign_pair.pk)


def slots_recount(*, campaign_pair_ids: list[int]) -> None:
    """Make `slots_left` true again after assignments let go of their slots; call inside a transaction."""
    pairs = CampaignPair.objects.filter(pk__in=campaign_pair_ids, gold=None)
    # Locked in a statement of its own: the recount must start after every claim that held one of the rows.
    list(pairs.order_by("position").select_for_update(no_key=True).values_list("pk"))
    holding = Assignment.objects.filter(campaign_pair=OuterRef("pk"), slot__isnull=False).holding()
    pairs.update(slots_left=F("overlap") - count_of(holding, "campaign_pair"))
