"""Recipes to start from, and the form of every step."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from django.forms import NumberInput
from django.urls import reverse

from curation.algorithms.filters import drop_top
from curation.forms.recipes import RecipeForm, StepForm
from curation.models import FilterRecipe, Pair, ScoreProducer
from curation.recipes.base import choice_names
from curation.recipes.pages import described_steps
from curation.recipes.presets import PRESETS, available_presets
from curation.recipes.steps import STEPS, parse_steps
from curation.services.recipe_run import recipe_run
from tests.conftest import People
from tests.curation.recipe_data import judged_pair, judged_project, ln_ches, saved_recipe
from tests.factories import PairFactory

pytestmark = pytest.mark.django_db

NEEDED: dict[str, dict[str, Any]] = {
    "score_threshold": {"max": 5.0},
    "licence": {"licences": ["", "MIT"]},
}


def posted(form: RecipeForm) -> dict[str, Any]:
    """What a browser sends of the form as it stands; an unticked box sends nothing."""
    fields = [form.name["name"], *(bound for step in form.steps for bound in step)]
    values = {bound.html_name: bound.value() for bound in fields}
    return {name: "" if value is None else value for name, value in values.items() if value is not False}


def test_it_works(people: People) -> None:
    client = people.client("rita")
    page = client.get(reverse("curation:recipe-create", args=["helpfulness"]))
    for preset in PRESETS:
        assert f"?preset={preset.key}" in page.content.decode()
        assert preset.source in page.content.decode()
    path = reverse("curation:recipe-create", args=["helpfulness"]) + "?preset=ches-5"
    form = client.get(path).context["form"]
    client.post(path, {**posted(form), "action": "save"})
    recipe = FilterRecipe.objects.get()
    assert recipe.name == "CHES 5 %"
    assert recipe.steps[1] == {
        "step": "drop_top_ln_ches", "percent": 95.0, "producer": None, "keep_missing": False,
    }  # fmt: skip


def test_ches_5_keeps_the_lowest_and_as_many_as_the_paper(people: People) -> None:
    """The paper keeps 19 of its 370 pairs (262 two refusals, 73 two non-refusals, 35 mixed)."""
    percent = PRESETS[0].steps[1]["percent"]
    cut = drop_top(np.arange(370.0), np.arange(370), percent, keep_missing=False, name="x")
    assert cut.keep.sum() == 19
    pairs = [judged_pair(people.project, 0.9) for _ in range(20)]
    ln_ches(people.project, {pair: float(place) for place, pair in enumerate(pairs)})
    run = recipe_run(recipe=saved_recipe(people.project, PRESETS[0].steps), user=None)
    assert run.funnel[-1]["examples"]["kept"] == [pairs[0].pk]


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.key)
def test_every_preset_runs_and_names_its_paper(people: People, preset: Any) -> None:
    judged_project(people.project)
    run = recipe_run(recipe=saved_recipe(people.project, preset.steps), user=None)
    assert (len(run.funnel), run.pairs_in) == (len(preset.steps), 4)
    assert re.search(r"arXiv \d{4}\.\d{5}", preset.source)


def test_a_preset_whose_method_is_not_there_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curation.recipes.presets.consensus_methods", list)
    assert "helpsteer2-preference" not in {preset.key for preset in available_presets()}
    assert len(available_presets()) == len(PRESETS) - 1


def test_an_unknown_preset_and_an_edit_offer_nothing_of_it(people: People) -> None:
    client = people.client("rita")
    page = client.get(reverse("curation:recipe-create", args=["helpfulness"]) + "?preset=magic")
    assert [step.kind.label for step in page.context["form"].steps] == ["Consensus exists", "Minimum margin"]
    recipe = saved_recipe(people.project)
    page = client.get(reverse("curation:recipe-edit", args=["helpfulness", recipe.pk]))
    assert "?preset=" not in page.content.decode()


@pytest.mark.parametrize("kind", STEPS)
def test_the_form_of_a_step_sends_back_what_it_shows(people: People, kind: str) -> None:
    steps: list[dict[str, Any]] = [{"step": "consensus_exists"}, {"step": kind, **NEEDED.get(kind, {})}]
    form = RecipeForm(people.project, name="Any", steps=steps)
    again = RecipeForm(people.project, posted(form))
    assert again.is_valid(), [step.errors for step in again.steps]
    assert parse_steps(again.raw_steps) == parse_steps(steps)
    step = StepForm(kind, project=people.project)
    assert all(bound.label and bound.label != bound.name for bound in step.visible_fields())


def test_a_field_has_the_limits_of_its_parameter(people: People) -> None:
    form = StepForm("certain_sample", {"percent": "101", "seed": "-1"}, project=people.project)
    assert "less than or equal to 100" in str(form.errors["percent"])
    assert "greater than or equal to 0" in str(form.errors["seed"])
    assert 'max="100' in str(form["percent"])


SLIDERS = {
    ("length_ratio", "min"): ("0.1 10", "log"),
    ("length_ratio", "max"): ("0.1 10", "log"),
    ("cap_per_value", "at_most"): ("values", "log"),
    ("score_slice", "pairs"): ("pairs", "log"),
    ("curriculum", "blocks"): ("1 100", None),
    ("decontaminate", "n"): ("1 50", None),
    ("soft_label", "scale"): ("0.01 100", "log"),
    ("min_margin", "margin"): ("0 1", None),
    ("score_threshold", "max"): ("values", None),
}


def test_every_number_but_a_seed_has_a_slider(people: People) -> None:
    found = {}
    for kind in STEPS:
        for name, field in StepForm(kind, project=people.project).fields.items():
            if isinstance(field.widget, NumberInput):
                attrs = field.widget.attrs
                found[kind, name] = attrs.get("data-slider"), attrs.get("data-scale")
    assert {place: found[place] for place in SLIDERS} == SLIDERS
    assert {name for (_, name), (ends, _) in found.items() if ends is None} == {"seed"}


def test_a_step_offers_the_producers_of_what_it_reads(people: People) -> None:
    made = {
        scorer: ScoreProducer.objects.create(
            project=people.project, scorer=scorer, fingerprint="f", label="m"
        )
        for scorer in ("upo_bald", "ln_ches")
    }
    for kind, scorer in (("certain_sample", "upo_bald"), ("drop_top_ln_ches", "ln_ches")):
        choices = StepForm(kind, project=people.project).fields["producer"].choices  # type: ignore[attr-defined]
        assert [value for value, _ in choices] == ["", str(made[scorer].pk)]


@pytest.mark.parametrize("kind", STEPS)
def test_a_step_is_described_in_words(kind: str) -> None:
    [step] = parse_steps([{"step": "consensus_exists"}, {"step": kind, **NEEDED.get(kind, {})}])[1:]
    [described] = described_steps([step.model_dump(mode="json")])
    shown = {str(value) for value in described["params"].values()}
    for name, info in STEPS[kind].model_fields.items():
        for value, words in choice_names(info).items():
            assert value == words or value not in shown, (name, shown)
    assert None not in described["params"]


def test_a_score_of_any_producer_of_the_project_can_be_chosen(people: People) -> None:
    producer = ln_ches(people.project, {judged_pair(people.project, 0.9): 1.0})
    elsewhere = ln_ches(PairFactory().prompt.project, {Pair.objects.latest("pk"): 1.0})
    form = StepForm("score_slice", project=people.project)
    html = str(form)
    assert f'value="{producer.pk}"' in html
    assert f'value="{elsewhere.pk}"' not in html
    assert "ln-CHES" in html
