"""Preferences in CSV and Parquet files say the same as in JSON lines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curation.importers.datasets.registry import FORMATS
from curation.models import ImportIssue, Judgment, Project, Prompt, Response
from tests.curation.import_runs import jsonl, rows_of, run
from tests.factories import ProjectFactory

pytestmark = pytest.mark.django_db

# Whole tasks and trees, which their tools write as JSON alone.
NESTED = {"label-studio", "argilla", "argilla-1", "oasst-trees"}
JUDGMENT = (
    "rater__label", "rater__kind", "left", "outcome", "preference", "probability", "rationale",
    "pair__response_a__text", "pair__response_b__text",
)  # fmt: skip


def cell(value: Any) -> Any:
    """Lists and objects as JSON text; numbers and truth values as pandas writes them."""
    return json.dumps(value) if isinstance(value, list | Mapping) else value


def as_csv(rows: list[dict[str, Any]]) -> bytes:
    file = io.StringIO()
    writer = csv.DictWriter(file, list(dict.fromkeys(name for row in rows for name in row)))
    writer.writeheader()
    writer.writerows({name: cell(value) for name, value in row.items()} for row in rows)
    return file.getvalue().encode()


def as_parquet(rows: list[dict[str, Any]]) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), file)
    return file.getvalue()


def landed(project: Project) -> list[Any]:
    """Everything that a file brought, in an order of its own; attributes without loose columns, which a CSV
    file writes as texts."""
    judgments = Judgment.objects.filter(pair__prompt__project=project)
    attributes = [
        {part: value for part, value in one.items() if part != "columns"}
        for one in judgments.order_by("id").values_list("attributes", flat=True)
    ]
    # Where the file states no time, it is that of the import.
    times = judgments.order_by("id").values_list("created_at", "pair__created_at")
    responses = Response.objects.filter(prompt__project=project).order_by("id")
    return [
        list(Prompt.objects.filter(project=project).values_list("messages", "split", "category", "language")),
        list(responses.values_list("text", "sampler__model_name", "segments", "edited_from__text")),
        list(judgments.order_by("id").values_list(*JUDGMENT)),
        attributes,
        [when if when < made - timedelta(days=1) else None for when, made in times],
    ]


@pytest.mark.parametrize("name", sorted(set(FORMATS) - NESTED))
def test_it_works(name: str) -> None:
    example = FORMATS[name].example
    lines, table = ProjectFactory(), ProjectFactory()
    assert rows_of(run(jsonl([example]), name, lines)) == (1, 0, 0)
    done = run(as_csv([example]), name, table, "data.csv")
    assert (done.format, rows_of(done)) == ("csv", (1, 0, 0))
    assert landed(table) == landed(lines)


@pytest.mark.parametrize("name", FORMATS)
def test_a_parquet_file_with_nulls_says_the_same(name: str) -> None:
    """Of the other row every column is null; objects in a list have the keys of all."""
    example = FORMATS[name].example
    lines, table = ProjectFactory(), ProjectFactory()
    run(jsonl([example]), name, lines)
    rows = [{column: value for column, value in example.items() if value != {}}, dict.fromkeys(example)]
    done = run(as_parquet(rows), name, table, "data.parquet")
    assert (done.format, done.rows_failed) == ("parquet", 1)
    assert landed(table) == landed(lines)
    assert ImportIssue.objects.get().line == 2
