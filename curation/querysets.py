"""Reads. Every list a page shows starts at one of these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Count

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from curation.models import Membership, Project, User


class ProjectQuerySet(models.QuerySet["Project"]):
    def for_user(self, user: User | AnonymousUser) -> Self:
        """The projects this person is a member of; none for a visitor."""
        return self.filter(memberships__user_id=user.pk) if user.pk else self.none()


class MembershipQuerySet(models.QuerySet["Membership"]):
    def for_user(self, user: User | AnonymousUser) -> Self:
        return self.filter(user_id=user.pk) if user.pk else self.none()


class PromptQuerySet(models.QuerySet[Any]):
    def with_counts(self) -> Self:
        """Each prompt with `n_responses` and `n_pairs`."""
        return self.annotate(
            n_responses=Count("responses", distinct=True), n_pairs=Count("pairs", distinct=True)
        )


class ResponseQuerySet(models.QuerySet[Any]):
    def for_project(self, project: Project) -> Self:
        return self.filter(prompt__project=project)


class PairQuerySet(models.QuerySet[Any]):
    def for_project(self, project: Project) -> Self:
        return self.filter(prompt__project=project)

    def with_texts(self) -> Self:
        """Prompt and both responses in the same query."""
        return self.select_related("prompt", "response_a__sampler", "response_b__sampler")


class JudgmentQuerySet(models.QuerySet[Any]):
    def current(self) -> Self:
        """Only what still stands: not superseded, and not a withdrawal."""
        return self.filter(superseded_by__isnull=True).exclude(outcome="withdrawn")

    def for_project(self, project: Project) -> Self:
        return self.filter(pair__prompt__project=project)
