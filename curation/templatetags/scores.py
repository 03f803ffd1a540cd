"""How scorers are named on pages."""

from __future__ import annotations

from typing import Any

from django import template

from curation.scorers import SCORERS, is_approximate, scorer_name

register = template.Library()


@register.filter
def scorer_label(name: str) -> str:
    return scorer_name(name)


@register.filter
def scorer_unit(name: str) -> str:
    """The unit of its scores; empty for a pure number."""
    return SCORERS[name].unit if name in SCORERS else ""


@register.filter
def approximate(details: dict[str, Any]) -> bool:
    """Whether scores by a producer with these details, as a card holds them, are approximate."""
    return is_approximate(details)
