"""Reads on judges and their verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Avg, Case, Count, F, Max, Min, OuterRef, Q, Subquery, When

from curation.models.judgments import Judgment, Rater

if TYPE_CHECKING:
    from judges.models import Judge

LEFT_CHOSEN = Q(p_left__gt=0.5)


class JudgeQuerySet(models.QuerySet[Any]):
    def with_counts(self) -> Self:
        """Each judge with `n_verdicts` and `n_unparsed`."""
        return self.annotate(
            n_verdicts=Count("verdicts"), n_unparsed=Count("verdicts", filter=Q(verdicts__judgment=None))
        )


class VerdictQuerySet(models.QuerySet[Any]):
    def parsed(self) -> Self:
        return self.filter(judgment__isnull=False)

    def unparsed(self) -> Self:
        return self.filter(judgment__isnull=True)

    def with_p_a(self) -> Self:
        """`p_a`: P(response a is better), whichever side it was shown on."""
        return self.annotate(p_a=Case(When(left="a", then=F("p_left")), default=1 - F("p_left")))

    def by_pair(self) -> models.QuerySet[Any, dict[str, Any]]:
        """One dict for each pair: its parsed `orders`, and the `lowest` and `highest` p_a they gave."""
        pairs = self.parsed().with_p_a().order_by().values("pair")
        found: models.QuerySet[Any, dict[str, Any]] = pairs.annotate(
            orders=Count("left"), lowest=Min("p_a"), highest=Max("p_a")
        )
        return found

    def with_texts(self) -> Self:
        """Pair and prompt in the same query."""
        return self.select_related("pair__prompt", "judgment")

    def flipped(self) -> Self:
        """Verdicts on pairs whose winner changed with the order they were shown in."""
        flips = self.by_pair().filter(lowest__lt=0.5, highest__gt=0.5)
        return self.parsed().filter(pair__in=flips.values("pair"))


@dataclass(frozen=True)
class JudgeStats:
    """What a judge's verdicts say about the judge. Rates are None while there is nothing to measure."""

    pairs: int
    verdicts: int
    unparsed: int
    both_orders: int
    flips: int
    left_chosen: int
    decided: int
    mean_mass: float | None
    agreed: int
    compared: int

    @property
    def flip_rate(self) -> float | None:
        return _share(self.flips, self.both_orders)

    @property
    def left_rate(self) -> float | None:
        """½ without position bias: each pair is shown in both orders."""
        return _share(self.left_chosen, self.decided)

    @property
    def agreement(self) -> float | None:
        return _share(self.agreed, self.compared)


def judge_stats(judge: Judge) -> JudgeStats:
    verdicts: VerdictQuerySet = judge.verdicts.all()
    totals = verdicts.aggregate(
        pairs=Count("pair", distinct=True),
        verdicts=Count("pk"),
        unparsed=Count("pk", filter=Q(judgment=None)),
        left_chosen=Count("pk", filter=LEFT_CHOSEN & Q(judgment__isnull=False)),
        decided=Count("pk", filter=~Q(p_left=0.5) & Q(judgment__isnull=False)),
        mean_mass=Avg("mass"),
    )
    orders = verdicts.by_pair().aggregate(
        both_orders=Count("pair", filter=Q(orders=2)),
        flips=Count("pair", filter=Q(lowest__lt=0.5, highest__gt=0.5)),
    )
    return JudgeStats(**totals, **orders, **_agreement(verdicts))


def _agreement(verdicts: VerdictQuerySet) -> dict[str, int]:
    """People's standing preferences on the judge's pairs, against P(a) averaged over the judge's orders."""
    mean = verdicts.parsed().with_p_a().filter(pair=OuterRef("pair")).order_by().values("pair")
    people = (
        Judgment.objects.counted()
        .filter(rater__kind=Rater.Kind.PERSON, outcome=Judgment.Outcome.PREFERRED)
        .filter(pair__in=verdicts.parsed().values("pair"))
        .annotate(judge_p_a=Subquery(mean.annotate(mean=Avg("p_a")).values("mean")))
        .exclude(judge_p_a=0.5)
    )
    prefers_a = Q(left="a", preference__gt=0) | Q(left="b", preference__lt=0)
    same = (prefers_a & Q(judge_p_a__gt=0.5)) | (~prefers_a & Q(judge_p_a__lt=0.5))
    counts: dict[str, int] = people.aggregate(agreed=Count("pk", filter=same), compared=Count("pk"))
    return counts


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
