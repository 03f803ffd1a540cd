"""Reads of campaigns, their queues and their answers."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce

if TYPE_CHECKING:
    from annotators.models import Campaign, Participation
    from curation.models import User

HOLDING = ["open", "done"]  # the states in which an assignment takes up its slot


def count_of(rows: models.QuerySet[Any], by: str) -> Coalesce:
    """A correlated COUNT as an expression; 0 where there is no row. `rows` holds the OuterRef."""
    counted = rows.order_by().values(by).annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def sum_of(rows: models.QuerySet[Any], of: Any, by: str) -> Coalesce:
    """A correlated SUM as an expression; 0 where there is no row. `rows` holds the OuterRef."""
    summed = rows.order_by().values(by).annotate(total=Sum(of)).values("total")
    return Coalesce(Subquery(summed, output_field=IntegerField()), 0)


class CampaignQuerySet(models.QuerySet[Any]):
    def with_progress(self) -> Self:
        """Each campaign with `n_slots`, the answers asked for, and `n_done`, those given; without gold."""
        from annotators.models import Assignment, CampaignPair

        queued = CampaignPair.objects.filter(campaign=OuterRef("pk"), gold=None)
        still_open = Assignment.objects.filter(campaign=OuterRef("pk"), state="open", slot__isnull=False)
        return self.annotate(
            n_slots=sum_of(queued, F("overlap"), "campaign"),
            n_done=sum_of(queued, F("overlap") - F("slots_left"), "campaign")
            - count_of(still_open, "campaign"),
        )

    def with_standing(self, user: User) -> Self:
        """Each campaign with `n_mine`, what this person answered, and `n_left`, what they still can."""
        from annotators.models import Assignment, CampaignPair, Participation

        mine = Participation.objects.filter(campaign=OuterRef("pk"), user=user)
        held = Assignment.objects.filter(campaign=OuterRef("pk"), annotator=user, state="open")
        claimable = CampaignPair.objects.filter(campaign=OuterRef("pk")).claimable_by(user)
        return self.annotate(
            n_mine=Coalesce(Subquery(mine.values("n_answered")), 0),
            n_left=count_of(claimable, "campaign") + count_of(held, "campaign"),
        )


class CampaignPairQuerySet(models.QuerySet[Any]):
    def claimable_by(self, user: User) -> Self:
        """Pairs with a free slot that this person neither holds nor has answered."""
        from annotators.models import Assignment

        held = Assignment.objects.filter(campaign_pair=OuterRef("pk"), annotator=user, state__in=HOLDING)
        return self.filter(~Exists(held), slots_left__gt=0)

    def gold_unmet_by(self, user_id: int) -> Self:
        """Current gold pairs that this person neither holds nor answered; a turn that ran out is unmet."""
        from annotators.models import Assignment

        met = Assignment.objects.filter(campaign_pair=OuterRef("pk"), annotator=user_id, state__in=HOLDING)
        return self.filter(~Exists(met), gold__isnull=False, gold__retired_at=None)


class AssignmentQuerySet(models.QuerySet[Any]):
    def holding(self) -> Self:
        """Those that take up a slot."""
        return self.filter(state__in=HOLDING)

    def lapsed(self, now: datetime) -> Self:
        """Open ones whose lease has run out."""
        return self.filter(state="open", leased_until__lt=now)

    def answered(self) -> Self:
        """Those with an answer that stands, newest first."""
        return self.filter(state="done").order_by("-answered_at", "-pk")

    def with_texts(self) -> Self:
        """What the labelling page shows, in one query: never a sampler."""
        return self.select_related(
            "campaign", "guideline", "pair__prompt", "pair__response_a", "pair__response_b", "campaign_pair"
        )

    def in_round(self, standing: Participation) -> Self:
        """The person's turns of the qualification round they are in, or were in last."""
        turns = self.filter(
            campaign=standing.campaign_id, annotator=standing.user_id, purpose="qualification"
        )
        return turns.filter(opened_at__gte=standing.round_began_at) if standing.round_began_at else turns

    def gold_checked(self) -> Self:
        """Answers on gold pairs, skips left out, each with `hit`: whether it is the one expected."""
        left_better = Q(judgment__preference__gt=0)
        a_better = Q(left="a") & left_better | Q(left="b") & Q(judgment__preference__lt=0)
        b_better = Q(left="b") & left_better | Q(left="a") & Q(judgment__preference__lt=0)
        hit = (
            Q(campaign_pair__gold__expected="a") & a_better
            | Q(campaign_pair__gold__expected="b") & b_better
            | Q(campaign_pair__gold__expected=F("judgment__outcome"))
        )
        checked = self.filter(state="done", campaign_pair__gold__isnull=False)
        return checked.exclude(judgment__outcome="skip").annotate(
            hit=Case(When(hit, then=Value(value=True)), default=Value(value=False))
        )

    def people(self) -> list[tuple[int, str]]:
        """(user id, name) of everyone in these rows."""
        names = self.order_by("annotator__username").values_list("annotator_id", "annotator__username")
        return list(names.distinct())

    def for_review(self, person: str = "", outcome: str = "") -> Self:
        """With prompt, person and answer; of one person or one outcome where asked."""
        rows = self.select_related("pair__prompt", "annotator", "judgment")
        rows = rows.filter(annotator_id=person) if person else rows
        return rows.filter(judgment__outcome=outcome) if outcome else rows

    def tally(self, campaign: Campaign) -> list[tuple[str, int | None, str, int]]:
        """(outcome, preference, skip reason, how many), commonest first."""
        answers = self.filter(campaign=campaign, state="done").order_by()
        fields = ("judgment__outcome", "judgment__preference", "judgment__skip_reason")
        return list(answers.values_list(*fields).annotate(n=Count("pk")).order_by("-n", *fields))

    def per_person(self, campaign: Campaign, now: datetime) -> list[dict[str, Any]]:
        """One row per annotator of the campaign: answers, skips, and what is open now."""
        people = (
            self.filter(campaign=campaign)
            .values("annotator_id", "annotator__username")
            .annotate(
                n_done=Count("pk", filter=Q(state="done")),
                n_skipped=Count("pk", filter=Q(state="done", judgment__outcome="skip")),
                n_open=Count("pk", filter=Q(state="open", leased_until__gte=now)),
            )
            .order_by("-n_done", "annotator__username")
        )
        return list(people)


SUSPECT_FROM = 3  # answers; with fewer, a gold pair that most people miss is no sign yet


class GoldPairQuerySet(models.QuerySet[Any]):
    def with_counts(self) -> Self:
        """Each with `n_answered`, how often it checked somebody, `n_right`, and `is_suspect`: most miss it,
        so its expected answer may be wrong. Skips are no answers."""
        from annotators.models import Assignment

        checked = Assignment.objects.filter(campaign_pair__gold=OuterRef("pk")).gold_checked()
        counted = self.annotate(
            n_answered=count_of(checked, "campaign_pair__gold"),
            n_right=count_of(checked.filter(hit=True), "campaign_pair__gold"),
        )
        missed = Q(n_answered__gte=SUSPECT_FROM, n_answered__gt=2 * F("n_right"))
        return counted.annotate(
            is_suspect=Case(When(missed, then=Value(value=True)), default=Value(value=False))
        )

    def with_pair(self) -> Self:
        return self.select_related("pair__prompt", "created_by")
