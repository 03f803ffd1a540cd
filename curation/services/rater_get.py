"""The rater that stands for a person in a project."""

from __future__ import annotations

from curation.models import Project, Rater, User


def person_rater(*, project: Project, user: User) -> Rater:
    """Get or create; safe when two requests ask at once (one rater per person and project)."""
    rater, _ = Rater.objects.get_or_create(
        project=project, user=user, defaults={"kind": Rater.Kind.PERSON, "label": str(user)}
    )
    return rater
