"""Judgments by named raters from JSON lines."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from curation.importers.rows import FileRow, Position
from curation.models import Judgment, Pair, Prompt, Rater, Response
from curation.services.judgment_import import judgments_import
from tests.conftest import People

pytestmark = pytest.mark.django_db

ROW = {
    "prompt": "Why is the sky blue?",
    "response_a": "Rayleigh.",
    "response_b": "Because.",
    "model_a": "wise",
    "model_b": "short",
    "rater": "expert_1",
    "winner": "a",
}


def rows(*changes: dict[str, Any]) -> list[FileRow]:
    return [
        FileRow(
            line, 1, Position(), {key: value for key, value in (ROW | change).items() if value is not ...}
        )
        for line, change in enumerate(changes, start=1)
    ]


def test_it_works(people: People) -> None:
    counts = judgments_import(
        project=people.project,
        rows=rows(
            {"created_at": "2024-03-01T10:00:00", "category": "science", "preference": 3},
            {"rater": "expert_2", "winner": "b"},
            {"rater": "expert_3", "winner": "tie"},
            {"rater": "expert_4", "winner": "both_bad"},
        ),
    )
    assert (counts.created, counts.duplicate, counts.failed, counts.prompts, counts.pairs) == (4, 0, 0, 1, 1)
    pair = Pair.objects.get()
    judgments = list(Judgment.objects.select_related("rater"))
    assert {(j.pair, j.left, j.source) for j in judgments} == {(pair, "a", "import")}
    assert [(j.rater.label, j.outcome, j.preference) for j in judgments] == [
        ("expert_1", "preferred", 3),
        ("expert_2", "preferred", -2),
        ("expert_3", "tie", None),
        ("expert_4", "both_bad", None),
    ]
    assert judgments[0].created_at == datetime(2024, 3, 1, 10, tzinfo=UTC)
    assert set(Rater.objects.values_list("kind", "user")) == {("person", None)}
    assert Prompt.objects.get().category == "science"
    assert list(Response.objects.values_list("sampler__model_name", "sampler__backend", "sample_index")) == [
        ("wise", "import", 0), ("short", "import", 0),
    ]  # fmt: skip


def test_a_second_run_adds_nothing(people: People) -> None:
    file = [{}, {"rater": "expert_2"}, {}]
    first = judgments_import(project=people.project, rows=rows(*file))
    again = judgments_import(project=people.project, rows=rows(*file))
    assert (first.created, first.duplicate) == (2, 1)
    assert (again.created, again.duplicate, again.prompts, again.pairs) == (0, 3, 0, 0)
    changed = judgments_import(project=people.project, rows=rows({"winner": "b"}))
    assert changed.created == 1


def test_sides_and_further_texts_of_a_model(people: People) -> None:
    swapped = {
        "response_a": ROW["response_b"], "response_b": ROW["response_a"],
        "model_a": "short", "model_b": "wise",
    }  # fmt: skip
    counts = judgments_import(
        project=people.project, rows=rows({}, swapped, {"response_a": "Scattering of light."})
    )
    assert (counts.created, counts.pairs) == (3, 2)
    assert list(Judgment.objects.values_list("left", "preference")) == [("a", 2), ("b", 2), ("b", 2)]
    wise = Response.objects.filter(sampler__model_name="wise").values_list("sample_index", flat=True)
    assert sorted(wise) == [0, 1]


def test_messages_are_prompts_too(people: People) -> None:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}]
    judgments_import(project=people.project, rows=rows({"prompt": messages}))
    assert Prompt.objects.get().messages == messages


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"prompt": ""}, "missing or empty"),
        ({"prompt": [{"role": "user"}]}, "turn 1"),
        ({"response_a": ...}, "“response_a” is missing"),
        ({"response_a": "x\x00"}, "cannot be stored"),
        ({"response_a": "\ud800"}, "cannot be stored"),
        ({"response_b": ROW["response_a"]}, "the same text"),
        ({"model_b": " "}, "“model_b” must have 1 to 200"),
        ({"rater": 7}, "“rater” is missing or not a text"),
        ({"winner": "model_a"}, "must be one of a, b, tie, both_bad"),
        ({"winner": ["a"]}, "must be one of"),
        ({"preference": 4}, "runs from −3"),
        ({"preference": True}, "runs from −3"),
        ({"preference": -2}, "points to the other"),
        ({"winner": "tie", "preference": 1}, "has no preference"),
        ({"created_at": "yesterday"}, "give a time like"),
    ],
)
def test_a_bad_row_is_named_and_the_others_land(people: People, change: dict[str, Any], words: str) -> None:
    counts = judgments_import(project=people.project, rows=rows(change, {}))
    assert counts.created == 1
    ((line, reason),) = counts.issues
    assert line == 1
    assert words in reason


def test_the_command(people: People, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "votes.jsonl"
    file.write_text(json.dumps(ROW) + "\n{broken\n" + json.dumps(ROW | {"winner": "c"}) + "\n")
    call_command("import_judgments", "helpfulness", str(file))
    said = capsys.readouterr().out
    assert "1 judgments created, 0 duplicate, 2 failed" in said
    assert "line 2: Not valid JSON" in said
    assert "line 3: The winner is 'c'" in said
    file.write_text("{broken\n")
    with pytest.raises(CommandError, match="No row landed"):
        call_command("import_judgments", "helpfulness", str(file))
    with pytest.raises(CommandError, match="no project"):
        call_command("import_judgments", "nowhere", str(file))
    with pytest.raises(CommandError):
        call_command("import_judgments", "helpfulness", str(tmp_path / "absent"))
