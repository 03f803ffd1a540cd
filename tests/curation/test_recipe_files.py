"""Recipes as YAML: what is downloaded is what runs."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from django.core.management import CommandError, call_command
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curation.models import FilterRecipe, RecipeRun
from curation.recipes.base import RecipeError
from curation.recipes.files import read_recipe, recipe_yaml
from curation.services.recipe_save import recipe_save
from tests.conftest import People
from tests.curation.any_step import ANY_STEP, STEP_OF, busy_project, with_producers
from tests.curation.recipe_data import STEPS, judged_project, ln_ches, saved_recipe
from tests.factories import ProjectFactory

pytestmark = pytest.mark.django_db


def test_it_works(people: People, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    judged_project(people.project)
    recipe = saved_recipe(people.project)
    response = people.client("rob").get(reverse("curation:recipe-file", args=["helpfulness", recipe.pk]))
    assert response.headers["Content-Disposition"] == 'attachment; filename="clean-v1.yaml"'
    assert yaml.safe_load(response.content) == {
        "name": "Clean",
        "steps": [
            {"step": "consensus_exists", "method": "mean_probability"},
            {"step": "min_margin", "margin": 0.3},
        ],
    }
    path = tmp_path / "recipe.yaml"
    path.write_bytes(response.content)
    call_command("run_recipe", "helpfulness", "--file", str(path))
    assert RecipeRun.objects.get().recipe == recipe  # unchanged steps make no version
    path.write_text(path.read_text().replace("0.3", "0.7"))
    call_command("run_recipe", "helpfulness", file=path)
    assert FilterRecipe.objects.get(version=2).steps[1]["margin"] == 0.7
    assert "Clean v2: kept 2 of 4 pairs" in capsys.readouterr().out


@pytest.mark.parametrize("kind", STEP_OF)
@given(st.data(), st.text(min_size=1, max_size=40).filter(str.isprintable), st.booleans())
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_is_read_again(
    people: People, kind: str, data: st.DataObject, name: str, names_producers: bool
) -> None:
    if not name.strip():
        name = "Blank"
    if not FilterRecipe.objects.exists():
        busy_project(people.project)
    steps = [*data.draw(st.lists(ANY_STEP, max_size=2)), data.draw(STEP_OF[kind])]
    if names_producers:
        steps = [with_producers(people.project, step) for step in steps]
    recipe = recipe_save(
        project=people.project, name=name, steps=[{"step": "consensus_exists"}, *steps], user=None
    )
    read_name, read_steps = read_recipe(people.project, recipe_yaml(recipe))
    assert recipe_save(project=people.project, name=read_name, steps=read_steps, user=None) == recipe


def test_scores_are_named_by_fingerprint_and_found_in_another_project(people: People) -> None:
    here, there = ln_ches(people.project, {}, "1234"), ln_ches(ProjectFactory(), {}, "1234")
    step = {"step": "drop_top_ln_ches", "producer": here.pk}
    text = recipe_yaml(saved_recipe(people.project, [*STEPS, step]))
    assert yaml.safe_load(text)["steps"][2]["producer"] == "1234"
    assert read_recipe(there.project, text)[1][2]["producer"] == there.pk
    with pytest.raises(RecipeError, match=r"Step 3: this project has no ln-CHES scores .* 1234"):
        read_recipe(ProjectFactory(), text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: [", "not YAML"),
        ("!!python/object/apply:os.system [ls]", "not YAML"),
        ("- 1", "a name and steps"),
        ("", "a name and steps"),
        ("name: x", "a name and steps"),
        ("{name: x, steps: [], note: y}", "a name and steps"),
        ("{name: 1, steps: []}", "must be a text"),
        ("{name: x, steps: y}", "must be a text"),
        ("{name: x, steps: []}", "first step must be"),
        ("{name: x, steps: [1]}", "Step 1: "),
        ("{name: x, steps: [{step: magic}]}", "Step 1: .*magic"),
        ("{name: x, steps: [{step: consensus_exists}, {step: min_margin, margin: y}]}", "Step 2, margin"),
        ("{name: '', steps: [{step: consensus_exists}]}", "name of 1 to 80"),
    ],
)
def test_what_is_no_recipe_is_refused(people: People, tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    with pytest.raises(CommandError, match=message):
        call_command("run_recipe", "helpfulness", file=path)
    assert not FilterRecipe.objects.exists()


def test_the_command_says_what_is_missing(people: People, tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    with pytest.raises(CommandError, match=r"recipe\.yaml cannot be read"):
        call_command("run_recipe", "helpfulness", file=path)
    with pytest.raises(CommandError, match="no project none"):
        call_command("run_recipe", "none", file=path)
    for wrong in (["helpfulness"], ["helpfulness", "Clean", "--file", str(path)]):
        with pytest.raises(CommandError, match="argument"):
            call_command("run_recipe", *wrong)
