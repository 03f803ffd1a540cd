"""Reads. Every list a page shows starts at one of these."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, Any, Self

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    Func,
    IntegerField,
    OuterRef,
    Prefetch,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import MD5, Cast, Coalesce

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from curation.models import (  # noqa: F401 -- named in a quoted type argument
        DatasetVersion,
        Invitation,
        Membership,
        Project,
        User,
    )


class ProjectQuerySet(models.QuerySet["Project"]):
    def for_user(self, user: User | AnonymousUser) -> Self:
        """The projects this person is a member of; none for a visitor."""
        return self.filter(memberships__user_id=user.pk) if user.pk else self.none()


class MembershipQuerySet(models.QuerySet["Membership"]):
    def for_user(self, user: User | AnonymousUser) -> Self:
        return self.filter(user_id=user.pk) if user.pk else self.none()


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def usable(self, now: datetime) -> Self:
        """Those that still let somebody in."""
        return self.filter(revoked_at=None, expires_at__gt=now, n_uses__lt=F("max_uses"))


class PromptQuerySet(models.QuerySet[Any]):
    def lacking_embedding(self, embedder: int | None) -> Self:
        """Prompts that this embedder has not embedded; without one, all of them."""
        embedded = apps.get_model("curation", "PromptEmbedding")._default_manager
        return self.filter(~Exists(embedded.filter(prompt=OuterRef("pk"), embedder=embedder)))

    def with_counts(self) -> Self:
        """Each prompt with `n_responses` and `n_pairs`, counted for the rows of the page only."""
        return self.annotate(n_responses=_count_of("Response"), n_pairs=_count_of("Pair"))

    def with_exclusion(self) -> Self:
        """Each prompt with `is_excluded`: whether it is under a standing exclusion."""
        return self.annotate(is_excluded=Exists(self._exclusions()))

    def included(self) -> Self:
        """Without prompts under a standing exclusion: what is sampled, paired and trained on."""
        return self.filter(~Exists(self._exclusions()))

    def excluded(self) -> Self:
        return self.filter(Exists(self._exclusions()))

    def _exclusions(self) -> models.QuerySet[Any]:
        exclusions = apps.get_model("curation", "PromptExclusion")._default_manager.standing()
        return exclusions.filter(prompt=OuterRef("pk"))

    def matching(
        self,
        *,
        text: str = "",
        split: str = "",
        category: str = "",
        source: str = "",
        excluded: str = "",
    ) -> Self:
        """What the filters of the prompt list ask for; an empty filter asks for nothing."""
        wanted = {"split": split, "category": category, "source": source}
        prompts = self.filter(**{name: value for name, value in wanted.items() if value})
        if excluded:
            prompts = prompts.excluded() if excluded == "yes" else prompts.included()
        if not text:
            return prompts
        # Messages are searched as the JSON text they are, so quotes and line ends need its escapes.
        escaped = json.dumps(text, ensure_ascii=False)[1:-1]
        as_text = Cast("messages", models.TextField())
        return prompts.alias(messages_text=as_text).filter(messages_text__icontains=escaped)


def _count_of(model: str) -> Coalesce:
    """How many rows of a model belong to the outer prompt."""
    rows = apps.get_model("curation", model)._default_manager.filter(prompt=OuterRef("pk")).order_by()
    per_prompt = rows.values("prompt").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(per_prompt, output_field=IntegerField()), 0)


class ResponseQuerySet(models.QuerySet[Any]):
    def lacking_embedding(self, embedder: int | None) -> Self:
        """Responses that this embedder has not embedded; without one, all of them."""
        embedded = apps.get_model("curation", "ResponseEmbedding")._default_manager
        return self.filter(~Exists(embedded.filter(response=OuterRef("pk"), embedder=embedder)))

    def for_project(self, project: Project) -> Self:
        return self.filter(prompt__project=project)


class PairQuerySet(models.QuerySet[Any]):
    def for_project(self, project: Project) -> Self:
        return self.filter(prompt__project=project)

    def with_texts(self) -> Self:
        """Prompt and both responses in the same query."""
        return self.select_related("prompt", "response_a__sampler", "response_b__sampler")

    def with_answers(self) -> Self:
        """Each pair with `current_judgments`, consensuses and scores, in one query each."""
        judgments = apps.get_model("curation", "Judgment")._default_manager.current()
        return self.prefetch_related(
            Prefetch(
                "judgments",
                judgments.with_winner().with_exclusion().select_related("rater"),
                to_attr="current_judgments",
            ),
            "consensuses",
            "scores__producer",
        )

    def matching(
        self,
        *,
        judged: str = "",
        consensus: str = "",
        winner: str = "",
        scorer: str = "",
        prompt: int | None = None,
    ) -> Self:
        """What the filters of the pair list ask for: `judged` and `consensus` are yes or no."""
        judgments = apps.get_model("curation", "Judgment")._default_manager.current()
        conclusions = apps.get_model("curation", "Consensus")._default_manager.all()
        scores = apps.get_model("curation", "PairScore")._default_manager.filter(scorer=scorer)
        asked = {
            Exists(judgments.filter(pair=OuterRef("pk"))): judged,
            Exists(conclusions.filter(pair=OuterRef("pk"))): consensus,
            Exists(conclusions.filter(pair=OuterRef("pk"), winner=winner.replace("tie", ""))): winner
            and "yes",
            Exists(scores.filter(pair=OuterRef("pk"))): scorer and "yes",
        }
        pairs = self.filter(prompt_id=prompt) if prompt else self
        for exists, answer in asked.items():
            if answer:
                pairs = pairs.filter(exists if answer == "yes" else ~exists)
        return pairs

    def sampled(self, n: int) -> Self:
        """At most so many of these pairs, drawn at random: always the same, and a larger sample holds a
        smaller one."""
        draw = MD5(Cast("pk", models.TextField()))
        return self.filter(pk__in=self.order_by(draw, "pk").values("pk")[:n])

    def lacking_scores(self, producers: Iterable[int]) -> Self:
        """Pairs that at least one of these score producers has not scored."""
        return self.filter(_lacks_scores(producers))

    def lacking(self, known: Mapping[str, Collection[int]]) -> Self:
        """Pairs that lack scores by one of these names, each with `lacks`: the names that it lacks. A name
        has the producers that must have scored a pair; without any, every pair lacks it."""
        names = [
            Case(When(_lacks_scores(producers), then=Value(name))) if producers else Value(name)
            for name, producers in known.items()
        ]
        lacks = Func(
            *names,
            template="array_remove(ARRAY[%(expressions)s]::text[], NULL)",
            output_field=ArrayField(models.TextField()),
        )
        pairs = self.lacking_scores(chain(*known.values())) if all(known.values()) else self
        return pairs.annotate(lacks=lacks)

    def differing(self, first: str, second: str) -> Self:
        """Pairs on which two consensus methods do not conclude the same."""
        conclusions = apps.get_model("curation", "Consensus")._default_manager
        other = conclusions.filter(pair=OuterRef("pair"), method=second).exclude(winner=OuterRef("winner"))
        return self.filter(Exists(conclusions.filter(Exists(other), pair=OuterRef("pk"), method=first)))


class JudgmentQuerySet(models.QuerySet[Any]):
    def current(self) -> Self:
        """Only what still stands: not superseded, and not a withdrawal."""
        later = apps.get_model("curation", "Judgment")._default_manager.filter(supersedes=OuterRef("pk"))
        # Said again, so that PostgreSQL sees how few there are and joins to those alone.
        return self.filter(~Exists(later.filter(supersedes__isnull=False))).exclude(outcome="withdrawn")

    def with_exclusion(self) -> Self:
        """Each judgment with `is_excluded`: whether its rater is under a standing exclusion."""
        return self.annotate(is_excluded=Exists(self._exclusions()))

    def counted(self) -> Self:
        """What stands, without raters under a standing exclusion: what consensus and recipes read."""
        return self.current().filter(~Exists(self._exclusions()))

    def _exclusions(self) -> models.QuerySet[Any]:
        exclusions = apps.get_model("curation", "RaterExclusion")._default_manager.standing()
        return exclusions.filter(rater=OuterRef("rater"))

    def for_project(self, project: Project) -> Self:
        return self.filter(pair__prompt__project=project)

    def known_to(self, version: DatasetVersion) -> Self:
        """Those that were there when the version was frozen, standing or not. By id: an import may bring
        judgments under an older date. Versions from before their cards named the last one go by the clock."""
        return self.filter(_known_to(version))

    def since(self, version: DatasetVersion) -> Self:
        """Those that came after the version was frozen."""
        return self.exclude(_known_to(version))

    def with_winner(self) -> Self:
        """Each judgment with `winner`: `a`, `b`, or empty where no side was preferred."""
        left_is_better = Q(preference__gt=0)
        a_is_better = Q(left="a") & left_is_better | Q(left="b") & ~left_is_better
        return self.annotate(
            winner=Case(
                When(~Q(outcome="preferred"), then=Value("")),
                When(a_is_better, then=Value("a")),
                default=Value("b"),
            )
        )


def _lacks_scores(producers: Iterable[int]) -> Q:
    """Of a pair: at least one of these score producers has not scored it."""
    scores = apps.get_model("curation", "PairScore")._default_manager
    lacks = Q(pk__in=[])
    for producer in producers:
        lacks |= Q(~Exists(scores.filter(pair=OuterRef("pk"), producer=producer)))
    return lacks


def _known_to(version: DatasetVersion) -> Q:
    last = version.card.get("last_judgment")
    return Q(created_at__lte=version.created_at) if last is None else Q(pk__lte=last)


class RaterExclusionQuerySet(models.QuerySet[Any]):
    def standing(self) -> Self:
        return self.filter(lifted_at=None)

    def standing_for(self, version: DatasetVersion) -> Self:
        """Of the version's project, those that stood when it was frozen."""
        at = version.created_at
        lifted_later = Q(lifted_at=None) | Q(lifted_at__gt=at)
        return self.filter(lifted_later, rater__project=version.project_id, created_at__lte=at)


class PromptExclusionQuerySet(models.QuerySet[Any]):
    def standing(self) -> Self:
        return self.filter(lifted_at=None)


class RaterQuerySet(models.QuerySet[Any]):
    def with_exclusion(self) -> Self:
        """Each rater with `is_excluded`."""
        exclusions = apps.get_model("curation", "RaterExclusion")._default_manager.standing()
        return self.annotate(is_excluded=Exists(exclusions.filter(rater=OuterRef("pk"))))
