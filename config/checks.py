"""System checks on settings: what would be unsafe or broken is said at start, in words."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register


@register(Tags.security)
def secret_key_check(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if settings.SECRET_KEY:
        return []
    return [Error("SECRET_KEY is not set.", hint="Set SECRET_KEY to a long random string.", id="site.E001")]
