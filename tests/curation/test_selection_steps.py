"""Recipe steps that select by score, chance, length or likeness, on a project's own rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pytest_django import DjangoAssertNumQueries

from curation.models import Pair, PairScore, Project, Prompt, Sampler, ScoreProducer
from curation.recipes.base import RecipeError
from curation.recipes.decontamination_steps import Decontaminate
from curation.recipes.pool import Pool
from curation.recipes.presets import PRESETS
from curation.services.consensus_build import consensus_build
from curation.services.dataset_freeze import dataset_freeze
from curation.services.recipe_run import recipe_run
from curation.services.score_build import judged_scores_request, score_build
from tests.conftest import People
from tests.curation.recipe_data import (
    LONG,
    asked,
    judge_both_orders,
    judged_pair,
    kept,
    ln_ches,
    run_step,
    saved_recipe,
)
from tests.factories import (
    PairFactory,
    ProjectFactory,
    PromptFactory,
    RaterFactory,
    ResponseFactory,
    SamplerFactory,
)

pytestmark = pytest.mark.django_db


def judged_texts(
    prompt: Prompt, chosen: str, rejected: str, *, a_chosen: bool = True, chosen_by: Sampler | None = None
) -> Pair:
    """A judged pair of these texts; a is the chosen response unless `a_chosen` is false."""
    by = {"sampler": chosen_by} if chosen_by else {}
    responses: list[tuple[str, dict[str, Any]]] = [(chosen, by), (rejected, {})]
    a, b = (
        ResponseFactory(prompt=prompt, text=text, **fields)
        for text, fields in (responses if a_chosen else reversed(responses))
    )
    pair = PairFactory(prompt=prompt, response_a=a, response_b=b)
    judge_both_orders(pair, RaterFactory(project=prompt.project), 0.9 if a_chosen else 0.1)
    return pair


def test_it_works(people: People) -> None:
    pairs = [judged_pair(people.project, 0.9) for _ in range(4)]
    ln_ches(people.project, dict(zip(pairs, [3.0, 1.0, 4.0, 2.0], strict=True)))
    run = run_step(people.project, step="score_threshold", max=50)
    assert kept(run) == {pairs[1].pk, pairs[3].pk}
    assert run.funnel[1]["reasons"] == {"above percentile 50 by ln-CHES": 2}
    assert run.funnel[1]["values"] == [1.0, 2.0, 3.0, 4.0]
    assert run.funnel[1]["borders"] == [2.0]


def test_scores_of_any_scorer_in_either_direction_or_none(people: People) -> None:
    a_wins, b_wins = judged_pair(people.project, 0.9), judged_pair(people.project, 0.1)
    ln_ches(people.project, {a_wins: 1.0, b_wins: 1.0})  # chosen over rejected: 1 and −1
    run = run_step(people.project, step="score_threshold", by="value", min=0)
    assert kept(run) == {a_wins.pk}
    length = ScoreProducer.objects.create(
        project=people.project, scorer="overlap", fingerprint="o", label="words"
    )
    PairScore.objects.create(pair=b_wins, producer=length, scorer="overlap", direction="both", value=0.5)
    run = run_step(people.project, step="score_threshold", scorer="overlap", by="value", min=0.5, max=0.5)
    assert kept(run) == {b_wins.pk}
    assert run.funnel[1]["reasons"] == {"no overlap score": 1}


def test_a_slice_of_the_producer_that_was_named(people: People) -> None:
    pairs = [judged_pair(people.project, 0.9) for _ in range(3)]
    old = ln_ches(people.project, dict(zip(pairs, [1.0, 2.0, 3.0], strict=True)), "old")
    ln_ches(people.project, dict(zip(pairs, [3.0, 2.0, 1.0], strict=True)), "new")
    for producer, place in ((None, 2), (old.pk, 0)):
        run = run_step(people.project, step="score_slice", quantile=0, pairs=1, producer=producer)
        assert kept(run) == {pairs[place].pk}
        assert run.funnel[1]["reasons"] == {"not among the 1 around quantile 0": 2}


def test_a_producer_of_another_scorer_is_refused(people: People) -> None:
    producer = ln_ches(people.project, {})
    with pytest.raises(RecipeError, match="no such CHES scores"):
        run_step(people.project, step="score_slice", scorer="ches", producer=producer.pk)


@pytest.mark.parametrize("per", ["source", "category"])
def test_a_cap_per_value_of_the_prompt(people: People, per: str) -> None:
    for value, n in (("x", 3), ("y", 2), ("", 2)):
        for _ in range(n):
            prompt = PromptFactory(project=people.project, **{per: value})
            judged_pair(people.project, 0.9, prompt=prompt)
    runs = [run_step(people.project, step="cap_per_value", per=per, at_most=1) for _ in range(2)]
    values = Pair.objects.filter(pk__in=kept(runs[0])).values_list(f"prompt__{per}", flat=True)
    assert sorted(values) == ["", "x", "y"]
    assert runs[0].funnel[1]["reasons"] == {f"more than 1 of one {per}": 4}
    assert runs[0].funnel == runs[1].funnel
    choices = {
        frozenset(kept(run_step(people.project, step="cap_per_value", per=per, at_most=1, seed=seed)))
        for seed in range(10)
    }
    assert len(choices) > 1


def test_a_cap_per_prompt_and_in_percent(people: People) -> None:
    prompt = PromptFactory(project=people.project)
    for _ in range(3):
        judged_pair(people.project, 0.9, prompt=prompt)
    other = judged_pair(people.project, 0.9)
    run = run_step(people.project, step="cap_per_value", per="prompt", at_most=50, unit="percent")
    assert run.funnel[1]["kept"] == 3  # 50 % of 4 is 2 of the prompt's 3
    assert other.pk in kept(run)
    run = run_step(people.project, step="cap_per_value", per="prompt", at_most=1, unit="percent")
    assert run.funnel[1]["kept"] == 2  # never none at all


def test_a_cap_per_model_of_the_chosen_response(people: People) -> None:
    """A model's draws count together, whatever the sampling parameters."""
    hot, cold, other = (
        SamplerFactory(project=people.project, model_name=name) for name in ("big", "big", "small")
    )
    pairs = [
        judged_texts(PromptFactory(project=people.project), "c", "r", chosen_by=by, a_chosen=first)
        for by, first in ((hot, True), (cold, False), (hot, False), (other, True))
    ]
    run = run_step(people.project, step="cap_per_value", per="chosen_model", at_most=1)
    assert run.funnel[1]["reasons"] == {"more than 1 of one model of the chosen response": 2}
    assert pairs[3].pk in kept(run)


