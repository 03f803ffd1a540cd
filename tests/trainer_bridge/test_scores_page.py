"""The page of scores: every scorer, who computed it, what is missing, and where to get it."""

from __future__ import annotations

import re
from itertools import combinations
from typing import Any

import pytest
from django.template.loader import render_to_string

from curation.forms.recipes import StepForm
from curation.models import (
    Consensus,
    DatasetVersion,
    FilterRecipe,
    Pair,
    PairScore,
    Project,
    ScoreBuild,
    ScoreProducer,
)
from curation.score_summary import BINS, Shape, scored_by
from curation.scorers import SCORERS
from curation.scorers.offensive import english_words
from curation.services.score_record import producer_fingerprint
from tests.conftest import People
from tests.factories import PairFactory, PromptFactory, ResponseFactory, SamplerFactory
from tests.trainer_bridge.fakes import ModelVersionFactory
from trainer_bridge.score_page import ASKED_BY, OTHER_WORDS, ProducerRow, score_page

pytestmark = pytest.mark.django_db

PAGE = "/p/helpfulness/scores/"
UNDER_MODEL = {"model_fingerprint": "f1", "template_hash": "t", "dtype": "float32", "max_length": 512}


def producer_of(project: Project, scorer: str, **details: Any) -> ScoreProducer:
    return ScoreProducer.objects.create(
        project=project,
        scorer=scorer,
        fingerprint=producer_fingerprint(scorer, details),
        label="tiny",
        details=details,
    )


def record(producer: ScoreProducer, pair: Pair, **values: float) -> None:
    for direction, value in values.items():
        PairScore.objects.create(
            pair=pair, producer=producer, scorer=producer.scorer, direction=direction, value=value
        )


def conclude(pair: Pair, winner: str) -> None:
    Consensus.objects.create(
        pair=pair, method="mean_probability", winner=winner, probability=0.5, margin=0.0, votes={}
    )


def rows_of(project: Project) -> dict[str, list[ProducerRow]]:
    return {
        card.scorer.name: card.rows
        for group in score_page(project).groups
        for card in group.cards
        if card.rows
    }


def test_it_works(people: People) -> None:
    pairs = [PairFactory(prompt__project=people.project) for _ in range(3)]
    producer = producer_of(people.project, "length_gap", version=1)
    for pair in pairs[:2]:
        record(producer, pair, a_over_b=5, b_over_a=-5)
    page = people.client("rita").get(PAGE).content.decode()
    for scorer in SCORERS.values():
        assert f'<h3 id="{scorer.name}">{scorer.label}</h3>' in page
        launched = scorer.needs not in ASKED_BY
        assert (f"?scorer={scorer.name}" in page) == launched
    assert "2 pairs scored, 1 missing." in page
    assert "no consensus names the chosen response" in page
    assert '<a href="/p/helpfulness/scores/" aria-current="page">Scores</a>' in page


@pytest.mark.parametrize(
    ("name", "status"),
    [("alice", 200), ("rita", 200), ("rob", 404), ("anna", 404), ("charlie", 404), ("anonymous", 302)],
)
def test_it_checks_access(people: People, name: str, status: int) -> None:
    assert people.client(name).get(PAGE).status_code == status


def test_scores_lie_in_the_direction_that_was_chosen(people: People) -> None:
    directed = producer_of(people.project, "length_gap", version=1)
    symmetric = producer_of(people.project, "text_likeness", version=1)
    for winner, value in (("a", 10.0), ("b", 20.0), ("", 99.0)):
        pair = PairFactory(prompt__project=people.project)
        conclude(pair, winner)
        record(directed, pair, a_over_b=value, b_over_a=-value)
        record(symmetric, pair, both=0.5)
    found = {scored.producer.scorer: scored for scored in scored_by(people.project)}
    assert [found[name].pairs for name in ("length_gap", "text_likeness")] == [3, 3]
    # 10 where a was chosen, −20 where b was; the tie has no direction
    assert found["length_gap"].shape == Shape(-20.0, 10.0, [1] + [0] * (BINS - 2) + [1])
    assert found["text_likeness"].shape == Shape(0.5, 0.5, [3] + [0] * (BINS - 1))


