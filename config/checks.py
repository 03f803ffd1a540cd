"""System checks on settings: what would be unsafe or broken is said at start, in words."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from curation.scorers.offensive import words_of

SHORTEST_KEY = 40
BROKER_SCHEMES = {"redis", "rediss", "amqp", "amqps"}
KEY_HINT = 'Set SECRET_KEY to the output of: python -c "import secrets; print(secrets.token_urlsafe(50))"'


def in_production() -> bool:
    return str(settings.SETTINGS_MODULE or "").endswith(".prod")


@register(Tags.security)
def secret_key_check(**_options: Any) -> list[CheckMessage]:
    try:
        key = settings.SECRET_KEY
    except ImproperlyConfigured:
        return [Error("SECRET_KEY is not set.", hint=KEY_HINT, id="site.E001")]
    guessable = len(key) < SHORTEST_KEY or len(set(key)) < 10
    if in_production() and (guessable or "insecure" in key):
        return [Error("SECRET_KEY is short or looks like a placeholder.", hint=KEY_HINT, id="site.E002")]
    return []


@register(Tags.security)
def production_check(**_options: Any) -> list[CheckMessage]:
    if not in_production():
        return []
    found: list[CheckMessage] = []
    if settings.DEBUG:
        found.append(
            Error(
                "DEBUG is on in production: every error page would show code and settings.",
                hint="Remove DEBUG from the environment.",
                id="site.E003",
            )
        )
    if not settings.ALLOWED_HOSTS:
        found.append(
            Error(
                "ALLOWED_HOSTS is empty: every request would be refused.",
                hint="Set ALLOWED_HOSTS to the host names of this site, separated by commas.",
                id="site.E004",
            )
        )
    return found


@register()
def services_check(**_options: Any) -> list[CheckMessage]:
    """Half embedded, half external is a mistake: two sites could share a broker but not the data."""
    database, broker = (bool(os.environ.get(name)) for name in ("DATABASE_URL", "BROKER_URL"))
    if database == broker:
        return []
    given, missing = ("DATABASE_URL", "BROKER_URL") if database else ("BROKER_URL", "DATABASE_URL")
    return [
        Error(
            f"{given} is set but {missing} is not.",
            hint="Set both to use your own services, or neither to use the embedded ones.",
            id="site.E005",
        )
    ]


@register()
def broker_check(**_options: Any) -> list[CheckMessage]:
    """Other transports of Celery lose late acknowledgements or reach one process only."""
    scheme = urlsplit(settings.BROKER_URL).scheme
    if scheme in BROKER_SCHEMES or getattr(settings, "CELERY_TASK_ALWAYS_EAGER", False):
        return []
    return [
        Error(
            f"BROKER_URL begins with “{scheme}://”, which is no broker that Tiebreak works with.",
            hint="Use redis:// or rediss:// for Redis or Valkey, amqp:// or amqps:// for RabbitMQ.",
            id="site.E007",
        )
    ]


@register(Tags.database)
def postgresql_check(*, databases: Sequence[str] | None = None, **_options: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    for alias in databases or ():
        major = getattr(connections[alias], "pg_version", 0) // 10_000
        if major < settings.MIN_POSTGRESQL_VERSION:
            found.append(
                Error(
                    f"The database “{alias}” is not PostgreSQL {settings.MIN_POSTGRESQL_VERSION} or newer.",
                    hint="Point DATABASE_URL at a newer server, or unset it to use the embedded one.",
                    id="site.E006",
                )
            )
    return found


@register()
def ml_python_check(**_options: Any) -> list[CheckMessage]:
    if shutil.which(settings.ML_PYTHON):
        return []
    return [
        CheckWarning(
            f"The interpreter of the model workers is missing: {settings.ML_PYTHON}",
            hint="Run `make setup` or set TIEBREAK_ML_PYTHON; until then no model work can run.",
            id="site.W001",
        )
    ]


@register()
def toxic_words_check(**_options: Any) -> list[CheckMessage]:
    """A warning, because only the workers that score need the file."""
    if not settings.TOXIC_WORDS:
        return []
    try:
        words_of(settings.TOXIC_WORDS)
    except ValueError as error:
        return [
            CheckWarning(
                str(error),
                hint="Point TIEBREAK_TOXIC_WORDS at a UTF-8 file of one word or phrase a line, or unset it "
                "to use the English list; until then jobs that count offensive words fail.",
                id="site.W002",
            )
        ]
    return []
