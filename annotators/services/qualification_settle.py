"""Decide a qualification round once its last pair is answered."""

from __future__ import annotations

from annotators.models import Assignment, Campaign, Participation


def qualification_settle(*, campaign: Campaign, standing: Participation) -> None:
    """Let the person in, or not, when as many gold pairs are answered as the round has. A skip is a miss."""
    round_of = Assignment.objects.filter(
        campaign=campaign, annotator=standing.user, purpose=Assignment.Purpose.QUALIFICATION
    )
    answered = round_of.filter(state=Assignment.State.DONE)
    n_gold = campaign.campaign_pairs.filter(gold__isnull=False, gold__retired_at=None).count()
    if answered.count() < min(campaign.qualification_size, n_gold):
        return
    hits = answered.gold_checked().filter(hit=True).count()
    passed = hits >= campaign.qualification_pass * answered.count()
    to = Participation.State.ACTIVE if passed else Participation.State.FAILED
    Participation.objects.filter(pk=standing.pk, state=Participation.State.QUALIFYING).update(state=to)
