"""manage.py import_prompts runs the same service and reports it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from curation.models import Prompt
from tests.factories import ProjectFactory

pytestmark = pytest.mark.django_db


def written(folder: Path, content: bytes, name: str = "prompts.jsonl") -> str:
    path = folder / name
    path.write_bytes(content)
    return str(path)


def test_it_works(tmp_path: Path) -> None:
    project, out = ProjectFactory(), io.StringIO()
    path = written(tmp_path, b'{"ask": "Hi", "prompt": "not this"}\nbad\n')
    call_command("import_prompts", project.slug, path, "--map", "prompt=ask", "--split", "eval", stdout=out)
    prompt = Prompt.objects.get()
    assert (prompt.messages[0]["content"], prompt.split) == ("Hi", "eval")
    assert "2 rows read: 1 created, 0 duplicate, 1 failed" in out.getvalue()
    assert "line 2: Not valid JSON" in out.getvalue()


def test_a_second_run_lands_only_duplicates_and_succeeds(tmp_path: Path) -> None:
    project, path = ProjectFactory(), written(tmp_path, b'{"prompt": "Hi"}\n')
    for _ in range(2):
        call_command("import_prompts", project.slug, path, stdout=io.StringIO())
    assert Prompt.objects.count() == 1


@pytest.mark.parametrize(
    ("content", "arguments", "message"),
    [
        (b"", [], "is empty"),
        (b"bad\n", [], "Choose the column"),
        (b'{"prompt": ""}\n', [], "No row landed"),
        (b'{"prompt": "x"}\n', ["--map", "colour=red"], "knows no field"),
    ],
)
def test_what_lands_nothing_fails(tmp_path: Path, content: bytes, arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        call_command(
            "import_prompts",
            ProjectFactory().slug,
            written(tmp_path, content),
            *arguments,
            stdout=io.StringIO(),
        )


def test_unknown_project_and_missing_file(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no project"):
        call_command("import_prompts", "nowhere", written(tmp_path, b"{}"))
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_prompts", ProjectFactory().slug, str(tmp_path / "absent.jsonl"))
