"""Features of a response's text, against hand-worked cases and second ways to compute them."""

from __future__ import annotations

import math
import unicodedata
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.algorithms.response_text import (
    arena_gap,
    copied_share,
    list_items,
    log_ratio,
    looks_cut,
    markdown_marks,
    outline,
    script_share,
    trigram_jaccard,
)

MARKDOWN = """# Title

Some **bold** and __more bold__, but 2 ** 3 and snake__case__name are not.

- one
- two
  1. deep
* * *

| a | b |
|---|:-:|
| 1 | 2 |

```python
# no heading
- no item
**not bold**
```
"""

words = st.lists(st.sampled_from(["a", "b", "c"]), max_size=40).map(" ".join)
counts = st.integers(0, 10**6)


def test_it_works() -> None:
    assert list_items(MARKDOWN) == 3
    # a heading, three items, two bold passages, a table and a code block
    assert markdown_marks(MARKDOWN) == 1 + 3 + 2 + 1 + 1
    assert markdown_marks("Plain text, with a dash - and 3. no item") == 0


@pytest.mark.parametrize(
    ("text", "blocks", "is_open"),
    [
        ("no code", 0, False),
        ("```\nx\n```", 1, False),
        ("```\nx", 1, True),
        ("- a\n    ```sh\n    ls\n    ```\n- b", 1, False),
        ("````\n```\nstill code\n````", 1, False),
        ("~~~\n```\n~~~\n```\nx", 2, True),
        ("an inline ```span``` is none", 0, False),
        ("```inline``` at the start is none", 0, False),
    ],
)
def test_code_blocks(text: str, blocks: int, is_open: bool) -> None:
    found = outline(text)
    assert (found.code_blocks, found.is_open) == (blocks, is_open)


@pytest.mark.parametrize(
    "text",
    [
        "The reason for this is that the sky scatters short",
        "First, second,",
        "You can do it in three ways:",
        "Here is the code:\n```python\nprint(1)",
        "It depends (",
        "他去了学校然后回到家里和朋友一起",
    ],
)
def test_endings_that_look_cut(text: str) -> None:
    assert looks_cut(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n",
        "Paris",
        "42",
        "The capital of France is the city of Paris.",
        'He said: "That is all there is to say."',
        "It is **the very last word of this whole sentence.**",
        "Fruit to eat:\n- a very long list item that ends without any full stop",
        "| a | b |\n|---|---|\n| one two three four five six seven | b |",
        "Here you go:\n```\nx = 1\n```",
        "# A heading of as many as seven words",
        "Good luck with all of your new plans 😀",
        "他去了学校然后回到家里。",
        "Section one is done, and that is that.\n\n---",
    ],
)
def test_endings_that_do_not(text: str) -> None:
    assert not looks_cut(text)


def test_copying_is_counted_in_ngrams() -> None:
    prompt = "one two three four five six seven eight nine"
    assert copied_share(prompt, "One, two, three, four, five, six, seven, eight!") == 1
    # two 8-grams, the second of which ends in a word that the prompt does not have
    assert copied_share(prompt, "one two three four five six seven eight ten") == 0.5
    assert copied_share(prompt, "one two three") == 0
    assert copied_share("", "one two three four five six seven eight") == 0


@given(words, words, st.integers(1, 4))
def test_copied_share_is_the_share_of_windows_found(prompt: str, response: str, n: int) -> None:
    said, given_words = response.split(), f" {' '.join(prompt.split())} "
    windows = [" ".join(said[at : at + n]) for at in range(len(said) - n + 1)]
    found = sum(f" {window} " in given_words for window in windows)
    assert copied_share(prompt, response, n) == (found / len(windows) if windows else 0)


@given(st.text(max_size=40), st.text(max_size=40))
def test_jaccard_is_symmetric_and_one_for_the_same_text(first: str, second: str) -> None:
    share = trigram_jaccard(first, second)
    assert share == trigram_jaccard(second, first)
    assert 0 <= share <= 1
    assert trigram_jaccard(first, f" {first}\n") == 1


def test_jaccard_by_hand() -> None:
    # abc bcd against bcd cde: one of three
    assert trigram_jaccard("abcd", "BCDE") == pytest.approx(1 / 3)
    assert trigram_jaccard("", "") == 1
    assert trigram_jaccard("", "x") == 0
    assert trigram_jaccard("Hi", "hi") == 1


@pytest.mark.parametrize(
    ("prompt", "response", "share"),
    [
        ("Как дела?", "Хорошо", 1.0),
        ("Как дела?", "Fine", 0.0),
        ("Как дела?", "Да yes", 2 / 5),
        ("¿Qué tal?", "Fine, thanks", 1.0),
        ("今日は何曜日ですか", "木曜日です", 1.0),
        ("何ですか", "A cat", 0.0),
        ("12 + 3?", "fifteen", 1.0),
        ("How many?", "15", 1.0),
    ],
)
def test_script_share(prompt: str, response: str, share: float) -> None:
    assert script_share(prompt, response) == pytest.approx(share)


@given(st.text(alphabet="abcабв12 ", max_size=30), st.text(alphabet="abcабв12 ", max_size=30))
def test_script_share_is_that_of_names(prompt: str, response: str) -> None:
    def scripts(text: str) -> Counter[str]:
        return Counter(unicodedata.name(char).split()[0] for char in text if char.isalpha())

    asked, said = scripts(prompt), scripts(response)
    shares = {
        said[script] / said.total()
        for script, n in asked.items()
        if said and n == max(asked.values())  # two scripts may be as frequent
    }
    assert script_share(prompt, response) in (shares or {1.0})


@given(counts, counts)
def test_comparisons_change_sign_when_the_responses_swap(a: int, b: int) -> None:
    assert arena_gap(a, b) == -arena_gap(b, a)
    assert -1 < arena_gap(a, b) < 1
    assert log_ratio(a, b) == -log_ratio(b, a)
    assert log_ratio(a, b) == pytest.approx(math.log((a + 1) / (b + 1)), abs=1e-9)


@pytest.mark.parametrize(
    "text", ["**" * 50_000, "__a " * 30_000, "|-" * 50_000, "`" * 100_000, "- " * 50_000]
)
def test_hostile_texts_end(text: str) -> None:
    assert markdown_marks(text) >= 0
    assert looks_cut(text) in {True, False}
