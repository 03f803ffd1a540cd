"""What `base.html` needs to know about where the reader is."""

from __future__ import annotations

from django import template
from django.conf import settings
from django.template import Context

from config.navigation import NavLink, project_links

register = template.Library()


@register.simple_tag(takes_context=True)
def project_nav(context: Context) -> list[NavLink]:
    """The links of the project the page belongs to; none outside a project."""
    request = context.get("request")
    access = getattr(request, "access", None)
    return project_links(access, request.resolver_match) if request and access else []


@register.simple_tag
def product_version() -> str:
    return str(settings.VERSION)
