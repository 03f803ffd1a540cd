"""The web process stays light, and the layers hold."""

from __future__ import annotations

import subprocess
import sys

from config.settings.env import BASE_DIR

HEAVY = ["torch", "transformers", "trl", "peft", "vllm", "datasets", "sentence_transformers"]

LOAD_THE_SITE = """
import sys
import django
django.setup()
from django.urls import get_resolver
assert get_resolver().url_patterns
import config.celery, config.wsgi
config.celery.app.loader.import_default_modules()
print(",".join(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def test_web_process_holds_no_torch() -> None:
    result = subprocess.run(
        [sys.executable, "-c", LOAD_THE_SITE],
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(result.stdout.strip().split(","))
    assert "django" in loaded
    assert loaded.isdisjoint(HEAVY)


def test_import_contracts_hold() -> None:
    result = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())",
        ],
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout
    assert "4 kept, 0 broken" in result.stdout


def test_pure_algorithms_need_neither_django_nor_torch() -> None:
    code = """
import sys, pkgutil, importlib
for app in ("curation", "annotators", "judges"):
    package = importlib.import_module(f"{app}.algorithms")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{app}.algorithms.{module.name}")
print(sorted({"django", "torch", "celery"} & set(sys.modules)))
"""
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=BASE_DIR, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
