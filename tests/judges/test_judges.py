"""Setting up judges and rubrics, and who sees them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from curation.models import Rater
from judges.errors import JudgeError
from judges.model_dirs import model_dir
from judges.models import Judge, RubricVersion
from judges.services.judge_create import judge_create
from judges.services.rubric_default import default_wording, rubric_default
from judges.services.rubric_save import rubric_save
from tests.conftest import People
from tests.factories import ProjectFactory
from tests.judges.conftest import MakePairs, write_model_dir

pytestmark = pytest.mark.django_db

FORM = {
    "name": "Tiny",
    "backend": "transformers",
    "model_name": "tiny",
    "dtype": "bfloat16",
    "max_length": 512,
    "min_mass": 0.01,
}
RUBRIC = {
    "name": "Short",
    "template": "{prompt} A: {left} B: {right}",
    "verdict_left": "A",
    "verdict_right": "B",
    "prefill": "Better:",
}


def test_it_works(people: People, model_root: Path) -> None:
    rita = people.client("rita")
    rita.post("/p/helpfulness/rubrics/new/", RUBRIC)
    rubric = RubricVersion.objects.get()
    assert (rubric.verdicts, rubric.version, rubric.created_by) == (["A", "B"], 1, people.rita)
    answer = rita.post("/p/helpfulness/judges/new/", {**FORM, "rubric": rubric.pk})
    judge = Judge.objects.get()
    assert answer.headers["Location"] == f"/p/helpfulness/judges/{judge.pk}/"
    assert judge.model_name == str((model_root / "tiny").resolve())
    assert judge.params == {"dtype": "bfloat16", "max_length": 512, "min_mass": 0.01}
    assert (judge.rater.kind, judge.rater.label) == (Rater.Kind.JUDGE, "Tiny v1 · tiny")
    page = rita.get(answer.headers["Location"]).content.decode()
    assert "Tiny v1" in page
    assert f"/p/helpfulness/judges/{judge.pk}/run/" in page


def test_other_settings_make_the_next_version(people: People, judge: Judge) -> None:
    same: dict[str, Any] = {
        "project": people.project,
        "name": "Tiny",
        "rubric": judge.rubric,
        "backend": "transformers",
        "model_name": "tiny",
        "user": people.alice,
    }
    assert judge_create(**same) == judge
    second = judge_create(**same, params={"min_mass": 0.1})
    assert (second.version, second.rater.label) == (2, "Tiny v2 · tiny")
    assert second.rater != judge.rater


def test_the_same_wording_is_the_same_version(people: People) -> None:
    first = rubric_default(project=people.project, user=people.rita)
    assert rubric_default(project=people.project, user=people.alice) == first
    wording = default_wording()
    second = rubric_save(project=people.project, user=None, **wording | {"system": "Be strict."})
    assert (second.version, second.content_hash != first.content_hash) == (2, True)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"template": "{prompt} {left}"}, "lacks {right}"),
        ({"verdict_right": "A"}, "two different"),
        ({"verdict_right": "not A"}, "one word"),
    ],
)
def test_a_useless_rubric_is_refused(people: People, change: dict[str, str], words: str) -> None:
    answer = people.client("rita").post("/p/helpfulness/rubrics/new/", {**RUBRIC, **change})
    assert words in answer.content.decode()
    assert not RubricVersion.objects.exists()


def test_preview_saves_nothing(people: People, make_pairs: MakePairs) -> None:
    (pair,) = make_pairs(1)
    answer = people.client("rita").post("/p/helpfulness/rubrics/new/", {**RUBRIC, "preview": "1"})
    assert f"A: {pair.response_a.text} B: {pair.response_b.text}" in answer.content.decode()
    assert not RubricVersion.objects.exists()


def test_change_starts_from_a_version(people: People) -> None:
    rubric = rubric_default(project=people.project, user=people.rita)
    page = people.client("rita").get("/p/helpfulness/rubrics/new/", {"from": rubric.pk})
    assert page.context["form"].initial["template"] == rubric.template
    elsewhere = rubric_default(project=ProjectFactory(), user=None)
    assert people.client("rita").get("/p/helpfulness/rubrics/new/", {"from": elsewhere.pk}).status_code == 404


def test_an_endpoint_needs_its_address(people: People, model_root: Path) -> None:
    rubric = rubric_default(project=people.project, user=people.rita)
    fields = {**FORM, "backend": "openai", "rubric": rubric.pk}
    answer = people.client("rita").post("/p/helpfulness/judges/new/", fields)
    assert "An endpoint needs its address" in answer.content.decode()
    people.client("rita").post(
        "/p/helpfulness/judges/new/", {**fields, "base_url": "http://127.0.0.1:8000/v1"}
    )
    assert Judge.objects.get().params == {"max_length": 512, "min_mass": 0.01}


def test_foreign_rubric_and_unknown_parameter(people: People, judge: Judge) -> None:
    foreign = rubric_default(project=ProjectFactory(), user=None)
    fields: dict[str, Any] = {
        "project": people.project,
        "name": "X",
        "backend": "transformers",
        "model_name": "tiny",
        "user": None,
    }
    with pytest.raises(JudgeError, match="another project"):
        judge_create(**fields, rubric=foreign)
    # A judge that could name an environment variable could send any secret of the server to its endpoint.
    with pytest.raises(JudgeError, match="api_key_env"):
        judge_create(**fields, rubric=judge.rubric, params={"api_key_env": "SECRET_KEY"})


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "outside"),
        ("../../etc", "outside"),
        ("/etc", "outside"),
        ("missing", "There is no directory"),
        ("empty", "no config.json"),
        ("broken", "not valid JSON"),
        ("strange", "model_type"),
        ("weightless", "safetensors"),
        ("trained/elsewhere/run", "There is no directory"),
    ],
)
def test_bad_model_directories(people: People, model_root: Path, name: str, words: str) -> None:
    (model_root / "empty").mkdir()
    for broken, text in (("broken", "{"), ("strange", "{}"), ("weightless", '{"model_type": "x"}')):
        (model_root / broken).mkdir()
        (model_root / broken / "config.json").write_text(text)
    write_model_dir(model_root / "trained" / "elsewhere" / "run")
    with pytest.raises(JudgeError, match=words):
        model_dir(name, project=people.project)


def test_own_trained_models_may_judge(people: People, model_root: Path) -> None:
    path = write_model_dir(model_root / "trained" / "helpfulness" / "run")
    assert model_dir(str(path), project=people.project) == path.resolve()


READ = ("judges/", "judges/{judge}/", "judges/{judge}/verdicts/", "rubrics/", "rubrics/{rubric}/")
WRITE = ("judges/new/", "rubrics/new/")


@pytest.mark.parametrize("path", READ + WRITE)
@pytest.mark.parametrize("who", ["alice", "rita", "rob", "anna", "charlie"])
def test_access(people: People, judge: Judge, path: str, who: str) -> None:
    allowed = {"alice", "rita", "rob"} if path in READ else {"alice", "rita"}
    full = "/p/helpfulness/" + path.format(judge=judge.pk, rubric=judge.rubric_id)
    assert people.client(who).get(full).status_code == (200 if who in allowed else 404)
    if path in WRITE and who not in allowed:
        assert people.client(who).post(full, FORM).status_code == 404


@pytest.mark.parametrize("path", READ + WRITE)
def test_visitors_log_in_first(people: People, judge: Judge, path: str) -> None:
    full = "/p/helpfulness/" + path.format(judge=judge.pk, rubric=judge.rubric_id)
    answer = people.client("anonymous").get(full)
    assert (answer.status_code, "/accounts/login/" in answer.headers["Location"]) == (302, True)


def test_objects_of_other_projects_are_not_found(people: People, judge: Judge) -> None:
    charlie = people.client("charlie")
    for path in READ[1:3] + READ[4:]:
        full = "/p/elsewhere/" + path.format(judge=judge.pk, rubric=judge.rubric_id)
        assert charlie.get(full).status_code == 404


def test_empty_lists_say_what_to_do(people: People) -> None:
    assert "No judge yet" in people.client("rita").get("/p/helpfulness/judges/").content.decode()
    assert "No rubric yet" in people.client("rob").get("/p/helpfulness/rubrics/").content.decode()
    assert "needs a rubric" in people.client("rita").get("/p/helpfulness/judges/new/").content.decode()
