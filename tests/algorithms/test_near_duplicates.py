"""Clusters of near duplicates, against all pairs compared as sets."""

from __future__ import annotations

import gzip
import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.algorithms.near_duplicates import (
    ALL_WITH_ALL,
    Clusters,
    Shingles,
    find_clusters,
    signed_tokens,
)

LONG = (
    "Write a short story about a lighthouse keeper who finds a message in a bottle, and let it end on the "
    "morning after the storm, when the ships that were thought lost come home one after another."
)


def by_cluster(found: Clusters) -> list[list[int]]:
    groups: dict[int, list[int]] = {}
    for place, cluster in zip(found.place.tolist(), found.cluster.tolist(), strict=True):
        groups.setdefault(cluster, []).append(place)
    return [groups[cluster] for cluster in sorted(groups)]


def shingle_set(text: str, n: int) -> set[tuple[str, ...]]:
    words = signed_tokens(text)
    return {tuple(words[at : at + n]) for at in range(len(words) - n + 1)} or {tuple(words)}


def jaccard(one: str, other: str, n: int) -> float:
    first, second = shingle_set(one, n), shingle_set(other, n)
    return len(first & second) / len(first | second)


def test_it_works() -> None:
    texts = [
        "What is the capital of France?",
        LONG,
        "something else entirely, with no twin",
        LONG.replace("bottle", "bottle of glass"),
        "what is the capital of  FRANCE?",
        "What is the capital of France",
    ]
    found = find_clusters(texts)
    assert by_cluster(found) == [[0, 4, 5], [1, 3]]
    # The last of three lacks the question mark: near, by all that counts, and not the same.
    assert found.exact.tolist() == [True, True, False, False, False]
    assert found.similarity[:3].tolist() == [1, 1, 1]
    assert found.similarity[3:] == pytest.approx(jaccard(texts[1], texts[3], 3))
    assert (found.n_compared, found.n_wordless) == (6, 0)


def test_texts_without_words_are_like_no_other() -> None:
    found = find_clusters(["", "!?", "…", "word", "Word."])
    assert by_cluster(found) == [[3, 4]]
    assert (found.n_compared, found.n_wordless) == (2, 3)
    assert by_cluster(find_clusters([])) == []
    assert by_cluster(find_clusters(["", " "])) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("What is 2+2?", "What is 2-2?"),
        ("What is 2*(3+4)?", "What is (2*3)+4?"),
        ("Is x > 3", "Is x < 3"),
        ("C++", "C#"),
        ("C", "C++"),
        ("Is 1.5 enough", "Is 1,5 enough"),
        ("Is it $5", "Is it €5"),
        ("x^2", "x*2"),
        ("a-1", "a 1"),
        ("😀", "😡"),
    ],
)
def test_signs_that_mean_something_are_no_punctuation(one: str, other: str) -> None:
    assert by_cluster(find_clusters([one, other])) == []
    found = find_clusters([one, other, f" {one.upper()} "])
    assert by_cluster(found) == [[0, 2]]
    assert found.exact.all()


@pytest.mark.parametrize(
    ("one", "other"),
    [("Sort it", "sort it!"), ("A well-known play", "a well known play"), ("“Hi”, I said", "Hi… I said")],
)
def test_punctuation_alone_makes_texts_near_but_not_the_same(one: str, other: str) -> None:
    found = find_clusters([one, other])
    assert (by_cluster(found), found.similarity.tolist()) == ([[0, 1]], [1, 1])
    assert not found.exact.any()


def test_a_chain_is_one_cluster() -> None:
    words = [f"w{number}" for number in range(60)]
    texts = [" ".join(words[start : start + 40]) for start in (0, 4, 8)]
    threshold = 0.75
    assert jaccard(texts[0], texts[1], 3) >= threshold > jaccard(texts[0], texts[2], 3)
    assert by_cluster(find_clusters(texts, threshold=threshold)) == [[0, 1, 2]]


def test_short_texts_are_compared_whole() -> None:
    assert by_cluster(find_clusters(["Say hi", "say hi!", "hi say", "Say", "Say hi to me"], n=5)) == [[0, 1]]


