"""Reads of campaigns, their queues and their answers."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.contrib.postgres.expressions import ArraySubquery
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
    from annotators.models import Campaign
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
        """What `annotators.standing` needs to say how far this person is, for each campaign."""
        from annotators.models import Assignment, CampaignPair, Participation

        mine = Participation.objects.filter(campaign=OuterRef("pk"), user=user)
        held = Assignment.objects.filter(campaign=OuterRef("pk"), annotator=user, state="open")
        pairs = CampaignPair.objects.filter(campaign=OuterRef("pk"))
        return self.annotate(
            n_mine=Coalesce(Subquery(mine.values("n_answered")), 0),
            n_opened=Coalesce(Subquery(mine.values("n_opened")), 0),
            standing=Subquery(mine.values("state")),
            n_held=count_of(held, "campaign"),
            n_claimable=count_of(pairs.claimable_by(user), "campaign"),
            n_gold=count_of(pairs.gold_for(user), "campaign"),
        )


class CampaignPairQuerySet(models.QuerySet[Any]):
    def claimable_by(self, user: User) -> Self:
        """Pairs with a free slot that this person neither holds nor has answered."""
        from annotators.models import Assignment

        held = Assignment.objects.filter(campaign_pair=OuterRef("pk"), annotator=user, state__in=HOLDING)
        return self.filter(~Exists(held), slots_left__gt=0)

    def gold_for(self, user: User) -> Self:
        """Gold pairs that this person has not met."""
        from annotators.models import Assignment

        met = Assignment.objects.filter(campaign_pair=OuterRef("pk"), annotator=user)
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
        """What the labelling page shows, in one query; `sampler_names` are there to be hidden in it, and
        `n_mine` is how many answers the person has given."""
        from annotators.models import Participation
        from curation.models import Sampler

        standing = Participation.objects.filter(campaign=OuterRef("campaign"), user=OuterRef("annotator"))
        samplers = Sampler.objects.filter(project=OuterRef("campaign__project")).order_by("model_name")
        return self.select_related(
            "campaign", "guideline", "pair__prompt", "pair__response_a", "pair__response_b",
            "judgment__supersedes",
        ).annotate(
            n_mine=Coalesce(Subquery(standing.values("n_answered")), 0),
            sampler_names=ArraySubquery(samplers.values("model_name").distinct()),
        )  # fmt: skip

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
