"""Loaded with `-p` ahead of pytest-django: one embedded PostgreSQL, running before settings are read."""

from __future__ import annotations

import os
from pathlib import Path

from config.services import start_postgres
from config.settings.env import VAR_DIR

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"
if not os.environ.get("TIEBREAK_TEST_DATABASE_URL"):
    os.environ["DATABASE_URL"] = start_postgres(Path(VAR_DIR) / "test" / "postgres")
else:
    os.environ["DATABASE_URL"] = os.environ["TIEBREAK_TEST_DATABASE_URL"]
os.environ.setdefault("BROKER_URL", "memory://")
# Test workers share the cores; two torch processes with a thread for each core wait for one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")
