"""The project whose pages are walked, made in one process: `python -m tests.e2e.world_seed whole JSON`."""

from __future__ import annotations

import json
import sys
from typing import Any

from tests import embedding_seed, seeds


def whole(*, model: str) -> dict[str, Any]:
    """A project with something on every page, and an empty one beside it."""
    made: dict[str, Any] = seeds.world(slug="whole", prompts=10, model=model)
    project = made["project"]
    seeds.responses(project=project, per_prompt=3, length=80)
    seeds.pairs(project=project)
    seeds.judgments(project=project)
    made |= seeds.frozen(project=project, model=made["model"])
    made["campaign"] = seeds.campaign(project=project)
    made |= seeds.disagreement(project=project)
    made |= seeds.campaign_worked(project=project)
    made |= seeds.quality(project=project, campaign=made["campaign"])
    made |= seeds.rare(project=project, model=made["model"], judge=made["judge"], number=made["number"])
    made |= seeds.cleaned(project=project)
    embedding_seed.embedded(project=project)
    made["empty"] = seeds.empty(slug="empty")
    return made


if __name__ == "__main__":
    print(json.dumps(whole(**json.loads(sys.argv[2]))))  # noqa: T201 -- the answer to the caller
