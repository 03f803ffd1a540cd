"""Files for a trainer: what holds for every format, and the service that writes them."""

from __future__ import annotations

import hashlib
import html
import json
import weakref
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from zipfile import ZipFile

import pyarrow.parquet as pq
import pytest
from django.core.management import call_command
from django.db import transaction

from curation.errors import CurationError
from curation.exporters import EXPORTERS, by_trainer
from curation.exporters.base import TrainingRow
from curation.exporters.shapes import WINDOW
from curation.models import DatasetVersion, Export
from curation.services.dataset_freeze import dataset_freeze
from curation.services.export_write import dropped_before, export_write, first_rows, training_rows
from tests.conftest import People
from tests.curation.export_rows import AGAIN, PLAIN, SYSTEM, USER, WITH_SYSTEM, export, fit_for, row
from tests.curation.recipe_data import judge_both_orders, judged_pair, judged_project, saved_recipe
from tests.factories import PairFactory, PromptFactory, RaterFactory, ResponseFactory

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
        Path(export_write(version=version, format=name, split="all", user=None).path)
        for name in ("trl_jsonl", "trl_parquet")
    ]
    rows = [json.loads(line) for line in files[0].read_text(encoding="utf-8").splitlines()]
    assert pq.read_table(files[1]).to_pylist() == rows


def test_a_row_knows_where_it_comes_from(people: People) -> None:
    prompt = PromptFactory(
        project=people.project, category="maths", source="forum", licence="cc-by-4.0", split="eval"
    )
    pair = judged_pair(people.project, 0.9, prompt=prompt)
    sampler = pair.response_a.sampler
    assert sampler is not None
    version = dataset_freeze(recipe=saved_recipe(people.project), user=None)
    (found,) = training_rows(version, "all")
    assert (found.chosen, found.rejected) == (pair.response_a.text, pair.response_b.text)
    assert (found.soft_label, found.margin, found.weight) == (pytest.approx(0.9), pytest.approx(0.8), 1.0)
    assert (found.split, found.position, found.pair_id) == ("eval", 0, pair.pk)
    assert (found.prompt_id, found.category) == (prompt.fingerprint, "maths")
    assert (found.source, found.licence) == ("forum", "cc-by-4.0")
    assert found.chosen_by == found.rejected_by == sampler.model_name
    assert first_rows(version, 5) == [found]


@pytest.mark.parametrize("name", sorted(set(PLAIN) - WITH_SYSTEM))
def test_a_second_export_is_the_same_file_and_a_missing_one_is_rebuilt(
    version: DatasetVersion, name: str
) -> None:
    export = export_write(version=version, format=name, split="all", user=None)
    path = Path(export.path)
    before = path.stat().st_mtime_ns
    assert export.n_rows == 2 * EXPORTERS[name].rows_per_pair
    assert export_write(version=version, format=name, split="all", user=None) == export
    assert path.stat().st_mtime_ns == before
    path.unlink()
    rebuilt = export_write(version=version, format=name, split="all", user=None)
    assert (rebuilt.pk, rebuilt.sha256) == (export.pk, export.sha256)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == export.sha256
    assert [file.name for file in path.parent.iterdir() if file.suffix == ".part"] == []


@pytest.fixture
def curriculum(people: People) -> DatasetVersion:
    """Two prompts with a pair in each of three blocks: b lost to a in the first and won against c in the
    last, a won against c in between."""
    rater = RaterFactory(project=people.project)
    for n in range(2):
        prompt = PromptFactory(project=people.project)
        a, b, c = (ResponseFactory(prompt=prompt, text=f"{name}{n}") for name in "abc")
        for better, worse, p in ((a, b, 0.95), (a, c, 0.8), (b, c, 0.7)):
            judge_both_orders(PairFactory(prompt=prompt, response_a=better, response_b=worse), rater, p)
    steps = [{"step": "consensus_exists"}, {"step": "curriculum", "scheme": "prompt"}]
    return dataset_freeze(recipe=saved_recipe(people.project, steps), user=None)


def test_a_curriculum_does_not_part_the_pairs_of_a_prompt(curriculum: DatasetVersion) -> None:
    with transaction.atomic():
        prompts = [row.prompt_id for row in training_rows(curriculum, "all")]
        together = list(training_rows(curriculum, "all", by_prompt=True))
    assert len(list(groupby(prompts))) > 2, "the blocks part them"
    assert [prompt for prompt, _ in groupby(row.prompt_id for row in together)] == sorted(set(prompts))
    for _, rows in groupby(together, key=lambda row: row.prompt_id):
        assert [row.block for row in rows] == [1, 2, 3]
    made = export_write(version=curriculum, format="trl_unpaired", split="all", user=None)
    samples = [json.loads(line) for line in Path(made.path).read_text(encoding="utf-8").splitlines()]
    labels = sorted((sample["completion"][0]["content"], sample["label"]) for sample in samples)
    assert labels == [("a0", True), ("a1", True), ("c0", False), ("c1", False)]
    # Of 3 pairs a prompt: b twice with opposite labels; a and c once more than once.
    assert made.left_out == {"response both chosen and rejected": 4, "response already in the file": 4}


