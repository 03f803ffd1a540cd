"""What is exported as helpsteer3 and imported into an empty project is the same, and stays so."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from pytest_django import DjangoAssertNumQueries

from curation.importers.datasets.registry import FORMATS
from curation.models import (
    DatasetVersion,
    Judgment,
    Pair,
    Project,
    Prompt,
    PromptImport,
    Rater,
    RaterExclusion,
    Response,
)
from curation.services import export_origins
from curation.services.dataset_freeze import dataset_freeze
from curation.services.export_origins import pseudonyms, with_origins
from curation.services.export_write import export_write, first_rows
from curation.services.sampler_get import sampler_get_or_create
from tests.conftest import People
from tests.curation.import_runs import jsonl, run
from tests.curation.native_data import EARLY, LATE, SETTINGS, Rich, content
from tests.curation.recipe_data import saved_recipe
from tests.factories import (
    JudgmentFactory,
    ProjectFactory,
    PromptFactory,
    RaterFactory,
    ResponseFactory,
    person_rater,
)

STEPS = [{"step": "consensus_exists"}]
CALLED = [{"role": "assistant", "content": ""}]  # a tool call, in HelpSteer3's columns


@pytest.fixture
def rich(people: People) -> Rich:
    return Rich(people)


def frozen(project: Project) -> DatasetVersion:
    return dataset_freeze(recipe=saved_recipe(project, STEPS), user=None)


def exported(version: DatasetVersion) -> bytes:
    export = export_write(version=version, format="helpsteer3", split="all", user=None)
    data = Path(export.path).read_bytes()
    Path(export.path).unlink()
    return data


def imported(data: bytes) -> tuple[Project, PromptImport]:
    project = ProjectFactory()
    return project, run(data, "helpsteer3", project)


def full(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(json.loads(line)["tiebreak"]) for line in data.splitlines()]


def counts() -> list[int]:
    return [model.objects.count() for model in (Prompt, Response, Pair, Judgment, Rater)]


def test_it_works(rich: Rich) -> None:
    version = frozen(rich.project)
    data = exported(version)
    assert len(data.splitlines()) == version.n_rows == 11
    other, done = imported(data)
    assert (done.state, done.rows_created, done.rows_failed) == ("done", 11, 0)
    assert done.landed["judgments"] == 16
    there, here = (content(project.pk, pseudonyms(project)) for project in (rich.project, other))
    withdrawn = [said for said in there["judgments"] if said["rater"][0] == "person-3"]
    assert len(withdrawn) == 2, "an answer taken back and nothing put in its place is in no version"
    there["judgments"] = [said for said in there["judgments"] if said not in withdrawn]
    assert set(there) == {"prompts", "responses", "pairs", "judgments"}
    for noun, known in there.items():
        assert here[noun] == known, noun
    assert len(here["judgments"]) == 18  # two of the sixteen corrected, one of them twice
    again = frozen(other)
    assert again.content_hash == version.content_hash
    assert exported(again) == data


def test_answers_follow_the_responses_where_they_stand_the_other_way_round(rich: Rich) -> None:
    version = frozen(rich.project)
    data = exported(version)
    other = ProjectFactory()
    for pair in Pair.objects.filter(prompt__project=rich.project, response_a__text=LATE):
        there = PromptFactory(
            project=other,
            messages=pair.prompt.messages,
            **{name: getattr(pair.prompt, name) for name in ("category", "tags", "language", "split")},
        )
        sampler = sampler_get_or_create(project=other, **SETTINGS)
        ResponseFactory(prompt=there, sampler=sampler, sample_index=0, text=LATE)
    assert run(data, "helpsteer3", other).landed["prompts"] == 6
    turned = Pair.objects.filter(prompt__project=other, response_a__text=LATE, response_b__text=EARLY)
    assert turned.count() == 2
    attributes = Judgment.objects.get(pair__in=turned, attributes__has_key="ratings").attributes
    assert attributes["ratings"] == {"helpfulness": {"a": 1, "b": 4}}
    assert attributes["imported"]["feedback"] == {"a": "Wrong.", "b": "Right."}
    rated = Judgment.objects.filter(attributes__has_key="ratings").values_list("left", "preference")
    assert list(rated) == [("a", -2)] * 2
    assert frozen(other).content_hash == version.content_hash


def test_a_second_import_adds_nothing(rich: Rich) -> None:
    data = exported(frozen(rich.project))
    other, _ = imported(data)
    before = counts()
    again = run(data, "helpsteer3", other)
    assert (again.rows_created, again.rows_duplicate, again.rows_failed) == (0, 11, 0)
    assert again.landed["repeated"] == 16
    assert counts() == before
    assert exported(frozen(other)) == data


def test_the_project_it_came_from_knows_it_all(rich: Rich) -> None:
    data, before = exported(frozen(rich.project)), counts()
    done = run(data, "helpsteer3", rich.project)
    assert (done.rows_created, done.rows_duplicate) == (0, 11)
    assert (done.landed["judgments"], done.landed["repeated"]) == (0, 16)
    assert counts() == before


def test_imported_data_goes_on_and_meets_itself(db: None) -> None:
    """A published file in two projects, in another order: its responses and pairs are the same in both."""
    base = FORMATS["rewardbench"].example | {"chosen_model": "m", "rejected_model": "m"}
    rows = [base | {"rejected": f"Nobody knows, {n}."} for n in range(3)]
    one, other = ProjectFactory(), ProjectFactory()
    run(jsonl(rows), "rewardbench", one)
    run(jsonl(rows[::-1]), "rewardbench", other)
    data = exported(frozen(one))
    before = counts()
    done = run(data, "helpsteer3", other)
    assert (done.landed["responses"], done.landed["pairs"]) == (0, 0)
    assert counts()[:3] == before[:3]
    again, _ = imported(data)
    assert exported(frozen(again)) == data


def test_people_of_two_projects_stay_apart(rich: Rich, people: People) -> None:
    other = ProjectFactory()
    own = person_rater(people.charlie, other)
    run(exported(frozen(rich.project)), "helpsteer3", other)
    assert pseudonyms(other)[own.pk] == "person-1"
    assert not own.judgments.exists()
    assert Judgment.objects.filter(rater__project=other, rater__label="person-1").exists()


def test_later_judgments_and_exclusions_change_no_byte(rich: Rich) -> None:
    version = frozen(rich.project)
    data = exported(version)
    said = Judgment.objects.filter(rater=rich.rob, outcome="both_bad").get()
    JudgmentFactory(pair=said.pair, rater=rich.rob, preference=3, supersedes=said)
    JudgmentFactory(pair=said.pair, rater=RaterFactory(project=rich.project), preference=-1)
    # An import brings a judgment that is older than the version.
    old = {"pair": said.pair, "rater": RaterFactory(project=rich.project, kind="person"), "preference": 1}
    JudgmentFactory(**old, created_at=datetime(2020, 1, 1, tzinfo=UTC))
    RaterExclusion.objects.create(rater=rich.anna, reason="Left the project")
    assert exported(version) == data
    assert exported(frozen(rich.project)) != data


def test_a_version_whose_card_names_no_last_judgment_goes_by_the_clock(rich: Rich) -> None:
    version = frozen(rich.project)
    data = exported(version)
    said = Judgment.objects.filter(rater=rich.rob, outcome="both_bad").get()
    JudgmentFactory(pair=said.pair, rater=rich.rob, preference=3, supersedes=said)
    del version.card["last_judgment"]
    assert exported(version) == data


def test_rows_are_read_in_chunks(
    rich: Rich, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    version = frozen(rich.project)
    rows = first_rows(version, 11)
    with django_assert_max_num_queries(5):  # people, exclusions, judgments, pairs, what edits come from
        known = list(with_origins(version, rows))
    monkeypatch.setattr(export_origins, "CHUNK", 3)
    assert list(with_origins(version, rows)) == known == first_rows(version, 11, origins=True)


def test_judgments_that_did_not_count_are_not_in_the_file(rich: Rich) -> None:
    exclusion = RaterExclusion.objects.create(rater=rich.judge, reason="Flips")
    version = frozen(rich.project)
    data = exported(version)
    RaterExclusion.objects.filter(pk=exclusion.pk).update(lifted_at=datetime.now(UTC))
    assert exported(version) == data
    assert {said["kind"] for row in full(data) for said in row["judgments"]} == {"person"}


def test_people_have_no_names(rich: Rich, people: People) -> None:
    data = exported(frozen(rich.project))
    words = set(re.findall(r"[\w@.]+", data.decode()))
    assert "physics" in words
    for user in (people.anna, people.rob, people.rita):
        assert not {user.username, user.email} & words
    assert "Maria" not in words
    raters = {said["rater"] for row in full(data) for said in row["judgments"]}
    assert raters == {"person-1", "person-2", "judge v1"}


def test_people_keep_their_numbers_and_share_none(people: People) -> None:
    project = people.project
    came = RaterFactory(project=project, kind="person", label="person-2")
    anna = person_rater(people.anna, project)
    before = pseudonyms(project)
    assert before == {came.pk: "person-2", anna.pk: "person-3"}
    late = [RaterFactory(project=project, kind="person", label=label) for label in ("person-4", "Kim")]
    rob = person_rater(people.rob, project)
    again = RaterFactory(project=project, kind="judge", label="person-9")
    found = pseudonyms(project)
    assert {pk: found[pk] for pk in before} == before
    assert [found[one.pk] for one in (*late, rob)] == ["person-4", "person-5", "person-6"]
    assert again.pk not in found


def test_a_correction_that_comes_later_takes_its_place(rich: Rich) -> None:
    first = exported(frozen(rich.project))
    said = Judgment.objects.filter(rater=rich.rob, outcome="both_bad").get()
    JudgmentFactory(pair=said.pair, rater=rich.rob, preference=3, supersedes=said)
    second = exported(frozen(rich.project))
    other, _ = imported(first)
    done = run(second, "helpsteer3", other)
    assert (done.rows_created, done.landed["judgments"]) == (1, 1)
    corrected = Judgment.objects.get(pair__prompt__project=other, outcome="both_bad")
    assert corrected.superseded_by.preference == 3
    # The older file again: what corrects its answer stands.
    assert run(first, "helpsteer3", other).landed["judgments"] == 0


def test_a_project_that_has_other_samples_keeps_them(rich: Rich) -> None:
    data = exported(frozen(rich.project))
    other = ProjectFactory()
    run(data.replace(b"Yes.", b"Yes!"), "helpsteer3", other)
    done = run(data, "helpsteer3", other)
    assert done.landed["prompts"] == 0
    texts = Response.objects.filter(prompt__project=other, text__startswith="Yes")
    assert sorted(texts.values_list("text", flat=True)) == ["Yes!", "Yes!", "Yes."]
    assert run(data, "helpsteer3", other).landed["responses"] == 0


def changed(data: bytes, **parts: Any) -> bytes:
    row = json.loads(data.splitlines()[0])
    row["tiebreak"] = json.dumps(json.loads(row["tiebreak"]) | parts)
    return json.dumps(row).encode() + b"\n"


JUDGED: dict[str, Any] = {
    "rater": "person-1", "kind": "person", "left": 1, "outcome": "preferred", "preference": 2,
    "probability": None, "attributes": {}, "rationale": "", "skip_reason": "", "duration_ms": None,
    "guideline": None, "source": "campaign", "created_at": "2026-01-05T10:00:00+00:00", "earlier": [],
}  # fmt: skip
BAD: list[tuple[dict[str, Any], str]] = [
    ({"version": 2}, "of version 2"),
    ({"responses": [{}]}, "fewer than two"),
    ({"responses": [{}, {}]}, "Response 1 names no model"),
    ({"responses": [{"by": "person"}, {"by": "person"}, {"by": "person"}]}, "Response 3 has no text"),
    ({"responses": [{"by": "person", "edited_from": 9}, {"by": "person"}]}, "The edited_from is '9'"),
    ({"responses": [{"by": "person", "seed": 1.5}, {"by": "person"}]}, "The seed is '1.5'"),
    ({"prompt": []}, "The prompt is a list"),
    ({"prompt": {"tags": [1], "metadata": {}}}, "A tag is not a text"),
    ({"prompt": {"tags": [], "metadata": {}, "fingerprint": "f00d"}}, "its fingerprint differs"),
    ({"judgments": [7]}, "A judgment is a number"),
    *(
        ({"judgments": [JUDGED | wrong]}, reason)
        for wrong, reason in (
            ({"rater": ""}, "does not say who judged"),
            ({"left": 3}, "The left is '3'"),
            ({"kind": "robot"}, "The kind of a judgment is 'robot'"),
            ({"outcome": "lost"}, "The outcome of a judgment is 'lost'"),
            ({"source": []}, "The source of a judgment"),
            ({"preference": 0}, "The outcome is preferred, but the preference 0"),
            ({"outcome": "tie"}, "The outcome is tie, but the preference 2"),
            ({"outcome": "withdrawn", "preference": None}, "withdraws nothing"),
            ({"earlier": [JUDGED], "outcome": "withdrawn", "preference": None}, "was withdrawn"),
            ({"skip_reason": "unclear"}, "Only a skip"),
            ({"probability": 1.5}, "runs from 0 to 1"),
            ({"created_at": "yesterday"}, "created_at is 'yesterday'"),
            ({"created_at": "2026-01-05T10:00:00"}, "without its zone"),
            ({"attributes": {"ranking": 5}}, "a ranking that is none"),
            ({"attributes": {"rewrite_of": 99}}, "name a response that is not one"),
            ({"attributes": {"ratings": []}}, "“ratings” of the attributes is a list"),
            ({"attributes": {"comparisons": {"style": {}}}}, "names a side that is none"),
            ({"rater": "x" * 201}, "longer than 200"),
            ({"earlier": [JUDGED | {"rationale": "\x00"}]}, "NUL"),
        )
    ),
]


@pytest.mark.parametrize(("parts", "reason"), BAD)
def test_a_row_that_no_export_holds_says_why(rich: Rich, parts: dict[str, Any], reason: str) -> None:
    data = changed(exported(frozen(rich.project)), **parts)
    project, done = imported(data)
    assert done.rows_failed == 1
    assert reason in done.issues.get().reason
    assert not Prompt.objects.filter(project=project).exists()


@pytest.mark.parametrize("missing", ["response1", "response2"])
def test_a_response_may_be_empty_but_not_missing(rich: Rich, missing: str) -> None:
    row = json.loads(exported(frozen(rich.project)).splitlines()[0])
    del row[missing]
    _, done = imported(json.dumps(row).encode())
    assert done.issues.get().reason == f"The field “{missing}” is missing, not a text"


def test_text_that_is_no_json_says_so(rich: Rich) -> None:
    row = json.loads(exported(frozen(rich.project)).splitlines()[0]) | {"tiebreak": "{"}
    _, done = imported(json.dumps(row).encode())
    assert done.issues.get().reason == "The column “tiebreak” is not valid JSON"


def test_without_the_column_it_is_any_helpsteer3_file(rich: Rich) -> None:
    rows = [json.loads(line) for line in exported(frozen(rich.project)).splitlines()]
    plain = [{name: value for name, value in row.items() if name != "tiebreak"} for row in rows]
    project, done = imported(b"".join(json.dumps(row).encode() + b"\n" for row in plain))
    # A call without words and an empty response: HelpSteer3 has neither.
    reasons = set(done.issues.values_list("reason", flat=True))
    assert reasons == {"Turn 2 is empty", "The field “response1” is empty"}
    said = [row for row in rows if row["response1"].strip() and row["context"][1:2] != CALLED]
    assert len(said) == 9
    scores = Judgment.objects.filter(pair__prompt__project=project, rater__label__startswith="annotator")
    assert scores.count() == sum(len(row["individual_preference"]) for row in said)


def test_the_command_restores_it(rich: Rich, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "helpfulness-v1-all-helpsteer3.jsonl"
    path.write_bytes(exported(frozen(rich.project)))
    other = ProjectFactory()
    call_command("import_preferences", other.slug, str(path), "--split", "gold", "--licence", "cc0-1.0")
    assert "11 rows read: 11 created" in " ".join(capsys.readouterr().out.split())
    sky = Prompt.objects.get(project=other, category="science")
    assert (sky.split, sky.licence, sky.source) == ("eval", "cc-by-4.0", "forum")
    assert sky.tags == ["physics", "sky"]
