"""What would be unsafe or broken is said at start."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from django.db import connections
from django.test import override_settings

from config import checks
from config.settings.env import BASE_DIR

PROD = "config.settings.prod"
GOOD_KEY = "kX4-vR9_qLm2Zt7WcYb0HsJd5NfGu8ApEo3TiC1rQxVwMz6DyKh"


@pytest.mark.parametrize(
    ("module", "key", "expected"),
    [
        ("config.settings.dev", "", ["site.E001"]),
        ("config.settings.dev", "short", []),
        (PROD, "short", ["site.E002"]),
        (PROD, "a" * 60, ["site.E002"]),
        (PROD, f"django-insecure-{GOOD_KEY}", ["site.E002"]),
        (PROD, GOOD_KEY, []),
    ],
)
def test_secret_key(module: str, key: str, expected: list[str]) -> None:
    with override_settings(SETTINGS_MODULE=module, SECRET_KEY=key):
        assert [message.id for message in checks.secret_key_check()] == expected


def test_production_refuses_debug_and_no_hosts() -> None:
    with override_settings(SETTINGS_MODULE=PROD, DEBUG=True, ALLOWED_HOSTS=[]):
        assert [message.id for message in checks.production_check()] == ["site.E003", "site.E004"]
    with override_settings(SETTINGS_MODULE=PROD, DEBUG=False, ALLOWED_HOSTS=["tiebreak.example.org"]):
        assert checks.production_check() == []
    with override_settings(SETTINGS_MODULE="config.settings.dev", DEBUG=True, ALLOWED_HOSTS=[]):
        assert checks.production_check() == []


@pytest.mark.parametrize(
    ("database", "broker", "expected"), [("d", "b", 0), ("", "", 0), ("d", "", 1), ("", "b", 1)]
)
def test_services_come_both_or_neither(
    monkeypatch: pytest.MonkeyPatch, database: str, broker: str, expected: int
) -> None:
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("BROKER_URL", broker)
    assert len(checks.services_check()) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://127.0.0.1:6379/0", []),
        ("rediss://broker:6379/0", []),
        ("amqp://user:secret@broker:5672/tiebreak", []),
        ("amqps://broker/", []),
        ("sqs://", ["site.E007"]),
        ("memory://", ["site.E007"]),
        ("broker:5672", ["site.E007"]),
        ("", ["site.E007"]),
    ],
)
def test_brokers(url: str, expected: list[str]) -> None:
    with override_settings(BROKER_URL=url, CELERY_TASK_ALWAYS_EAGER=False):
        found = checks.broker_check()
    assert [message.id for message in found] == expected
    assert "secret" not in str(found)


@pytest.mark.django_db
def test_old_postgresql_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks.postgresql_check(databases=["default"]) == []
    monkeypatch.setitem(connections["default"].__dict__, "pg_version", 140_009)
    assert [message.id for message in checks.postgresql_check(databases=["default"])] == ["site.E006"]
    assert checks.postgresql_check(databases=None) == []


def test_missing_ml_python_is_a_warning(settings: Any, tmp_path: Any) -> None:
    settings.ML_PYTHON = str(tmp_path / "python")
    assert [message.id for message in checks.ml_python_check()] == ["site.W001"]


def test_a_list_of_offensive_words_that_cannot_be_used_is_a_warning(settings: Any, tmp_path: Any) -> None:
    assert checks.toxic_words_check() == []
    settings.TOXIC_WORDS = str(tmp_path / "words.txt")
    (found,) = checks.toxic_words_check()
    assert found.id == "site.W002"
    assert "words.txt cannot be read" in found.msg
    (tmp_path / "words.txt").write_text("pfui", encoding="utf-8")
    assert checks.toxic_words_check() == []


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "SECRET_KEY is not set"),
        ({"SECRET_KEY": "changeme"}, "SECRET_KEY is short"),
        ({"SECRET_KEY": GOOD_KEY, "DEBUG": "1", "ALLOWED_HOSTS": "x.example.org"}, "DEBUG is on"),
        ({"SECRET_KEY": GOOD_KEY}, "ALLOWED_HOSTS is empty"),
    ],
)
def test_a_web_server_with_unsafe_settings_does_not_start(settings: dict[str, str], words: str) -> None:
    kept = {
        name: os.environ[name]
        for name in ("PATH", "DATABASE_URL", "BROKER_URL", "TIEBREAK_VAR")
        if name in os.environ
    }
    result = subprocess.run(
        [sys.executable, "-c", "import config.wsgi"],
        cwd=BASE_DIR,
        env={**kept, "DJANGO_SETTINGS_MODULE": PROD, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode != 0
    assert words in result.stderr
