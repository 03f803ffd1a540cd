"""Clusters by cosine, against all pairs one by one."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.algorithms import neighbours
from curation.algorithms.near_duplicates import Clusters
from curation.algorithms.neighbours import (
    Vectors,
    exact_links,
    far_from_tests,
    find_alike,
    largest_cosine,
    n_recalled,
    nearest,
    thinned,
)
from tests.embedding_data import direction, near, random_vectors


def no_beat() -> None:
    return


def alike(texts: list[str], vectors: Vectors, threshold: float = 0.9) -> Clusters:
    return find_alike(texts, vectors, threshold=threshold, search=exact_links, beat=no_beat)


def by_cluster(found: Clusters) -> list[list[int]]:
    return [found.place[found.cluster == number].tolist() for number in np.unique(found.cluster)]


def slow_clusters(vectors: Vectors, threshold: float) -> set[frozenset[int]]:
    """Parts of the graph of close pairs, by merging sets."""
    parts = [{place} for place in range(len(vectors))]
    for one, other in combinations(range(len(vectors)), 2):
        if float(np.dot(vectors[one].astype(np.float64), vectors[other].astype(np.float64))) >= threshold:
            first = next(part for part in parts if one in part)
            second = next(part for part in parts if other in part)
            if first is not second:
                first |= second
                parts.remove(second)
    return {frozenset(part) for part in parts if len(part) > 1}


def test_it_works() -> None:
    a, b = direction(0), direction(1)
    vectors = np.array([a, b, near(a, 0.95, 2), near(b, 0.5, 3), a, near(near(a, 0.95, 2), 0.95, 4)])
    texts = ["What?", "Else", "What now?", "Other", "what? ", "Why now?"]
    found = alike(texts, vectors)
    # The last is too far from the first, but near to what is near to it.
    assert by_cluster(found) == [[0, 2, 4, 5]]
    assert found.exact.tolist() == [True, False, True, False]
    assert found.similarity == pytest.approx([1, 0.95, 1, 0.95], abs=1e-6)
    assert (found.n_compared, found.n_wordless) == (6, 0)


def test_the_same_text_is_the_same_whatever_its_vectors() -> None:
    found = alike(["A b", "a  B", "a, b!", "?!", "…", "C++", "C#", "C"], random_vectors(8))
    assert by_cluster(found) == [[0, 1]]
    assert found.similarity.tolist() == [1, 1]


def test_texts_without_words_are_compared_by_their_vectors() -> None:
    vectors = np.array([direction(0), near(direction(0), 0.99), direction(1)])
    assert by_cluster(alike(["?!", "…", "!"], vectors)) == [[0, 1]]


def test_nothing_is_found_among_nothing() -> None:
    assert len(alike([], np.zeros((0, 4), dtype=np.float32)).place) == 0
    assert len(alike(["one"], random_vectors(1)).place) == 0


@pytest.mark.parametrize("threshold", [0.0, -1.0, 1.5])
def test_a_threshold_out_of_range_is_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match="threshold"):
        alike(["a"], random_vectors(1), threshold)


@given(st.integers(0, 40), st.integers(2, 5), st.floats(0.3, 0.95), st.integers(0, 10_000))
def test_clusters_are_those_of_all_pairs(n: int, dimensions: int, threshold: float, seed: int) -> None:
    vectors = random_vectors(n, dimensions, seed)
    cosines = vectors.astype(np.float64) @ vectors.T
    if (np.abs(cosines - threshold) < 1e-5).any():  # there two ways to round may differ
        return
    found = alike([f"text {place}" for place in range(n)], vectors, threshold)
    assert {frozenset(part) for part in by_cluster(found)} == slow_clusters(vectors, threshold)
    np.fill_diagonal(cosines, -1)
    assert found.similarity == pytest.approx(cosines.max(axis=1, initial=-1)[found.place], abs=1e-6)


@pytest.mark.parametrize(("block", "columns"), [(1, 1), (3, 2), (7, 100)])
def test_blocks_do_not_matter(monkeypatch: pytest.MonkeyPatch, block: int, columns: int) -> None:
    vectors = random_vectors(50, 4)
    whole = exact_links(vectors, 0.7, no_beat)
    monkeypatch.setattr(neighbours, "BLOCK", block)
    monkeypatch.setattr(neighbours, "COLUMNS", columns)
    parts = exact_links(vectors, 0.7, no_beat)
    assert parts_of(50, parts.one, parts.other) == parts_of(50, whole.one, whole.other)
    assert parts.strongest == pytest.approx(whole.strongest, abs=1e-6)


@given(st.integers(2, 12), st.data())
def test_fewer_links_connect_the_same(n: int, data: st.DataObject) -> None:
    place = st.integers(0, n - 1)
    links = data.draw(st.lists(st.tuples(place, place), min_size=n + 1, max_size=60))
    one, other = (np.array(ends) for ends in zip(*links, strict=True))
    fewer = thinned(n, one, other)
    assert len(fewer[0]) <= n
    assert parts_of(n, *fewer) == parts_of(n, one, other)


def parts_of(n: int, one: neighbours.IntArray, other: neighbours.IntArray) -> list[int]:
    part = list(range(n))
    for _ in range(n):
        for first, second in zip(one.tolist(), other.tolist(), strict=True):
            part[first] = part[second] = min(part[first], part[second])
    return part


def test_the_nearest_others_are_those_of_sorting() -> None:
    vectors = random_vectors(120, 6)
    at = np.arange(0, 120, 2)
    cosines = vectors[at].astype(np.float64) @ vectors.T
    cosines[np.arange(len(at)), at] = -2
    assert nearest(vectors, at, 5) == pytest.approx(np.sort(cosines, axis=1)[:, :-6:-1], abs=1e-6)


def test_recall_counts_neighbours_as_near_as_the_last() -> None:
    exact = np.array([[0.9, 0.8, 0.8], [0.7, 0.6, 0.5]])
    found = np.array([[0.9, 0.8, 0.8], [0.7, 0.4, np.nan]])
    assert n_recalled(exact, exact) == 6
    assert n_recalled(exact, found) == 4
    assert n_recalled(exact, np.full((2, 3), np.nan)) == 0


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 1000))
def test_the_nearest_test_is_that_of_all(n: int, n_tests: int, seed: int) -> None:
    vectors, tests = random_vectors(n, 5, seed), random_vectors(n_tests, 5, seed + 1)
    slow = [max([float(np.dot(one, other)) for other in tests], default=-1.0) for one in vectors]
    cosine, place = largest_cosine(vectors, tests)
    assert cosine == pytest.approx(slow, abs=1e-6)
    if n_tests:
        assert np.sum(vectors * tests[place], axis=1) == pytest.approx(slow, abs=1e-6)
    else:
        assert (place == -1).all()


def test_a_pair_goes_for_its_first_reason() -> None:
    cosine = np.array([0.95, 0.9, 0.2, np.nan, 0.99])
    asked = np.array([True, True, True, True, False])
    sets, names = np.array([1, 0, 0, 0, 1]), ["of one", "of two"]
    cut = far_from_tests(cosine, asked, sets, names, 0.9, is_complete=True, keep_missing=False)
    assert cut.counts() == {
        "as near as 0.9 to an eval prompt of one": 1,
        "as near as 0.9 to an eval prompt of two": 1,
        "no embedding of the prompt": 1,
    }
    assert cut.keep.tolist() == [False, False, True, False, True]
    assert cut.values is not None
    assert np.isnan(cut.values).tolist() == [False, False, False, True, True]
    cut = far_from_tests(cosine, asked, sets, names, 0.9, is_complete=False, keep_missing=False)
    assert cut.counts()["no embedding of an eval prompt"] == 1
    cut = far_from_tests(cosine, asked, sets, names, 0.9, is_complete=False, keep_missing=True)
    assert cut.keep.tolist() == [False, False, True, True, True]
