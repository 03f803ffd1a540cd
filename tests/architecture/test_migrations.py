"""Migrations are complete, linear, and know no live models."""

from __future__ import annotations

import re

import pytest
from django.core.management import call_command
from django.db.migrations.loader import MigrationLoader

from config.settings.env import BASE_DIR

APPS = ["curation", "annotators", "judges", "trainer_bridge"]


@pytest.mark.django_db
def test_nothing_is_missing() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.parametrize("app", APPS)
def test_one_leaf_per_app(app: str) -> None:
    assert len(MigrationLoader(None).graph.leaf_nodes(app)) == 1


@pytest.mark.parametrize("app", APPS)
def test_no_live_models(app: str) -> None:
    for path in (BASE_DIR / app / "migrations").glob("0*.py"):
        live = re.findall(
            r"^from (?:curation|annotators|judges|trainer_bridge)\.\S+ import .+$", path.read_text(), re.M
        )
        assert not [line for line in live if "models" in line or "services" in line], path.name
