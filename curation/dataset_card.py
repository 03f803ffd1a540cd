"""What a dataset version tells about itself: counts, and everything and everyone it came from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.db import connection
from django.db.models import Count, Max, QuerySet

from curation.consensus_methods import method_label
from curation.dataset_flows import read_flows
from curation.models import (
    DatasetRow,
    FilterRecipe,
    Judgment,
    Pair,
    Project,
    Prompt,
    PromptImport,
    Rater,
    RaterExclusion,
    Sampler,
    ScoreProducer,
)


def dataset_card(
    *, version_id: int, recipe: FilterRecipe, method: str, producers: Iterable[ScoreProducer]
) -> dict[str, Any]:
    """JSON, taken once from the version's rows when they are frozen.

    `last_judgment` is the highest id there was, so that judgments that come later, under whatever date, can
    be told from those that counted.
    """
    rows = DatasetRow.objects.filter(version_id=version_id)
    flows = read_flows(version_id)
    raters = _raters(flows.judgments)
    gold = Pair.objects.for_project(recipe.project).filter(prompt__split=Prompt.Split.GOLD)
    return {
        "project": recipe.project.slug,
        "recipe": {"name": recipe.name, "version": recipe.version, "steps": recipe.steps},
        "consensus": method,
        "consensus_label": method_label(method),
        "scores": [
            {"producer": by.pk, "scorer": by.scorer, "label": by.label, **by.details} for by in producers
        ],
        "gold_pairs_left_out": gold.count(),
        "prompts": rows.aggregate(n=Count("pair__prompt", distinct=True))["n"],
        "splits": _counts(rows, "split"),
        "categories": _counts(rows, "pair__prompt__category"),
        "sources": _counts(rows, "pair__prompt__source"),
        "licences": _counts(rows, "pair__prompt__licence"),
        "chosen_by_model": _counts(rows, "chosen__sampler__model_name"),
        "rejected_by_model": _counts(rows, "rejected__sampler__model_name"),
        "raters": raters,
        "judgments": sum(rater["judgments"] for rater in raters),
        "last_judgment": Judgment.objects.aggregate(last=Max("pk"))["last"] or 0,
        "excluded": _excluded(recipe.project),
        "samplers": _samplers(version_id),
        "imports": _imports(rows),
        "flows": {
            "prompts_to_writers": _flowing(flows.prompts_to_writers),
            "writers_to_raters": _flowing(flows.writers_to_raters),
        },
    }


# A join: two subqueries with an OR between them are read anew for every response once they are large.
WRITERS = """
SELECT response.sampler_id, count(*) FROM curation_response response
JOIN (
    SELECT chosen_id AS id FROM curation_datasetrow WHERE version_id = %(version)s
    UNION SELECT rejected_id FROM curation_datasetrow WHERE version_id = %(version)s
) used ON used.id = response.id
GROUP BY response.sampler_id
"""


def _counts(rows: QuerySet[DatasetRow], field: str) -> dict[str, int]:
    """Rows by value, most frequent first."""
    found = rows.order_by().values_list(field).annotate(n=Count("pk")).order_by("-n", field)
    return {value or "": n for value, n in found}


def _raters(judgments: Counter[int]) -> list[dict[str, Any]]:
    """Who judged, most judgments first."""
    raters = {rater.pk: rater for rater in Rater.objects.filter(pk__in=judgments)}
    return [
        {"rater": pk, "label": raters[pk].label, "kind": raters[pk].kind, "judgments": n}
        for pk, n in sorted(judgments.items(), key=lambda counted: (-counted[1], counted[0]))
    ]


def _flowing(counts: Counter[Any]) -> list[list[int | None]]:
    """[from, to, n], the most first."""
    return [[*pair, n] for pair, n in counts.most_common()]


def _excluded(project: Project) -> list[dict[str, Any]]:
    """Raters under a standing exclusion, why, and how many of their judgments no step has seen."""
    standing = RaterExclusion.objects.standing().filter(rater__project=project).order_by("rater_id")
    counts = dict(
        Judgment.objects.current()
        .filter(rater__in=standing.values("rater"))
        .order_by()
        .values_list("rater")
        .annotate(n=Count("pk"))
    )
    return [
        {"rater": pk, "label": label, "reason": reason, "judgments": counts.get(pk, 0)}
        for pk, label, reason in standing.values_list("rater_id", "rater__label", "reason")
    ]


def _samplers(version_id: int) -> list[dict[str, Any]]:
    """Who wrote the responses; one that stands in several rows counts once. Sampler null: people."""
    with connection.cursor() as cursor:
        cursor.execute(WRITERS, {"version": version_id})
        counts = dict(cursor.fetchall())
    samplers = Sampler.objects.filter(pk__in=counts).order_by("id")
    found = [
        {**row, "responses": counts.pop(row["id"])}
        for row in samplers.values("id", "model_name", "revision", "backend", "params")
    ]
    return found + [{"id": None, "model_name": "people", "responses": n} for n in counts.values()]


def _imports(rows: QuerySet[DatasetRow]) -> list[dict[str, Any]]:
    counts = dict(
        rows.exclude(pair__prompt__prompt_import=None)
        .order_by()
        .values_list("pair__prompt__prompt_import")
        .annotate(n=Count("pair__prompt", distinct=True))
    )
    files = PromptImport.objects.filter(pk__in=counts).order_by("id").values("id", "file_name")
    return [{**file, "prompts": counts[file["id"]]} for file in files]
