"""What people read: the CSV, and the dataset folder with its card."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from curation.csv_lines import no_formula
from curation.exporters.base import Dropped, TrainingRow
from curation.exporters.hub_card import hub_licence
from tests.curation.export_rows import ABOUT, AGAIN, SYSTEM, USER, export, row

FORMULA = '=HYPERLINK("http://evil.example","x")'


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def folder(path: Path) -> tuple[dict[str, Any], str, dict[str, list[dict[str, Any]]]]:
    """The card's YAML, its text, and the rows of each file."""
    with ZipFile(path) as zipped:
        _, front, body = zipped.read("README.md").decode().split("---\n", 2)
        rows = {}
        for name in zipped.namelist()[1:]:
            with zipped.open(name) as file:
                rows[name] = pq.read_table(file).to_pylist()
    return yaml.safe_load(front), body, rows


def of(split: str, **more: Any) -> TrainingRow:
    return row(split=split, **{"licence": "cc-by-4.0", "prompt_id": "f00d", "chosen_by": "tiny", **more})


def test_it_works(tmp_path: Path) -> None:
    path = tmp_path / "file.zip"
    written = export("hub_folder", [of("train"), of("eval"), of("train", rejected="")], path)
    front, body, rows = folder(path)
    assert (written.n_rows, written.left_out) == (2, {"empty response": 1})
    assert front["configs"] == [
        {
            "config_name": "default",
            "data_files": [
                {"split": "train", "path": "data/train.parquet"},
                {"split": "test", "path": "data/test.parquet"},
            ],
        }
    ]
    assert (front["license"], front["size_categories"]) == ("cc-by-4.0", ["n<1K"])
    assert list(rows) == ["data/train.parquet", "data/test.parquet"]
    (first,) = rows["data/train.parquet"]
    assert first["prompt"] == [USER]
    assert (first["prompt_id"], first["licence"], first["chosen_by"]) == ("f00d", "cc-by-4.0", "tiny")
    assert "margin" not in first  # RewardTrainer would train on it
    for line in (
        "# Helpfulness, version 3", "| train | 1 |", "| test | 1 |", "| cc-by-4.0 | 2 |", "| forum | 2 |",
        "| not stated | 1 |", "| maths | 3 |", "| tiny | 4 |", "| people | 1 |", "| empty response | 1 |",
        "- Judgments: 9. Raters: people 1, judges 1.", "- Consensus: Majority of votes.",
        "- Filter recipe: Clean, version 2.", "`c0ffee`",
    ):  # fmt: skip
        assert line in body


def test_the_card_says_what_never_reached_the_version(tmp_path: Path) -> None:
    path = tmp_path / "file.zip"
    about = replace(
        ABOUT, dropped=(Dropped("Has a consensus", "tie", 2), Dropped("Margin", "below *0.3*", 7))
    )
    export("hub_folder", [of("train")], path, about)
    _, body, _ = folder(path)
    section = body.partition("## Never in the version\n\n")[2].partition("\n\n")[0]
    assert section.splitlines()[2:] == [r"| Has a consensus: tie | 2 |", r"| Margin: below \*0.3\* | 7 |"]
    export("hub_folder", [of("train")], path)
    assert "Never in the version" not in folder(path)[1]


def test_the_card_names_no_rater(tmp_path: Path) -> None:
    path = tmp_path / "file.zip"
    export("hub_folder", [of("train")], path)
    _, body, _ = folder(path)
    assert not any(rater["label"] in body for rater in ABOUT.card["raters"])


def test_a_split_without_rows_has_no_file(tmp_path: Path) -> None:
    path = tmp_path / "file.zip"
    export("hub_folder", [of("eval")], path)
    front, _, rows = folder(path)
    assert list(rows) == ["data/test.parquet"]
    assert [file["split"] for file in front["configs"][0]["data_files"]] == ["test"]


def test_what_people_typed_stays_in_its_cell(tmp_path: Path) -> None:
    path = tmp_path / "file.zip"
    export("hub_folder", [of("train", licence="a|b\n# <script>*")], path)
    front, body, _ = folder(path)
    assert front["license"] == "other"
    assert r"| a\|b \# &lt;script&gt;\* | 1 |" in body


@pytest.mark.parametrize(
    ("licences", "expected"),
    [
        ({"": 3}, "unknown"),
        ({"MIT ": 3}, "mit"),
        ({"mit": 1, "MIT": 2}, "mit"),
        ({"mit": 1, "": 2}, "other"),
        ({"mit": 1, "apache-2.0": 2}, "other"),
        ({"ask the authors": 1}, "other"),
    ],
)
def test_the_hub_is_told_a_licence_only_if_it_is_the_one(licences: dict[str, int], expected: str) -> None:
    assert hub_licence(licences) == expected


def test_a_table_reads_as_text(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    prompt: list[dict[str, Any]] = [
        SYSTEM,
        {"role": "user", "content": [{"type": "text", "text": "See"}, {"type": "image"}]},
    ]
    rows = [row(chosen="ä\nb", position=4, pair_id=17), row(prompt), row(AGAIN, rejected="")]
    written = export("csv", rows, path)
    assert (written.n_rows, written.left_out) == (3, {})
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    single, parts, several = table(path)
    assert single["prompt"] == "Q"
    assert (single["chosen"], single["row"], single["pair"]) == ("ä\nb", "4", "17")
    assert (single["p_chosen_better"], single["margin"], single["weight"]) == ("0.9", "0.8", "1.0")
    assert parts["prompt"] == "System: Be brief.\n\nUser: See\n[image]"
    assert several["prompt"] == "User: Q\n\nAssistant: A\n\nUser: And?"


def test_tool_calls_are_written_out(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    call = {"role": "assistant", "content": "", "tool_calls": [{"name": "add"}]}
    export("csv", [row([USER, call, {"role": "tool", "content": "5"}])], path)
    assert table(path)[0]["prompt"] == 'User: Q\n\nAssistant: [tool calls: [{"name": "add"}]]\n\nTool: 5'


def test_no_cell_is_a_formula_and_no_text_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    texts = [FORMULA, "+1", "-1", "@sum", "\t=1", "\r=1", "\n=1", "'quoted", "＝1", "plain", "a=b"]
    export("csv", [row(chosen=text, category="=cmd") for text in texts], path)
    found = [line["chosen"] for line in table(path)]
    assert [cell[0] == "'" for cell in found] == [True] * 9 + [False] * 2
    assert [cell.removeprefix("'") for cell in found] == texts
    assert table(path)[0]["category"] == "'=cmd"


@given(st.text())
def test_one_apostrophe_off_restores_any_text(text: str) -> None:
    cell = no_formula(text)
    assert cell.removeprefix("'") == text
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
