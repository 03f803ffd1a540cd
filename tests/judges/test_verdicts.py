"""Taking in verdicts, what they say about their judge, and the pages that show them."""

from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from curation.models import Judgment
from curation.services.rater_get import person_rater
from judges.algorithms.preferences import preference_of
from judges.models import Judge, Verdict
from judges.querysets import judge_stats
from judges.services.verdict_ingest import verdicts_ingest
from tests.conftest import People
from tests.factories import JudgmentFactory, PairFactory
from tests.judges.conftest import MakePairs, verdict_row

pytestmark = pytest.mark.django_db


def test_it_works(judge: Judge, make_pairs: MakePairs) -> None:
    (pair,) = make_pairs(1)
    counts = verdicts_ingest(judge=judge, rows=[verdict_row(pair, "a", 0.75), verdict_row(pair, "b", 0.05)])
    assert counts == (2, 0, 0, 0)
    first, second = Judgment.objects.filter(rater=judge.rater).order_by("left")
    assert (first.left, first.outcome, first.preference, first.probability) == ("a", "preferred", 2, 0.75)
    assert (second.left, second.preference, second.probability, second.source) == ("b", -3, 0.05, "judge")
    assert {verdict.judgment for verdict in Verdict.objects.all()} == {first, second}


@pytest.mark.parametrize(
    ("p_left", "preference"),
    [(0.5, None), (0.51, 1), (0.69, 1), (0.7, 2), (0.9, 3), (1.0, 3), (0.49, -1), (0.3, -2), (0.0, -3)],
)
def test_the_seven_point_scale(p_left: float, preference: int | None) -> None:
    assert preference_of(p_left) == preference


def test_no_probability_is_refused() -> None:
    with pytest.raises(ValueError, match="not a probability"):
        preference_of(1.5)


def test_exactly_half_is_a_tie(judge: Judge, make_pairs: MakePairs) -> None:
    (pair,) = make_pairs(1)
    verdicts_ingest(judge=judge, rows=[verdict_row(pair, "a", 0.5)])
    judgment = Judgment.objects.get()
    assert (judgment.outcome, judgment.preference, judgment.probability) == ("tie", None, 0.5)


def test_twice_adds_nothing(judge: Judge, make_pairs: MakePairs) -> None:
    rows = [verdict_row(pair, left, 0.6) for pair in make_pairs(3) for left in "ab"]
    rows.append(verdict_row(make_pairs(1)[0], "a", None))
    assert verdicts_ingest(judge=judge, rows=rows) == (6, 1, 0, 0)
    assert verdicts_ingest(judge=judge, rows=rows) == (0, 0, 7, 0)
    assert (Verdict.objects.count(), Judgment.objects.count()) == (7, 6)


def test_an_unparsed_verdict_keeps_its_text_and_gives_way(judge: Judge, make_pairs: MakePairs) -> None:
    (pair,) = make_pairs(1)
    unparsed = verdict_row(pair, "a", None, raw_text="I\x00 cannot", error="no verdict", mass=0.0)
    assert verdicts_ingest(judge=judge, rows=[unparsed]) == (0, 1, 0, 0)
    verdict = Verdict.objects.get()
    assert (verdict.raw_text, verdict.error, verdict.parsed) == ("I cannot", "no verdict", False)
    assert not Judgment.objects.exists()
    assert verdicts_ingest(judge=judge, rows=[verdict_row(pair, "a", 0.8)]) == (1, 0, 0, 0)
    assert verdicts_ingest(judge=judge, rows=[unparsed]) == (0, 0, 1, 0)
    verdict.refresh_from_db()
    assert verdict.parsed
    assert (verdict.p_left, Judgment.objects.count()) == (0.8, 1)


