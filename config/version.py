"""The version is the newest heading of CHANGELOG.md: one place to write it, one place to read it."""

import re
from pathlib import Path


def read_version(changelog: Path) -> str:
    """The first `## x.y.z` heading. Raises ValueError when there is none."""
    match = re.search(r"^## v?(\d+\.\d+\.\d+\S*)", changelog.read_text(encoding="utf-8"), re.MULTILINE)
    if match is None:
        raise ValueError(f"{changelog} has no '## x.y.z' heading")
    return match.group(1)
