"""What each preset keeps of a small pool and the numbers it sets, by hand from the rule of its paper."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from curation.models import DatasetRow, DatasetVersion, Pair, Project, Prompt, Rater
from curation.recipes.pool import Pool
from curation.recipes.presets import PRESETS
from curation.recipes.selection_steps import CertainSample
from curation.services.consensus_build import consensus_build
from curation.services.dataset_freeze import dataset_freeze
from tests.conftest import People
from tests.curation.recipe_data import judge_both_orders, judged_pair, saved_recipe, scored
from tests.factories import JudgmentFactory, PromptFactory, RaterFactory

pytestmark = pytest.mark.django_db

BOTH_BAD = "both_bad"


def steps_of(key: str) -> list[dict[str, Any]]:
    [preset] = [preset for preset in PRESETS if preset.key == key]
    return list(preset.steps)


def frozen(project: Project, key: str) -> DatasetVersion:
    return dataset_freeze(recipe=saved_recipe(project, steps_of(key)), user=None)


def rows(version: DatasetVersion, field: str) -> dict[int, Any]:
    return dict(DatasetRow.objects.filter(version=version).values_list("pair", field))


def why(version: DatasetVersion) -> dict[int, str]:
    return dict(version.dropped.values_list("pair", "reason"))


def panel(project: Project, n: int) -> list[Rater]:
    return [RaterFactory(project=project, kind="person", label=f"person {place}") for place in range(n)]


def stated(project: Project, raters: list[Rater], *strengths: int | str) -> Pair:
    """A pair on which each rater states a strength towards a, 0 for a tie, or calls both bad."""
    pair = judged_pair(project, None)
    for rater, said in zip(raters, strengths, strict=False):
        if said == BOTH_BAD or not said:
            outcome = BOTH_BAD if said else "tie"
            JudgmentFactory(pair=pair, rater=rater, outcome=outcome, preference=None)
        else:
            JudgmentFactory(pair=pair, rater=rater, preference=said)
    return pair


def test_helpsteer2_preference(people: People) -> None:
    """The three most similar: 3, 2, 2 come to 2; −1, −2, −3 to −2; −1, 0, 0 to a tie; no three of 3, 0, −3
    lie within 2 of each other."""
    raters = panel(people.project, 4)
    a_wins, b_wins, tie, spread, bad = (
        stated(people.project, raters, *said)
        for said in ((3, 2, 2, -3), (-1, -2, -3), (-1, 0, 0), (3, 0, -3), (BOTH_BAD,) * 3)
    )
    version = frozen(people.project, "helpsteer2-preference")
    assert rows(version, "chosen") == {a_wins.pk: a_wins.response_a_id, b_wins.pk: b_wins.response_b_id}
    assert why(version) == {tie.pk: "tie", spread.pk: "tie", bad.pk: "both bad"}


def asked(project: Project, text: str, split: str = "train") -> Prompt:
    return PromptFactory(project=project, split=split, messages=[{"role": "user", "content": text}])


def test_tulu_3(people: People) -> None:
    """Of the eval prompt's sixteen words, the first eight are half, which is not more than half; nine are."""
    words = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
    asked(people.project, words, split="eval")
    half, more = (asked(people.project, " ".join(words.split()[:n])) for n in (8, 9))
    first = judged_pair(people.project, 0.9, prompt=half, texts="Same")
    again = judged_pair(people.project, 0.9, prompt=half, texts="SAME")
    contaminated = judged_pair(people.project, 0.9, prompt=more)
    version = frozen(people.project, "tulu-3")
    assert set(rows(version, "pair_id")) == {first.pk}
    assert why(version) == {
        again.pk: "same texts as an earlier pair",
        contaminated.pk: "covers over 0.5 of an eval prompt without a source with 8-grams",
    }