def test_formats_of_pairs_keep_the_order_of_the_blocks(curriculum: DatasetVersion) -> None:
    made = export_write(version=curriculum, format="trl_weighted", split="all", user=None)
    samples = [json.loads(line) for line in Path(made.path).read_text(encoding="utf-8").splitlines()]
    assert [sample["block"] for sample in samples] == [1, 1, 2, 2, 3, 3]


def test_other_splits_are_counted_in_rows_of_the_format(version: DatasetVersion) -> None:
    export = export_write(version=version, format="trl_unpaired", split="train", user=None)
    assert (export.n_rows, export.left_out) == (2, {"split not asked for": 2})


def test_a_format_that_takes_no_row_says_why(version: DatasetVersion) -> None:
    with pytest.raises(CurationError, match=r"prompt has no system turn \(4\)"):
        export_write(version=version, format="axolotl_kto_system", split="all", user=None)


def test_an_unknown_format_is_refused(version: DatasetVersion) -> None:
    with pytest.raises(CurationError, match="no export"):
        export_write(version=version, format="xml", split="train", user=None)


def test_a_split_without_rows_is_refused_and_leaves_no_file(people: People) -> None:
    judged_pair(people.project, 0.9)
    version = dataset_freeze(recipe=saved_recipe(people.project), user=None)
    with pytest.raises(CurationError, match="no rows to export in split “eval”"):
        export_write(version=version, format="trl_jsonl", split="eval", user=None)
    assert not Export.objects.exists()


def test_the_command_writes_any_format(version: DatasetVersion, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("export_dataset", "helpfulness", "1", "--format", "llama_factory_kto", "--split", "all")
    printed = capsys.readouterr().out
    export = Export.objects.get()
    assert (export.format, export.n_rows) == ("llama_factory_kto", 4)
    assert export.sha256 in printed


def test_what_never_reached_the_version_is_told_with_the_export(
    people: People, version: DatasetVersion, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of five pairs one is gold, one a tie, and one below the margin."""
    found = [(dropped.step, dropped.reason, dropped.n) for dropped in dropped_before(version)]
    assert found[0] == ("Before the recipe", "gold prompt", 1)
    assert [(step, n) for step, _, n in found[1:]] == [(entry["label"], 1) for entry in version.funnel]
    assert "tie" in found[1][1]
    assert sum(n for _, _, n in found[1:]) == version.n_dropped == version.dropped.count()
    page = people.client("rob").get("/p/helpfulness/datasets/1/").content.decode()
    call_command("export_dataset", "helpfulness", "1", "--split", "all")
    printed = capsys.readouterr().out
    export = export_write(version=version, format="hub_folder", split="all", user=None)
    with ZipFile(export.path) as zipped:
        card = zipped.read("README.md").decode()
    for step, reason, n in found:
        assert f"{step}: {reason} ({n})" in html.unescape(page)
        assert f"dropped   {n} ({step}: {reason})" in printed
        assert f"| {step}: {reason} | {n} |" in card


def test_an_export_row_is_unique(version: DatasetVersion) -> None:
    for _ in range(2):
        export_write(version=version, format="trl_jsonl", split="all", user=None)
    assert Export.objects.count() == 1


@pytest.mark.parametrize("name", EXPORTERS)
def test_many_rows_give_the_same_bytes_twice_and_every_row_is_counted(tmp_path: Path, name: str) -> None:
    prompts = ([USER], [SYSTEM, USER], AGAIN)
    rows = [
        fit_for(
            name,
            row(
                prompts[n % 3],
                f"ä{n}",
                f"b{n}" if n % 7 else "",
                prompt_id=f"{n // 2:05}",
                split="eval" if n % 5 == 4 else "train",
            ),
        )
        for n in range(2500)
    ]
    files = [tmp_path / "one", tmp_path / "two"]
    for file in files:
        written = export(name, rows, file)
        assert written.n_rows
        assert written.n_rows + sum(written.left_out.values()) == 2500 * EXPORTERS[name].rows_per_pair
    assert files[0].read_bytes() == files[1].read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]


@pytest.mark.parametrize("name", EXPORTERS)
def test_memory_does_not_grow_with_the_rows(tmp_path: Path, name: str) -> None:
    refs: list[weakref.ref[TrainingRow]] = []
    gone: list[object] = []
    alive: list[int] = []

    def rows() -> Iterator[TrainingRow]:
        for n in range(4000):
            prompt = [SYSTEM, USER] if n % 2 else [USER]
            made = fit_for(name, row(prompt, f"a{n}", f"b{n}", prompt_id=f"{n:05}"))
            refs.append(weakref.ref(made, gone.append))
            alive.append(len(refs) - len(gone))
            yield made

    assert export(name, rows(), tmp_path / "file").n_rows
    assert len(alive) == 4000
    # Of formats with a row for each response two windows, two responses a row, and what is read ahead.
    assert max(alive) <= WINDOW + 2


def test_every_format_has_a_name_of_its_own_and_stands_with_its_trainer() -> None:
    grouped = [exporter.name for _, formats in by_trainer() for exporter in formats]
    assert grouped == list(EXPORTERS)
    assert len({exporter.label for exporter in EXPORTERS.values()}) == len(EXPORTERS)
    trainers = [trainer for trainer, _ in by_trainer()]
    assert len(set(trainers)) == len(trainers)
    assert not any("nectar" in name for name in EXPORTERS)
