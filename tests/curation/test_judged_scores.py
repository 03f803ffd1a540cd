"""Scores from the judgments: what they are, that only what changed is written, and how the page tells."""

from __future__ import annotations

from dataclasses import replace
from math import log
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from curation.judged_scores import judged_scores
from curation.models import (
    Judgment,
    Pair,
    PairScore,
    Project,
    Rater,
    RaterExclusion,
    ScoreBuild,
    ScoreProducer,
)
from curation.scorers import SCORERS
from curation.services import score_build as service
from curation.services.score_build import judged_scores_request, score_build, score_builds_recover
from tests.factories import (
    JudgmentFactory,
    PairFactory,
    ProjectFactory,
    PromptFactory,
    RaterFactory,
    ResponseFactory,
)

pytestmark = pytest.mark.django_db

LN2 = log(2)


@pytest.fixture
def project() -> Project:
    return ProjectFactory()


def built(project: Project) -> ScoreBuild:
    build = judged_scores_request(project=project, user=None)
    score_build(build_id=build.pk)
    build.refresh_from_db()
    assert build.state == "done", build.error
    return build


def says(pair: Pair, rater: Rater, p_a: float | None, left: str = "a", **fields: Any) -> Judgment:
    """The rater finds a better with this probability; with None it only says that a is better."""
    p = p_a if left == "a" or p_a is None else 1 - p_a
    a_left = left == "a"
    preference = (2 if a_left else -2) if p is None else 2 if p > 0.5 else -2
    return JudgmentFactory(pair=pair, rater=rater, left=left, probability=p, preference=preference, **fields)


def values(scorer: str) -> dict[int, float]:
    return {score.pair_id: score.value for score in PairScore.objects.filter(scorer=scorer)}


def test_it_works(project: Project) -> None:
    pair = PairFactory(prompt__project=project)
    one, other = (RaterFactory(project=project) for _ in range(2))
    person = RaterFactory(project=project, kind="person")
    for left in "ab":
        says(pair, one, 0.9, left)
        says(pair, other, None, left)
    says(pair, person, 0.1)
    build = built(project)
    h = -0.9 * log(0.9) - 0.1 * log(0.1)
    assert values("judge_entropy") == {pair.pk: pytest.approx(h / 2)}
    mean = (0.9 + 1) / 2
    h_mean = -mean * log(mean) - (1 - mean) * log(1 - mean)
    assert values("judge_bald") == {pair.pk: pytest.approx(h_mean - h / 2)}
    # The bare verdict “better” stands for 0.85 among all raters.
    everyone = (0.9 + 0.85 + 0.1) / 3
    assert values("rater_entropy")[pair.pk] == pytest.approx(
        -everyone * log(everyone) - (1 - everyone) * log(1 - everyone)
    )
    assert 0 < values("rater_bald")[pair.pk] < values("rater_entropy")[pair.pk]
    assert values("unanimity") == {pair.pk: 1.0}
    assert values("transitivity") == {}
    assert build.counts == {"new": 5, "changed": 0, "gone": 0, "scores": 5}
    score = PairScore.objects.get(scorer="unanimity")
    assert (score.direction, score.details) == ("both", {"a": 4, "b": 0, "neither": 0})
    assert str(score.producer) == "Unanimity by the judgments"


def test_a_judge_that_flips_tosses_a_coin_and_one_order_tells_nothing(project: Project) -> None:
    flips, half = (PairFactory(prompt__project=project) for _ in range(2))
    judge = RaterFactory(project=project)
    JudgmentFactory(pair=flips, rater=judge, left="a", preference=2)
    JudgmentFactory(pair=flips, rater=judge, left="b", preference=2)
    JudgmentFactory(pair=half, rater=judge, left="a", preference=2)
    built(project)
    assert values("judge_entropy") == {flips.pk: pytest.approx(LN2)}
    assert values("unanimity") == {flips.pk: 0.0}
    assert set(values("rater_entropy")) == {flips.pk, half.pk}


def test_only_pairs_whose_judgments_changed_are_written_again(project: Project) -> None:
    first, second = (PairFactory(prompt__project=project) for _ in range(2))
    judge = RaterFactory(project=project)
    for pair in (first, second):
        says(pair, judge, 0.9)
    built(project)
    before = {(score.pair_id, score.scorer): score for score in PairScore.objects.all()}
    producers = dict(ScoreProducer.objects.values_list("scorer", "fingerprint"))
    build = built(project)
    assert build.counts == {"new": 0, "changed": 0, "gone": 0, "scores": 4}
    assert dict(ScoreProducer.objects.values_list("scorer", "fingerprint")) == producers

    old = Judgment.objects.get(pair=second)
    says(second, judge, 0.6, supersedes=old)
    build = built(project)
    assert build.counts == {"new": 0, "changed": 2, "gone": 0, "scores": 4}
    for score in PairScore.objects.all():
        was = before[score.pair_id, score.scorer]
        assert score.pk == was.pk
        assert (score.created_at == was.created_at) == (score.pair_id == first.pk)
    now = dict(ScoreProducer.objects.values_list("scorer", "fingerprint"))
    assert now.keys() == producers.keys()
    assert all(now[scorer] != producers[scorer] for scorer in producers)