def test_cream_dyn(people: People) -> None:
    """Of three responses ranked 1 2 3 and 1 3 2, two of three pairs are in order: τ = 1/3, C = 2/3. With
    C = 1 of another prompt the mean over prompts is 5/6, which stands for the third prompt's."""
    prompts = [PromptFactory(project=people.project) for _ in range(3)]
    pairs = [
        judged_pair(people.project, p, prompt=prompts[of], texts=f"text {place}")
        for place, (p, of) in enumerate([(0.9, 0), (0.8, 0), (0.3, 0), (0.6, 1), (0.7, 2)])
    ]
    consistency = dict.fromkeys(pairs[:3], (2 / 3, 2 / 3)) | {pairs[3]: (1.0, 1.0)}
    scored(people.project, "kendall_consistency", consistency)
    version = frozen(people.project, "cream-dyn")
    assert rows(version, "soft_label") == pytest.approx(
        dict(zip([pair.pk for pair in pairs], [2 / 3, 2 / 3, 2 / 3, 1.0, 5 / 6], strict=True))
    )


def test_cream_avg_is_the_mean_over_prompts(people: People) -> None:
    prompts = [PromptFactory(project=people.project) for _ in range(2)]
    pairs = [
        judged_pair(people.project, 0.9, prompt=prompts[place // 3], texts=f"text {place}")
        for place in range(4)
    ]
    values = (2 / 3, 2 / 3, 2 / 3, 1.0)
    both = {pair: (value, value) for pair, value in zip(pairs, values, strict=True)}
    scored(people.project, "kendall_consistency", both)
    first, second = steps_of("cream-dyn")
    recipe = saved_recipe(people.project, [first, second | {"rule": "mean_score"}])
    version = dataset_freeze(recipe=recipe, user=None)
    assert list(rows(version, "soft_label").values()) == pytest.approx([5 / 6] * 4)


def test_skywork_v2_2(people: People) -> None:
    """People say a of each pair. Kept is what the gold model confirms, and the judge or the best model."""
    person, judge = RaterFactory(project=people.project, kind="person"), RaterFactory(project=people.project)
    yes, no = (0.8, 0.2), (0.2, 0.8)
    pool = {  # gold, best, what the judge says of a
        "best confirms": (yes, yes, 0.4),
        "judge confirms": (yes, no, 0.9),
        "neither confirms": (yes, no, 0.4),
        "gold contradicts": (no, yes, 0.9),
        "gold is even": ((0.5, 0.5), yes, 0.9),
        "gold is missing": (None, yes, 0.9),
    }
    pairs = {}
    for name, (_, _, says) in pool.items():
        pairs[name] = judged_pair(people.project, 0.9, rater=person)
        judge_both_orders(pairs[name], judge, says)
    scored(people.project, "upo_probability", {pairs[name]: one[0] for name, one in pool.items() if one[0]})
    scored(people.project, "implicit_reward_gap", {pairs[name]: one[1] for name, one in pool.items()})
    version = frozen(people.project, "skywork-v2-2")
    assert set(rows(version, "pair_id")) == {pairs["best confirms"].pk, pairs["judge confirms"].pk}
    contradicted = "UPO probability does not confirm the label"
    assert why(version) == {
        pairs["neither confirms"].pk: "neither judges nor the second score confirm the label",
        pairs["gold contradicts"].pk: contradicted,
        pairs["gold is even"].pk: contradicted,
        pairs["gold is missing"].pk: "no UPO probability score",
    }


def test_curry_dpo(people: People) -> None:
    """R1 against R4, R3 and R2: the widest gap of every prompt comes first, however wide others' are."""
    prompts = [PromptFactory(project=people.project) for _ in range(2)]
    margins = {0: (0.2, 0.9, 0.5), 1: (0.05, 0.1)}
    pairs = [
        judged_pair(people.project, (1 + margin) / 2, prompt=prompts[of], texts=f"{of} {margin}")
        for of, found in margins.items()
        for margin in found
    ]
    version = frozen(people.project, "curry-dpo")
    assert [rows(version, "block")[pair.pk] for pair in pairs] == [3, 1, 2, 2, 1]
    order = DatasetRow.objects.filter(version=version).order_by("position").values_list("block", flat=True)
    assert list(order) == [1, 1, 2, 2, 3]


@pytest.mark.parametrize(
    ("margins", "kept", "gamma"),
    [((0.8, -0.2, 0.4, -0.6), {0, 3}, 0.5), ((0.8, -0.2, 0.4), {0, 2}, 0.4)],
)
def test_mpo_easy(people: People, margins: tuple[float, ...], kept: set[int], gamma: float) -> None:
    """|gap| ≥ γ is easy, whichever response is chosen; γ is the median."""
    pairs = [judged_pair(people.project, (1 + margin) / 2) for margin in margins]
    version = frozen(people.project, "mpo-easy")
    assert set(rows(version, "pair_id")) == {pairs[place].pk for place in kept}
    assert version.funnel[-1]["borders"] == pytest.approx([gamma])


def test_scaled_bt(people: People) -> None:
    """m is the mean strength for the chosen response: (3 + 2 + 2)/3; 1; 3 for b; and (3 − 1)/2 where they
    differ."""
    raters = panel(people.project, 3)
    pairs = [stated(people.project, raters, *said) for said in ((3, 2, 2), (1, 1), (-3, -3, -3), (3, -1))]
    version = frozen(people.project, "scaled-bt")
    assert rows(version, "weight") == pytest.approx(
        dict(zip([pair.pk for pair in pairs], [7 / 3, 1.0, 3.0, 1.0], strict=True))
    )


def test_scir_consistent(people: People) -> None:
    judges = [RaterFactory(project=people.project, label=f"judge {place}") for place in range(2)]
    person = RaterFactory(project=people.project, kind="person", label="Ann")
    says: dict[str, tuple[float, float]] = {
        "agree": (0.9, 0.6),
        "agree on b": (0.2, 0.4),
        "differ": (0.9, 0.4),
    }
    pairs = {}
    for name, both in says.items():
        pairs[name] = judged_pair(people.project, None)
        for judge, p in zip(judges, both, strict=True):
            judge_both_orders(pairs[name], judge, p)
    pairs["flips"] = judged_pair(people.project, 0.9, rater=judges[0])
    for left in "ab":  # the left one, whichever it is
        JudgmentFactory(pair=pairs["flips"], rater=judges[1], left=left, preference=1, probability=0.6)
    pairs["people only"] = judged_pair(people.project, 0.9, rater=person)
    version = frozen(people.project, "scir-consistent")
    assert set(rows(version, "pair_id")) == {pairs["agree"].pk, pairs["agree on b"].pk}
    assert why(version) == {
        pairs["differ"].pk: "judges name different winners",
        pairs["flips"].pk: "verdict flips with the order",
        pairs["people only"].pk: "no judge",
    }


def test_upo_certain(people: People) -> None:
    """Half of those on which judges agree. H(0.9) = 0.3251 and H(0.6) = 0.6730 weigh 0.6749 and 0.3270: of
    the two, the certain one is drawn with probability 0.6749 / 1.0019 = 0.674."""
    judges = [RaterFactory(project=people.project, label=f"judge {place}") for place in range(2)]
    certain, unsure = (judged_pair(people.project, p, rater=judges[0]) for p in (0.9, 0.6))
    differ = judged_pair(people.project, 0.9, rater=judges[0])
    judge_both_orders(differ, judges[1], 0.4)
    version = frozen(people.project, "upo-certain")
    assert (version.n_rows, why(version)[differ.pk]) == (1, "judges name different winners")
    assert version.funnel[-1]["values"] == pytest.approx([0.325083, 0.673012], abs=1e-6)
    consensus_build(project=people.project)
    pool = Pool(people.project, "mean_probability")
    at = np.flatnonzero(np.isin(pool.pair_ids, [certain.pk, unsure.pk]))
    params = steps_of("upo-certain")[-1]
    draws = [CertainSample(**params, seed=seed).cut(pool, at).keep for seed in range(1000)]
    assert np.sum(draws, axis=1).tolist() == [1] * 1000
    first = np.mean([draw[pool.pair_ids[at] == certain.pk][0] for draw in draws])
    assert first == pytest.approx(0.674, abs=0.045)  # three standard errors of a thousand draws