@pytest.fixture
def licensed(people: People) -> dict[str, list[int]]:
    """Pairs by the licence of their prompts, and a prompt elsewhere that shares one."""
    found: dict[str, list[int]] = {}
    for licence, n in (("MIT", 2), ("", 3), ("CC-BY-4.0", 1), ("mit", 1)):
        prompts = PromptFactory.create_batch(n, project=people.project, licence=licence)
        found[licence] = [judged_pair(people.project, 0.9, prompt=prompt).pk for prompt in prompts]
    PromptFactory(project=ProjectFactory(), licence="MIT")
    return found


def test_only_pairs_under_the_licences_named_stay(people: People, licensed: dict[str, list[int]]) -> None:
    run = run_step(people.project, step="licence", licences=["MIT", "GPL-3.0", " CC-BY-4.0 "])
    assert kept(run) == {*licensed["MIT"], *licensed["CC-BY-4.0"]}
    assert run.funnel[1]["reasons"] == {"no licence": 3, "licence mit": 1}
    assert run.funnel[1]["named"] == [
        ["licence MIT, kept", 2],
        ["licence CC-BY-4.0, kept", 1],
        ["no licence, dropped", 3],
        ["licence mit, dropped", 1],
    ]


def test_pairs_under_the_licences_named_go(people: People, licensed: dict[str, list[int]]) -> None:
    run = run_step(people.project, step="licence", rule="drop", licences=["", "MIT"])
    assert kept(run) == {*licensed["CC-BY-4.0"], *licensed["mit"]}
    assert run.funnel[1]["reasons"] == {"no licence": 3, "licence MIT": 2}
    version = dataset_freeze(recipe=run.recipe, user=None)
    assert set(version.dropped.values_list("pair", "reason")) == {
        *((pair, "no licence") for pair in licensed[""]),
        *((pair, "licence MIT") for pair in licensed["MIT"]),
    }


def test_the_licences_before_a_step_do_not_matter_to_it(
    people: People, licensed: dict[str, list[int]]
) -> None:
    steps = [
        {"step": "consensus_exists"},
        {"step": "licence", "rule": "drop", "licences": ["MIT", "mit"]},
        {"step": "licence", "rule": "keep", "licences": [""]},
    ]
    run = recipe_run(recipe=saved_recipe(people.project, steps), user=None)
    assert [step["reasons"] for step in run.funnel[1:]] == [
        {"licence MIT": 2, "licence mit": 1}, {"licence CC-BY-4.0": 1},
    ]  # fmt: skip
    assert kept(run) == set(licensed[""])


