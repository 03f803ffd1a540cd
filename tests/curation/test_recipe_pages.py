"""Recipes, funnels, datasets and downloads in the browser."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from curation.models import (
    BiasReport,
    DatasetVersion,
    Export,
    ExportBuild,
    FilterRecipe,
    PromptExclusion,
    RecipeRun,
)
from curation.services.dataset_freeze import dataset_freeze
from curation.services.export_build import export_build
from curation.services.export_write import export_write
from curation.services.freeze_build import freeze_build
from curation.services.recipe_run import recipe_run
from curation.services.run_build import run_build
from tests.conftest import People, streamed
from tests.curation.recipe_data import judged_pair, judged_project, saved_recipe
from tests.factories import ProjectFactory, PromptFactory

pytestmark = pytest.mark.django_db

FORM = {
    "name": "Clean",
    "0-step": "consensus_exists",
    "0-method": "mean_probability",
    "1-step": "min_margin",
    "1-margin": "0.3",
}


def url(name: str, **kwargs: Any) -> str:
    return reverse(f"curation:{name}", kwargs={"slug": "helpfulness", **kwargs})


def test_from_recipe_to_download(people: People) -> None:
    judged_project(people.project)
    client = people.client("rita")
    saved = client.post(url("recipe-create"), {**FORM, "action": "save"})
    recipe = FilterRecipe.objects.get()
    assert saved.headers["Location"] == url("recipe-detail", pk=recipe.pk)
    ran = client.post(url("recipe-run", pk=recipe.pk))
    run = RecipeRun.objects.get()
    assert ran.headers["Location"] == url("run-detail", pk=run.pk)
    run_build(run_id=run.pk)
    assert "2 of 4 pairs are left" in client.get(ran.headers["Location"]).content.decode()
    client.post(url("dataset-freeze", pk=run.pk), {"note": "Round one"})
    freeze_build(freeze_id=run.freezes.get().pk)
    assert url("dataset-detail", number=1) in client.get(url("run-detail", pk=run.pk)).content.decode()
    client.post(url("export-create", number=1), {"format": "trl_jsonl", "split": "all"})
    export_build(build_id=ExportBuild.objects.get().pk)
    export = Export.objects.get()
    page = client.get(url("dataset-detail", number=1)).content.decode()
    assert "Round one" in page
    assert export.sha256 in page
    assert "judge v1 (judge): 4 judgments" in page
    download = client.get(url("export-download", pk=export.pk))
    assert streamed(download) == Path(export.path).read_bytes()
    assert (
        download.headers["Content-Disposition"] == 'attachment; filename="helpfulness-v1-all-trl_jsonl.jsonl"'
    )


def test_a_file_that_is_gone_is_written_again_by_a_worker(people: People) -> None:
    judged_project(people.project)
    version = dataset_freeze(recipe=saved_recipe(people.project), user=None)
    export = export_write(version=version, format="trl_parquet", split="all", user=None)
    data = Path(export.path).read_bytes()
    Path(export.path).unlink()
    client = people.client("rob")
    answer = client.get(url("export-download", pk=export.pk), follow=True)
    assert "A worker writes it again" in answer.content.decode()
    export_build(build_id=ExportBuild.objects.get().pk)
    assert streamed(client.get(url("export-download", pk=export.pk))) == data


@pytest.mark.parametrize(
    ("action", "kinds"),
    [
        ("add:length_ratio", ["consensus_exists", "min_margin", "length_ratio"]),
        ("remove:1", ["consensus_exists"]),
        ("up:1", ["min_margin", "consensus_exists"]),
        ("down:0", ["min_margin", "consensus_exists"]),
        ("up:0", ["consensus_exists", "min_margin"]),
        ("remove:9", ["consensus_exists", "min_margin"]),
        ("add:magic", ["consensus_exists", "min_margin"]),
        ("dance", ["consensus_exists", "min_margin"]),
    ],
)
def test_buttons_change_the_list_and_keep_what_was_typed(
    people: People, action: str, kinds: list[str]
) -> None:
    response = people.client("rita").post(
        url("recipe-create"), {**FORM, "1-margin": "0.42", "action": action}
    )
    form = response.context["form"]
    assert [step["step"].value() for step in form.steps] == kinds
    assert form.name["name"].value() == "Clean"
    assert ("0.42" in response.content.decode()) == ("min_margin" in kinds)
    assert not FilterRecipe.objects.exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"1-margin": "2"}, "less than or equal to 1"),
        ({"1-margin": ""}, "This field is required"),
        ({"name": ""}, "This field is required"),
        ({"0-method": "vibes"}, "Select a valid choice"),
        ({"0-step": "min_margin", "0-margin": "0.1"}, "The first step must be"),
    ],
)
def test_what_is_wrong_is_said_beside_it(people: People, change: dict[str, str], message: str) -> None:
    response = people.client("rita").post(url("recipe-create"), {**FORM, **change, "action": "save"})
    assert message in response.content.decode()
    assert not FilterRecipe.objects.exists()


def test_editing_makes_the_next_version_and_saving_unchanged_does_not(people: People) -> None:
    recipe = saved_recipe(people.project)
    client = people.client("rita")
    assert "Minimum margin" in client.get(url("recipe-edit", pk=recipe.pk)).content.decode()
    client.post(url("recipe-edit", pk=recipe.pk), FORM)
    assert FilterRecipe.objects.count() == 1
    client.post(url("recipe-edit", pk=recipe.pk), {**FORM, "1-margin": "0.5"})
    assert FilterRecipe.objects.get(version=2).steps[1]["margin"] == 0.5


def test_licences_are_chosen_from_those_of_the_project(people: People) -> None:
    PromptFactory(project=people.project, licence="MIT")
    PromptFactory(project=ProjectFactory(), licence="CC0-1.0")
    client = people.client("rita")
    form = {**FORM, "2-step": "licence", "2-rule": "drop", "action": "save"}
    page = client.post(url("recipe-create"), form)
    assert "This field is required" in page.content.decode()
    offered = page.context["form"].steps[2].fields["licences"].choices
    assert offered == [("MIT", "MIT"), ("", "no licence")]
    client.post(url("recipe-create"), {**form, "2-licences": ["MIT", ""]})
    recipe = FilterRecipe.objects.get()
    assert recipe.steps[2] == {"step": "licence", "rule": "drop", "licences": ["", "MIT"]}
    shown = client.get(url("recipe-detail", pk=recipe.pk)).content.decode()
    assert "Licences: no licence, MIT" in shown
    assert "Pairs under these licences: are dropped, others kept" in shown


def test_eval_sets_are_chosen_from_the_sources_of_eval_prompts(people: People) -> None:
    PromptFactory(project=people.project, split="eval", source="ifeval")
    PromptFactory(project=people.project, split="train", source="wild")
    PromptFactory(project=ProjectFactory(), split="eval", source="mt_bench")
    client = people.client("rita")
    form = {**FORM, "2-step": "decontaminate", "2-n": "8", "2-threshold": "0.5", "action": "save"}
    client.post(url("recipe-create"), form)
    assert FilterRecipe.objects.get().steps[2]["eval_sets"] == []
    form |= {"name": "One set", "2-eval_sets": "ifeval"}
    client.post(url("recipe-create"), form)
    recipe = FilterRecipe.objects.get(name="One set")
    assert recipe.steps[2]["eval_sets"] == ["ifeval"]
    assert "Eval sets: ifeval" in client.get(url("recipe-detail", pk=recipe.pk)).content.decode()
    page = client.get(url("recipe-edit", pk=recipe.pk))
    assert page.context["form"].steps[2].fields["eval_sets"].choices == [("ifeval", "ifeval")]
    assert re.search(r'value="ifeval"[^>]*checked', page.content.decode())


def test_licences_that_the_project_lacks_stay_when_it_is_edited(people: People) -> None:
    steps = [{"step": "consensus_exists"}, {"step": "licence", "licences": ["MIT"]}]
    recipe = saved_recipe(people.project, steps)
    client = people.client("rita")
    page = client.get(url("recipe-edit", pk=recipe.pk)).content.decode()
    assert re.search(r'value="MIT"[^>]*checked', page)
    form = {"name": "Clean", "0-step": "consensus_exists", "0-method": "mean_probability"}
    form |= {"1-step": "licence", "1-rule": "keep", "1-licences": "MIT", "action": "down:1"}
    assert re.search(
        r'value="MIT"[^>]*checked', client.post(url("recipe-edit", pk=recipe.pk), form).content.decode()
    )
    client.post(url("recipe-edit", pk=recipe.pk), form | {"action": "save"})
    assert FilterRecipe.objects.get() == recipe


TIES_ONLY = "None of the 2 pairs is left after “Consensus exists”, which dropped the last 2: tie (2)."


@pytest.mark.parametrize("name", ["rita", "rob"])
def test_a_run_that_keeps_nothing_names_the_step(people: People, name: str) -> None:
    judged_pair(people.project, 0.5)
    judged_pair(people.project, 0.5)
    run = recipe_run(recipe=saved_recipe(people.project), user=None)
    page = people.client(name).get(url("run-detail", pk=run.pk)).content.decode()
    assert f'{TIES_ONLY} Loosen that step, or judge more pairs. <a href="#step-1">' in page
    assert 'id="step-1"' in page
    assert ("Edit the recipe</a> or judge more pairs" in page) == (name == "rita")


def test_it_is_the_step_that_took_the_last_ones(people: People) -> None:
    judged_project(people.project)
    steps = [{"step": "consensus_exists"}, {"step": "min_margin", "margin": 1}, {"step": "length_ratio"}]
    run = recipe_run(recipe=saved_recipe(people.project, steps), user=None)
    page = people.client("rita").get(url("run-detail", pk=run.pk)).content.decode()
    assert "None of the 4 pairs is left after “Minimum margin”, which dropped the last 3: margin" in page
    assert '<a href="#step-2">' in page


def test_without_pairs_no_step_is_to_blame(people: People) -> None:
    run = recipe_run(recipe=saved_recipe(people.project), user=None)
    page = people.client("rita").get(url("run-detail", pk=run.pk)).content.decode()
    assert "The project has no pairs outside gold prompts. Build pairs first." in page
    assert 'href="#step-' not in page


def test_a_run_that_keeps_something_blames_no_step(people: People) -> None:
    judged_project(people.project)
    run = recipe_run(recipe=saved_recipe(people.project), user=None)
    assert "is left after" not in people.client("rita").get(url("run-detail", pk=run.pk)).content.decode()


def test_the_command_names_the_step_that_left_nothing(
    people: People, capsys: pytest.CaptureFixture[str]
) -> None:
    pair = judged_pair(people.project, 0.5)
    saved_recipe(people.project)
    call_command("run_recipe", "helpfulness", "Clean")
    assert "None of the 1 pairs is left after “Consensus exists”" in capsys.readouterr().out
    PromptExclusion.objects.create(prompt=pair.prompt, reason="Spam")
    call_command("run_recipe", "helpfulness", "Clean")
    assert (
        "after “Prompt not excluded”, which dropped the last 1: prompt excluded: Spam (1). Take excluded "
        "prompts back" in capsys.readouterr().out
    )


def test_dropped_pairs_filter_by_step(people: People) -> None:
    _, _, barely, tie, _ = judged_project(people.project)
    dataset_freeze(recipe=saved_recipe(people.project), user=None)
    client = people.client("rob")
    assert len(client.get(url("dataset-dropped", number=1)).context["page"]) == 2
    for step, pair in (("0", tie), ("1", barely)):
        page = client.get(url("dataset-dropped", number=1), {"step": step}).context["page"]
        assert [drop.pair_id for drop in page] == [pair.pk]


def test_rows_filter_by_split(people: People) -> None:
    judged_project(people.project)
    dataset_freeze(recipe=saved_recipe(people.project), user=None)
    page = people.client("rob").get(url("dataset-detail", number=1), {"split": "eval"}).context["page"]
    assert [row.split for row in page] == ["eval"]


def test_hostile_responses_are_escaped(people: People) -> None:
    judged_pair(people.project, 0.9, texts="<script>alert(1)</script>")
    run = recipe_run(recipe=saved_recipe(people.project), user=None)
    dataset_freeze(recipe=run.recipe, user=None)
    for path in (url("run-detail", pk=run.pk), url("dataset-detail", number=1)):
        assert "<script>alert" not in people.client("rita").get(path).content.decode()


READ = [
    "recipe-list",
    "recipe-detail",
    "recipe-file",
    "run-detail",
    "dataset-list",
    "dataset-detail",
    "dataset-dropped",
    "export-download",
]
WRITE = ["recipe-create", "recipe-edit"]
POST = ["recipe-run", "dataset-freeze", "export-create"]
MAY = {  # the status of reading and of writing
    "alice": (200, 200),
    "rita": (200, 200),
    "rob": (200, 404),
    "anna": (404, 404),
    "charlie": (404, 404),
    "anonymous": (302, 302),
}


def test_who_may_what(people: People) -> None:
    judged_project(people.project)
    recipe = saved_recipe(people.project)
    run = recipe_run(recipe=recipe, user=None)
    version = dataset_freeze(recipe=recipe, user=None)
    export = export_write(version=version, format="trl_jsonl", split="all", user=None)
    own: dict[str, dict[str, int]] = {
        **{name: {} for name in ("recipe-list", "recipe-create", "dataset-list")},
        **{name: {"pk": recipe.pk} for name in ("recipe-detail", "recipe-edit", "recipe-file", "recipe-run")},
        **{name: {"pk": run.pk} for name in ("run-detail", "dataset-freeze")},
        **{name: {"number": 1} for name in ("dataset-detail", "dataset-dropped", "export-create")},
        "export-download": {"pk": export.pk},
    }
    for person, (reads, writes) in MAY.items():
        client = people.client(person)
        for name in READ:
            response = client.get(url(name, **own[name]))
            b"".join(response)  # a download read to its end closes its file
            assert response.status_code == reads, (person, name)
        for name in WRITE:
            assert client.get(url(name, **own[name])).status_code == writes, (person, name)
        for name in POST:
            expected = 302 if writes == 200 else writes
            assert client.post(url(name, **own[name])).status_code == expected, (person, name)
            assert client.get(url(name, **own[name])).status_code in {302, 405}


def test_nothing_is_found_through_another_project(people: People) -> None:
    judged_project(people.project)
    recipe = saved_recipe(people.project)
    run = recipe_run(recipe=recipe, user=None)
    dataset_freeze(recipe=recipe, user=None)
    client = people.client("charlie")
    own = {
        "recipe-detail": {"pk": recipe.pk},
        "recipe-file": {"pk": recipe.pk},
        "run-detail": {"pk": run.pk},
        "dataset-detail": {"number": 1},
    }
    for name, key in own.items():
        path = reverse(f"curation:{name}", kwargs={"slug": "elsewhere", **key})
        assert client.get(path).status_code == 404


def test_empty_lists_say_what_to_do_next(people: People) -> None:
    client = people.client("rita")
    assert "Write the first recipe" in client.get(url("recipe-list")).content.decode()
    assert "Open the recipes" in client.get(url("dataset-list")).content.decode()


def test_queries_do_not_grow_with_rows(
    people: People, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = people.client("rita")
    for _ in range(2):
        judged_project(people.project)
        recipe = saved_recipe(people.project)
        run = recipe_run(recipe=recipe, user=None)
        version = dataset_freeze(recipe=recipe, user=None)
        paths = {
            url("recipe-list"): 8,
            url("recipe-detail", pk=recipe.pk): 10,
            url("run-detail", pk=run.pk): 8,
            url("dataset-list"): 8,
            url("dataset-detail", number=version.number): 15,
            url("dataset-dropped", number=version.number): 9,
        }
        for path, most in paths.items():
            with django_assert_max_num_queries(most):
                assert client.get(path).status_code == 200


def test_the_commands_print_tables(people: People, capsys: pytest.CaptureFixture[str]) -> None:
    judged_project(people.project)
    saved_recipe(people.project)
    call_command("run_recipe", "helpfulness", "Clean")
    call_command("freeze_dataset", "helpfulness", "Clean", "--note", "by hand")
    call_command("export_dataset", "helpfulness", "1", "--split", "all")
    printed = capsys.readouterr().out
    assert "kept 2 of 4 pairs" in printed
    assert "margin below 0.3 (1)" in printed
    assert DatasetVersion.objects.get().content_hash in printed
    assert Export.objects.get().path in printed
    assert BiasReport.objects.get().version == DatasetVersion.objects.get()


@pytest.mark.parametrize(
    "command",
    [
        ("run_recipe", "helpfulness", "No"),
        ("freeze_dataset", "none", "Clean"),
        ("export_dataset", "helpfulness", "7"),
    ],
)
def test_the_commands_say_what_is_missing(people: People, command: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match="has no"):
        call_command(*command)
