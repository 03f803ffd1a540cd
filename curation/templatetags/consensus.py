"""How a consensus looks."""

from __future__ import annotations

from typing import Any

from django import template

from curation import consensus_methods

register = template.Library()
SHOWN = (
    ("a", "A"), ("tie", "tie"), ("b", "B"), ("both_bad", "both bad"), ("skip", "skipped"),
    ("adjudicated", "decided by a reviewer"), ("set_aside", "set aside"),
)  # fmt: skip


@register.filter
def method_label(name: str) -> str:
    return consensus_methods.method_label(name)


@register.filter
def votes(counts: dict[str, Any]) -> str:
    """2 A · 1 tie · 1 B; whatever nobody said is left out."""
    return " · ".join(f"{counts[key]} {word}" for key, word in SHOWN if counts.get(key))
