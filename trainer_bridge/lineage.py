"""Where a dataset version comes from and what came of it: prompt files and people to models."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.urls import reverse

from config.graphs import Column, Edge, Node
from curation.models import DatasetVersion
from curation.scorers import scorer_name
from trainer_bridge.models import Evaluation, ModelVersion, TrainingRun

# Of a stage with more, the largest are drawn and the others stand together.
SHOWN = 12
Counted = tuple[Node, int]


def dataset_lineage(version: DatasetVersion) -> tuple[list[Column], list[Edge]]:
    """The stages of the version's making and use, and what goes from each to the next."""
    sources, making = _made_of(version)
    uses, using = _made_with(version)
    return [*sources, *uses], [*making, *using]


def _made_of(version: DatasetVersion) -> tuple[list[Column], list[Edge]]:
    """From the version's card, which tells of the moment it was frozen."""
    slug, card, home = version.project.slug, version.card, f"version {version.pk}"
    files = [_file(slug, file["id"], file["file_name"], file["prompts"]) for file in card.get("imports", [])]
    rest = card.get("prompts", 0) - sum(n for _, n in files)
    if rest:
        files.append((Node("file None", "Without a file", f"{rest:,} prompts"), rest))
    origin = _models_that_sampled(version)
    writers = [_writer(by, origin.get(by["id"], "")) for by in card.get("samplers", [])]
    raters = [_rater(slug, by) for by in card.get("raters", [])]
    scores = [
        Node(f"score {by['producer']}", scorer_name(by["scorer"]), f"by {by['label']}")
        for by in card.get("scores", [])
    ]
    columns = [_column("Prompts", files), _column("Responses", writers), _column("Judgments", raters)]
    shown = [{node.key for node in column.nodes} for column in columns]
    flows = card.get("flows", {})
    edges = [
        *_edges(flows.get("prompts_to_writers", []), ("file", "writer"), shown[0], shown[1]),
        *_edges(flows.get("writers_to_raters", []), ("writer", "rater"), shown[1], shown[2]),
        *(Edge(node.key, home, n) for node, n in _largest("Judgments", raters)),
        *(Edge(node.key, home) for node in scores),
    ]
    return [*columns, Column("Scores", scores)], edges


def _made_with(version: DatasetVersion) -> tuple[list[Column], list[Edge]]:
    """The version, the runs that trained on it, their models and how these were evaluated."""
    slug, home = version.project.slug, f"version {version.pk}"
    dataset = Node(
        home,
        f"{version} · {version.recipe}",
        f"{version.n_rows:,} rows",
        reverse("curation:dataset-detail", args=[slug, version.number]),
    )
    runs = list(TrainingRun.objects.filter(dataset_version=version).select_related("model", "job"))
    evaluations = Evaluation.objects.filter(model__training_run__in=runs).select_related("baseline")
    run_nodes, model_nodes, eval_nodes, edges = [], [], [], []
    for run in runs:
        key = f"run {run.pk}"
        run_nodes.append(
            Node(
                key,
                run.name,
                run.job.get_state_display(),
                reverse("training:run-detail", args=[slug, run.pk]),
            )
        )
        edges.append(Edge(home, key))
        if run.model:
            model_nodes.append(_model(slug, run.model))
            edges.append(Edge(key, f"model {run.model.pk}"))
    for evaluation in evaluations:
        won = "no result yet" if evaluation.win_rate is None else f"wins {evaluation.win_rate:.0%}"
        eval_nodes.append(
            Node(f"eval {evaluation.pk}", f"against {evaluation.baseline}", won,
                 reverse("training:evaluation-detail", args=[slug, evaluation.pk]))
        )  # fmt: skip
        edges.append(Edge(f"model {evaluation.model_id}", f"eval {evaluation.pk}"))
    columns = [
        Column("Dataset", [dataset]), Column("Training runs", run_nodes), Column("Models", model_nodes),
        Column("Evaluations", eval_nodes),
    ]  # fmt: skip
    return columns, edges


def _file(slug: str, pk: int, name: str, prompts: int) -> Counted:
    url = reverse("curation:import-detail", args=[slug, pk])
    return Node(f"file {pk}", name, _n(prompts, "prompt"), url), prompts


def _writer(by: dict[str, Any], url: str) -> Counted:
    n = by["responses"]
    return Node(f"writer {by['id']}", by["model_name"], _n(n, "response"), url), n


def _rater(slug: str, by: dict[str, Any]) -> Counted:
    url = reverse("curation:rater-detail", args=[slug, by["rater"]])
    return Node(f"rater {by['rater']}", by["label"], _n(by["judgments"], "judgment"), url), by["judgments"]


def _model(slug: str, model: ModelVersion) -> Node:
    url = reverse("training:model-detail", args=[slug, model.pk])
    return Node(f"model {model.pk}", model.name, model.get_kind_display(), url)


def _models_that_sampled(version: DatasetVersion) -> dict[int, str]:
    """By sampler, the page of the registered model that it drew from: the loop's last turn."""
    rounds = ModelVersion.objects.filter(project=version.project, rounds__samplers__isnull=False)
    return {
        sampler: reverse("training:model-detail", args=[version.project.slug, model])
        for sampler, model in rounds.values_list("rounds__samplers", "pk")
    }


def _column(heading: str, counted: Sequence[Counted]) -> Column:
    return Column(heading, [node for node, _ in _largest(heading, counted)])


def _largest(heading: str, counted: Sequence[Counted]) -> list[Counted]:
    """The largest, and one node for all the others together."""
    ranked = sorted(counted, key=lambda pair: -pair[1])
    if len(ranked) <= SHOWN:
        return ranked
    rest = ranked[SHOWN - 1 :]
    total = sum(n for _, n in rest)
    together = Node(f"others {heading}", f"{len(rest)} others", f"{total:,} together")
    return [*ranked[: SHOWN - 1], (together, total)]


def _edges(
    flows: Iterable[Sequence[Any]], kinds: tuple[str, str], starts: set[str], ends: set[str]
) -> list[Edge]:
    """What flows between nodes that are shown; what the others give and take goes through their node."""
    found: dict[tuple[str, str], int] = {}
    for start, end, n in flows:
        pair = (
            _shown(f"{kinds[0]} {start}", starts),
            _shown(f"{kinds[1]} {end}", ends),
        )
        found[pair] = found.get(pair, 0) + n
    return [Edge(start, end, n) for (start, end), n in found.items()]


def _shown(key: str, nodes: set[str]) -> str:
    if key in nodes:
        return key
    return next((node for node in nodes if node.startswith("others ")), key)


def _n(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"
