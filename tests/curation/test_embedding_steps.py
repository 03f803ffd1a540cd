"""Decontamination by meaning, on a project's own rows."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from curation.models import Pair, Project, Prompt, RecipeRun
from curation.services.consensus_build import consensus_build
from curation.services.recipe_run import recipe_run
from tests.conftest import People
from tests.curation.recipe_data import judged_pair, saved_recipe
from tests.embedding_data import direction, embed, embedder_of, near
from tests.factories import ProjectFactory, PromptFactory, RaterFactory

pytestmark = pytest.mark.django_db

TEST = direction(0)


def run_step(project: Project, **params: Any) -> RecipeRun:
    steps = [{"step": "consensus_exists"}, {"step": "decontaminate_meaning", **params}]
    return recipe_run(recipe=saved_recipe(project, steps), user=None)


def last(run: RecipeRun) -> tuple[int, dict[str, int]]:
    step = run.funnel[-1]
    return step["kept"], step["reasons"]


def near_and_far(project: Project) -> dict[str, Pair]:
    """Training pairs near to the eval prompt, right at 0.9, and far; one whose prompt is not embedded; and a
    pair of the eval prompt itself."""
    rater = RaterFactory(project=project)
    pairs = {name: judged_pair(project, 0.9, rater=rater) for name in ("near", "border", "far", "lacking")}
    pairs["eval"] = judged_pair(project, 0.9, rater=rater, split="eval")
    vectors = {"near": near(TEST, 0.97), "border": near(TEST, 0.91), "far": near(TEST, 0.3), "eval": TEST}
    embed(embedder_of(project), {pairs[name].prompt: vector for name, vector in vectors.items()})
    consensus_build(project=project)
    return pairs


def test_it_works(people: People) -> None:
    pairs = near_and_far(people.project)
    run = run_step(people.project)
    assert last(run) == (
        2,
        {"as near as 0.9 to an eval prompt without a source": 2, "no embedding of the prompt": 1},
    )
    assert set(run.funnel[-1]["examples"]["kept"]) == {pairs["far"].pk, pairs["eval"].pk}
    run = run_step(people.project, threshold=0.95, keep_missing=True)
    assert last(run) == (4, {"as near as 0.95 to an eval prompt without a source": 1})
    page = people.client("rita").get(f"/p/helpfulness/recipe-runs/{run.pk}/").content.decode()
    assert "Decontaminate by meaning" in page


def test_an_eval_prompt_without_an_embedding_spoils_the_test(people: People) -> None:
    near_and_far(people.project)
    silent = [{"role": "user", "content": [{"type": "image", "url": "x.png"}]}]
    PromptFactory(project=people.project, split="eval", messages=silent)
    assert last(run_step(people.project))[0] == 2  # it says nothing that could leak
    PromptFactory(project=people.project, split="eval")
    assert last(run_step(people.project)) == (
        1,
        {
            "as near as 0.9 to an eval prompt without a source": 2,
            "no embedding of the prompt": 1,
            "no embedding of an eval prompt": 1,
        },
    )
    assert last(run_step(people.project, keep_missing=True)) == (
        3,
        {"as near as 0.9 to an eval prompt without a source": 2},
    )


def test_without_eval_prompts_nothing_is_dropped(people: People) -> None:
    judged_pair(people.project, 0.9)
    consensus_build(project=people.project)
    assert last(run_step(people.project)) == (1, {})


def test_without_any_embedding_it_says_so(people: People) -> None:
    judged_pair(people.project, 0.9)
    judged_pair(people.project, 0.9, split="eval")
    consensus_build(project=people.project)
    assert last(run_step(people.project)) == (1, {"no embedding of the prompt": 1})
    assert last(run_step(people.project, keep_missing=True)) == (2, {})


def test_the_newest_model_counts_and_other_projects_do_not(people: People) -> None:
    pairs = near_and_far(people.project)
    other = PromptFactory(project=ProjectFactory(), split="eval")
    embed(embedder_of(other.project), {other: near(TEST, 0.3)})
    assert last(run_step(people.project))[0] == 2
    prompts = Prompt.objects.filter(project=people.project)
    embed(
        embedder_of(people.project, "newer"),
        {prompt: TEST if prompt == pairs["eval"].prompt else direction(2) for prompt in prompts},
    )
    assert last(run_step(people.project)) == (5, {})


def test_only_the_eval_sets_named_count_and_notes_name_a_prompt(people: People) -> None:
    pairs = near_and_far(people.project)
    Prompt.objects.filter(pk=pairs["eval"].prompt_id).update(source="ifeval")
    bench = PromptFactory(project=people.project, split="eval", source="mt_bench")
    embed(embedder_of(people.project), {bench: near(TEST, 0.3, 5)})
    assert last(run_step(people.project))[1]["as near as 0.9 to an eval prompt of ifeval"] == 2
    named = run_step(people.project, eval_sets=["ifeval", "gone"])
    assert last(named)[1]["as near as 0.9 to an eval prompt of ifeval"] == 2
    assert named.funnel[-1]["notes"] == [
        {"text": "gone: no eval prompt, so nothing was compared with this set", "prompt": None},
        {"text": "ifeval: nearest most often", "prompt": pairs["eval"].prompt_id},
    ]
    PromptFactory(project=people.project, split="eval", source="bare")
    bare = run_step(people.project, eval_sets=["bare"])
    assert (last(bare), bare.funnel[-1]["notes"]) == (
        (1, {"no embedding of the prompt": 1, "no embedding of an eval prompt": 3}),
        [],
    )
    other = run_step(people.project, eval_sets=["mt_bench"])
    assert last(other) == (4, {"no embedding of the prompt": 1})


def test_it_can_be_chosen_on_the_form(people: People) -> None:
    page = people.client("rita").get("/p/helpfulness/recipes/new/").content.decode()
    assert "Decontaminate by meaning" in page


@pytest.mark.parametrize("many", [1, 6])
def test_more_prompts_ask_no_more(
    people: People, many: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(many):
        near_and_far(people.project)
    recipe = saved_recipe(people.project, [{"step": "consensus_exists"}, {"step": "decontaminate_meaning"}])
    with django_assert_max_num_queries(45):
        recipe_run(recipe=recipe, user=None)
