"""Sentences, steps and words as spans of the text."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotators.algorithms.words import word_bounds
from curation.algorithms.segments import sentence_bounds, step_bounds

Splitter = Callable[[str], list[tuple[int, int]]]

SNIPPETS = st.sampled_from(
    ["Dr. Who", "e.g. this", "3.14", ". ", "! ", "?\n", "\n", "\n\n", "```\n", "~~~", "1. ", "- ", "Step 2: ",
     "| a |", "---", "word", "Word", "。", "“Quote.”", "\t", "\r\n", "J. K. ", "# Head", "Ω", "e\u0301",
     "👩‍🔬"]
)  # fmt: skip
TEXTS = st.one_of(st.text(), st.lists(SNIPPETS, max_size=30).map("".join))


def pieces(split: Splitter, text: str) -> list[str]:
    return [text[start:end] for start, end in split(text)]


@pytest.mark.parametrize("split", [sentence_bounds, step_bounds, word_bounds], ids=lambda f: f.__name__)
@given(text=TEXTS)
def test_bounds_are_in_order_and_cover_every_visible_character(split: Splitter, text: str) -> None:
    bounds = split(text)
    last = 0
    for start, end in bounds:
        assert last <= start < end <= len(text)
        assert text[last:start].strip() == ""
        assert text[start:end] == text[start:end].strip()
        last = end
    assert text[last:].strip() == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Pi is 3.14159. It goes on.", ["Pi is 3.14159.", "It goes on."]),
        ("Dr. Smith met Mr. J. Jones, e.g. in May.", ["Dr. Smith met Mr. J. Jones, e.g. in May."]),
        ("The U.S. Army came. It left.", ["The U.S. Army came.", "It left."]),
        ("So did I. Then he left.", ["So did I.", "Then he left."]),
        ("He said “Stop.” She did.", ["He said “Stop.”", "She did."]),
        ("Well... Maybe. Or… not", ["Well...", "Maybe.", "Or… not"]),
        ("1. First thing. More.\n2. Second", ["1. First thing.", "More.", "2. Second"]),
        ("- a b\n- c d", ["- a b", "- c d"]),
        ("A line that\ngoes on. New", ["A line that\ngoes on.", "New"]),
        ("Name: X\nAge: 3", ["Name: X", "Age: 3"]),
        ("# Head\n\nBody.\n\n---\n\nEnd.", ["# Head", "Body.\n\n---", "End."]),
        ("Run:\n```py\na = 1. \nB. C.\n```\nDone.", ["Run:", "```py\na = 1. \nB. C.\n```", "Done."]),
        ("```\nnever closed. Yes. No.", ["```\nnever closed. Yes. No."]),
        ("今日は。明日も！はい", ["今日は。", "明日も！", "はい"]),
        ("| a | b |\n|---|---|\n| 1 | 2 |", ["| a | b |\n|---|---|", "| 1 | 2 |"]),
        ("**Bold.** Then.", ["**Bold.**", "Then."]),
        ("See fig. 3 and no. 4. Then stop.", ["See fig. 3 and no. 4.", "Then stop."]),
        ("He said no. Then left. No. 4 won.", ["He said no.", "Then left.", "No. 4 won."]),
        ("---", ["---"]),
        ("--- \nA", ["--- \nA"]),
        ("", []),
        (" \n ", []),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert pieces(sentence_bounds, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Step 1: Add.\nMore.\n\nStep 2: Halve.", ["Step 1: Add.\nMore.", "Step 2: Halve."]),
        ("Sure.\n\n**Step 1:** a\n**Step 2:** b", ["Sure.", "**Step 1:** a", "**Step 2:** b"]),
        ("### Step 1\nx\n### Step 2\ny", ["### Step 1\nx", "### Step 2\ny"]),
        ("Step 1: Add. Step 2: Halve.", ["Step 1: Add.", "Step 2: Halve."]),
        ("1. a\n   2. nested\n2. b", ["1. a", "2. nested", "2. b"]),
        ("1. a\n\n   More of a.\n2. b", ["1. a\n\n   More of a.", "2. b"]),
        ("**1.** a\n**2.** b", ["**1.** a", "**2.** b"]),
        ("First.\nStill.\n\nSecond.", ["First.\nStill.", "Second."]),
        ("Only\n\n```\n1. x\n\n2. y\n```", ["Only", "```\n1. x\n\n2. y\n```"]),
        ("", []),
    ],
)
def test_steps(text: str, expected: list[str]) -> None:
    assert pieces(step_bounds, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Don't stop, well-known 3.14!", ["Don't", "stop", ",", "well-known", "3.14", "!"]),
        ("日本 go", ["日", "本", "go"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("e\u0301te\u0301 👩‍🔬", ["e\u0301te\u0301", "👩‍🔬"]),
        ("", []),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert pieces(word_bounds, text) == expected
