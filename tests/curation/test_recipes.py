"""Saving and running recipes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curation.algorithms.filters import Cut
from curation.models import FilterRecipe, RecipeRun
from curation.recipes.base import RecipeError
from curation.recipes.funnel import _entry
from curation.recipes.pages import compared_steps
from curation.recipes.steps import STEPS as KINDS
from curation.recipes.steps import MinMargin, completed
from curation.services.recipe_run import recipe_run
from curation.services.recipe_save import recipe_save
from tests.conftest import People
from tests.curation.any_step import ANY_STEP, STEP_OF, busy_project
from tests.curation.recipe_data import (
    STEPS,
    judge_both_orders,
    judged_pair,
    judged_project,
    ln_ches,
    saved_recipe,
)
from tests.factories import PairFactory, ProjectFactory, RaterFactory, ResponseFactory

pytestmark = pytest.mark.django_db


def test_it_works(people: People) -> None:
    pairs = judged_project(people.project)
    run = recipe_run(recipe=saved_recipe(people.project), user=people.rita)
    first, second = run.funnel
    assert (run.pairs_in, run.pairs_kept) == (4, 2)
    assert first["reasons"] == {"tie": 1}
    assert second["reasons"] == {"margin below 0.3": 1}
    assert second["examples"] == {"kept": [pairs[0].pk, pairs[1].pk], "dropped": [pairs[2].pk]}
    assert second["params"] == {"margin": 0.3}


def test_gold_pairs_never_go_in(people: People) -> None:
    judged_pair(people.project, 0.9, split="gold")
    assert recipe_run(recipe=saved_recipe(people.project), user=None).pairs_in == 0


def test_other_projects_stay_out(people: People) -> None:
    judged_project(ProjectFactory())
    assert recipe_run(recipe=saved_recipe(people.project), user=None).pairs_in == 0


@pytest.mark.parametrize(
    "strangers", [1, 15], ids=["in the range of our ids", "many more than our pairs in their range"]
)
def test_pairs_of_others_between_ours_stay_out(people: People, strangers: int) -> None:
    """What is read by a range of ids holds the others' rows; where they are many, another way is taken."""
    other = ProjectFactory()
    ours = []
    for p in (0.9, 0.1, 0.6):
        ours.append(judged_pair(people.project, p))
        ln_ches(people.project, {ours[-1]: p})
        for _ in range(strangers):
            judged_pair(other, 1 - p)
    recipe_run(recipe=saved_recipe(other), user=None)
    steps = [*STEPS, {"step": "drop_top_ln_ches", "percent": 50}, {"step": "length_ratio"}]
    run = recipe_run(recipe=saved_recipe(people.project, steps), user=None)
    assert (run.pairs_in, run.pairs_kept) == (3, 1)
    assert run.funnel[1]["examples"] == {"kept": [ours[0].pk, ours[1].pk], "dropped": [ours[2].pk]}
    assert run.funnel[2]["examples"] == {"kept": [ours[1].pk], "dropped": [ours[0].pk]}


@given(
    st.lists(st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.9, np.nan]), max_size=60),
    st.sampled_from([(), (0.3,), (0.1, 0.5)]),
)
def test_the_examples_are_the_closest_calls(values: list[float], borders: tuple[float, ...]) -> None:
    """Against a sort of all pairs by their distance to the nearest border."""
    why = np.arange(len(values), dtype=np.int64) % 3 % 2
    entry = _entry(
        MinMargin(), Cut(why, ("every third",), np.array(values), borders), np.arange(100, 100 + len(values))
    )
    distance = [min((abs(value - border) for border in borders), default=0.0) for value in values]
    order = sorted(range(len(values)), key=lambda at: (np.isnan(distance[at]), distance[at], at))
    assert entry["examples"] == {
        "kept": [100 + at for at in order if not why[at]][:10],
        "dropped": [100 + at for at in order if why[at]][:10],
    }


def test_why_there_is_no_consensus(people: People) -> None:
    judged_pair(people.project, None)
    run = recipe_run(recipe=saved_recipe(people.project), user=None)
    assert run.funnel[0]["reasons"] == {"no judgment": 1}


def test_a_second_method_must_name_the_same_winner(people: People) -> None:
    # One rater is sure of a, two lean to b: the mean says a, the majority b.
    pair = judged_pair(people.project, 0.99)
    for _ in range(2):
        judge_both_orders(pair, RaterFactory(project=people.project), 0.4)
    steps = [{"step": "consensus_exists", "method": method} for method in ("mean_probability", "majority")]
    run = recipe_run(recipe=saved_recipe(people.project, steps), user=None)
    assert run.funnel[1]["reasons"] == {"names the other response": 1}


def test_ln_ches_is_read_in_the_direction_chosen_over_rejected(people: People) -> None:
    a_wins, b_wins, *_ = judged_project(people.project)
    ln_ches(people.project, {a_wins: 1.0, b_wins: 2.0})  # chosen over rejected: 1 and −2
    steps = [*STEPS, {"step": "drop_top_ln_ches", "percent": 50}]
    run = recipe_run(recipe=saved_recipe(people.project, steps), user=None)
    assert run.funnel[2]["examples"] == {"kept": [b_wins.pk], "dropped": [a_wins.pk]}
    assert run.funnel[2]["values"] == [-2.0, 1.0]


