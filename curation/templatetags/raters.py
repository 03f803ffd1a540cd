"""What to call whoever made a judgment."""

from __future__ import annotations

from django import template

from curation.models import Rater
from curation.policies import Access

register = template.Library()


@register.simple_tag
def rater_name(access: Access, rater: Rater) -> str:
    """A judge's label for every reader; a person's only for those who run campaigns, and for the person.
    A campaign may hide names from its reviewers, and a pair's page does not know which campaign asked."""
    if access.is_researcher or rater.kind != Rater.Kind.PERSON:
        return rater.label
    return "You" if rater.user_id == access.user.pk else "A person"
