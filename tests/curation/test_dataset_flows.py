"""What flows through a version, counted in one pass, against counting it row by row."""

from __future__ import annotations

from collections import Counter

import pytest
from pytest_django import DjangoAssertNumQueries

from curation.dataset_flows import Flows, read_flows
from curation.models import DatasetVersion, Judgment, Pair, PromptImport, RaterExclusion
from curation.services.dataset_freeze import dataset_freeze
from tests.conftest import People
from tests.curation.recipe_data import judge_both_orders, saved_recipe
from tests.factories import (
    JudgmentFactory,
    PairFactory,
    PromptFactory,
    RaterFactory,
    ResponseFactory,
    SamplerFactory,
)

pytestmark = pytest.mark.django_db


def counted_one_by_one(version: DatasetVersion) -> Flows:
    flows = Flows(Counter(), Counter(), Counter())
    for row in version.rows.select_related("pair__prompt", "chosen", "rejected"):
        raters = Counter(
            Judgment.objects.counted().filter(pair=row.pair_id).values_list("rater_id", flat=True)
        )
        flows.judgments.update(raters)
        for response in (row.chosen, row.rejected):
            flows.prompts_to_writers[row.pair.prompt.prompt_import_id, response.sampler_id] += 1
            for rater, n in raters.items():
                flows.writers_to_raters[response.sampler_id, rater] += n
    return flows


def judged(people: People, n: int) -> list[Pair]:
    """Pairs of two models, of one model twice, and of a model and a person; every other from a file; each
    judged by two raters in both orders."""
    file = PromptImport.objects.create(project=people.project, file_name="questions.jsonl")
    one, two = (SamplerFactory(project=people.project, model_name=name) for name in ("one", "two"))
    raters = [RaterFactory(project=people.project) for _ in range(2)]
    pairs = []
    for number in range(n):
        prompt = PromptFactory(project=people.project, prompt_import=file if number % 2 else None)
        by = ({"sampler": two}, {"sampler": one}, {"sampler": None, "author": people.anna})[number % 3]
        a = ResponseFactory(prompt=prompt, sampler=one, text=f"{number}: first")
        b = ResponseFactory(prompt=prompt, text=f"{number}: second", **by)
        pairs.append(PairFactory(prompt=prompt, response_a=a, response_b=b))
        for rater in raters:
            judge_both_orders(pairs[-1], rater, 0.9 if number % 4 else 0.1)
    return pairs


def frozen(people: People) -> DatasetVersion:
    recipe = saved_recipe(people.project, [{"step": "consensus_exists"}])
    return dataset_freeze(recipe=recipe, user=None)


def test_it_works(people: People) -> None:
    judged(people, 7)
    version = frozen(people)
    flows = read_flows(version.pk)
    assert flows == counted_one_by_one(version)
    assert sum(flows.prompts_to_writers.values()) == 2 * version.n_rows == 14
    assert sum(flows.writers_to_raters.values()) == 2 * sum(flows.judgments.values()) == 56
    card = version.card
    assert {
        (start, end): n for start, end, n in card["flows"]["writers_to_raters"]
    } == flows.writers_to_raters
    assert card["judgments"] == 28


def test_only_judgments_that_count_flow(people: People) -> None:
    pairs = judged(people, 3)
    first = Judgment.objects.filter(pair=pairs[0]).earliest("pk")
    JudgmentFactory(
        pair=first.pair,
        rater=first.rater,
        left=first.left,
        outcome="preferred",
        preference=1,
        supersedes=first,
    )
    taken_back = Judgment.objects.filter(pair=pairs[1]).earliest("pk")
    JudgmentFactory(
        pair=taken_back.pair,
        rater=taken_back.rater,
        left=taken_back.left,
        outcome="withdrawn",
        preference=None,
        supersedes=taken_back,
    )
    out = RaterFactory(project=people.project)
    judge_both_orders(pairs[2], out, 0.9)
    exclusion = RaterExclusion.objects.create(rater=out, reason="spam", created_by=people.rita)
    version = frozen(people)
    flows = read_flows(version.pk)
    assert flows == counted_one_by_one(version)
    assert sum(flows.judgments.values()) == 12 - 1
    assert out.pk not in flows.judgments
    exclusion.delete()
    assert read_flows(version.pk).judgments[out.pk] == 2


def test_it_is_one_query_for_any_number_of_rows(
    people: People, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    judged(people, 2)
    few = frozen(people)
    judged(people, 6)
    many = frozen(people)
    for version in (few, many):
        with django_assert_num_queries(1):
            read_flows(version.pk)
