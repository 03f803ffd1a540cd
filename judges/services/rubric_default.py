"""The rubric a project starts with."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from curation.models import Project, User
from judges.models import RubricVersion
from judges.services.rubric_save import rubric_save

PATH = Path(__file__).resolve().parents[1] / "prompts" / "pairwise.toml"


def rubric_default(*, project: Project, user: User | None) -> RubricVersion:
    """The shipped pairwise rubric as a version of this project; made on first use."""
    return rubric_save(project=project, user=user, **default_wording())


def default_wording() -> dict[str, Any]:
    """Its fields, as `rubric_save` takes them."""
    return tomllib.loads(PATH.read_text(encoding="utf-8"))
