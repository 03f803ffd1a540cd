"""How fast, and in how much memory, near duplicates among many prompts are found.

    python -m benchmarks.near_duplicates [--prompts 100000] [--baseline 5000]

A tenth of the prompts are edits of another, a fiftieth copies but for case. The baseline in the same run is
the loop that datasketch's documentation shows, which hashes each n-gram as bytes and asks for each text in
turn, on the first prompts only.
"""

from __future__ import annotations

import argparse

import numpy as np
from datasketch import MinHash, MinHashLSH

from benchmarks.agreement import measure
from curation.algorithms.near_duplicates import N_HASHES, THRESHOLD, N, find_clusters, signed_tokens

VOCABULARY = 30_000


def draw_prompts(n: int) -> list[str]:
    """Texts of 10 to 120 words drawn as in Zipf's law; edits change one word in thirty."""
    draw = np.random.default_rng(11)
    weight = 1 / np.arange(1, VOCABULARY + 1)
    texts: list[list[str]] = []
    words = draw.choice(VOCABULARY, size=130 * n, p=weight / weight.sum())
    for number in range(n):
        kind = draw.random()
        if texts and kind < 0.12:
            text = list(texts[int(draw.integers(len(texts)))])
            if kind < 0.1:
                for at in draw.integers(len(text), size=max(len(text) // 30, 1)):
                    text[at] = f"w{draw.integers(VOCABULARY)}"
            else:
                text[0] = text[0].upper()
        else:
            size = int(draw.integers(10, 121))
            text = [f"w{word}" for word in words[130 * number : 130 * number + size]]
        texts.append(text)
    return [" ".join(text) for text in texts]


def as_documented(texts: list[str]) -> str:
    """MinHash and LSH as datasketch's documentation shows them; candidates are not verified."""
    lsh = MinHashLSH(threshold=THRESHOLD, num_perm=N_HASHES)
    signatures = []
    for place, text in enumerate(texts):
        words = signed_tokens(text)
        signature = MinHash(num_perm=N_HASHES)
        for at in range(max(len(words) - N + 1, 1)):
            signature.update(" ".join(words[at : at + N]).encode())
        lsh.insert(place, signature)
        signatures.append(signature)
    return f"{sum(len(lsh.query(signature)) > 1 for signature in signatures):,} texts have a candidate"


def ours(texts: list[str]) -> str:
    found = find_clusters(texts)
    n_clusters = len(np.unique(found.cluster))
    return f"{len(found.place):,} texts in {n_clusters:,} clusters, {int(found.exact.sum()):,} exact"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--prompts", type=int, default=100_000)
    parser.add_argument("--baseline", type=int, default=5_000)
    given = parser.parse_args()
    texts = draw_prompts(given.prompts)
    some = texts[: given.baseline]
    print(f"{len(texts):,} prompts of {np.mean([len(text.split()) for text in texts]):.0f} words\n")
    seconds, _ = measure(f"clusters, {len(texts):,}", lambda: ours(texts))
    measure(f"clusters, {len(some):,}", lambda: ours(some))
    naive, _ = measure(f"as documented, {len(some):,}", lambda: as_documented(some))
    ratio = (naive / len(some)) / (seconds / len(texts))
    print(f"\nper prompt, the clusters take 1/{ratio:.1f} of the time of the documented loop")


if __name__ == "__main__":
    main()