def test_scores_go_with_the_judgments_they_were_of(project: Project) -> None:
    pair = PairFactory(prompt__project=project)
    judge = RaterFactory(project=project)
    says(pair, judge, 0.9)
    built(project)
    RaterExclusion.objects.create(rater=judge, reason="asleep")
    assert built(project).counts == {"new": 0, "changed": 0, "gone": 2, "scores": 0}
    assert not PairScore.objects.exists()


def test_a_circle_is_seen_and_a_decision_breaks_it(project: Project) -> None:
    prompt = PromptFactory(project=project)
    a, b, c = (ResponseFactory(prompt=prompt) for _ in range(3))
    pairs = [PairFactory(prompt=prompt, response_a=x, response_b=y) for x, y in ((a, b), (b, c), (a, c))]
    judge = RaterFactory(project=project)
    for pair, p in zip(pairs, (0.9, 0.9, 0.1), strict=True):
        says(pair, judge, p)
    built(project)
    assert values("transitivity") == {pair.pk: 0.0 for pair in pairs}
    assert PairScore.objects.filter(scorer="transitivity")[0].details == {"triads": 1, "cyclic": 1}
    says(pairs[2], RaterFactory(project=project, kind="person"), 0.95, source="adjudicated")
    built(project)
    assert values("transitivity") == {pair.pk: 1.0 for pair in pairs}
    assert set(values("rater_bald")) == set()  # a decision is no second rater


def test_an_implicit_reward_is_one_more_judge(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SCORERS, "logp_gap", replace(SCORERS["logp_gap"], is_reward=True))
    pair = PairFactory(prompt__project=project)
    judge = RaterFactory(project=project)
    for left in "ab":
        says(pair, judge, 0.9, left)
    for number, gap in enumerate((5.0, -5.0)):  # the newest counts
        producer = ScoreProducer.objects.create(
            project=project, scorer="logp_gap", fingerprint=str(number), label="m"
        )
        for direction, value in (("a_over_b", gap), ("b_over_a", -gap)):
            PairScore.objects.create(
                pair=pair, producer=producer, scorer="logp_gap", direction=direction, value=value
            )
    built(project)
    assert values("unanimity") == {pair.pk: pytest.approx(1 / 3)}
    assert ScoreProducer.objects.get(scorer="unanimity").details["rewards"] == [producer.pk]


def test_another_project_is_left_alone(project: Project) -> None:
    judgment = JudgmentFactory()
    built(judgment.pair.prompt.project)
    build = built(project)
    assert build.counts == {"new": 0, "changed": 0, "gone": 0, "scores": 0}
    assert PairScore.objects.filter(pair=judgment.pair).exists()


def test_two_at_once_are_one(project: Project) -> None:
    first = judged_scores_request(project=project, user=None)
    assert judged_scores_request(project=project, user=None) == first
    with pytest.raises(IntegrityError), transaction.atomic():
        ScoreBuild.objects.create(project=project, kind="judgments")
    score_build(build_id=first.pk)
    assert judged_scores_request(project=project, user=None) != first


def test_a_worker_that_lost_its_build_writes_nothing(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(PairFactory(prompt__project=project), RaterFactory(project=project), 0.9)
    build = judged_scores_request(project=project, user=None)

    def slowly(of: Project) -> Any:
        ScoreBuild.objects.filter(pk=build.pk).update(attempt=2)
        return judged_scores(of)

    monkeypatch.setattr(service, "judged_scores", slowly)
    score_build(build_id=build.pk)
    assert not PairScore.objects.exists()
    build.refresh_from_db()
    assert build.state == "running"


def test_lost_work_is_taken_up_again(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    monkeypatch.setattr("curation.tasks.score_build.delay", sent.append)
    build = judged_scores_request(project=project, user=None)
    ScoreBuild.objects.filter(pk=build.pk).update(state="running", heartbeat_at="2020-01-01T00:00:00Z")
    score_builds_recover()
    assert sent == [build.pk]
    build.refresh_from_db()
    assert build.state == "queued"
