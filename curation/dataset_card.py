"""What a dataset version tells about itself: counts, and everything and everyone it came from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection
from django.db.models import Count, Max

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
    by_prompt, writers, flows = _by_prompt(version_id), _writers(version_id), read_flows(version_id)
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
        "prompts": sum(n for _, n in by_prompt["category"].values()),
        "splits": _splits(version_id),
        "categories": _most_first({value: n for value, (n, _) in by_prompt["category"].items()}),
        "sources": _most_first({value: n for value, (n, _) in by_prompt["source"].items()}),
        "licences": _most_first({value: n for value, (n, _) in by_prompt["licence"].items()}),
        "chosen_by_model": _by_model(writers, "chosen"),
        "rejected_by_model": _by_model(writers, "rejected"),
        "raters": raters,
        "judgments": sum(rater["judgments"] for rater in raters),
        "last_judgment": Judgment.objects.aggregate(last=Max("pk"))["last"] or 0,
        "excluded": _excluded(recipe.project),
        "samplers": [writer["told"] for writer in writers],
        "imports": _imports({int(pk): n for pk, (_, n) in by_prompt["file"].items()}),
        "flows": {
            "prompts_to_writers": _flowing(flows.prompts_to_writers),
            "writers_to_raters": _flowing(flows.writers_to_raters),
        },
    }


# (what, value, rows, prompts): one reading of the rows for all that their prompts tell.
BY_PROMPT = """
WITH used AS MATERIALIZED (
    SELECT pair.prompt_id AS id, count(*) AS n FROM curation_datasetrow row
    JOIN curation_pair pair ON pair.id = row.pair_id WHERE row.version_id = %s GROUP BY 1
)
SELECT told.what, told.value, sum(used.n)::int8, count(*) FROM used
JOIN curation_prompt prompt ON prompt.id = used.id
CROSS JOIN LATERAL (VALUES
    ('category', prompt.category), ('source', prompt.source), ('licence', prompt.licence),
    ('file', prompt.prompt_import_id::text)
) AS told (what, value)
WHERE told.value IS NOT NULL GROUP BY 1, 2
"""
# Counted by response before the join: PostgreSQL knows how many of those there are, not how many of a union.
WRITERS = """
SELECT response.sampler_id, sum(used.chosen)::int8, sum(used.rejected)::int8, count(DISTINCT response.id)
FROM (
    SELECT chosen_id AS id, count(*) AS chosen, 0 AS rejected
    FROM curation_datasetrow WHERE version_id = %(version)s GROUP BY 1
    UNION ALL
    SELECT rejected_id, 0, count(*) FROM curation_datasetrow WHERE version_id = %(version)s GROUP BY 1
) used
JOIN curation_response response ON response.id = used.id
GROUP BY 1 ORDER BY 1
"""


def _splits(version_id: int) -> dict[str, int]:
    rows = DatasetRow.objects.filter(version_id=version_id).order_by()
    return _most_first(dict(rows.values_list("split").annotate(n=Count("pk"))))


def _by_prompt(version_id: int) -> dict[str, dict[str, tuple[int, int]]]:
    """Of category, source, licence and file: by value, (rows, prompts)."""
    found: dict[str, dict[str, tuple[int, int]]] = {
        what: {} for what in ("category", "source", "licence", "file")
    }
    with connection.cursor() as cursor:
        cursor.execute(BY_PROMPT, [version_id])
        for what, value, rows, prompts in cursor.fetchall():
            found[what][value] = (rows, prompts)
    return found


def _most_first(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _writers(version_id: int) -> list[dict[str, Any]]:
    """Who wrote the responses, in order of sampler, with the rows they are `chosen` and `rejected` in. What
    is `told` of each has its responses; one that stands in several rows counts once. Sampler null: people."""
    with connection.cursor() as cursor:
        cursor.execute(WRITERS, {"version": version_id})
        counts = cursor.fetchall()
    samplers = Sampler.objects.filter(pk__in=[pk for pk, *_ in counts if pk])
    told: dict[int | None, dict[str, Any]] = {None: {"id": None, "model_name": "people"}}
    for row in samplers.values("id", "model_name", "revision", "backend", "params"):
        told[row["id"]] = {**row}
    return [
        {"told": {**told[pk], "responses": responses}, "chosen": chosen, "rejected": rejected}
        for pk, chosen, rejected, responses in counts
    ]


def _by_model(writers: list[dict[str, Any]], side: str) -> dict[str, int]:
    """Rows by the model that wrote this side; "" is people."""
    counts: Counter[str] = Counter()
    for writer in writers:
        counts[writer["told"]["model_name"] if writer["told"]["id"] else ""] += writer[side]
    return _most_first(+counts)


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


def _imports(prompts: dict[int, int]) -> list[dict[str, Any]]:
    """The files that prompts came in, and how many of each."""
    files = PromptImport.objects.filter(pk__in=prompts).order_by("id").values("id", "file_name")
    return [{**file, "prompts": prompts[file["id"]]} for file in files]
