"""Features of texts, by hand."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from curation.algorithms.text_features import SURFACE, Words, damped, distinct_share, surface_features

TEXT = """Certainly! I cannot create 2 things:

# Why
- one
* **two**
3. three

```
x
```
As an AI, I'm sorry, see https://example.org"""


def features(text: str) -> dict[str, float]:
    return dict(zip((feature.label for feature in SURFACE), surface_features(text), strict=True))


def test_it_works() -> None:
    found = features(TEXT)
    assert found["characters"] == len(TEXT)
    assert (found["lines"], found["paragraphs"], found["list items"]) == (11, 3, 3)
    assert (found["headings"], found["bold passages"], found["code fences"]) == (1, 1, 2)
    assert (found["question marks"], found["exclamation marks"], found["commas"], found["links"]) == (
        0,
        1,
        2,
        1,
    )
    assert found["digits per character"] == 2 / len(TEXT)
    for name in (
        "refusals (“I can’t help”, “I’m unable”)",
        "mentions of “as an AI”",
        "openings like “Sure”, “Certainly”",
    ):
        assert found[name] == 1.0, name
    assert found["endings without punctuation"] == 1.0


@pytest.mark.parametrize("end", [".", "!", "?", ")", "```", "”", "。", ". \n"])
def test_an_end_with_punctuation_is_no_cut(end: str) -> None:
    assert features(f"All is said{end}")["endings without punctuation"] == 0.0


@pytest.mark.parametrize(
    "text", ["I can't help you", "I’m unable to", "i cannot tell you how to", "I'd rather not"]
)
def test_refusals(text: str) -> None:
    assert features(text)["refusals (“I can’t help”, “I’m unable”)"] == 1.0


@pytest.mark.parametrize("text", ["You cannot help", "I can", "Surely not", "It is an AIM", "I apologise"])
def test_what_only_looks_like_one(text: str) -> None:
    found = features(text)
    assert found["refusals (“I can’t help”, “I’m unable”)"] == 0.0
    assert found["openings like “Sure”, “Certainly”"] == 0.0
    assert found["mentions of “as an AI”"] == 0.0


def test_an_empty_text_has_features() -> None:
    found = damped(np.array([surface_features("")]))
    assert np.isfinite(found).all()


def test_damping_reads_counts_only() -> None:
    raw = np.array([surface_features(TEXT)])
    for feature, before, after in zip(SURFACE, raw[0], damped(raw)[0], strict=True):
        assert after == (np.log1p(before) if feature.is_count else before)


texts = st.lists(st.text("abc ", max_size=20), min_size=1, max_size=12)


@given(texts)
def test_terms_are_those_of_scikit_learn(some: list[str]) -> None:
    words = Words()
    for text in some:
        words.add(text)
    found = words.terms(n_terms=10_000, min_texts=2)
    counter = CountVectorizer(ngram_range=(1, 2), min_df=2, binary=True, token_pattern=r"\w+")
    try:
        theirs = counter.fit_transform(some).toarray() if len(some) > 1 else np.zeros((1, 0))
        names = counter.get_feature_names_out().tolist() if len(some) > 1 else []
    except ValueError:  # no term is left
        theirs, names = np.zeros((len(some), 0)), []
    assert sorted(found.names) == sorted(names)
    ours = found.matrix.toarray() > 0
    assert np.array_equal(ours[:, [found.names.index(name) for name in names]], theirs > 0)
    sizes = np.linalg.norm(found.matrix.toarray(), axis=1)
    assert all(size == pytest.approx(1) for size in sizes[ours.any(axis=1)])


def test_the_terms_of_most_texts_are_kept() -> None:
    words = Words()
    for text in ("one two", "one two", "one three"):
        words.add(text)
    assert words.terms(n_terms=2, min_texts=1).names == ["one", "two"]
    found = words.terms(n_terms=3, min_texts=2)
    assert found.names == ["one", "two", "one two"]
    assert found.shares(np.array([1, 2])).tolist() == [1.0, 0.5, 0.5]


def test_distinct_share() -> None:
    words = Words()
    for text in ("a b a b", "a b c"):
        words.add(text)
    assert distinct_share(words.texts, 1, 100) == (3 / 7, 7)
    assert distinct_share(words.texts, 2, 100) == (3 / 5, 7)  # ab ba ab | ab bc
    assert distinct_share(words.texts, 1, 4) == (2 / 4, 4)
    assert isnan(distinct_share([], 1, 4)[0])


@given(texts, st.integers(1, 3), st.integers(0, 40))
def test_distinct_share_is_that_of_tuples(some: list[str], n: int, budget: int) -> None:
    words = Words()
    for text in some:
        words.add(text)
    grams, left = [], budget
    for ids in words.texts:
        taken = ids.tolist()[:left]
        left -= len(taken)
        grams += [tuple(taken[i : i + n]) for i in range(len(taken) - n + 1)]
    share, read = distinct_share(words.texts, n, budget)
    assert read == budget - left
    assert isnan(share) if not grams else share == pytest.approx(len(set(grams)) / len(grams))
