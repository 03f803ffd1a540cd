"""Nothing of a row is lost in silence: what no field takes is kept with what it speaks of."""

from __future__ import annotations

from typing import Any

import pytest

from curation.attributes import attributes_translate
from curation.importers.datasets.record import PreferenceRecord
from curation.importers.datasets.registry import FORMATS
from curation.models import Judgment
from tests.curation.format_rows import RIGHT, SKY, WRONG, changed, read
from tests.curation.import_runs import jsonl, run
from tests.factories import ProjectFactory

EXTRA = {"note of the makers": {"score": [1, None]}}


def kept(record: PreferenceRecord) -> list[dict[str, Any]]:
    """Everywhere that columns can be kept."""
    parts = [record.prompt.metadata, *(answer.metadata for answer in record.answers)]
    return [dict(part) for part in (*parts, *(one.columns for one in record.comparisons))]


@pytest.mark.parametrize("name", FORMATS)
def test_it_works(name: str) -> None:
    """A column that no format knows is kept once, in every format."""
    before, after = (read(name, changed(name, **more)) for more in ({}, EXTRA))
    ((was, now),) = [(a, b) for a, b in zip(kept(before), kept(after), strict=True) if a != b]
    assert now == was | EXTRA
    empty = read(name, changed(name, nothing=None, blank=""))
    assert kept(empty) == kept(before)


# What the cards' rows hold beside what a judgment is made of, and where it is kept.
OF_JUDGMENTS: list[tuple[str, dict[str, Any]]] = [
    ("helpsteer2-preference", {"all_preferences_unprocessed": [{"strength": 1, "justification": "It is."}]}),
    ("shp", {"upvote_ratio": 0.98, "c_root_id_A": "hkh25sc", "seconds_difference": 2.0}),
    ("pku-saferlhf", {"response_0_sha256": "9f2c"}),
    ("arena-33k", {"anony": False, "toxic_chat_tag": {"roberta-large": {"flagged": False}}}),
    ("arena-55k", {"tokens": 7}),
    ("arena-140k", {"category_tag": {"math_v0.1": {"math": True}}, "conv_metadata": {"bold_count_a": 1}}),
    ("mt-bench", {"conv_id": 3}),
    ("alpaca-eval", {"raw_completion": {"text": "m"}, "price_per_example": 0.1}),
]


@pytest.mark.parametrize(("name", "columns"), OF_JUDGMENTS, ids=[name for name, _ in OF_JUDGMENTS])
def test_columns_about_a_judgment_stay_with_it(name: str, columns: dict[str, Any]) -> None:
    (comparison,) = read(name, changed(name, **columns)).comparisons
    assert columns.items() <= comparison.columns.items()
    assert not comparison.is_plain


@pytest.mark.django_db
def test_the_second_row_of_a_prompt_keeps_its_own() -> None:
    """A prompt's metadata is that of its first row; what is said of a judgment is stored with each."""
    rows = [
        changed("shp", score_ratio=4.0),
        changed("shp", score_ratio=1.5, human_ref_B="Because of oxygen.", score_B=34),
    ]
    run(jsonl(rows), "shp", ProjectFactory())
    found = Judgment.objects.order_by("id").values_list("attributes__columns", flat=True)
    assert list(found) == [{"score_ratio": 4.0}, {"score_ratio": 1.5}]


def test_what_ultrafeedback_says_of_a_completion_stays_with_it() -> None:
    row = changed("ultrafeedback")
    said = {
        "principle": "honesty", "custom_system_prompt": "Be honest.", "critique": "Clear.",
        "overall_score": 8.5, "fine-grained_score": 4.75,
    }  # fmt: skip
    first, second = row["completions"]
    record = read("ultrafeedback", row | {"completions": [first | said, second], "correct_answers": ["Air"]})
    assert said.items() <= record.answers[0].metadata.items()
    assert record.answers[0].metadata["annotations"]["honesty"]["Rationale"] == "…"
    assert record.prompt.metadata == {"correct_answers": ["Air"]}


def test_labels_and_events_of_a_tree_stay_with_the_message_they_are_on() -> None:
    labels = {"quality": {"value": 0.75, "count": 3}}
    root = FORMATS["oasst-trees"].example["prompt"]
    replies = [reply | {"labels": labels, "message_id": "m"} for reply in root["replies"]]
    prompt = root | {"replies": replies, "events": {"ranking": [{"user_id": "u"}]}, "message_id": "p"}
    record = read("oasst-trees", changed("oasst-trees", prompt=prompt))
    assert [answer.metadata for answer in record.answers] == [{"labels": labels, "message_id": "m"}] * 2
    assert record.prompt.metadata == {
        "message_tree_id": "9f2c", "tree_state": "ready_for_export", "message_id": "p",
        "events": {"ranking": [{"user_id": "u"}]},
    }  # fmt: skip


def test_what_the_row_says_twice_is_kept_once() -> None:
    battle = changed("arena-140k", full_conversation=[{"user": {"role": "user"}}])
    assert kept(read("arena-140k", battle)) == kept(read("arena-140k", changed("arena-140k")))
    row = changed("ultrafeedback-binarized")
    assert read("ultrafeedback-binarized", row).prompt.metadata == {"prompt_id": "9f2c"}
    other = row | {"messages": [{"role": "user", "content": SKY}]}
    assert read("ultrafeedback-binarized", other).prompt.metadata["messages"] == other["messages"]
    # One score alone rates nothing; two are the judgment's.
    half = {"prompt": SKY, "chosen": RIGHT, "rejected": WRONG, "score_chosen": 3}
    assert read("trl-explicit", half).prompt.metadata == {"score_chosen": 3}
    models = changed("rewardbench-2", models=["m"])
    assert read("rewardbench-2", models).prompt.metadata == {"id": "1", "models": ["m"]}


def test_columns_go_through_an_export_as_they_are() -> None:
    """Where a file has the responses the other way round, columns called a and b are no responses."""
    attributes = {"columns": {"a": 1, "b": 2}, "imported": {"rank": {"a": 1, "b": 2}}}
    assert attributes_translate(attributes, turned=True, responses={}) == {
        "columns": {"a": 1, "b": 2}, "imported": {"rank": {"a": 2, "b": 1}},
    }  # fmt: skip
