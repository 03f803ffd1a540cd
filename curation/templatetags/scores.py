"""How scorers are named on pages."""

from __future__ import annotations

from django import template

from curation.scorers import SCORERS, scorer_name

register = template.Library()


@register.filter
def scorer_label(name: str) -> str:
    return scorer_name(name)


@register.filter
def scorer_unit(name: str) -> str:
    """The unit of its scores; empty for a pure number."""
    return SCORERS[name].unit if name in SCORERS else ""
