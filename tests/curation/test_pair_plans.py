"""Pairs by a plan: what is made, what is counted, and the page that chooses."""

from __future__ import annotations

import pytest

from curation.models import Consensus, Pair, Prompt, PromptExclusion, Response
from curation.pair_plans import PairPlan
from curation.services.pair_build import PairBuildCounts, pairs_build, pairs_preview
from tests.conftest import People
from tests.factories import PairFactory, PromptFactory, ResponseFactory, SamplerFactory

URL = "/p/helpfulness/pairs/build/"


def of_lengths(prompt: Prompt, *lengths: int, **extra: object) -> list[Response]:
    return [ResponseFactory(prompt=prompt, text="x" * length, **extra) for length in lengths]


def made() -> set[tuple[int, int]]:
    return {(len(pair.response_a.text), len(pair.response_b.text)) for pair in Pair.objects.all()}


def conclude(a: Response, b: Response, probability: float) -> None:
    Consensus.objects.create(
        pair=PairFactory(prompt=a.prompt, response_a=a, response_b=b),
        method="mean_probability",
        winner="a" if probability > 0.5 else "b",
        probability=probability,
        margin=abs(2 * probability - 1),
    )


def test_it_works(people: People) -> None:
    prompt = PromptFactory(project=people.project)
    of_lengths(prompt, 30, 10, 20)
    client = people.client("rita")
    page = client.get(URL, {"strategy": "best_worst", "ranked_by": "shortest"}).content.decode()
    assert "Build 1 pair<" in page
    assert not Pair.objects.exists()
    answer = client.post(URL, {"strategy": "best_worst", "ranked_by": "shortest"}, follow=True)
    assert "1 new pairs" in answer.content.decode()
    assert made() == {(30, 10)}
    assert (
        "nothing new to build"
        in client.get(URL, {"strategy": "best_worst", "ranked_by": "longest"}).content.decode()
    )


def test_a_post_without_fields_makes_every_pair(people: People) -> None:
    of_lengths(PromptFactory(project=people.project), 1, 2, 3)
    people.client("rita").post(URL)
    assert Pair.objects.count() == 3


@pytest.mark.parametrize(("name", "status"), [("alice", 200), ("rob", 404), ("anna", 404), ("charlie", 404)])
def test_researchers_build(people: People, name: str, status: int) -> None:
    assert people.client(name).get(URL).status_code == status


@pytest.mark.parametrize(
    ("strategy", "pairs"),
    [
        ("best_worst", {(30, 10)}),
        ("best_each", {(30, 10), (10, 20), (10, 25)}),
        ("top_two", {(10, 20)}),
        ("adjacent", {(10, 20), (20, 25), (30, 25)}),
        ("all", {(30, 10), (30, 20), (30, 25), (10, 20), (10, 25), (20, 25)}),
    ],
)
def test_the_shortest_is_the_best(people: People, strategy: str, pairs: set[tuple[int, int]]) -> None:
    of_lengths(PromptFactory(project=people.project), 30, 10, 20, 25)
    plan = PairPlan(strategy=strategy, ranked_by="shortest")  # type: ignore[arg-type]
    planned = pairs_preview(project=people.project, plan=plan)
    assert pairs_build(project=people.project, plan=plan) == planned
    assert made() == pairs
    again = pairs_build(project=people.project, plan=plan)
    assert (again.created, again.existing) == (0, len(pairs))
    assert pairs_preview(project=people.project, plan=plan) == again


def test_a_random_rival_stays_the_same(people: People) -> None:
    for _ in range(5):
        of_lengths(PromptFactory(project=people.project), 10, 20, 30, 40)
    plan = PairPlan(strategy="best_random", ranked_by="longest", seed=7)
    assert pairs_build(project=people.project, plan=plan).created == 5
    assert all(40 in pair for pair in made())
    assert pairs_build(project=people.project, plan=plan).created == 0


def test_a_band_of_lengths(people: People) -> None:
    of_lengths(PromptFactory(project=people.project), 10, 15, 40)
    plan = PairPlan(strategy="band", ranked_by="longest", low=5, high=25)
    counts = pairs_build(project=people.project, plan=plan)
    assert counts == PairBuildCounts(2, 0, 0, {"pairs outside the band": 1})
    assert made() == {(10, 15), (15, 40)}


