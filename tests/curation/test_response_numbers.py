"""Numbers of single responses: what is offered, what is read, and pairs ranked by it."""

from __future__ import annotations

import html
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from curation.errors import CurationError
from curation.models import Pair, PairScore, Project, Prompt, Rater, Response, ScoreProducer
from curation.pair_plans import PairPlan
from curation.response_numbers import number_sources, numbers_of, source_name
from curation.services.pair_build import PairBuildCounts, pairs_build
from tests.conftest import People
from tests.factories import JudgmentFactory, PairFactory, PromptFactory, RaterFactory, ResponseFactory

URL = "/p/helpfulness/pairs/build/"
HELPFUL = 'stored:["ratings", "helpfulness"]'


def said(prompt: Prompt, *metadata: dict[str, Any] | None) -> list[Response]:
    return [ResponseFactory(prompt=prompt, text=f"{n}", metadata=one) for n, one in enumerate(metadata)]


def rated(prompt: Prompt, *ratings: object) -> list[Response]:
    return said(prompt, *({"ratings": {"helpfulness": rating}} for rating in ratings))


def read(project: Project, key: str, responses: list[Response]) -> list[float]:
    found = numbers_of(project, key, np.array([response.pk for response in responses]))
    return [float(number) for number in found]


def paired() -> set[tuple[int, int]]:
    return set(Pair.objects.values_list("response_a_id", "response_b_id"))


def test_it_works(people: People) -> None:
    responses = rated(PromptFactory(project=people.project), 3, 1.5, 4)
    client = people.client("rita")
    page = html.unescape(client.get(URL, {"strategy": "best_worst"}).content.decode())
    assert "Stored ratings · helpfulness: the highest is the best" in page
    plan = {"strategy": "best_worst", "ranked_by": f"highest {HELPFUL}"}
    assert "Build 1 pair<" in client.get(URL, plan).content.decode()
    client.post(URL, plan)
    assert paired() == {(responses[1].pk, responses[2].pk)}


def test_a_source_is_called_the_same_without_a_look_at_the_responses(people: People) -> None:
    rated(PromptFactory(project=people.project), 3)
    judge = RaterFactory(project=people.project, kind=Rater.Kind.JUDGE, user=None, label="J")
    JudgmentFactory(pair=PairFactory(prompt__project=people.project), rater=judge)
    sources = number_sources(people.project)
    assert len(sources) == 2
    for source in sources:
        assert source_name(people.project, source.key) == source.name


def test_the_lowest_can_be_the_best(people: People) -> None:
    one, two, three = rated(PromptFactory(project=people.project), 3, 1, 2)
    pairs_build(project=people.project, plan=PairPlan(strategy="top_two", ranked_by=f"lowest {HELPFUL}"))
    assert paired() == {(two.pk, three.pk)}
    assert one.pk not in {pk for pair in paired() for pk in pair}


def test_a_response_without_the_number_is_counted(people: People) -> None:
    prompt = PromptFactory(project=people.project)
    rated(prompt, 3, 1, "N/A", None)
    said(prompt, None, {"ratings": "none"})
    counts = pairs_build(
        project=people.project, plan=PairPlan(strategy="best_worst", ranked_by=f"highest {HELPFUL}")
    )
    assert counts == PairBuildCounts(1, 0, 0, {"responses without the number that ranks": 4})


def test_numbers_and_labels_are_offered_and_nothing_else(people: People) -> None:
    prompt = PromptFactory(project=people.project)
    said(
        prompt,
        {"label": True, "note": "fine", "list": [1, 2], "deep": {"er": {"number": 1}}},
        {"label": False, "ratings": {"helpfulness": 2}},
    )
    rated(PromptFactory(), 1)
    said(PromptFactory(), {"elsewhere": 1})
    keys = [source.key for source in number_sources(people.project)]
    assert keys == ['stored:["label"]', HELPFUL]


def test_what_is_no_number_reads_as_none(people: People) -> None:
    values = (True, False, 2.5, 10**400, 10**-200, "3", None)
    prompt = PromptFactory(project=people.project)
    responses = said(prompt, *({"n": value} for value in values), {}, None)
    found = read(people.project, 'stored:["n"]', responses)
    assert found[:3] == [1, 0, 2.5]
    assert np.isnan([found[3], *found[5:]]).all()
    assert found[4] == 0


