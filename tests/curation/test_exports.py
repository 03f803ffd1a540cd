"""Files for a trainer."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from django.conf import settings

from curation.errors import CurationError
from curation.exporters import EXPORTERS
from curation.exporters.base import TrainingRow
from curation.exporters.trl import why_left_out
from curation.models import DatasetVersion, Export
from curation.services.dataset_freeze import dataset_freeze
from curation.services.export_write import export_write
from tests.conftest import People
from tests.curation.recipe_data import judged_pair, judged_project, saved_recipe

USER = [{"role": "user", "content": "Q"}]
COLUMNS = ["prompt", "chosen", "rejected", "score_chosen", "score_rejected"]


@pytest.fixture
def version(people: People) -> DatasetVersion:
    judged_project(people.project)
    return dataset_freeze(recipe=saved_recipe(people.project), user=people.rita)


def test_it_works(version: DatasetVersion, people: People) -> None:
    export = export_write(version=version, format="trl_jsonl", split="train", user=people.rita)
    data = Path(export.path).read_bytes()
    (row,) = [json.loads(line) for line in data.splitlines()]
    frozen = version.rows.get(split="train")
    assert list(row) == COLUMNS
    assert row["prompt"] == frozen.pair.prompt.messages
    assert row["chosen"] == [{"role": "assistant", "content": frozen.chosen.text}]
    assert row["rejected"] == [{"role": "assistant", "content": frozen.rejected.text}]
    assert row["score_chosen"] == pytest.approx(0.9)
    assert (export.n_rows, export.n_bytes) == (1, len(data))
    assert export.sha256 == hashlib.sha256(data).hexdigest()
    assert export.left_out == {"split not asked for": 1}


def test_parquet_has_the_same_rows(version: DatasetVersion) -> None:
    files = [
        Path(export_write(version=version, format=name, split="all", user=None).path) for name in EXPORTERS
    ]
    rows = [json.loads(line) for line in files[0].read_text(encoding="utf-8").splitlines()]
    assert pq.read_table(files[1]).to_pylist() == rows


@pytest.mark.parametrize("name", EXPORTERS)
def test_a_second_export_is_the_same_file_and_a_missing_one_is_rebuilt(
    version: DatasetVersion, name: str
) -> None:
    export = export_write(version=version, format=name, split="all", user=None)
    path = Path(export.path)
    before = path.stat().st_mtime_ns
    assert export_write(version=version, format=name, split="all", user=None) == export
    assert path.stat().st_mtime_ns == before
    path.unlink()
    rebuilt = export_write(version=version, format=name, split="all", user=None)
    assert (rebuilt.pk, rebuilt.sha256) == (export.pk, export.sha256)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == export.sha256
    assert [file.name for file in path.parent.iterdir() if file.suffix == ".part"] == []


def test_an_unknown_format_is_refused(version: DatasetVersion) -> None:
    with pytest.raises(CurationError, match="no export"):
        export_write(version=version, format="xml", split="train", user=None)


def test_a_split_without_rows_is_refused_and_leaves_no_file(people: People) -> None:
    judged_pair(people.project, 0.9)
    version = dataset_freeze(recipe=saved_recipe(people.project), user=None)
    with pytest.raises(CurationError, match="no rows to export in split “eval”"):
        export_write(version=version, format="trl_jsonl", split="eval", user=None)
    assert not Export.objects.exists()


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (TrainingRow(USER, "a", "b", 0.9), ""),
        (
            TrainingRow([*USER, {"role": "assistant", "content": "A"}], "a", "b", 0.9),
            "prompt does not end with a user turn",
        ),
        (
            TrainingRow([{"role": "user", "content": [{"type": "image"}]}], "a", "b", 0.9),
            "prompt is not plain text",
        ),
        (TrainingRow(USER, " \n", "b", 0.9), "empty response"),
        (TrainingRow(USER, "a", "a", 0.9), "identical responses"),
    ],
)
def test_what_trl_cannot_train_on_is_left_out(row: TrainingRow, reason: str) -> None:
    assert why_left_out(row) == reason


@pytest.mark.parametrize("name", EXPORTERS)
def test_many_rows_give_the_same_bytes_twice_and_every_row_is_counted(tmp_path: Path, name: str) -> None:
    rows = [TrainingRow(USER, f"ä{n}", "b" if n % 7 else "", 0.9) for n in range(2500)]
    files = [tmp_path / "one", tmp_path / "two"]
    for file in files:
        written = EXPORTERS[name].write(iter(rows), file)
        assert written.n_rows + sum(written.left_out.values()) == 2500
    assert files[0].read_bytes() == files[1].read_bytes()


LOADER = """
import json, sys
from datasets import load_dataset
rows = load_dataset(sys.argv[1], data_files=sys.argv[2], split="train", cache_dir=sys.argv[3])
print(json.dumps([rows.column_names, rows[0]]))
"""


@pytest.mark.skipif(
    not Path(settings.ML_PYTHON).exists(), reason="the worker environment is not built: make ml"
)
@pytest.mark.parametrize(("name", "builder"), [("trl_jsonl", "json"), ("trl_parquet", "parquet")])
def test_datasets_loads_it(version: DatasetVersion, tmp_path: Path, name: str, builder: str) -> None:
    export = export_write(version=version, format=name, split="train", user=None)
    done = subprocess.run(
        [settings.ML_PYTHON, "-c", LOADER, builder, export.path, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    columns, first = json.loads(done.stdout.splitlines()[-1])
    assert columns == COLUMNS
    assert first["chosen"][0]["role"] == "assistant"


def test_an_export_row_is_unique(version: DatasetVersion) -> None:
    for _ in range(2):
        export_write(version=version, format="trl_jsonl", split="all", user=None)
    assert Export.objects.count() == 1