def test_rows_that_are_not_ours_are_counted(judge: Judge) -> None:
    foreign = PairFactory()
    rows = [verdict_row(foreign, "a", 0.6), verdict_row(foreign, "b", 0.6, pair_id="x9")]
    assert verdicts_ingest(judge=judge, rows=rows) == (0, 0, 0, 2)
    assert not Verdict.objects.exists()


def test_stats(people: People, judge: Judge, make_pairs: MakePairs) -> None:
    steady, flips, single, silent = make_pairs(4)
    verdicts_ingest(
        judge=judge,
        rows=[
            verdict_row(steady, "a", 0.8),
            verdict_row(steady, "b", 0.2),  # a wins in both orders
            verdict_row(flips, "a", 0.9),
            verdict_row(flips, "b", 0.8),  # the left wins in both orders
            verdict_row(single, "a", 0.9),
            verdict_row(silent, "a", None, mass=0.4),
        ],
    )
    anna = person_rater(project=people.project, user=people.anna)
    JudgmentFactory(pair=steady, rater=anna, left="b", preference=-1)  # a is better: agrees
    old = JudgmentFactory(pair=single, rater=anna, left="a", preference=1)
    JudgmentFactory(pair=single, rater=anna, left="a", preference=-1, supersedes=old)  # b: disagrees
    JudgmentFactory(pair=silent, rater=anna, left="a", preference=3)  # the judge said nothing
    stats = judge_stats(judge)
    assert (stats.pairs, stats.verdicts, stats.unparsed, stats.both_orders, stats.flips) == (4, 6, 1, 2, 1)
    assert (stats.flip_rate, stats.left_rate) == (0.5, 4 / 5)
    assert (stats.agreed, stats.compared) == (1, 2)
    assert stats.mean_mass == pytest.approx((5 * 0.9 + 0.4) / 6)


def test_stats_of_a_new_judge(judge: Judge) -> None:
    stats = judge_stats(judge)
    assert (stats.flip_rate, stats.left_rate, stats.agreement, stats.mean_mass) == (None, None, None, None)


def test_numbers_link_to_rows(people: People, judge: Judge, make_pairs: MakePairs) -> None:
    steady, flips, silent = make_pairs(3)
    rows = [verdict_row(steady, "a", 0.8), verdict_row(steady, "b", 0.2), verdict_row(silent, "a", None)]
    verdicts_ingest(judge=judge, rows=[*rows, verdict_row(flips, "a", 0.9), verdict_row(flips, "b", 0.8)])
    rob = people.client("rob")
    shown = {
        show: [
            verdict.pair_id for verdict in rob.get(url(judge, "verdicts/"), {"show": show}).context["page"]
        ]
        for show in ("", "flipped", "unparsed", "left", "right", "nonsense")
    }
    assert shown["flipped"] == [flips.pk, flips.pk]
    assert shown["unparsed"] == [silent.pk]
    assert shown["left"] == [steady.pk, flips.pk, flips.pk]
    assert shown["right"] == [steady.pk]
    assert len(shown[""]) == len(shown["nonsense"]) == 5


def test_hostile_text_is_escaped(people: People, judge: Judge, make_pairs: MakePairs) -> None:
    (pair,) = make_pairs(1)
    verdicts_ingest(judge=judge, rows=[verdict_row(pair, "a", None, raw_text="<script>alert(1)</script>")])
    page = people.client("rob").get(url(judge, "verdicts/")).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_queries_do_not_grow(
    people: People,
    judge: Judge,
    make_pairs: MakePairs,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    rob = people.client("rob")
    for _ in range(2):
        rows = [verdict_row(pair, left, 0.6) for pair in make_pairs(3) for left in "ab"]
        verdicts_ingest(judge=judge, rows=rows)
        for path in ("", "verdicts/", "verdicts/?show=flipped"):
            with django_assert_max_num_queries(10):
                assert rob.get(url(judge, path)).status_code == 200


def url(judge: Judge, path: str = "") -> str:
    return f"/p/{judge.project.slug}/judges/{judge.pk}/{path}"
