"""Decide a qualification round once its last pair is answered."""

from __future__ import annotations

from annotators.models import Assignment, Campaign, Participation


def qualification_settle(*, campaign: Campaign, standing: Participation) -> None:
    """Let the person in, or not, when the round's last gold pair is answered. A skip is a miss.

    A round is of `qualification_size` pairs, or fewer where not as many are left that the person has not met.
    Without any answer it goes on, until there is gold again or somebody is let in by hand.
    """
    round_of = Assignment.objects.in_round(standing)
    answered = round_of.filter(state=Assignment.State.DONE)
    n_answered = answered.count()
    if n_answered == 0:
        return
    if n_answered < campaign.qualification_size:
        to_come = campaign.campaign_pairs.gold_for(standing.user)
        if round_of.filter(state=Assignment.State.OPEN).exists() or to_come.exists():
            return
    hits = answered.gold_checked().filter(hit=True).count()
    passed = hits >= campaign.qualification_pass * n_answered
    to = Participation.State.ACTIVE if passed else Participation.State.FAILED
    Participation.objects.filter(pk=standing.pk, state=Participation.State.QUALIFYING).update(state=to)
