"""One real site for all fault tests of a test worker, with a tiny model and an impatient recovery."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from tests.site import RealSite


@pytest.fixture(scope="session")
def site(tiny_model: Path) -> Iterator[RealSite]:
    if not Path(settings.ML_PYTHON).exists():
        pytest.skip("the worker environment is not installed (make setup)")
    site = RealSite(
        settings.TEST_ROOT / "site-faults",
        TIEBREAK_JOB_LOST_AFTER="6",
        TIEBREAK_JOB_RESEND_AFTER="6",
        TIEBREAK_RECOVER_EVERY="4",
    )
    site.start()
    try:
        yield site
    finally:
        site.stop()