def test_names_of_any_kind_are_paths(people: People) -> None:
    name = 'a "b", {c} é \\'
    responses = said(PromptFactory(project=people.project), {name: {name: 1}}, {name: {name: 2}})
    (source,) = number_sources(people.project)
    assert read(people.project, source.key, responses) == [1, 2]


def test_scores_and_judges_rank_responses(people: People) -> None:
    prompt = PromptFactory(project=people.project)
    responses = ResponseFactory.create_batch(3, prompt=prompt)
    numbers = dict(zip((response.pk for response in responses), [-3.0, -1.0, -2.0], strict=True))
    producer = ScoreProducer.objects.create(
        project=people.project, scorer="logp_gap", fingerprint="m", label="m"
    )
    judge = RaterFactory(project=people.project, kind=Rater.Kind.JUDGE, user=None, label="J")
    for one, other in combinations(responses, 2):
        pair = PairFactory(prompt=prompt, response_a=one, response_b=other)
        a, b = numbers[one.pk], numbers[other.pk]
        PairScore.objects.create(
            pair=pair, producer=producer, scorer="logp_gap", direction="a_over_b", value=a - b,
            details={"a": a, "b": b},
        )  # fmt: skip
        JudgmentFactory(pair=pair, rater=judge, left="a", outcome="preferred", preference=2)
    keys = [source.key for source in number_sources(people.project)]
    assert keys == [f"producer:{producer.pk}", f"rater:{judge.pk}"]
    assert read(people.project, keys[0], responses) == list(numbers.values())
    assert read(people.project, keys[1], responses) == pytest.approx([0.85, 0.5, 0.15])
    counts = pairs_build(
        project=people.project, plan=PairPlan(strategy="best_worst", ranked_by=f"highest {keys[0]}")
    )
    assert (counts.created, counts.existing) == (0, 1)


def test_what_is_not_there_is_refused(people: People) -> None:
    plan = {"strategy": "best_worst", "ranked_by": "highest stored:[]"}
    page = people.client("rita").get(URL, plan).content.decode()
    assert "Select a valid choice" in page
    with pytest.raises(CurationError, match="not in this project"):
        numbers_of(people.project, "producer:1", np.array([1]))


def test_only_researchers_see_what_is_offered(people: People) -> None:
    for name in ("rob", "anna", "charlie"):
        assert people.client(name).get(URL, {"ranked_by": f"highest {HELPFUL}"}).status_code == 404


def test_a_length_penalty_ranks_what_is_short_higher(people: People) -> None:
    prompt = PromptFactory(project=people.project)
    long, short, worst = (
        ResponseFactory(prompt=prompt, text="x" * length, metadata={"ratings": {"helpfulness": rating}})
        for length, rating in ((100, 5), (10, 4), (50, 1))
    )
    plan = {"strategy": "top_two", "ranked_by": f"highest {HELPFUL}", "penalty": "0.04"}
    people.client("rita").post(URL, plan)  # 5 − 4, 4 − 0.4 and 1 − 2: the short one is first now
    assert paired() == {(long.pk, short.pk)}
    people.client("rita").post(URL, plan | {"strategy": "best_worst"})
    assert paired() == {(long.pk, short.pk), (short.pk, worst.pk)}
    people.client("rita").post(URL, plan | {"strategy": "best_worst", "penalty": "0"})
    assert (long.pk, worst.pk) in paired()


def test_a_length_penalty_needs_another_number(people: People) -> None:
    client = people.client("rita")
    refused = "Choose another number than length"
    asked = {"strategy": "best_worst", "ranked_by": "shortest", "penalty": "0.1"}
    assert refused in client.get(URL, asked).content.decode()
    assert "greater than or equal to 0" in client.get(URL, asked | {"penalty": "-1"}).content.decode()
    for fine in ({"strategy": "all"}, {"penalty": "0"}, {"ranked_by": "copeland"}):
        assert refused not in client.get(URL, asked | fine).content.decode()


