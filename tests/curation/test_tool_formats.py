"""Exports of labelling tools, and steps with verdicts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from curation.importers.datasets.record import Comparison, PreferenceRecord
from curation.importers.datasets.registry import FORMATS, recognise
from curation.services.prompt_parse import RowError
from tests.curation.format_rows import RIGHT, SKY, WRONG, changed, read, wins

THREE = [{"id": "x", "body": "one"}, {"id": "y", "body": "two"}, {"id": "z", "body": "three"}]


def annotation(by: Any, *values: dict[str, Any], **more: Any) -> dict[str, Any]:
    results = [{"from_name": f"question {at}", "value": value} for at, value in enumerate(values)]
    return {"completed_by": by, "result": results, **more}


def studio(*annotations: dict[str, Any], **data: Any) -> PreferenceRecord:
    row = changed("label-studio", annotations=list(annotations))
    return read("label-studio", row | {"data": data or row["data"]})


def said(record: PreferenceRecord) -> list[tuple[str, str]]:
    return [(comparison.rater.label, wins(record, comparison)) for comparison in record.comparisons]


def only(record: PreferenceRecord) -> Comparison:
    (comparison,) = record.comparisons
    return comparison


def test_it_works() -> None:
    """Two people on one task: who, what, when and why."""
    example = FORMATS["label-studio"].example["annotations"][0]
    record = studio(example, annotation({"id": 8, "email": "x@example.org"}, {"selected": "right"}))
    assert said(record) == [("annotator 3 (Label Studio)", RIGHT), ("annotator 8 (Label Studio)", WRONG)]
    first = record.comparisons[0]
    assert first.rationale == "It names the cause."
    assert first.created_at == datetime(2026, 1, 5, 10, tzinfo=UTC)
    assert record.prompt.metadata == {"task": 7}
    assert "example.org" not in repr(record)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("left", ("preferred", 2)),
        ("Right", ("preferred", -2)),
        ("A is much better", ("preferred", 3)),
        ("Response 2 is slightly better", ("preferred", -1)),
        ("answer2", ("preferred", -2)),
        ("The second", ("preferred", -2)),
        ("Tie", ("tie", None)),
        ("about the same", ("tie", None)),
        ("Both bad", ("both_bad", None)),
    ],
)
def test_words_for_the_better_one(text: str, expected: tuple[str, int | None]) -> None:
    for value in ({"selected": text}, {"choices": [text]}):
        comparison = only(studio(annotation(1, value)))
        assert (comparison.outcome, comparison.preference) == expected


def test_other_answers_are_kept_with_the_judgment() -> None:
    record = studio(
        annotation(
            1, {"selected": "left"}, {"choices": ["fluent", "short"]}, {"rating": 4}, {"choices": ["tie"]}
        )
    )
    comparison = only(record)
    assert comparison.more == {"question 1": ["fluent", "short"], "question 2": {"rating": 4}}
    assert comparison.sides == {"question 3": "tie"}
    marked = {"start": 0, "end": 3, "text": "Air", "labels": ["Wrong"]}
    passage = only(studio(annotation(1, {"selected": "left"}, marked)))
    assert (passage.rationale, passage.more) == ("", {"question 1": marked})


def test_a_cancelled_annotation_is_a_skip() -> None:
    comparison = only(studio(annotation(1, {"selected": "left"}, was_cancelled=True)))
    assert (comparison.outcome, comparison.preference) == ("skip", None)


@pytest.mark.parametrize(
    "ranker", [["y", "x", "z"], {"ranked": ["y", "x", "z"], "_": []}, {"_": ["y", "x", "z"]}]
)
def test_a_ranking_is_a_comparison_of_each_two(ranker: Any) -> None:
    record = studio(annotation(1, {"ranker": ranker}), prompt=SKY, items=THREE)
    assert [wins(record, comparison) for comparison in record.comparisons] == ["two", "one", "two"]
    assert len(studio(annotation(1, {"ranker": ["y", "x"]}), prompt=SKY, items=THREE).comparisons) == 1


def test_the_shortest_export_has_its_answers_in_columns() -> None:
    row = changed("label-studio-min", comparison="Tie", quality="fluent", topic="sky")
    record = read("label-studio-min", row)
    assert wins(record, only(record)) == "tie"
    assert record.prompt.metadata == {"task": 7, "quality": "fluent", "topic": "sky"}
    assert recognise([row]) is FORMATS["label-studio-min"]


def argilla(**responses: Any) -> PreferenceRecord:
    return read("argilla", changed("argilla", responses=responses))


def reply(value: Any, user: str = "u", **more: Any) -> dict[str, Any]:
    return {"value": value, "user_id": user, **more}


def test_each_user_of_argilla_is_a_rater() -> None:
    record = argilla(preference=[reply("response1"), reply("response2", "v")], rationale=[reply("So.", "v")])
    assert said(record) == [("user u (Argilla)", RIGHT), ("user v (Argilla)", WRONG)]
    assert [comparison.rationale for comparison in record.comparisons] == ["", "So."]
    assert record.prompt.metadata == {"topic": "sky", "record": "r1"}


def test_drafts_do_not_count_and_discarded_ones_are_skips() -> None:
    record = argilla(
        preference=[
            reply("response1", "a", status="draft"),
            reply("response1", "b", status="discarded"),
            reply("tie", "c", status="submitted"),
        ]
    )
    assert said(record) == [("user b (Argilla)", "skip"), ("user c (Argilla)", "tie")]


RANKING = [{"value": "response-2", "rank": 1}, {"value": "response-1", "rank": 1}]


@pytest.mark.parametrize(
    ("value", "winner"),
    [
        (["response-2", "response-1"], WRONG),
        ([{"value": "response-2", "rank": 1}, {"value": "response-1", "rank": 2}], WRONG),
        ({"rank": [2, 1], "value": ["response-2", "response-1"]}, RIGHT),
        (RANKING, "tie"),
        ("response-2", WRONG),
    ],
)
def test_rankings_in_all_their_shapes(value: Any, winner: str) -> None:
    flat = read("argilla-flat", changed("argilla-flat", **{"ranking.responses": [value]}))
    assert wins(flat, only(flat)) == winner
    old = changed("argilla-1", preference=[{"user_id": "u", "value": value, "status": "submitted"}])
    columns = {"user_id": ["u"], "value": [value], "status": ["submitted"]}
    for row in (old, old | {"preference": columns}):  # as JSON, and as `datasets` writes it
        record = read("argilla-1", row)
        assert wins(record, only(record)) == winner
        assert record.prompt.metadata == {"topic": "sky", "record": "r1"}
        assert recognise([row]) is FORMATS["argilla-1"]


def test_ratings_and_tags_compare_nothing_but_are_kept() -> None:
    record = argilla(tags=[reply(["good", "short"])], stars=[reply(4)], preference=[reply("response2")])
    assert only(record).more == {"tags": ["good", "short"], "stars": 4}
    with pytest.raises(RowError, match="compares the responses"):
        argilla(stars=[reply(4)])


def test_columns_are_known_by_their_names() -> None:
    fields = {"instruction": SKY, "Model B": WRONG, "model_a": RIGHT, "model_a_model": "m1", "n": 3}
    record = read("argilla", changed("argilla", fields=fields, responses={"q": [reply("A")]}))
    assert [(answer.text, answer.model) for answer in record.answers] == [(RIGHT, "m1"), (WRONG, "")]
    assert wins(record, only(record)) == RIGHT
    assert record.prompt.metadata["n"] == 3


def test_steps_are_segments_with_their_verdicts() -> None:
    record = read("trl-stepwise", changed("trl-stepwise", prompt=SKY, completions=["a b", "c"], level=2))
    (answer,) = record.answers
    assert answer.text == "a b\nc"
    assert answer.drawn.segments == [
        {"start": 0, "end": 3, "verdict": "right"},
        {"start": 4, "end": 5, "verdict": "wrong"},
    ]
    assert (record.comparisons, record.prompt.metadata) == ((), {"level": 2})
