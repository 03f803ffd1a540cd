"""Reads of campaigns, their queues and their answers."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import (
    Case,
    CharField,
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
    from annotators.models import Campaign, CampaignPair
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

    def to_review(self) -> Self:
        """Those that wait for a reviewer: people furthest apart first, then most rushed answers."""
        return self.filter(review="open").order_by("-disagreement", "-n_rushed", "pk")

    def after(self, row: CampaignPair) -> Self:
        """What comes after `row` in the order of `to_review`."""
        apart, rushed = row.disagreement or 0.0, row.n_rushed
        later = Q(disagreement=apart, n_rushed=rushed, pk__gt=row.pk)
        return self.filter(
            Q(disagreement__lt=apart) | Q(disagreement=apart, n_rushed__lt=rushed) | later,
            disagreement__lte=apart,
        )


def said(judgment: str) -> Case:
    """What a judgment at this path says about responses a and b: a, b, tie, both_bad or skip."""
    left_is_better = Q(**{f"{judgment}__preference__gt": 0})
    preferred, left_is_a = Q(**{f"{judgment}__outcome": "preferred"}), Q(**{f"{judgment}__left": "a"})
    a_is_better = left_is_a & left_is_better | ~left_is_a & ~left_is_better
    return Case(
        When(preferred & a_is_better, then=Value("a")),
        When(preferred, then=Value("b")),
        default=F(f"{judgment}__outcome"),
        output_field=CharField(),
    )


class ReviewQuerySet(models.QuerySet[Any]):
    def standing(self) -> Self:
        """Decisions in force: the last one on each pair that counts as decided."""
        later = self.model._default_manager.filter(
            campaign_pair=OuterRef("campaign_pair"), act="decided", pk__gt=OuterRef("pk")
        )
        return self.filter(~Exists(later), act="decided", campaign_pair__review="decided")

    def against(self, user_id: int) -> Self:
        """Decisions that this person's answer differs from; a skip says nothing."""
        from annotators.models import Assignment

        theirs = Assignment.objects.filter(
            campaign_pair=OuterRef("campaign_pair"), annotator=user_id, state="done"
        )
        differing = theirs.annotate(said=said("judgment")).exclude(said__in=["skip", OuterRef("decided")])
        return self.annotate(decided=said("judgment")).filter(Exists(differing))


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
