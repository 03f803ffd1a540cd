"""What a project holds, counted stage by stage, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from curation.models import (
    DatasetVersion,
    FilterRecipe,
    Judgment,
    Membership,
    Pair,
    PairScore,
    Project,
    Prompt,
    Response,
    User,
)


@dataclass(frozen=True)
class Stage:
    """One step of the flow. `count` is None where another app counts; `open`: may the reader see its list."""

    title: str
    url_name: str
    count: int | None = None
    noun: str = ""
    detail: str = ""
    open: bool = True


@dataclass(frozen=True)
class NextStep:
    """The first stage that is still empty."""

    why: str
    label: str
    url_name: str


@dataclass(frozen=True)
class ProjectCounts:
    prompts: int
    responses: int
    pairs: int
    judgments: int
    judged_pairs: int
    scored_pairs: int
    recipes: int
    versions: int


MISSING = {
    "prompts": NextStep("Nothing here yet. Prompts come first.", "Import prompts", "curation:import-create"),
    "responses": NextStep(
        "The prompts have no responses yet.", "Sample responses", "training:generate-create"
    ),
    "pairs": NextStep("The responses are not paired yet.", "Build pairs", "curation:pair-list"),
    "judgments": NextStep(
        "Nobody has judged a pair yet. Ask people, or set up a judge.",
        "Start a campaign",
        "annotators:campaign-create",
    ),
    "recipes": NextStep(
        "Judgments are in. A recipe decides which pairs are good enough to train on.",
        "Write a recipe",
        "curation:recipe-create",
    ),
    "versions": NextStep(
        "Run a recipe, look at its funnel, and freeze what it keeps.",
        "Open the recipes",
        "curation:recipe-list",
    ),
}
ALL_THERE = NextStep(
    "A dataset version is frozen: train on it, then measure the model.",
    "Open the datasets",
    "curation:dataset-list",
)


def project_counts(project: Project) -> ProjectCounts:
    judgments = Judgment.objects.for_project(project).current()
    judged = judgments.aggregate(n=Count("pk"), pairs=Count("pair_id", distinct=True))
    scores = PairScore.objects.filter(producer__project=project)
    return ProjectCounts(
        prompts=Prompt.objects.filter(project=project).count(),
        responses=Response.objects.for_project(project).count(),
        pairs=Pair.objects.for_project(project).count(),
        judgments=judged["n"],
        judged_pairs=judged["pairs"],
        scored_pairs=scores.aggregate(n=Count("pair_id", distinct=True))["n"],
        recipes=FilterRecipe.objects.filter(project=project).values("name").distinct().count(),
        versions=DatasetVersion.objects.filter(project=project).count(),
    )


def stages(counts: ProjectCounts, *, researcher: bool) -> list[Stage]:
    """The flow from prompts to evaluated models, in order; reviewers may open some of it only."""
    return [
        Stage("Prompts", "curation:prompt-list", counts.prompts, "prompts"),
        Stage("Responses", "curation:prompt-list", counts.responses, "responses"),
        Stage("Pairs", "curation:pair-list", counts.pairs, "pairs"),
        Stage(
            "Judgments",
            "curation:pair-list",
            counts.judgments,
            "judgments",
            f"on {counts.judged_pairs:,} of {counts.pairs:,} pairs",
        ),
        Stage(
            "Filters",
            "curation:recipe-list",
            counts.recipes,
            "recipes",
            f"{counts.scored_pairs:,} pairs scored",
            open=researcher,
        ),
        Stage("Datasets", "curation:dataset-list", counts.versions, "dataset versions"),
        Stage("Training runs", "training:run-list", open=researcher),
        Stage("Models", "training:model-list", open=researcher),
    ]


def next_step(counts: ProjectCounts) -> NextStep:
    """What would move this project on: the first thing that is missing."""
    return next((step for name, step in MISSING.items() if not getattr(counts, name)), ALL_THERE)


def memberships_with_counts(user: User) -> QuerySet[Membership]:
    """A person's projects, each with its role and with `n_prompts`, `n_versions` and `n_members`."""

    def per_project(rows: QuerySet[Prompt] | QuerySet[DatasetVersion] | QuerySet[Membership]) -> Coalesce:
        counted = rows.filter(project=OuterRef("project")).order_by().values("project")
        return Coalesce(Subquery(counted.annotate(n=Count("pk")).values("n")), 0)

    return (
        Membership.objects.for_user(user)
        .select_related("project")
        .annotate(
            n_prompts=per_project(Prompt.objects.all()),
            n_versions=per_project(DatasetVersion.objects.all()),
            n_members=per_project(Membership.objects.all()),
        )
        .order_by("project__name", "project_id")
    )
