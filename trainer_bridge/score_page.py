"""What the page of scores shows: each scorer, who computed it here, and what is left to compute."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from urllib.parse import urlencode

from config.charts import Histogram, binned_histogram
from curation.models import Pair, Project, ScoreProducer
from curation.score_summary import SHAPE_PAIRS, Scored, Shape, scored_by
from curation.scorers import SCORERS, Needs, Scorer, by_needs
from trainer_bridge.embedders import embedder_names
from trainer_bridge.models import ModelVersion

WORSE = {"high": "high", "low": "low", "neither": "depends on the prompt"}


@dataclass(frozen=True)
class ProducerRow:
    """One way the scorer has been computed. `query` asks the launch form for the pairs that are missing;
    it is empty, and `obstacle` says why, where they cannot be had."""

    producer: ScoreProducer
    settings: str
    scored: int
    missing: int
    chart: Histogram | None
    query: str
    obstacle: str


@dataclass(frozen=True)
class ScorerCard:
    scorer: Scorer
    worse: str
    rows: list[ProducerRow]


@dataclass(frozen=True)
class ScorerGroup:
    """Scorers with the same needs; `query` asks the launch form for all of them."""

    needs: Needs
    cards: list[ScorerCard]
    query: str


@dataclass(frozen=True)
class ScorePage:
    """`drawn` is how many pairs the charts are of where that is not all of them, else 0; `strangers` are
    producers whose scorer is not registered."""

    pairs: int
    drawn: int
    groups: list[ScorerGroup]
    strangers: list[ProducerRow]


def score_page(project: Project) -> ScorePage:
    """The whole page in five queries."""
    pairs = Pair.objects.for_project(project).count()
    models = {
        model.fingerprint: model for model in ModelVersion.objects.filter(project=project).order_by("-id")
    }
    models.pop("", None)
    rows: dict[str, list[ProducerRow]] = defaultdict(list)
    for scored in scored_by(project):
        rows[scored.producer.scorer].append(_row(scored, pairs, models))
    return ScorePage(
        pairs=pairs,
        drawn=SHAPE_PAIRS if pairs > SHAPE_PAIRS else 0,
        groups=[_group(needs, scorers, rows) for needs, scorers in by_needs()],
        strangers=[row for name, found in rows.items() if name not in SCORERS for row in found],
    )


def _group(needs: Needs, scorers: list[Scorer], rows: dict[str, list[ProducerRow]]) -> ScorerGroup:
    cards = [ScorerCard(scorer, WORSE[scorer.worse], rows.get(scorer.name, [])) for scorer in scorers]
    return ScorerGroup(needs, cards, urlencode([("scorer", scorer.name) for scorer in scorers]))


def _row(scored: Scored, pairs: int, models: dict[str, ModelVersion]) -> ProducerRow:
    producer, shape = scored.producer, scored.shape
    query, obstacle = _what_is_left(producer, models)
    return ProducerRow(
        producer=producer,
        settings=_settings(producer),
        scored=scored.pairs,
        missing=max(pairs - scored.pairs, 0),
        chart=_chart(shape, str(producer)) if shape else None,
        query=query,
        obstacle=obstacle,
    )


def _chart(shape: Shape, label: str) -> Histogram | None:
    return binned_histogram(shape.counts, low=shape.low, high=shape.high, label=label)


def _settings(producer: ScoreProducer) -> str:
    """What sets producers of one scorer and model apart."""
    details = producer.details
    parts = [str(details["dtype"])] if "dtype" in details else []
    if "max_length" in details:
        parts.append(f"{details['max_length']:,} tokens")
    return ", ".join(parts)


def _what_is_left(producer: ScoreProducer, models: dict[str, ModelVersion]) -> tuple[str, str]:
    """The launch form's query for the pairs that are missing, and what stands in the way of it."""
    scorer = SCORERS.get(producer.scorer)
    if scorer is None:
        return "", "No worker of this site computes this score."
    if producer.details.get("version", 1) != scorer.version:
        return "", f"The scorer is at version {scorer.version} by now and makes new scores."
    wanted = {"scorer": scorer.name}
    if scorer.needs is Needs.EMBEDDINGS:
        if producer.label not in embedder_names():
            return "", "Its model is not in the model directory any more: copy it there again."
        wanted |= {"embedder": producer.label}
    elif scorer.needs is not Needs.TEXT:
        model = models.get(str(producer.details.get("model_fingerprint", "")))
        if model is None:
            return "", "Its model is not registered in this project any more: register the directory again."
        wanted |= {"model": str(model.pk)}
        wanted |= {
            name: str(producer.details[name]) for name in ("dtype", "max_length") if name in producer.details
        }
    return urlencode(wanted), ""
