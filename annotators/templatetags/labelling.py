"""How texts look on the labelling page."""

from __future__ import annotations

import re

from django import template
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

from annotators.masking import MASK
from config.markdown import render_markdown

register = template.Library()

# A whole tag, or a hidden name outside one: sanitised HTML quotes every attribute and escapes every other <.
TAG_OR_MASK = re.compile(rf'<(?:[^<>"]|"[^"]*")*>|{MASK}')
SPOKEN = (
    f'<span class="masked"><span aria-hidden="true">{MASK}</span>'
    '<span class="visually-hidden">hidden name</span></span>'
)


@register.filter
def prose(text: object) -> SafeString:
    """Rendered Markdown in which a hidden name can be heard too."""
    return spoken(render_markdown(str(text or "")))


@register.filter
def plain(text: object) -> SafeString:
    """The text as it is, in which a hidden name can be heard too."""
    return spoken(str(conditional_escape(str(text))))


def spoken(html: str) -> SafeString:
    if MASK in html:
        html = TAG_OR_MASK.sub(lambda found: SPOKEN if found.group() == MASK else found.group(), html)
    return mark_safe(html)  # noqa: S308 -- sanitised or escaped by the caller
