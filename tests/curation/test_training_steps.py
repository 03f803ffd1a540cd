"""Recipe steps that say how rows are trained on: soft labels, margins, weights, blocks, the eval split."""

from __future__ import annotations

import math
from typing import Any

import pytest

from curation.errors import CurationError
from curation.models import DatasetRow, DatasetVersion, PairScore, Project
from curation.recipes.base import RecipeError
from curation.recipes.files import read_recipe, recipe_yaml
from curation.services.dataset_freeze import dataset_freeze
from curation.services.recipe_run import recipe_run
from tests.conftest import People
from tests.curation.recipe_data import judge_both_orders, judged_pair, saved_recipe, scored
from tests.factories import PairFactory, PromptFactory, RaterFactory, ResponseFactory

pytestmark = pytest.mark.django_db


def frozen(project: Project, *steps: dict[str, Any]) -> DatasetVersion:
    recipe = saved_recipe(project, [{"step": "consensus_exists"}, *steps])
    return dataset_freeze(recipe=recipe, user=None)


def by_pair(version: DatasetVersion, field: str) -> dict[int, Any]:
    return dict(DatasetRow.objects.filter(version=version).values_list("pair", field))


def test_it_works(people: People) -> None:
    sure, unsure = judged_pair(people.project, 0.9), judged_pair(people.project, 0.4)
    scored(people.project, "logp_gap", {sure: (2.0, -2.0), unsure: (-1.0, 1.0)})
    version = frozen(
        people.project,
        {"step": "soft_label", "scorer": "logp_gap", "scale": 0.5},
        {"step": "training_margin", "gap": "score", "scorer": "logp_gap", "scale": 0.1},
        {"step": "weight", "rule": "certainty"},
        {"step": "curriculum", "scheme": "global", "blocks": 2},
        {"step": "hold_out", "percent": 100},
    )
    assert by_pair(version, "soft_label") == pytest.approx(
        {sure.pk: 1 / (1 + math.exp(-1)), unsure.pk: 1 / (1 + math.exp(-0.5))}
    )
    assert by_pair(version, "margin") == pytest.approx({sure.pk: 0.2, unsure.pk: 0.1})
    weights = by_pair(version, "weight")
    assert sum(weights.values()) == pytest.approx(2.0)
    assert weights[sure.pk] > weights[unsure.pk]
    assert by_pair(version, "block") == {sure.pk: 1, unsure.pk: 2}
    assert by_pair(version, "position") == {sure.pk: 0, unsure.pk: 1}
    assert set(by_pair(version, "split").values()) == {"eval"}
    assert version.card["splits"] == {"eval": 2}


def test_without_them_a_row_is_what_the_consensus_says(people: People) -> None:
    pair = judged_pair(people.project, 0.1)
    version = frozen(people.project)
    [row] = DatasetRow.objects.filter(version=version).values("soft_label", "margin", "weight", "block")
    assert row == {"soft_label": pytest.approx(0.9), "margin": pytest.approx(0.8), "weight": 1.0, "block": 0}
    assert by_pair(version, "split") == {pair.pk: "train"}


def test_a_soft_label_from_a_share_and_from_its_mean(people: People) -> None:
    first, second, outside, none = (judged_pair(people.project, 0.9) for _ in range(4))
    scored(people.project, "consistent", {first: (0.75, 0.75), second: (1.0, 1.0), outside: (1.5, 1.5)})
    step = {"step": "soft_label", "rule": "score", "scorer": "consistent"}
    run = recipe_run(recipe=saved_recipe(people.project, [{"step": "consensus_exists"}, step]), user=None)
    assert run.funnel[1]["reasons"] == {"no consistent score": 1, "consistent outside 0 to 1": 1}
    assert by_pair(frozen(people.project, step), "soft_label") == {first.pk: 0.75, second.pk: 1.0}
    PairScore.objects.filter(pair=outside).update(value=0.5)
    averaged = frozen(people.project, step | {"rule": "mean_score", "keep_missing": True})
    assert by_pair(averaged, "soft_label") == pytest.approx(
        {first.pk: 0.75, second.pk: 0.75, outside.pk: 0.75, none.pk: 0.9}
    )


