"""What a dataset version tells about itself: counts, and everything and everyone it came from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.db import connection
from django.db.models import Count, Max, QuerySet

from curation.consensus_methods import method_label
from curation.models import (
    DatasetRow,
    FilterRecipe,
    Judgment,
    Pair,
    Project,
    Prompt,
    PromptImport,
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
    raters = _raters(version_id)
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
        "flows": _flows(version_id) if rows.count() <= FLOWS_UP_TO else {},
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
# Counting what flows through a million rows would take as long again as the freeze.
FLOWS_UP_TO = 100_000
# Rows by the file of their prompt and each of the two writers, and by writer and rater of a judgment that
# counted: what goes from one stage to the next.
PROMPTS_TO_WRITERS = """
SELECT prompt.prompt_import_id, response.sampler_id, count(*) FROM curation_datasetrow row
CROSS JOIN LATERAL (VALUES (row.chosen_id), (row.rejected_id)) side (response_id)
JOIN curation_response response ON response.id = side.response_id
JOIN curation_prompt prompt ON prompt.id = response.prompt_id
WHERE row.version_id = %s GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2
"""


def _flows(version_id: int) -> dict[str, list[list[int | None]]]:
    """[from, to, rows]: from prompt files to who wrote the responses, and from these to who judged them."""
    raters = Judgment.objects.counted().filter(pair__dataset_rows__version_id=version_id).order_by()
    to_raters: Counter[tuple[int | None, int]] = Counter()
    for side in ("response_a", "response_b"):
        found = raters.values_list(f"pair__{side}__sampler", "rater").annotate(n=Count("pk"))
        to_raters.update({(writer, rater): n for writer, rater, n in found})
    with connection.cursor() as cursor:
        cursor.execute(PROMPTS_TO_WRITERS, [version_id])
        to_writers = [list(row) for row in cursor.fetchall()]
    return {
        "prompts_to_writers": to_writers,
        "writers_to_raters": [[*pair, n] for pair, n in to_raters.most_common()],
    }


def _counts(rows: QuerySet[DatasetRow], field: str) -> dict[str, int]:
    """Rows by value, most frequent first."""
    found = rows.order_by().values_list(field).annotate(n=Count("pk")).order_by("-n", field)
    return {value or "": n for value, n in found}


def _raters(version_id: int) -> list[dict[str, Any]]:
    found = (
        Judgment.objects.counted()
        .filter(pair__dataset_rows__version_id=version_id)
        .values("rater_id", "rater__label", "rater__kind")
        .annotate(judgments=Count("pk"))
        .order_by("-judgments", "rater_id")
    )
    return [
        {
            "rater": row["rater_id"],
            "label": row["rater__label"],
            "kind": row["rater__kind"],
            "judgments": row["judgments"],
        }
        for row in found
    ]


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