def test_consensus_ranks_what_was_judged(people: People) -> None:
    prompt = PromptFactory(project=people.project)
    first, second, third, unseen = of_lengths(prompt, 1, 2, 3, 4)
    conclude(first, second, 0.9)
    conclude(second, third, 0.8)
    plan = PairPlan(strategy="best_worst", ranked_by="mean_probability")
    counts = pairs_build(project=people.project, plan=plan)
    assert counts == PairBuildCounts(1, 0, 0, {"responses that no judged pair ranks": 1})
    assert Pair.objects.filter(response_a=first, response_b=third).exists()
    assert not Pair.objects.filter(response_b=unseen).exists()
    # By Copeland the second won one and lost one: it stands between the two.
    plan = PairPlan(strategy="adjacent", ranked_by="copeland")
    assert pairs_build(project=people.project, plan=plan).existing == 2


def test_equal_ranks_and_equal_texts_are_counted(people: People) -> None:
    prompt = PromptFactory(project=people.project)
    ResponseFactory(prompt=prompt, text="same")
    ResponseFactory(prompt=prompt, text="same")
    assert pairs_build(project=people.project) == PairBuildCounts(0, 0, 1)
    plan = PairPlan(strategy="best_worst", ranked_by="longest")
    assert pairs_build(project=people.project, plan=plan).left_out == {"pairs of two equal ranks": 1}


def test_one_source_is_ranked_among_itself(people: People) -> None:
    prompt = PromptFactory(project=people.project)
    one, two = (SamplerFactory(project=people.project, model_name=name) for name in ("one", "two"))
    of_lengths(prompt, 10, 20, sampler=one)
    of_lengths(prompt, 30, 40, sampler=two)
    plan = PairPlan(strategy="best_worst", ranked_by="longest", sources="same")
    pairs_build(project=people.project, plan=plan)
    assert made() == {(10, 20), (30, 40)}
    counts = pairs_build(project=people.project, plan=PairPlan(sources="different"))
    assert (counts.created, counts.left_out) == (4, {"pairs from one source": 2})


def test_two_settings_of_a_model_are_one_source(people: People) -> None:
    prompt = PromptFactory(project=people.project)
    for length in (10, 20):
        of_lengths(prompt, length, sampler=SamplerFactory(project=people.project, model_name="one"))
    assert pairs_build(project=people.project, plan=PairPlan(sources="different")).created == 0


def test_solutions_that_begin_with_the_same_step_meet(people: People) -> None:
    prompt = PromptFactory(project=people.project)
    texts = [
        "Step 1: Add.\nStep 2: 5.",
        "Step 1: Add.\nStep 2: 6.",
        "Step 1: Add them.\nStep 2: 5.",
        "Step 1: Add.",
        "Add.",
    ]
    one, other, *_ = (ResponseFactory(prompt=prompt, text=text) for text in texts)
    stored = [{"start": 0, "end": 1}, {"start": 2, "end": 3}]
    third, fourth = (ResponseFactory(prompt=prompt, text=text, segments=stored) for text in ("a b", "a c"))
    elsewhere = PromptFactory(project=people.project)
    ResponseFactory(prompt=elsewhere, text=texts[0])
    plan = PairPlan(strategy="steps")
    counts = pairs_build(project=people.project, plan=plan)
    assert {(pair.response_a, pair.response_b) for pair in Pair.objects.all()} == {
        (one, other),
        (third, fourth),
    }
    assert (counts.created, counts.left_out) == (2, {"responses of a single step": 2})
    assert pairs_preview(project=people.project, plan=plan).existing == 2


def test_edits_meet_their_originals(people: People) -> None:
    prompt = PromptFactory(project=people.project)
    original, _ = of_lengths(prompt, 10, 20)
    by = {"sampler": None, "sample_index": None, "author": people.rita}
    of_lengths(prompt, 12, edited_from=original, **by)
    assert pairs_build(project=people.project, plan=PairPlan(strategy="edits")).created == 1
    assert made() == {(10, 12)}


