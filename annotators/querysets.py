"""Reads of campaigns, their queues and their answers."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Self

from django.contrib.postgres.expressions import ArraySubquery
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
from django.db.models.functions import Coalesce, Greatest, Length

from annotators.algorithms.assignment import READABLE_CHARS_PER_SECOND, SHORTEST_READING_MS

if TYPE_CHECKING:
    from annotators.models import CampaignPair, Participation
    from config.compiled import Given
    from curation.models import User

HOLDING = ["open", "done"]  # the states in which an assignment takes up its slot


def count_of(rows: models.QuerySet[Any], by: str) -> Coalesce:
    """A correlated COUNT as an expression; 0 where there is no row. `rows` holds the OuterRef."""
    # COUNT(*), because COUNT(id) would read the rows where an index alone can tell.
    counted = rows.order_by().values(by).annotate(n=Count("*")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def sum_of(rows: models.QuerySet[Any], of: Any, by: str) -> Coalesce:
    """A correlated SUM as an expression; 0 where there is no row. `rows` holds the OuterRef."""
    summed = rows.order_by().values(by).annotate(total=Sum(of)).values("total")
    return Coalesce(Subquery(summed, output_field=IntegerField()), 0)


class CampaignQuerySet(models.QuerySet[Any]):
    def with_progress(self) -> Self:
        """Each campaign with `n_slots`, the answers asked for, and `n_done`, those given; without gold.

        Neither reads the queue, which may hold a million pairs: only those raised above the overlap are added
        up, and what people answered is counted on their participations.
        """
        from annotators.models import Assignment, CampaignPair, Participation

        raised = CampaignPair.objects.filter(
            campaign=OuterRef("pk"), gold=None, overlap__gt=OuterRef("overlap")
        )
        people = Participation.objects.filter(campaign=OuterRef("pk"))
        checks = Assignment.objects.filter(campaign=OuterRef("pk"), state="done", slot=None)
        return self.annotate(
            n_raised=count_of(raised, "campaign"),
            n_slots=F("n_pairs") * F("overlap")
            + sum_of(raised, F("overlap"), "campaign")
            - F("n_raised") * F("overlap"),
            n_done=sum_of(people, F("n_answered"), "campaign") - count_of(checks, "campaign"),
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

    def with_activity(self) -> Self:
        """Each campaign with `n_people`, who opened a pair, and `last_at`, when the last answer came."""
        from annotators.models import Assignment, Participation

        begun = Participation.objects.filter(campaign=OuterRef("pk"), n_opened__gt=0)
        latest = Assignment.objects.filter(campaign=OuterRef("pk"), state="done").order_by("-answered_at")
        return self.annotate(
            n_people=count_of(begun, "campaign"), last_at=Subquery(latest.values("answered_at")[:1])
        )


class GuidelineQuerySet(models.QuerySet[Any]):
    def with_answer_counts(self) -> Self:
        """Each version with `n_answers`: the answers by people who were shown it."""
        from annotators.models import Assignment

        shown = Assignment.objects.filter(guideline=OuterRef("pk"), state="done")
        return self.annotate(n_answers=count_of(shown, "guideline"))


class CampaignPairQuerySet(models.QuerySet[Any]):
    def claimable_by(self, user: User | Given) -> Self:
        """Pairs with a free slot that this person neither holds nor has answered."""
        from annotators.models import Assignment

        held = Assignment.objects.filter(campaign_pair=OuterRef("pk"), annotator=user, state__in=HOLDING)
        return self.filter(~Exists(held), slots_left__gt=0)

    def gold_for(self, user: User) -> Self:
        """Current gold pairs that this person neither holds nor answered; a turn that ran out is unmet."""
        from annotators.models import Assignment

        met = Assignment.objects.filter(campaign_pair=OuterRef("pk"), annotator=user, state__in=HOLDING)
        return self.filter(~Exists(met), gold__isnull=False, gold__retired_at=None)

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

    def lapsed(self, now: datetime | Given) -> Self:
        """Open ones whose lease has run out."""
        return self.filter(state="open", leased_until__lt=now)

    def answered(self) -> Self:
        """Those with an answer that stands, newest first."""
        return self.filter(state="done").order_by("-answered_at", "-pk")

    def for_page(self) -> Self:
        """What the labelling page shows beside the texts; `sampler_names` are there to be hidden in them, and
        `n_mine` is how many answers the person has given."""
        from annotators.models import Participation
        from curation.models import Sampler

        standing = Participation.objects.filter(campaign=OuterRef("campaign"), user=OuterRef("annotator"))
        samplers = Sampler.objects.filter(project=OuterRef("campaign__project")).order_by("model_name")
        turns = self.select_related("campaign", "guideline", "judgment__supersedes")
        return turns.annotate(
            n_mine=Coalesce(Subquery(standing.values("n_answered")), 0),
            sampler_names=ArraySubquery(samplers.values("model_name").distinct()),
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

    def narrowed(
        self,
        *,
        person: str = "",
        outcome: str = "",
        category: str = "",
        week: str = "",
        day: date | None = None,
        guideline: str = "",
        arm: str = "",
        differs: bool = False,
        raised: bool = False,
        rushed: bool = False,
    ) -> Self:
        """What the filters of the answers page ask for; an empty one asks for nothing."""
        plain = {
            "annotator_id": person,
            "judgment__outcome": outcome,
            "pair__prompt__category": category,
            "guideline__number": guideline,
            "campaign_pair__control": arm and arm == "control",
        }
        rows = self.filter(**{name: value for name, value in plain.items() if value != ""})
        if arm:
            rows = rows.filter(campaign_pair__gold=None)
        if week:
            rows = rows.between(date.fromisocalendar(int(week[:4]), int(week[6:]), 1), days=7)
        if day:
            rows = rows.between(day, days=1)
        if differs:
            rows = rows.filter(campaign_pair__disagreement__gt=0)
        if raised:
            rows = rows.filter(campaign_pair__overlap__gt=F("campaign__overlap"))
        return rows.rushed() if rushed else rows

    def between(self, first: date, *, days: int) -> Self:
        """Those answered on these days, in UTC."""
        start = datetime.combine(first, time(), tzinfo=UTC)
        return self.filter(answered_at__gte=start, answered_at__lt=start + timedelta(days=days))

    def rushed(self) -> Self:
        """Those faster than both responses can be read, as `is_rushed` has it, on pairs that are settled:
        `n_rushed` leads to them without measuring every text."""
        n_chars = Length("pair__response_a__text") + Length("pair__response_b__text")
        enough = Greatest(Value(SHORTEST_READING_MS), n_chars * 1000 / READABLE_CHARS_PER_SECOND)
        return self.filter(campaign_pair__n_rushed__gt=0, judgment__duration_ms__lt=enough)

    def with_answers(self) -> Self:
        """With prompt, person and answer."""
        return self.select_related("pair__prompt", "annotator", "judgment", "guideline")


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
