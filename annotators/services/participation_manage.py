"""A person's standing in a campaign, decided by the researcher who runs it."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from annotators.errors import ParticipationError
from annotators.models import Assignment, Participation
from annotators.services.turns import slots_recount

State = Participation.State
REASON_LENGTH = 300


@transaction.atomic
def participation_pause(*, standing: Participation, reason: str = "") -> int:
    """Give the person no more pairs and return what they hold at once; returns how many pairs that is.

    Their answers stay. One that is on its way waits for this and is refused in words.
    """
    paused = Participation.objects.filter(pk=standing.pk).exclude(state=State.PAUSED)
    if not paused.update(
        paused_from=F("state"),
        state=State.PAUSED,
        paused_at=timezone.now(),
        paused_reason=reason.strip()[:REASON_LENGTH],
    ):
        raise ParticipationError(f"{standing.user} is paused already; nothing was changed.")
    held = Assignment.objects.filter(
        campaign=standing.campaign_id, annotator=standing.user_id, state=Assignment.State.OPEN
    )
    rows = dict(held.select_for_update().order_by("pk").values_list("pk", "campaign_pair_id"))
    Assignment.objects.filter(pk__in=rows).update(state=Assignment.State.EXPIRED)
    slots_recount(campaign_pair_ids=list(rows.values()))
    return len(rows)


def participation_resume(*, standing: Participation) -> None:
    """Go on where the person was paused: a qualification round too."""
    resumed = Participation.objects.filter(pk=standing.pk, state=State.PAUSED).update(
        state=F("paused_from"), paused_from="", paused_at=None, paused_reason=""
    )
    if not resumed:
        raise ParticipationError(f"{standing.user} is not paused; nothing was changed.")


@transaction.atomic
def participation_retry(*, standing: Participation) -> int:
    """Give somebody who did not qualify another round, of gold pairs they have not met; returns how many.

    Raises ParticipationError where none is left: they would know every answer.
    """
    n_left = standing.campaign.campaign_pairs.gold_for(standing.user).count()
    if not n_left:
        raise ParticipationError(
            f"{standing.user} has met every gold pair of this campaign. Mark more pairs as gold, or let them "
            "in by hand."
        )
    again = Participation.objects.filter(pk=standing.pk, state=State.FAILED)
    if not again.update(state=State.QUALIFYING, round_began_at=timezone.now()):
        raise ParticipationError(f"{standing.user} did not fail the round; nothing was changed.")
    return min(n_left, standing.campaign.qualification_size)


def participation_admit(*, standing: Participation) -> None:
    """Let somebody in without a passed round."""
    waiting = Participation.objects.filter(pk=standing.pk, state__in=[State.QUALIFYING, State.FAILED])
    if not waiting.update(state=State.ACTIVE):
        raise ParticipationError(f"{standing.user} is not waiting to be let in; nothing was changed.")
