"""CREAM's consistency of two models or judges, for each prompt, as a score of its pairs."""

from __future__ import annotations

from itertools import combinations

import pytest

from curation.errors import CurationError
from curation.models import PairScore, Project, Prompt, Rater, Response, ScoreBuild, ScoreProducer
from curation.ranking_scores import ranking_sources
from curation.scorers import RANKINGS
from curation.services.score_build import ranking_scores_request, score_build
from tests.factories import (
    JudgmentFactory,
    PairFactory,
    ProjectFactory,
    PromptFactory,
    RaterFactory,
    ResponseFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return ProjectFactory()


def prompt_with(project: Project, n: int) -> tuple[Prompt, list[Response]]:
    """A prompt with n responses and every pair of them."""
    prompt = PromptFactory(project=project)
    responses = ResponseFactory.create_batch(n, prompt=prompt)
    for a, b in combinations(responses, 2):
        PairFactory(prompt=prompt, response_a=a, response_b=b)
    return prompt, responses


def model_of(project: Project, label: str, scorer: str = "logp_gap") -> ScoreProducer:
    return ScoreProducer.objects.create(project=project, scorer=scorer, fingerprint=label, label=label)


def ranks(producer: ScoreProducer, prompt: Prompt, numbers: dict[int, float]) -> None:
    """Log-probabilities of responses, as the worker leaves them beside the gap of each pair."""
    for pair in prompt.pairs.all():
        if {pair.response_a_id, pair.response_b_id} <= numbers.keys():
            a, b = numbers[pair.response_a_id], numbers[pair.response_b_id]
            for direction, value in (("a_over_b", a - b), ("b_over_a", b - a)):
                PairScore.objects.create(
                    pair=pair, producer=producer, scorer=producer.scorer, direction=direction,
                    value=value, details={"a": a, "b": b},
                )  # fmt: skip


def key_of(source: ScoreProducer | Rater) -> str:
    return f"{'producer' if isinstance(source, ScoreProducer) else 'rater'}:{source.pk}"


def built(
    project: Project,
    first: ScoreProducer | Rater,
    second: ScoreProducer | Rater,
    scorer: str = "kendall_consistency",
) -> ScoreBuild:
    build = ranking_scores_request(
        project=project, user=None, scorer=scorer, first=key_of(first), second=key_of(second)
    )
    score_build(build_id=build.pk)
    build.refresh_from_db()
    return build


def by_prompt(scorer: str) -> dict[int, set[float]]:
    found: dict[int, set[float]] = {}
    for score in PairScore.objects.filter(scorer=scorer).select_related("pair"):
        found.setdefault(score.pair.prompt_id, set()).add(round(score.value, 9))
    return found


@pytest.mark.parametrize(
    ("scorer", "value"),
    # Orders 0 1 2 3 and 0 2 1 3: one of six pairs turned, Σd² = 2, best and worst the same.
    [("kendall_consistency", 5 / 6), ("spearman_consistency", 0.9), ("top_order_consistency", 1.0)],
)
def test_it_works(project: Project, scorer: str, value: float) -> None:
    prompt, responses = prompt_with(project, 4)
    ids = [response.pk for response in responses]
    one, other = model_of(project, "base"), model_of(project, "tuned", "mean_logp_gap")
    ranks(one, prompt, dict(zip(ids, (-1.0, -2.0, -3.0, -4.0), strict=True)))
    ranks(other, prompt, dict(zip(ids, (-0.1, -0.3, -0.2, -0.4), strict=True)))
    build = built(project, one, other, scorer)
    assert build.state == "done", build.error
    assert by_prompt(scorer) == {prompt.pk: {round(value, 9)}}
    read = {"first": 4, "second": 4, "first_pairs": 6, "second_pairs": 6}
    assert build.counts == {"new": 6, "changed": 0, "gone": 0, "scores": 6} | read
    score = PairScore.objects.filter(scorer=scorer)[0]
    assert (score.direction, score.details) == ("both", {"responses": 4})
    assert score.producer.label == f"{one} and {other}"
    # The other way round is the same pair of sources.
    assert built(project, other, one, scorer).counts["new"] == 0
    assert ScoreProducer.objects.filter(scorer=scorer).count() == 1


def test_top_order_is_the_papers_and_not_that_of_its_code(project: Project) -> None:
    """First and last response have the same ranks with both, but the best and the worst are others."""
    prompt, responses = prompt_with(project, 4)
    ids = [response.pk for response in responses]
    one, other = model_of(project, "1"), model_of(project, "2")
    ranks(one, prompt, dict(zip(ids, (2.0, 4.0, 1.0, 3.0), strict=True)))
    ranks(other, prompt, dict(zip(ids, (2.0, 1.0, 4.0, 3.0), strict=True)))
    built(project, one, other, "top_order_consistency")
    assert by_prompt("top_order_consistency") == {prompt.pk: {0.0}}


def test_only_common_responses_count_and_one_is_too_few(project: Project) -> None:
    wide, of_wide = prompt_with(project, 3)
    narrow, of_narrow = prompt_with(project, 3)
    one, other = model_of(project, "1"), model_of(project, "2")
    ranks(one, wide, {response.pk: float(place) for place, response in enumerate(of_wide)})
    ranks(other, wide, {of_wide[0].pk: 5.0, of_wide[1].pk: 4.0})
    ranks(one, narrow, {of_narrow[0].pk: 1.0, of_narrow[1].pk: 2.0})
    ranks(other, narrow, {of_narrow[1].pk: 1.0, of_narrow[2].pk: 2.0})
    built(project, one, other)
    assert by_prompt("kendall_consistency") == {wide.pk: {0.0}}  # all three pairs have the prompt's value
    assert PairScore.objects.filter(scorer="kendall_consistency").count() == 3


def test_judges_rank_by_how_often_they_prefer_a_response(project: Project) -> None:
    prompt, responses = prompt_with(project, 3)
    judge, other = (RaterFactory(project=project) for _ in range(2))
    for pair in prompt.pairs.all():
        JudgmentFactory(pair=pair, rater=judge, left="a", preference=3)  # the earlier response each time
        JudgmentFactory(pair=pair, rater=other, left="b", preference=3)  # the later one
    model = model_of(project, "m")
    ranks(model, prompt, {response.pk: -float(place) for place, response in enumerate(responses)})
    built(project, judge, other)
    assert by_prompt("kendall_consistency") == {prompt.pk: {0.0}}
    built(project, judge, model)
    producers = ScoreProducer.objects.filter(scorer="kendall_consistency")
    assert producers.count() == 2
    assert PairScore.objects.filter(producer=producers[0])[0].value == 1.0
    assert producers[0].label == f"{model} and judge {judge.label}"


def test_new_numbers_change_the_scores_in_place(project: Project) -> None:
    prompt, _ = prompt_with(project, 2)
    pair = prompt.pairs.get()
    one, other = (RaterFactory(project=project) for _ in range(2))
    JudgmentFactory(pair=pair, rater=one, preference=2)
    last = JudgmentFactory(pair=pair, rater=other, preference=2)
    assert built(project, one, other).counts["new"] == 1
    JudgmentFactory(pair=pair, rater=other, preference=-2, supersedes=last)
    assert built(project, one, other).counts["changed"] == 1
    assert by_prompt("kendall_consistency") == {prompt.pk: {0.0}}


def test_what_cannot_be_compared_is_refused_in_words(project: Project) -> None:
    one, other = model_of(project, "1"), model_of(project, "2")
    text = model_of(project, "3", "length_gap")
    foreign = model_of(ProjectFactory(), "4")
    for scorer, first, second, words in [
        ("kendall_consistency", one, one, "agrees with itself"),
        ("kendall_consistency", one, text, "two of the sources"),
        ("kendall_consistency", one, foreign, "two of the sources"),
        ("ches", one, other, "Choose a measure"),
    ]:
        with pytest.raises(CurationError, match=words):
            ranking_scores_request(
                project=project, user=None, scorer=scorer, first=key_of(first), second=key_of(second)
            )
    assert not ScoreBuild.objects.exists()


def test_a_source_that_went_meanwhile_is_said(project: Project) -> None:
    one, other = model_of(project, "1"), model_of(project, "2")
    build = ranking_scores_request(
        project=project, user=None, scorer=next(iter(RANKINGS)), first=key_of(one), second=key_of(other)
    )
    other.delete()
    score_build(build_id=build.pk)
    build.refresh_from_db()
    assert (build.state, build.error) == (
        "failed",
        "What was to be compared is not in this project any more.",
    )


def test_sources_are_producers_and_judges_that_judged(project: Project) -> None:
    producer = model_of(project, "m")
    judge, _idle = RaterFactory(project=project), RaterFactory(project=project)
    person = RaterFactory(project=project, kind="person")
    pair = PairFactory(prompt__project=project)
    for rater in (judge, person):
        JudgmentFactory(pair=pair, rater=rater)
    assert [source.key for source in ranking_sources(project)] == [
        f"producer:{producer.pk}",
        f"rater:{judge.pk}",
    ]
