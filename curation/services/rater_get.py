"""The rater that stands for a person in a project."""

from __future__ import annotations

from config.compiled import Compiled, Given
from curation.models import Project, Rater, User

RATER: Compiled[Rater] = Compiled(lambda: Rater.objects.filter(project=Given("project"), user=Given("user")))


def person_rater(*, project: Project, user: User) -> Rater:
    """Get or create; safe when two requests ask at once (one rater per person and project)."""
    known = RATER.first(project=project.pk, user=user.pk)
    if known is not None:
        return known
    newcomer = Rater(project=project, user=user, kind=Rater.Kind.PERSON, label=str(user))
    Rater.objects.bulk_create([newcomer], ignore_conflicts=True)
    return RATER.get(project=project.pk, user=user.pk)
