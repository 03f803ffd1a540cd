"""pairs_build: every two different texts of a prompt, once, in canonical order."""

from __future__ import annotations

import pytest

from curation.models import Pair
from curation.services.pair_build import PairBuildCounts, pairs_build
from tests.factories import PromptFactory, ResponseFactory

pytestmark = pytest.mark.django_db


def test_it_works() -> None:
    prompt = PromptFactory()
    responses = [ResponseFactory(prompt=prompt, text=text) for text in ("one", "two", "three", "one")]
    counts = pairs_build(project=prompt.project)
    assert counts == PairBuildCounts(created=5, existing=0, identical=1)
    made = set(Pair.objects.values_list("response_a", "response_b"))
    assert (responses[0].pk, responses[3].pk) not in made
    assert all(a < b for a, b in made)


def test_running_twice_adds_only_what_is_new() -> None:
    prompt = PromptFactory()
    ResponseFactory.create_batch(3, prompt=prompt)
    pairs_build(project=prompt.project)
    assert pairs_build(project=prompt.project) == PairBuildCounts(created=0, existing=3, identical=0)
    ResponseFactory(prompt=prompt)
    assert pairs_build(project=prompt.project) == PairBuildCounts(created=3, existing=3, identical=0)


def test_prompts_and_projects_are_kept_apart() -> None:
    ours = PromptFactory()
    ResponseFactory(prompt=ours)
    ResponseFactory(prompt=PromptFactory(project=ours.project))
    theirs = PromptFactory()
    ResponseFactory.create_batch(2, prompt=theirs)
    assert pairs_build(project=ours.project) == PairBuildCounts(created=0, existing=0, identical=0)
    assert not Pair.objects.exists()