def test_scores_of_two_producers_do_not_mix(people: People) -> None:
    a_wins, b_wins, *_ = judged_project(people.project)
    old = ln_ches(people.project, {a_wins: 1.0, b_wins: 2.0}, "old")
    ln_ches(people.project, {a_wins: 3.0}, "new")
    for producer, missing in ((None, 1), (old.pk, 0)):
        step = {"step": "drop_top_ln_ches", "percent": 0, "producer": producer}
        run = recipe_run(recipe=saved_recipe(people.project, [*STEPS, step]), user=None)
        assert run.funnel[2]["reasons"].get("no ln-CHES score", 0) == missing


def test_judges_who_flip_are_dropped(people: People) -> None:
    judged_project(people.project)
    flipping = judged_pair(people.project, None)
    rater = RaterFactory(project=people.project)
    judge_both_orders(flipping, rater, 0.9)
    other = RaterFactory(project=people.project)
    judge_both_orders(flipping, other, 0.3)
    steps = [{"step": "consensus_exists"}, {"step": "judges_agree"}]
    run = recipe_run(recipe=saved_recipe(people.project, steps), user=None)
    assert run.funnel[1]["reasons"] == {"judges name different winners": 1}


def test_length_ratio_counts_characters(people: People) -> None:
    pair = judged_pair(people.project, None)
    long = PairFactory(
        prompt=pair.prompt,
        response_a=ResponseFactory(prompt=pair.prompt, text="é" * 30),
        response_b=ResponseFactory(prompt=pair.prompt, text="e" * 10),
    )
    judge_both_orders(long, RaterFactory(project=people.project), 0.9)
    steps = [{"step": "consensus_exists"}, {"step": "length_ratio", "min": 0.5, "max": 2}]
    run = recipe_run(recipe=saved_recipe(people.project, steps), user=None)
    assert run.funnel[1]["reasons"] == {"chosen longer than 2 × rejected": 1}
    assert run.funnel[1]["values"] == [3.0]


def test_every_kind_of_step_is_drawn() -> None:
    assert set(STEP_OF) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
@given(st.data())
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_funnel_adds_up_and_is_the_same_twice(people: People, kind: str, data: st.DataObject) -> None:
    if not RecipeRun.objects.exists():
        busy_project(people.project)
    steps = [*data.draw(st.lists(ANY_STEP, max_size=2)), data.draw(STEP_OF[kind])]
    recipe = saved_recipe(people.project, [{"step": "consensus_exists"}, *steps])
    run, again = recipe_run(recipe=recipe, user=None), recipe_run(recipe=recipe, user=None)
    assert run.funnel == again.funnel
    assert [step["step"] for step in run.funnel] == [
        "not_excluded", "consensus_exists", *(step["step"] for step in steps),
    ]  # fmt: skip
    assert (run.pairs_in, run.funnel[0]["reasons"]) == (12, {"prompt excluded: Spam": 2})
    left = run.pairs_in
    for step in run.funnel:
        assert step["kept"] + step["dropped"] == left
        assert sum(step["reasons"].values()) == step["dropped"]
        left = step["kept"]
    assert left == run.pairs_kept


def test_saving_the_same_steps_again_makes_no_version(people: People) -> None:
    first = saved_recipe(people.project)
    assert (
        saved_recipe(people.project, [{"step": "consensus_exists", "method": "mean_probability"}, STEPS[1]])
        == first
    )
    second = saved_recipe(people.project, STEPS[:1])
    assert (second.version, FilterRecipe.objects.count()) == (2, 2)


def test_a_parameter_that_came_since_makes_no_version_and_is_no_change(people: People) -> None:
    steps = [STEPS[0], {"step": "soft_label"}]
    saved = completed(steps)
    del saved[1]["fill"]  # as an earlier release saved it
    first = FilterRecipe.objects.create(project=people.project, name="Clean", version=1, steps=saved)
    assert saved_recipe(people.project, steps) == first
    second = saved_recipe(people.project, [STEPS[0], {"step": "soft_label", "scale": 2}])
    assert compared_steps(first, second)[1]["changes"] == [("Scale", "1", "2")]


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([], "first step must be"),
        ([{"step": "min_margin", "margin": 0.2}], "first step must be"),
        ([STEPS[0], {"step": "min_margin", "margin": 2}], "Step 2, margin: .*less than or equal to 1"),
        ([STEPS[0], {"step": "min_margin", "margn": 0.2}], "Step 2, margn: Extra inputs"),
        ([STEPS[0], {"step": "magic"}], "Step 2: .*magic"),
        ([STEPS[0], {"step": "length_ratio", "min": 2, "max": 1}], "min must not be above max"),
        ([STEPS[0]] * 21, "at most 20"),
        ([STEPS[0], {"step": "drop_top_ln_ches", "producer": 999_999}], "no such ln-CHES"),
    ],
)
def test_steps_that_make_no_sense_are_refused(
    people: People, steps: list[dict[str, Any]], message: str
) -> None:
    with pytest.raises(RecipeError, match=message):
        recipe_save(project=people.project, name="Bad", steps=steps, user=None)
    assert not FilterRecipe.objects.exists()


@pytest.mark.parametrize("name", ["", "  ", "n" * 81])
def test_a_recipe_has_a_name(people: People, name: str) -> None:
    with pytest.raises(RecipeError, match="name"):
        recipe_save(project=people.project, name=name, steps=STEPS, user=None)