def test_the_same_licences_in_another_order_are_the_same_recipe(people: People) -> None:
    first, second = (
        saved_recipe(
            people.project, [{"step": "consensus_exists"}, {"step": "licence", "licences": licences}]
        )
        for licences in (["MIT", ""], ["", "MIT", "MIT"])
    )
    assert first == second


def test_length_is_balanced_by_the_largest_differences(people: People) -> None:
    prompt = PromptFactory(project=people.project)
    most, some, shorter = (
        judged_texts(prompt, "c" * chosen, "r" * 10, a_chosen=first)
        for chosen, first in ((40, True), (20, False), (5, True))
    )
    run = run_step(people.project, step="balance_length")
    assert kept(run) == {some.pk, shorter.pk}
    assert run.funnel[1]["examples"]["dropped"] == [most.pk]
    assert run.funnel[1]["borders"] == [30.0]


def test_uncertain_pairs_are_drawn_and_sure_ones_never(people: People) -> None:
    judged_pair(people.project, 1.0)
    unsure = judged_pair(people.project, 0.6)
    run = run_step(people.project, step="certain_sample", prefer="uncertain", percent=100)
    assert kept(run) == {unsure.pk}
    assert run.funnel[1]["reasons"] == {"weight 0": 1}
    assert run.funnel[1]["values"] == pytest.approx([0.0, 0.673012], abs=1e-6)
    run = run_step(people.project, step="certain_sample", percent=50)
    assert run.funnel[1]["reasons"] == {"not drawn": 1}


def estimated(project: Project, scorer: str, values: dict[Pair, float], label: str = "1") -> ScoreProducer:
    """Scores of an estimator: its sign or number for a over b, the other way round for b over a."""
    producer = ScoreProducer.objects.create(project=project, scorer=scorer, fingerprint=label, label=label)
    for pair, value in values.items():
        directions = {"both": value}
        if scorer == "upo_majority":
            directions = {"a_over_b": value, "b_over_a": -value}
        for direction, number in directions.items():
            PairScore.objects.create(
                pair=pair, producer=producer, scorer=scorer, direction=direction, value=number
            )
    return producer


def test_an_estimators_doubt_may_stand_for_the_entropy(people: People) -> None:
    sure, unsure, unknown = (judged_pair(people.project, 0.9) for _ in range(3))
    old = estimated(people.project, "upo_bald", {sure: 0.5, unsure: 0.0}, "old")
    newest = estimated(people.project, "upo_bald", {sure: 0.0, unsure: 0.4}, "new")
    by_bald: dict[str, Any] = {"step": "certain_sample", "prefer": "uncertain", "uncertainty": "upo_bald"}
    run = run_step(people.project, **by_bald, percent=100)
    assert kept(run) == {unsure.pk}
    assert run.funnel[1]["reasons"] == {"no UPO BALD score": 1, "weight 0": 1}
    assert kept(run_step(people.project, **by_bald, percent=100, producer=newest.pk)) == {unsure.pk}
    assert kept(run_step(people.project, **by_bald, percent=100, producer=old.pk)) == {sure.pk}
    assert run.funnel[1]["examples"]["dropped"] == [sure.pk, unknown.pk]


def test_upos_preset_drops_what_the_estimator_contradicts(people: People) -> None:
    agreed, split, contradicted, b_chosen = (judged_pair(people.project, p) for p in (0.9, 0.9, 0.9, 0.1))
    estimated(people.project, "upo_majority", {agreed: 1, split: 0, contradicted: -1, b_chosen: -1})
    estimated(people.project, "upo_bald", {agreed: 0.1, split: 0.6, contradicted: 0.1, b_chosen: 0.1})
    (preset,) = [preset for preset in PRESETS if preset.key == "upo-estimator"]
    run = recipe_run(recipe=saved_recipe(people.project, preset.steps), user=None)
    assert run.funnel[1]["reasons"] == {"UPO majority below 0": 1}
    assert run.funnel[1]["examples"]["dropped"] == [contradicted.pk]
    assert (run.funnel[2]["kept"], run.funnel[2]["reasons"]) == (1, {"not drawn": 2})


