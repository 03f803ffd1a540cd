"""Every format reads its own example and is recognised by it; sides, and rows that belong together."""

from __future__ import annotations

import json

import pytest

from curation.importers.datasets.registry import FORMATS, recognise
from tests.curation.format_rows import RIGHT, SKY, WRONG, changed, entries, read, wins

WITHOUT_JUDGMENTS = {
    "trl-unpaired",
    "trl-stepwise",
    "helpsteer2",
    "alpaca-eval-outputs",
    "helpsteer3-feedback",
}


@pytest.mark.parametrize("name", FORMATS)
def test_it_works(name: str) -> None:
    entry = FORMATS[name]
    ((_, said),) = entries(name, entry.example)
    assert isinstance(said, list)
    (parsed,) = said
    assert parsed.prompt.record["source"] == entry.dataset
    assert SKY in parsed.prompt.record["messages"][-1]["content"]
    found = recognise([entry.example])
    assert found is entry
    record = read(name, entry.example)
    for comparison in record.comparisons:
        if RIGHT in {record.answers[comparison.first].text, record.answers[comparison.second].text}:
            assert wins(record, comparison) in {RIGHT, "tie"}
    assert record.comparisons or name in WITHOUT_JUDGMENTS


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_row_as_json_and_back_reads_the_same(name: str) -> None:
    example = FORMATS[name].example
    assert read(name, json.loads(json.dumps(example))) == read(name, example)


def test_what_is_no_preference_data_is_not_recognised() -> None:
    assert recognise([{"prompt": "Hi", "topic": "x"}]) is None
    assert recognise([]) is None
    mostly = [FORMATS["shp"].example] * 2 + [{"broken": 1}]
    assert recognise(mostly) is FORMATS["shp"]
    assert recognise([*mostly, {}, {}]) is None


def test_sides_do_not_tell_who_won() -> None:
    lefts = [
        read("rewardbench", changed("rewardbench", chosen=f"{number} right", rejected=f"{number} wrong"))
        for number in range(60)
    ]
    chosen_left = sum(wins(record, record.comparisons[0]) == record.answers[0].text for record in lefts)
    assert 15 < chosen_left < 45


def test_consecutive_rows_of_a_prompt_become_a_pair() -> None:
    rows = [
        changed("helpsteer2"),
        changed("helpsteer2", response=WRONG, helpfulness=0),
        changed("helpsteer2", prompt="Alone?", response="Yes."),
        changed("helpsteer2", prompt="Then?", response="One."),
        changed("helpsteer2", prompt="Then?", response="Two.", helpfulness=9),
        changed("helpsteer2", prompt="Twice?", response="Same."),
        changed("helpsteer2", prompt="Twice?", response="Same."),
    ]
    found = entries("helpsteer2", *rows)
    assert [lines for lines, _ in found] == [[1, 2], [3], [4], [5], [6], [7]]
    pair = found[0][1]
    assert isinstance(pair, list)
    (comparison,) = pair[0].comparisons
    assert (comparison.preference, comparison.ratings["helpfulness"]) == (3, (4, 0))
    for _, alone in (found[1], found[2], found[4]):
        assert isinstance(alone, list)
        assert (len(alone[0].answers), alone[0].comparisons) == (1, ())
    assert ("runs from 0 to 4" in str(found[3][1]), "the same text" in str(found[5][1])) == (True, True)