def test_a_pair_without_a_score_may_have_the_mean_label_over_the_prompts(people: People) -> None:
    """σ(ln 3) = 0.75 and σ(0) = 0.5 of two prompts, mean 0.625. A score outside 0…1 counts in no mean."""
    first, second, none = (judged_pair(people.project, 0.9) for _ in range(3))
    step = {"step": "soft_label", "scorer": "reward", "keep_missing": True, "fill": "mean"}
    with_none = saved_recipe(people.project, [{"step": "consensus_exists"}, step])
    run = recipe_run(recipe=with_none, user=None)
    assert run.funnel[1]["reasons"] == {"no reward score": 3}  # without any score there is no mean
    scored(people.project, "reward", {first: (math.log(3), 0.0), second: (0.0, 0.0)})
    assert by_pair(frozen(people.project, step), "soft_label") == pytest.approx(
        {first.pk: 0.75, second.pk: 0.5, none.pk: 0.625}
    )
    shares = step | {"rule": "score"}
    PairScore.objects.filter(pair=first).update(value=1.5)
    assert by_pair(frozen(people.project, shares), "soft_label") == {second.pk: 0.0, none.pk: 0.0}


def test_smpo_normalises_by_the_scores_of_all_responses_that_come_in(people: People) -> None:
    """Log-probabilities −10 and −40, −25 and −20 lie in −40…−10: normalised 1 and 0, ½ and ⅔. The third pair
    is dropped before, so its −400 does not count."""
    pairs = [judged_pair(people.project, p) for p in (0.9, 0.9, 0.6)]
    numbers = [(-10.0, -40.0), (-25.0, -20.0), (-400.0, -20.0)]
    scored(
        people.project,
        "logp_gap",
        {pair: (a - b, b - a) for pair, (a, b) in zip(pairs, numbers, strict=True)},
    )
    for pair, (a, b) in zip(pairs, numbers, strict=True):
        PairScore.objects.filter(pair=pair).update(details={"a": a, "b": b})
    smpo = {"step": "soft_label", "rule": "smpo", "scorer": "logp_gap"}
    version = frozen(people.project, {"step": "min_margin", "margin": 0.5}, smpo)
    assert by_pair(version, "soft_label") == pytest.approx(
        {pairs[0].pk: 0.731059, pairs[1].pk: 0.458430}, abs=1e-6
    )


def test_smpo_takes_the_largest_gap_where_only_gaps_are_known(people: People) -> None:
    pairs = [judged_pair(people.project, 0.9) for _ in range(2)]
    scored(people.project, "reward", {pairs[0]: (6.0, -6.0), pairs[1]: (2.0, -2.0)})
    version = frozen(people.project, {"step": "soft_label", "rule": "smpo", "scorer": "reward"})
    assert by_pair(version, "soft_label") == pytest.approx(
        {pairs[0].pk: 0.731059, pairs[1].pk: 0.582570}, abs=1e-6
    )


def test_strengths_count_each_rater_once_and_point_to_the_chosen(people: People) -> None:
    """Judges of `judged_pair` state strength 2 in both orders; b is chosen in the second pair."""
    judge = RaterFactory(project=people.project)
    a_wins = judged_pair(people.project, 0.9, rater=judge)
    b_wins = judged_pair(people.project, 0.1, rater=judge)
    version = frozen(people.project, {"step": "weight", "gap": "strength", "mean_one": False})
    assert by_pair(version, "weight") == {a_wins.pk: 2.0, b_wins.pk: 2.0}


def test_a_gap_below_zero_counts_as_none(people: People) -> None:
    agrees, contradicts = (judged_pair(people.project, 0.9) for _ in range(2))
    scored(people.project, "reward", {agrees: (1.0, -1.0), contradicts: (-1.0, 1.0)})
    steps = [{"step": kind, "gap": "score", "scorer": "reward"} for kind in ("training_margin", "weight")]
    version = frozen(people.project, *steps)
    assert by_pair(version, "margin") == {agrees.pk: 1.0, contradicts.pk: 0.0}
    assert by_pair(version, "weight") == {agrees.pk: 2.0, contradicts.pk: 0.0}