def test_gold_meets_a_models_own(people: People) -> None:
    prompt = PromptFactory(project=people.project)
    of_lengths(prompt, 5, sampler=None, sample_index=None, author=people.rita)
    of_lengths(prompt, 10, sampler=SamplerFactory(project=people.project, model_name="mine"))
    of_lengths(prompt, 20, sampler=SamplerFactory(project=people.project, model_name="other"))
    client = people.client("rita")
    refused = client.post(URL, {"strategy": "gold_self"})
    assert "Choose the model whose own" in refused.content.decode()
    same = client.post(URL, {"strategy": "gold_self", "gold": "mine", "own": "mine"})
    assert "another model than" in same.content.decode()
    client.post(URL, {"strategy": "gold_self", "own": "mine"})
    assert made() == {(5, 10)}


def test_excluded_prompts_are_passed_over(people: People) -> None:
    out, kept = (PromptFactory(project=people.project) for _ in range(2))
    of_lengths(out, 1, 2)
    of_lengths(kept, 3, 4)
    PromptExclusion.objects.create(prompt=out, reason="Spam")
    counts = pairs_build(project=people.project)
    assert counts == PairBuildCounts(1, 0, 0, {"responses of excluded prompts": 2})
    assert made() == {(3, 4)}


def test_a_band_needs_its_ends_in_order(people: People) -> None:
    page = people.client("rita").get(URL, {"strategy": "band", "low": "3", "high": "1"}).content.decode()
    assert "must not be below" in page
    assert 'id="preview"' not in page


def test_a_band_has_no_bounds_by_default(people: People) -> None:
    of_lengths(PromptFactory(project=people.project), 10, 15, 40)
    client = people.client("rita")
    asked = {"strategy": "band", "ranked_by": "longest"}
    page = client.get(URL, asked).content.decode()
    assert "Give the least or the largest difference" in page
    assert 'id="preview"' not in page
    assert "Build 2 pairs<" in client.get(URL, asked | {"low": "20"}).content.decode()
    client.post(URL, asked | {"low": "", "high": "5"})
    assert made() == {(10, 15)}


def test_the_form_asks_only_for_what_the_plan_reads(people: People) -> None:
    client = people.client("rita")
    page = client.get(URL, {"strategy": "band", "low": "-1"}).content.decode()
    assert "Largest difference" in page
    assert "Numbers of the Pareto front" not in page
    # What was given for another plan neither counts nor stands in the way.
    page = client.get(URL, {"strategy": "all", "low": "-1", "seed": "x"}).content.decode()
    assert "Largest difference" not in page
    assert "Preview</h2>" in page


@pytest.mark.parametrize(
    ("strategy", "error"),
    [
        ("pareto", "Choose at least two numbers for a Pareto front."),
        ("accuracy", "Choose the number that says whether a response is right."),
        ("styles", "Choose the model whose style is the short one."),
        ("gold_self", "Choose the model whose own responses are paired with gold ones."),
        ("band", "Give the least or the largest difference, in the unit of what ranks."),
    ],
)
def test_a_plan_chosen_just_now_is_not_found_wanting_yet(people: People, strategy: str, error: str) -> None:
    """Only who asks for its preview, or builds it, has left something out."""
    ResponseFactory(prompt=PromptFactory(project=people.project), metadata={"right": True})
    client = people.client("rita")
    plan = {"strategy": strategy, "low": "", "high": ""}
    fresh = client.get(URL, plan, headers={"HX-Request": "true"}).content.decode()
    assert error not in fresh
    assert "field-bad" not in fresh
    assert "Preview</h2>" not in fresh
    assert error in client.get(URL, plan).content.decode()
    assert error in client.post(URL, plan).content.decode()


def test_what_must_be_chosen_is_not_called_optional(people: People) -> None:
    client = people.client("rita")
    for strategy in ("pareto", "accuracy", "gold_self"):
        page = client.get(URL, {"strategy": strategy}, headers={"HX-Request": "true"}).content.decode()
        assert 'class="optional"' not in page, strategy


def test_a_new_plan_that_lacks_nothing_is_previewed_at_once(people: People) -> None:
    of_lengths(PromptFactory(project=people.project), 30, 10, 20)
    plan = {"strategy": "top_two", "ranked_by": "longest"}
    page = people.client("rita").get(URL, plan, headers={"HX-Request": "true"}).content.decode()
    assert "Build 1 pair<" in page


def test_a_project_without_numbers_says_so_before_one_is_asked_for(people: People) -> None:
    page = people.client("rita").get(URL, {"strategy": "accuracy"}, headers={"HX-Request": "true"})
    assert "Nothing here says whether a response is right" in page.content.decode()