def test_scores_from_judgments_select_pairs(people: People) -> None:
    """Each of them works in a step that takes a scorer, as last computed."""
    judge = RaterFactory(project=people.project)
    sure = judged_pair(people.project, 0.99, rater=judge)
    unsure = judged_pair(people.project, 0.55, rater=judge)
    assert run_step(
        people.project, step="score_threshold", scorer="judge_entropy", by="value", max=0.5
    ).funnel[1]["reasons"] == {"no Judge entropy score": 2}
    score_build(build_id=judged_scores_request(project=people.project, user=None).pk)
    for scorer in ("judge_entropy", "rater_entropy"):
        step = {"step": "score_threshold", "scorer": scorer, "by": "value", "max": 0.5}
        assert kept(run_step(people.project, **step)) == {sure.pk}
    step = {"step": "score_threshold", "scorer": "unanimity", "by": "value", "min": 1}
    run = run_step(people.project, **step)
    assert kept(run) == {sure.pk, unsure.pk}
    assert kept(
        run_step(people.project, step="score_slice", scorer="judge_entropy", quantile=1, pairs=1)
    ) == {unsure.pk}


def test_the_first_of_equal_pairs_stays(people: People) -> None:
    prompt, other = PromptFactory(project=people.project), PromptFactory(project=people.project)
    first = judged_texts(prompt, "Yes, of course", "No")
    again = judged_texts(prompt, " yes,\nOF course ", "no", a_chosen=False)
    elsewhere = judged_texts(other, "Yes, of course", "No")
    turned = judged_texts(prompt, "No", "Yes, of course")
    run = run_step(people.project, step="exact_duplicates")
    assert kept(run) == {first.pk, turned.pk}
    assert run.funnel[1]["reasons"] == {"same texts as an earlier pair": 2}
    run = run_step(people.project, step="exact_duplicates", same_prompt=True)
    assert kept(run) == {first.pk, elsewhere.pk, turned.pk}
    assert run.funnel[1]["examples"]["dropped"] == [again.pk]


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ({"step": "score_threshold"}, "give a min, a max or both"),
        ({"step": "score_threshold", "min": 2, "max": 1}, "min must not be above max"),
        ({"step": "score_threshold", "min": 101}, "percentiles run from 0 to 100"),
        ({"step": "score_threshold", "by": "value", "max": float("inf")}, "finite number"),
        ({"step": "score_slice", "pairs": 0}, "greater than or equal to 1"),
        ({"step": "cap_per_value", "per": "colour"}, "Input should be 'source'"),
        ({"step": "cap_per_value", "at_most": 101, "unit": "percent"}, "at most 100 percent"),
        ({"step": "certain_sample", "seed": -1}, "greater than or equal to 0"),
        ({"step": "decontaminate", "n": 0}, "greater than or equal to 1"),
        ({"step": "decontaminate", "eval_sets": ["e" * 121]}, "at most 120 characters"),
        ({"step": "decontaminate_meaning", "eval_sets": ["e\0"]}, "no NUL character"),
        ({"step": "balance_length", "percent": 101}, "less than or equal to 100"),
        ({"step": "licence"}, "name at least one licence"),
        ({"step": "licence", "licences": ["M" * 61]}, "at most 60 characters"),
        ({"step": "licence", "licences": ["M\0"]}, "no NUL character"),
    ],
)
def test_steps_that_make_no_sense_are_refused(people: People, step: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        saved_recipe(people.project, [{"step": "consensus_exists"}, step])


def test_an_empty_project_has_empty_funnels(people: People) -> None:
    steps = ("score_slice", "cap_per_value", "decontaminate", "balance_length", "certain_sample")
    for step in (*steps, "exact_duplicates"):
        assert run_step(people.project, step=step).funnel[1]["kept"] == 0
    assert run_step(people.project, step="licence", licences=["MIT"]).funnel[1]["kept"] == 0


def test_reads_do_not_grow_with_pairs_and_happen_once(
    people: People, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    asked(people.project, LONG, split="eval")
    for _ in range(2):
        for _ in range(3):
            judged_pair(people.project, 0.9)
        consensus_build(project=people.project, method="mean_probability")
        with django_assert_max_num_queries(9):
            pool = Pool(people.project, "mean_probability")
            for _ in range(2):
                assert len(pool.values("source")) == len(pool.text_keys[0]) == len(pool)
                assert len(pool.values("chosen_model")) == len(pool.lengths[0]) == len(pool)
                assert pool.licences[1] == ("",)
            for _ in range(2):
                assert len(Decontaminate().cut(pool, np.arange(len(pool))).why) == len(pool)