def test_charts_are_of_some_pairs_where_there_are_many(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    producers = [producer_of(people.project, name, version=1) for name in ("text_likeness", "token_edit")]
    for _ in range(5):
        pair = PairFactory(prompt__project=people.project)
        for producer in producers:
            record(producer, pair, both=float(pair.pk))
    assert score_page(people.project).drawn == 0
    monkeypatch.setattr("curation.score_summary.SHAPE_PAIRS", 3)
    monkeypatch.setattr("trainer_bridge.score_page.SHAPE_PAIRS", 3)
    found = scored_by(people.project)
    assert [scored.pairs for scored in found] == [5, 5]
    assert found[0].shape == found[1].shape  # the same pairs
    assert found[0].shape is not None
    assert sum(found[0].shape.counts) == 3
    page = people.client("rita").get(PAGE).content.decode()
    assert "They are of 3 pairs drawn at random" in page


def test_a_group_is_asked_for_whole(people: People) -> None:
    PairFactory(prompt__project=people.project)
    group = score_page(people.project).groups[0]
    form = people.client("rita").get(f"/p/helpfulness/score/?{group.query}").content.decode()
    assert form.count(" checked") == len(group.cards)


def test_what_is_not_finite_is_counted_but_not_drawn(people: People) -> None:
    producer = producer_of(people.project, "text_likeness", version=1)
    for value in (float("inf"), float("nan"), 1.0):
        record(producer, PairFactory(prompt__project=people.project), both=value)
    (scored,) = scored_by(people.project)
    assert scored.pairs == 3
    assert scored.shape is not None
    assert sum(scored.shape.counts) == 1


def test_what_is_missing_is_asked_for_with_the_same_settings(people: People) -> None:
    PairFactory(prompt__project=people.project)
    model = ModelVersionFactory(project=people.project, fingerprint="f1")
    ModelVersionFactory(project=people.project, fingerprint="")
    producer_of(people.project, "ln_ches", **UNDER_MODEL)
    (row,) = rows_of(people.project)["ln_ches"]
    assert (row.settings, row.missing, row.obstacle) == ("float32, 512 tokens", 1, "")
    assert row.query == f"scorer=ln_ches&model={model.pk}&dtype=float32&max_length=512"
    page = people.client("rita").get(PAGE).content.decode()
    link = re.search(r'href="(/p/helpfulness/score/\?scorer=ln_ches&amp;model[^"]*)"', page)
    assert link
    form = people.client("rita").get(link[1].replace("&amp;", "&")).content.decode()
    assert f'value="{model.pk}" selected' in form


def test_what_stands_in_the_way_is_said(people: People) -> None:
    PairFactory(prompt__project=people.project)
    producer_of(people.project, "ches", **UNDER_MODEL)
    producer_of(people.project, "length_gap", version=99)
    producer_of(people.project, "imported", origin="a file")
    page = people.client("rita").get(PAGE).content.decode()
    assert "Its model is not registered in this project any more" in page
    assert "The scorer is at version 1 by now" in page
    assert "imported by tiny" in page
    assert "No worker of this site computes this score." in page


def test_scores_of_another_project_are_not_shown(people: People) -> None:
    other = PairFactory()
    record(producer_of(other.prompt.project, "length_gap", version=1), other, a_over_b=1, b_over_a=-1)
    assert rows_of(people.project) == {}


@pytest.mark.parametrize("many", [1, 8])
def test_the_page_costs_the_same_for_many_producers(
    people: People, many: int, django_assert_max_num_queries: Any
) -> None:
    pair = PairFactory(prompt__project=people.project)
    for number in range(many):
        ModelVersionFactory(project=people.project, fingerprint=str(number))
        producer = producer_of(people.project, "ches", **UNDER_MODEL, number=number)
        record(producer, pair, a_over_b=1, b_over_a=2)
        ranked = {"scorer": "kendall_consistency", "first": f"producer:{producer.pk}", "second": "rater:1"}
        ScoreBuild.objects.create(
            project=people.project, kind="rankings", params=ranked, state="done", counts={"first_pairs": 1}
        )
    client = people.client("rita")
    with django_assert_max_num_queries(15):
        client.get(PAGE)


def test_a_second_model_is_asked_for_again_or_missed(people: People) -> None:
    PairFactory(prompt__project=people.project)
    first, second = (
        ModelVersionFactory(project=people.project, fingerprint=name, path=name) for name in ("f1", "f2")
    )
    two = UNDER_MODEL | {"reference_fingerprint": "f2"}
    producer_of(people.project, "implicit_reward_gap", **two)
    (row,) = rows_of(people.project)["implicit_reward_gap"]
    assert f"model={first.pk}&reference={second.pk}&" in row.query
    second.delete()
    (row,) = rows_of(people.project)["implicit_reward_gap"]
    assert (row.query, row.obstacle[:17]) == ("", "Its second model ")


def test_a_sample_misses_nothing(people: People) -> None:
    pair, _ = PairFactory.create_batch(2, prompt__project=people.project)
    ModelVersionFactory(project=people.project, fingerprint="f1")
    record(producer_of(people.project, "lora_entanglement", **UNDER_MODEL), pair, both=0.5)
    page = people.client("rita").get(PAGE).content.decode()
    assert "1 pair scored, a sample." in page
    assert "Score a larger sample" in page


def test_sources_are_told_apart_by_how_likely_the_model_finds_them(
    people: People, django_assert_max_num_queries: Any
) -> None:
    """Of three responses to one prompt, two by a model and one by people, each counts once."""
    prompt = PromptFactory(project=people.project)
    own = SamplerFactory(project=people.project, model_name="tuned")
    a, b = (ResponseFactory(prompt=prompt, sampler=own) for _ in range(2))
    by_hand = ResponseFactory(prompt=prompt, sampler=None, author=people.anna)
    producer = producer_of(people.project, "on_policy", **UNDER_MODEL)
    means = {a.pk: -0.5, b.pk: -1.0, by_hand.pk: -3.0}
    for one, other in combinations(sorted(means), 2):
        pair = PairFactory(prompt=prompt, response_a_id=one, response_b_id=other)
        PairScore.objects.create(
            pair=pair,
            producer=producer,
            scorer="on_policy",
            direction="both",
            value=(means[one] + means[other]) / 2,
            details={"a": means[one], "b": means[other]},
        )
    (row,) = rows_of(people.project)["on_policy"]
    assert [(source.name, source.responses, source.mean) for source in row.sources] == [
        ("tuned", 2, -0.75),
        ("people", 1, -3.0),
    ]
    assert (row.sources[0].low, row.sources[0].high) == (pytest.approx(-0.95), pytest.approx(-0.55))
    client = people.client("rita")
    with django_assert_max_num_queries(16):
        page = client.get(PAGE).content.decode()
    assert 'aria-label="Mean log-probability by source: On-policy-ness by tiny"' in page
    assert '<th scope="row">tuned</th><td class="num">2</td><td class="num">-0.750</td>' in page


def test_approximate_scores_say_so_wherever_they_are_shown(people: People) -> None:
    pair = PairFactory(prompt__project=people.project)
    half = producer_of(people.project, "ln_ches", **UNDER_MODEL | {"dtype": "bfloat16"})
    whole = producer_of(people.project, "ln_ches", **UNDER_MODEL)
    for producer in (half, whole):
        record(producer, pair, a_over_b=1, b_over_a=2)
    client = people.client("rita")
    page = client.get(PAGE).content.decode()
    assert "(bfloat16, approximate, 512 tokens)" in page
    assert "(float32, 512 tokens)" in page
    page = client.get(f"/p/helpfulness/pairs/{pair.pk}/").content.decode()
    assert page.count(">approximate</span>") == 2  # one for each direction
    form = StepForm("score_threshold", prefix="0", project=people.project)
    labels = dict(form.fields["producer"].choices)  # type: ignore[attr-defined]
    assert labels[str(half.pk)] == "ln-CHES by tiny (approximate)"
    assert labels[str(whole.pk)] == "ln-CHES by tiny"
    version = DatasetVersion(recipe=FilterRecipe(pk=1, name="r", version=1), funnel=[])
    for producer, said in ((half, True), (whole, False)):
        score = {"scorer": producer.scorer, "label": producer.label, **producer.details}
        context = {
            "version": version,
            "card": {"scores": [score], "consensus": "mean", "consensus_label": ""},
            "slug": "helpfulness",
        }
        card = render_to_string("curation/dataset_lineage.html", context)
        assert "ln-CHES by tiny" in card
        assert ("(approximate: bfloat16)" in card) is said


def test_scores_by_another_list_of_words_cannot_be_completed(people: People, settings: Any) -> None:
    pairs = [PairFactory(prompt__project=people.project) for _ in range(2)]
    english = producer_of(people.project, "toxicity", version=1, toxic_words=english_words().sha256)
    other = producer_of(people.project, "toxicity", version=1, toxic_words="0" * 64)
    for producer in (english, other):
        record(producer, pairs[0], a_over_b=0, b_over_a=0)
    left = {row.producer: (row.query, row.obstacle) for row in rows_of(people.project)["toxicity"]}
    assert left == {english: ("scorer=toxicity", ""), other: ("", OTHER_WORDS)}
    settings.TOXIC_WORDS = "nowhere/words.txt"
    assert {row.obstacle for row in rows_of(people.project)["toxicity"]} == {OTHER_WORDS}
