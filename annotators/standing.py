"""How far a person is in a campaign, for their own eyes: nothing here tells a gold pair from another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import pairwise

from django.utils import timezone

from annotators.algorithms.assignment import gold_turn
from annotators.algorithms.turns_left import turns_left
from annotators.models import Assignment, Campaign, Participation
from annotators.services.turns import gold_seed
from curation.models import User

LEFT_COUNTED = 1000  # counting stops here: "over 1,000 left" costs the same however large the campaign
RECENT = 20  # how many answers the pace is taken from
BREAK_SECONDS = 300  # a longer gap between two answers is a break, not work


@dataclass(frozen=True)
class Progress:
    """`left` counts all turns still to come, gold among them, so each answer lowers it by one."""

    answered: int
    today: int
    goal: int | None
    left: int
    recent: list[datetime]
    qualifying: bool

    @property
    def is_bounded(self) -> bool:
        return self.left > LEFT_COUNTED

    @property
    def left_shown(self) -> int:
        return min(self.left, LEFT_COUNTED)

    @property
    def total(self) -> int:
        return self.answered + self.left

    @property
    def pace(self) -> float | None:
        return pace_per_minute(self.recent)

    @property
    def recent_seconds(self) -> str:
        """For the page, which goes on counting."""
        return " ".join(str(round(at.timestamp())) for at in self.recent)


def progress_of(campaign: Campaign, user: User) -> Progress:
    """Asked for once when the page is opened; the page itself goes on counting from there."""
    standing = Participation.objects.select_related("user").filter(campaign=campaign, user=user).first()
    mine = Assignment.objects.filter(campaign=campaign, annotator=user)
    done = mine.answered()
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    qualifying = standing is not None and standing.state == Participation.State.QUALIFYING
    return Progress(
        answered=standing.n_answered if standing else 0,
        today=done.filter(answered_at__gte=midnight).count(),
        goal=campaign.daily_goal,
        left=round_left(campaign, standing)
        if standing and qualifying
        else queue_left(campaign, user, standing),
        recent=list(done.values_list("answered_at", flat=True)[:RECENT])[::-1],
        qualifying=qualifying,
    )


def round_left(campaign: Campaign, standing: Participation) -> int:
    """Turns left of a qualification round: no more than there are gold pairs still to meet."""
    turns = Assignment.objects.in_round(standing)
    answered = turns.filter(state=Assignment.State.DONE).count()
    held = turns.filter(state=Assignment.State.OPEN).count()
    to_meet = held + campaign.campaign_pairs.gold_for(standing.user).count()
    return max(0, min(campaign.qualification_size - answered, to_meet))


def queue_left(campaign: Campaign, user: User, standing: Participation | None) -> int:
    """Turns left in the campaign, counted to just above LEFT_COUNTED."""
    claimable = campaign.campaign_pairs.claimable_by(user)
    held = Assignment.objects.filter(campaign=campaign, annotator=user, state=Assignment.State.OPEN)
    n_gold = 0
    if campaign.gold_share:
        n_gold = campaign.campaign_pairs.gold_for(user)[: LEFT_COUNTED + 1].count()
    return held.count() + left_to_claim(
        campaign,
        user,
        n_claimable=claimable[: LEFT_COUNTED + 1].count(),
        n_gold=n_gold,
        n_opened=standing.n_opened if standing else 0,
    )


def left_to_claim(campaign: Campaign, user: User, *, n_claimable: int, n_gold: int, n_opened: int) -> int:
    seed = gold_seed(campaign, user.pk)
    return turns_left(
        n_claimable=min(n_claimable, LEFT_COUNTED + 1),
        n_gold=n_gold if campaign.gold_share else 0,
        n_opened=n_opened,
        is_gold=partial(gold_turn, share=campaign.gold_share, seed=seed),
    )


def pace_per_minute(times: Sequence[datetime]) -> float | None:
    """Answers a minute over these moments, oldest first, breaks left out; None for fewer than three."""
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
    worked = [gap for gap in gaps if gap <= BREAK_SECONDS]
    return 60 * len(worked) / sum(worked) if len(worked) > 1 and sum(worked) > 0 else None