@pytest.mark.parametrize(
    ("step", "blocks"),
    [
        ({"scheme": "prompt"}, [1, 2, 1, 2]),
        ({"scheme": "global", "blocks": 4}, [1, 2, 3, 4]),
        ({"scheme": "easy_first", "percentile": 75}, [1, 2, 2, 2]),
    ],
)
def test_a_curriculum_goes_from_easy_to_hard(people: People, step: dict[str, Any], blocks: list[int]) -> None:
    prompts = [PromptFactory(project=people.project) for _ in range(2)]
    pairs = [
        judged_pair(people.project, p, prompt=prompts[place // 2], texts=f"text {place}")
        for place, p in enumerate((0.95, 0.9, 0.8, 0.7))
    ]
    version = frozen(people.project, {"step": "curriculum", **step})
    found = by_pair(version, "block")
    assert [found[pair.pk] for pair in pairs] == blocks
    in_order = DatasetRow.objects.filter(version=version).order_by("position").values_list("block", flat=True)
    assert list(in_order) == sorted(blocks)


def test_a_curriculum_by_rank_counts_the_pairs_that_come_in(people: People) -> None:
    """Three responses of which 1 beats 2 and 3, and 2 beats 3: means 0.725, 0.675 and 0.1, ranks 1, 2, 3. The
    surest pair is not the widest; without 1 against 2, it is, for 2 ranks above 1."""
    prompt = PromptFactory(project=people.project)
    two, one, three = (ResponseFactory(prompt=prompt, text=f"answer {place}") for place in range(3))
    judge = RaterFactory(project=people.project)
    pairs = {}
    for name, first, second, p in (
        ("1-2", two, one, 0.4),
        ("1-3", one, three, 0.85),
        ("2-3", two, three, 0.95),
    ):
        pairs[name] = PairFactory(prompt=prompt, response_a=first, response_b=second)
        judge_both_orders(pairs[name], judge, p)
    step = {"step": "curriculum", "gap": "rank", "scheme": "easy_first", "percentile": 75}
    block = by_pair(frozen(people.project, step), "block")
    assert {name: block[pair.pk] for name, pair in pairs.items()} == {"1-2": 2, "1-3": 1, "2-3": 2}
    sure = {"step": "min_margin", "margin": 0.5}
    apart = by_pair(frozen(people.project, sure, {"step": "training_margin", "gap": "rank"}), "margin")
    assert apart == {pairs["1-3"].pk: 1.0, pairs["2-3"].pk: 2.0}


def test_blocks_change_the_hash_and_their_absence_does_not(people: People) -> None:
    judged_pair(people.project, 0.9)
    plain, ordered, again = (
        frozen(people.project, *steps)
        for steps in ((), ({"step": "curriculum"},), ({"step": "hold_out", "percent": 0},))
    )
    assert plain.content_hash != ordered.content_hash
    assert plain.content_hash == again.content_hash


@pytest.mark.parametrize(("keep", "left"), [("easy", [0, 1]), ("hard", [2, 3])])
def test_easy_and_hard_pairs_part_at_a_percentile(people: People, keep: str, left: list[int]) -> None:
    pairs = [judged_pair(people.project, p) for p in (0.95, 0.9, 0.7, 0.6)]
    version = frozen(people.project, {"step": "easy_pairs", "keep": keep, "percentile": 50})
    assert set(by_pair(version, "pair_id")) == {pairs[place].pk for place in left}
    assert version.funnel[-1]["borders"] == pytest.approx([0.6])


def test_a_step_without_any_gap_says_so(people: People) -> None:
    judged_pair(people.project, 0.9)
    for kind in ("easy_pairs", "curriculum", "training_margin", "weight"):
        with pytest.raises(CurationError, match=r"no ln-CHES score \(1\)"):
            frozen(people.project, {"step": kind, "gap": "score"})


def test_all_pairs_of_a_prompt_go_to_one_split_and_eval_prompts_stay(people: People) -> None:
    test = judged_pair(people.project, 0.9, split="eval")
    for number in range(12):
        prompt = PromptFactory(project=people.project)
        for place in range(2):
            judged_pair(people.project, 0.9, prompt=prompt, texts=f"{number} {place}")
    version = frozen(people.project, {"step": "hold_out", "percent": 50})
    rows = DatasetRow.objects.filter(version=version)
    splits: dict[int, set[str]] = {}
    for prompt_id, split in rows.values_list("pair__prompt", "split"):
        splits.setdefault(prompt_id, set()).add(split)
    assert all(len(found) == 1 for found in splits.values())
    assert splits.pop(test.prompt_id) == {"eval"}
    assert 0 < sum(found == {"eval"} for found in splits.values()) < 12


def test_a_label_is_confirmed_by_the_trusted_score_and_one_of_the_others(people: People) -> None:
    rater = RaterFactory(project=people.project, kind="person", label="Ann")
    pairs = [judged_pair(people.project, 0.9, rater=rater) for _ in range(4)]
    scored(people.project, "gold", dict.fromkeys(pairs[:2], (1.0, 0.0)) | {pairs[2]: (0.0, 1.0)})
    scored(people.project, "best", {pairs[0]: (3.0, 2.0), pairs[1]: (2.0, 3.0)})
    step = {"step": "confirmed", "scorer": "gold", "second_scorer": "best"}
    run = recipe_run(recipe=saved_recipe(people.project, [{"step": "consensus_exists"}, step]), user=None)
    assert run.funnel[1]["examples"]["kept"] == [pairs[0].pk]
    assert run.funnel[1]["reasons"] == {
        "no gold score": 1,
        "gold does not confirm the label": 1,
        "neither judges nor the second score confirm the label": 1,
    }


def test_judges_confirm_where_the_second_score_does_not(people: People) -> None:
    pair = judged_pair(people.project, 0.1)
    scored(people.project, "gold", {pair: (0.0, 1.0)})
    step = {"step": "confirmed", "scorer": "gold", "second_scorer": "best"}
    assert frozen(people.project, step).n_rows == 1


def test_both_producers_of_a_step_go_into_a_file_by_fingerprint(people: People) -> None:
    pair = judged_pair(people.project, 0.9)
    gold = scored(people.project, "gold", {pair: (1.0, 0.0)})
    best = scored(people.project, "best", {pair: (1.0, 0.0)})
    step = {
        "step": "confirmed", "scorer": "gold", "producer": gold.pk,
        "second_scorer": "best", "second_producer": best.pk,
    }  # fmt: skip
    recipe = saved_recipe(people.project, [{"step": "consensus_exists"}, step])
    text = recipe_yaml(recipe)
    assert "producer: gold" in text
    assert "second_producer: best" in text
    assert read_recipe(people.project, text)[1][1] == step
    with pytest.raises(RecipeError, match="no best scores with the fingerprint other"):
        read_recipe(people.project, text.replace("second_producer: best", "second_producer: other"))
    with pytest.raises(RecipeError, match="no such best scores"):
        saved_recipe(people.project, [{"step": "consensus_exists"}, step | {"second_producer": gold.pk}])


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ({"step": "curriculum", "blocks": 0}, "greater than or equal to 1"),
        ({"step": "hold_out", "percent": 101}, "less than or equal to 100"),
        ({"step": "soft_label", "rule": "vibes"}, "Input should be"),
        ({"step": "weight", "gap": "length"}, "Input should be"),
        ({"step": "soft_label", "scale": math.inf}, "less than or equal to 1000"),
    ],
)
def test_steps_that_make_no_sense_are_refused(people: People, step: dict[str, Any], says: str) -> None:
    with pytest.raises(RecipeError, match=says):
        saved_recipe(people.project, [{"step": "consensus_exists"}, step])
