"""What the page of scores shows: each scorer, who computed it here, and what is left to compute."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from urllib.parse import urlencode

from config.charts import Histogram, binned_histogram
from curation.models import Pair, Project, ScoreProducer
from curation.score_builds import Builds, Freshness, read_builds
from curation.score_sources import SCORER, Source, sources_by
from curation.score_summary import SHAPE_PAIRS, Scored, Shape, scored_by
from curation.scorers import SCORERS, ModelScorer, Needs, Scorer, by_needs
from trainer_bridge.embedders import embedder_names
from trainer_bridge.models import ModelVersion
from trainer_bridge.toxic_words import is_site_list

# How the scores of a group are asked for, where that is not by a job of the form “Score pairs”.
ASKED_BY = {
    Needs.JUDGMENTS: "judgments",
    Needs.RANKINGS: "rankings",
    Needs.ESTIMATOR: "estimator",
}
# What of a producer's details the launch forms ask for.
SETTINGS = ("dtype", "max_length", "method", "passes", "folds")
WORSE = {"high": "high", "low": "low", "neither": "depends on the prompt"}
NO_MODEL = "Its model is not registered in this project any more: register the directory again."
OTHER_WORDS = "They were counted by another list of offensive words; a new scoring makes new scores."
NO_EMBEDDER = "Its model is not in the model directory any more: copy it there again."
NO_REFERENCE = "Its second model is not registered in this project any more: register the directory again."


@dataclass(frozen=True)
class ProducerRow:
    """One way the scorer has been computed. `query` asks the page `launch` for the pairs that are missing;
    it is empty, and `obstacle` says why, where they cannot be had. A scorer that is computed for a sample
    alone has none missing. `sources` are those of on-policy scores. `freshness` tells of scores that are
    computed from the database how old they are."""

    producer: ScoreProducer
    settings: str
    scored: int
    missing: int
    is_sample: bool
    chart: Histogram | None
    sources: list[Source]
    query: str
    obstacle: str
    launch: str = "training:scoring-create"
    freshness: Freshness | None = None


@dataclass(frozen=True)
class ScorerCard:
    scorer: Scorer
    worse: str
    asked_by: str
    rows: list[ProducerRow]


@dataclass(frozen=True)
class ScorerGroup:
    """Scorers with the same needs; where `asked_by` is empty, `query` asks the launch form for all."""

    needs: Needs
    cards: list[ScorerCard]
    query: str
    asked_by: str


@dataclass(frozen=True)
class ScorePage:
    """`drawn` is how many pairs the charts are of where that is not all of them, else 0; `strangers` are
    producers whose scorer is not registered."""

    pairs: int
    drawn: int
    groups: list[ScorerGroup]
    strangers: list[ProducerRow]
    builds: Builds


def score_page(project: Project) -> ScorePage:
    """The whole page in as many queries whatever there is to show, and one more with a table of sources."""
    pairs = Pair.objects.for_project(project).count()
    models = {
        model.fingerprint: model for model in ModelVersion.objects.filter(project=project).order_by("-id")
    }
    models.pop("", None)
    found = scored_by(project)
    sources = sources_by(project) if any(each.producer.scorer == SCORER for each in found) else {}
    builds = read_builds(project, {scored.producer.pk: scored.pairs for scored in found})
    rows: dict[str, list[ProducerRow]] = defaultdict(list)
    for scored in found:
        of_sources = sources.get(scored.producer.pk, [])
        rows[scored.producer.scorer].append(_row(scored, pairs, models, of_sources, builds))
    return ScorePage(
        pairs=pairs,
        drawn=SHAPE_PAIRS if pairs > SHAPE_PAIRS else 0,
        groups=[_group(needs, scorers, rows) for needs, scorers in by_needs()],
        strangers=[row for name, of in rows.items() if name not in SCORERS for row in of],
        builds=builds,
    )


def _group(needs: Needs, scorers: list[Scorer], rows: dict[str, list[ProducerRow]]) -> ScorerGroup:
    asked_by = ASKED_BY.get(needs, "")
    cards = [
        ScorerCard(scorer, WORSE[scorer.worse], asked_by, rows.get(scorer.name, [])) for scorer in scorers
    ]
    return ScorerGroup(needs, cards, urlencode([("scorer", scorer.name) for scorer in scorers]), asked_by)


def _row(
    scored: Scored, pairs: int, models: dict[str, ModelVersion], sources: list[Source], builds: Builds
) -> ProducerRow:
    producer, shape = scored.producer, scored.shape
    scorer = SCORERS.get(producer.scorer)
    is_sample = isinstance(scorer, ModelScorer) and scorer.sampled
    query, obstacle = _what_is_left(producer, models)
    estimated = producer.scorer in SCORERS and SCORERS[producer.scorer].needs is Needs.ESTIMATOR
    return ProducerRow(
        producer=producer,
        settings=_settings(producer),
        scored=scored.pairs,
        missing=0 if is_sample else max(pairs - scored.pairs, 0),
        is_sample=is_sample,
        chart=_chart(shape, str(producer)) if shape else None,
        sources=sources,
        query=query,
        obstacle=obstacle,
        launch="training:estimate-create" if estimated else "training:scoring-create",
        freshness=builds.freshness(producer),
    )


def _chart(shape: Shape, label: str) -> Histogram | None:
    return binned_histogram(shape.counts, low=shape.low, high=shape.high, label=label)


def _settings(producer: ScoreProducer) -> str:
    """What sets producers of one scorer and model apart."""
    details = producer.details
    parts = [str(details["dtype"])] if "dtype" in details else []
    if producer.is_approximate:
        parts.append("approximate")
    if "max_length" in details:
        parts.append(f"{details['max_length']:,} tokens")
    if "labels" in details:
        parts.append(f"{details['labels']:,} labelled pairs")
    if held_out := details.get("held_out"):
        parts.append(f"right on {held_out['agree']:,} of {held_out['labelled']:,} it had not seen")
    return ", ".join(parts)


def _what_is_left(producer: ScoreProducer, models: dict[str, ModelVersion]) -> tuple[str, str]:
    """The launch form's query for the pairs that are missing, and what stands in the way of it."""
    scorer = SCORERS.get(producer.scorer)
    if scorer is None:
        return "", "No worker of this site computes this score."
    if producer.details.get("version", 1) != scorer.version:
        return "", f"The scorer is at version {scorer.version} by now and makes new scores."
    if "toxic_words" in producer.details and not is_site_list(producer.details["toxic_words"]):
        return "", OTHER_WORDS
    if scorer.needs in {Needs.JUDGMENTS, Needs.RANKINGS}:
        return "", "What they need is not there for the missing ones."
    wanted, obstacle = {"scorer": scorer.name}, ""
    if scorer.needs is Needs.EMBEDDINGS:
        wanted["embedder"] = producer.label
        obstacle = "" if producer.label in embedder_names() else NO_EMBEDDER
    elif scorer.needs is not Needs.TEXT:
        found, obstacle = _models_of(producer, scorer, models)
        wanted |= found
        wanted |= {name: str(producer.details[name]) for name in SETTINGS if name in producer.details}
    return ("", obstacle) if obstacle else (urlencode(wanted), "")


def _models_of(
    producer: ScoreProducer, scorer: Scorer, models: dict[str, ModelVersion]
) -> tuple[dict[str, str], str]:
    """The models that the launch form is to name, and which of them is not there."""
    fields = {"model": ("model_fingerprint", NO_MODEL)}
    if scorer.needs is Needs.TWO_MODELS:
        fields["reference"] = ("reference_fingerprint", NO_REFERENCE)
    found: dict[str, str] = {}
    for field, (fingerprint, obstacle) in fields.items():
        model = models.get(str(producer.details.get(fingerprint, "")))
        if model is None:
            return {}, obstacle
        found[field] = str(model.pk)
    return found, ""