def test_characters_without_spaces_are_words() -> None:
    one, other = "请用三句话介绍一下长城的历史和文化意义", "请用三句话介绍一下长城的历史和文化意义。"
    assert by_cluster(find_clusters([one, other, "请写一首关于春天的诗"])) == [[0, 1]]
    assert by_cluster(find_clusters([one, one + "吧", "请写一首关于春天的诗"])) == [[0, 1]]


def test_more_than_a_bucket_compares_with_all() -> None:
    stem = [f"w{number}" for number in range(80)]
    texts = [" ".join([*stem, f"end{number}"]) for number in range(3 * ALL_WITH_ALL)]
    texts += ["quite another text " + " ".join(f"v{number}" for number in range(20))]
    assert by_cluster(find_clusters(texts)) == [list(range(3 * ALL_WITH_ALL))]


def test_the_order_of_texts_changes_no_cluster() -> None:
    texts = [LONG, "one two three four five", LONG + " Once more.", "One, two, three, four, five!", "alone"]
    straight = {frozenset(texts[at] for at in group) for group in by_cluster(find_clusters(texts))}
    turned = texts[::-1]
    assert straight == {frozenset(turned[at] for at in group) for group in by_cluster(find_clusters(turned))}


words = st.sampled_from(["a", "b", "c", "d", "e"])
sentences = st.lists(st.lists(words, min_size=1, max_size=9).map(" ".join), min_size=2, max_size=8)


@given(sentences, st.integers(1, 4))
@settings(deadline=None)
def test_the_index_is_that_of_the_sets(texts: list[str], n: int) -> None:
    shingles = Shingles([tuple(signed_tokens(text)) for text in texts], n)
    pairs = np.array(list(combinations(range(len(texts)), 2)), dtype=np.int64)
    found = shingles.jaccard(pairs[:, 0], pairs[:, 1])
    assert found == pytest.approx([jaccard(texts[i], texts[j], n) for i, j in pairs.tolist()])


@given(sentences)
@settings(deadline=None, max_examples=40)
def test_no_cluster_has_a_member_unlike_all_others(texts: list[str]) -> None:
    found = find_clusters(texts, n=2, threshold=0.6)
    for group in by_cluster(found):
        for place in group:
            assert max(jaccard(texts[place], texts[o], 2) for o in group if o != place) >= 0.6


def test_close_pairs_are_found_among_many() -> None:
    draw = np.random.default_rng(3)
    base = [[f"w{word}" for word in draw.integers(4000, size=60)] for _ in range(400)]
    edited = [[*words[:30], "changed", *words[31:]] for words in base]
    texts = [" ".join(words) for words in base + edited]
    index = jaccard(texts[0], texts[400], 3)
    assert 0.85 < index < 0.95
    found = by_cluster(find_clusters(texts))
    assert found == [[number, number + 400] for number in range(400)]


@pytest.mark.parametrize("threshold", [0.5, 0.7])
def test_next_to_nothing_is_missed_among_real_questions(threshold: float) -> None:
    path = Path(__file__).parents[3] / "shared" / "data" / "hh_rlhf" / "harmless-base-test.jsonl.gz"
    if not path.exists():
        pytest.skip("the HH-RLHF dialogues are not beside this checkout")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        texts = [json.loads(line)["chosen"].partition("\n\nAssistant:")[0] for line in file][:1000]
    pairs = list(combinations(range(len(texts)), 2))
    sets = [shingle_set(text, 3) for text in texts]
    index = {(i, j): len(sets[i] & sets[j]) / len(sets[i] | sets[j]) for i, j in pairs}
    near = {pair for pair in pairs if index[pair] >= threshold}
    found = find_clusters(texts, threshold=threshold)
    cluster = dict(zip(found.place.tolist(), found.cluster.tolist(), strict=True))
    missed = {(i, j) for i, j in near if cluster.get(i, -1) != cluster.get(j, -2)}
    assert len(near) > 30
    assert len(missed) <= 0.05 * len(near)
    assert all(index[pair] < threshold + 0.1 for pair in missed)
    assert set(cluster) <= {place for pair in near for place in pair}


def test_parameters_that_mean_nothing_are_refused() -> None:
    for n, threshold in ((0, 0.5), (3, 0.0), (3, 1.1)):
        with pytest.raises(ValueError, match="threshold in"):
            find_clusters(["a"], n=n, threshold=threshold)
