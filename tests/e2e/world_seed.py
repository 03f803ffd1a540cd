"""The project whose pages are walked."""

from __future__ import annotations

from typing import Any

from curation.models import Pair, ScoreProducer
from curation.services.score_record import PairScoreValue, scores_record
from tests import embedding_seed, score_seeds, seeds


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
    on_policy(project)
    score_seeds.scored(project=project)
    embedding_seed.embedded(project=project)
    made["empty"] = seeds.empty(slug="empty")
    return made


def on_policy(project: int) -> None:
    """Approximate scores of every pair, with a table of sources on the page of scores."""
    details = {"model_fingerprint": "f", "dtype": "bfloat16", "max_length": 512}
    producer = ScoreProducer.objects.create(
        project_id=project, scorer="on_policy", fingerprint="on-policy", label="tiny", details=details
    )
    rows = [
        PairScoreValue(pair_id=pk, direction="both", value=-1.5, details={"a": -1.0, "b": -2.0})
        for pk in Pair.objects.filter(prompt__project=project).values_list("pk", flat=True)
    ]
    scores_record(producer=producer, rows=rows)
