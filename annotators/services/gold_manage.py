"""Mark pairs as gold, retire them, take them back in."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone

from annotators.errors import GoldError
from annotators.models import GoldPair, Participation
from annotators.services.gold_spread import gold_spread
from annotators.services.qualification_settle import qualification_settle
from curation.models import Pair, Project, User

TWICE = "This pair is gold already. Retire that entry first if its answer is wrong."


@transaction.atomic
def gold_add(
    *,
    project: Project,
    pair: Pair,
    expected: str,
    user: User,
    explanation: str = "",
    source: str = GoldPair.Source.HAND,
) -> GoldPair:
    """Mark the pair and bring it into the campaigns that mix gold in. Raises GoldError where it is gold."""
    try:
        with transaction.atomic():
            gold = GoldPair.objects.create(
                project=project,
                pair=pair,
                expected=GoldPair.Expected(expected),
                explanation=explanation,
                source=GoldPair.Source(source),
                created_by=user,
            )
    except IntegrityError as error:
        raise GoldError(TWICE) from error
    gold_spread(project=project)
    return gold


@transaction.atomic
def gold_retire(*, gold: GoldPair) -> None:
    """Nobody is checked with it any more, and its answers count in no accuracy. Nothing is deleted.

    It may have been the last pair that a qualification round waited for: such a round ends with the answers
    it has.
    """
    if not GoldPair.objects.filter(pk=gold.pk, retired_at=None).update(retired_at=timezone.now()):
        raise GoldError("This gold pair is retired already; nothing was changed.")
    qualifying = Participation.objects.filter(
        state=Participation.State.QUALIFYING, campaign__campaign_pairs__gold=gold
    )
    for standing in (
        qualifying.select_related("campaign", "user").order_by("pk").select_for_update(of=("self",))
    ):
        qualification_settle(campaign=standing.campaign, standing=standing)


@transaction.atomic
def gold_restore(*, gold: GoldPair) -> None:
    """Check people with it again. Raises GoldError where it is current, or the pair is gold once more."""
    try:
        with transaction.atomic():
            restored = GoldPair.objects.filter(pk=gold.pk).exclude(retired_at=None).update(retired_at=None)
    except IntegrityError as error:
        raise GoldError(TWICE) from error
    if not restored:
        raise GoldError("This gold pair is in use already; nothing was changed.")
    gold_spread(project=gold.project)