def test_the_pareto_front_meets_what_it_dominates(people: People) -> None:
    prompt = PromptFactory(project=people.project)
    good, short, dominated, _ = (
        ResponseFactory(prompt=prompt, text="x" * length, metadata={"ratings": {"helpfulness": rating}})
        for length, rating in ((100, 5), (10, 2), (101, 3), (5, None))
    )
    client = people.client("rita")
    plan = {"strategy": "pareto", "criteria": [f"highest {HELPFUL}", "shortest"]}
    page = html.unescape(client.get(URL, plan).content.decode())
    assert "Build 1 pair<" in page
    assert "Left out: responses without one of the numbers" in page
    for name in plan["criteria"]:
        assert f'<input type="hidden" name="criteria" value="{name}">' in page
    client.post(URL, plan)
    assert paired() == {(good.pk, dominated.pk)}
    assert short.pk not in {pk for pair in paired() for pk in pair}


@pytest.mark.parametrize(
    ("criteria", "refusal"),
    [
        ([], "at least two numbers"),
        (["shortest"], "at least two numbers"),
        (["shortest", "longest"], "one end of each number"),
        ([f"lowest {HELPFUL}", f"highest {HELPFUL}", "copeland"], "one end of each number"),
        (["shortest", "tallest"], "Select a valid choice"),
    ],
)
def test_a_pareto_front_needs_two_numbers(people: People, criteria: list[str], refusal: str) -> None:
    rated(PromptFactory(project=people.project), 1, 2)
    page = people.client("rita").get(URL, {"strategy": "pareto", "criteria": criteria}).content.decode()
    assert refusal in page
    assert 'id="preview"' not in page


def labelled(prompt: Prompt, *rows: tuple[int, object]) -> list[Response]:
    return [
        ResponseFactory(
            prompt=prompt, text="x" * length, metadata=None if label is None else {"label": label}
        )
        for length, label in rows
    ]


LABEL = 'stored:["label"]'


def test_right_responses_meet_wrong_ones(people: People) -> None:
    prompt = PromptFactory(project=people.project)
    right, wrong, other, _ = labelled(prompt, (1, True), (2, False), (3, True), (4, None))
    labelled(PromptFactory(project=people.project), (1, False))
    plan = {"strategy": "accuracy", "right_by": LABEL}
    client = people.client("rita")
    page = client.get(URL, plan).content.decode()
    assert "Build 2 pairs<" in page
    assert "Left out: responses not known to be right or wrong" in page
    client.post(URL, plan)
    assert paired() == {(right.pk, wrong.pk), (wrong.pk, other.pk)}


def test_the_shortest_right_response_meets_longer_right_ones(people: People) -> None:
    prompt = PromptFactory(project=people.project)
    longest, _, short, long, _ = labelled(prompt, (9, 5), (1, 2), (4, 4), (7, 4.5), (8, None))
    plan = PairPlan(strategy="right_lengths", right_by=LABEL, right_from=4)
    counts = pairs_build(project=people.project, plan=plan)
    assert counts == PairBuildCounts(2, 0, 0, {"responses not known to be right or wrong": 1}, judged=2)
    assert paired() == {(longest.pk, short.pk), (short.pk, long.pk)}


def test_equally_long_right_responses_are_counted(people: People) -> None:
    prompt = PromptFactory(project=people.project)
    for text in ("ab", "cd"):
        ResponseFactory(prompt=prompt, text=text, metadata={"label": True})
    plan = PairPlan(strategy="right_lengths", right_by=LABEL)
    assert pairs_build(project=people.project, plan=plan).left_out == {"pairs of two equal ranks": 1}


def test_without_a_number_nothing_is_right(people: People) -> None:
    client = people.client("rita")
    for strategy in ("accuracy", "right_lengths"):
        page = client.get(URL, {"strategy": strategy}).content.decode()
        assert "Nothing here says whether a response is right" in page
    labelled(PromptFactory(project=people.project), (1, True))
    page = client.get(URL, {"strategy": "accuracy"}).content.decode()
    assert "Choose the number that says" in page
    assert 'id="preview"' not in page
    page = client.get(URL, {"strategy": "accuracy", "right_by": "stored:[]"}).content.decode()
    assert "Select a valid choice" in page
