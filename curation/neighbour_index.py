"""Nearest neighbours by pgvector's HNSW index, over vectors that PostgreSQL keeps for one search only.

The index lies on a temporary table of a connection of its own: nothing is left when the worker dies, no table
in use is locked, and no index slows down the next import. A temporary table is indexed by one process, which
needs no shared memory: a container with little of it could not build a large index in parallel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from django.db import connection

from curation.algorithms.neighbours import Links, n_recalled, nearest, thinned
from curation.bulk import copy_statement, packed, vector_type

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
Vectors = npt.NDArray[np.float32]
Beat = Callable[[], None]

M, EF_CONSTRUCTION, EF_SEARCH = 16, 64, 100
BEAT_SECONDS = 10
ASKED_TOGETHER = 1000
SAMPLE, NEIGHBOURS = 500, 10
# The graph in memory: a vector, up to 2·M neighbours on its lowest level, and what manages them.
BYTES_BESIDE_VECTOR, SPARE_MB = 1400, 64
MOST_MB = 8192

# A text is its own nearest neighbour.
ASK = """
SELECT asked.place, found.place, found.cosine
FROM neighbour asked CROSS JOIN LATERAL (
    SELECT place, 1 - (vector <=> asked.vector) AS cosine FROM neighbour
    ORDER BY vector <=> asked.vector LIMIT %(limit)s
) found
WHERE asked.place = ANY(%(places)s::bigint[]) AND found.place <> asked.place AND found.cosine >= %(least)s
"""


@dataclass(frozen=True)
class Checked:
    """What an index found of what there is, for a sample of texts: of their nearest neighbours, and of their
    links at or above the threshold."""

    sampled: int
    neighbours: int
    neighbours_found: int
    links: int
    links_found: int


class NeighbourIndex:
    """An index over (n, dimensions) vectors, to be used in a `with` block."""

    def __init__(self, vectors: Vectors, beat: Beat) -> None:
        self._vectors = vectors
        self._beat = beat

    def __enter__(self) -> Self:
        self._connection: Any = connection.get_new_connection(connection.get_connection_params())
        self._connection.autocommit = True
        try:
            self._fill()
        except BaseException:
            self._connection.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def _fill(self) -> None:
        n, dimensions = self._vectors.shape
        rows = np.zeros(n, dtype=np.dtype([("place", "i8"), ("vector", vector_type(dimensions))]))
        rows["place"] = np.arange(n)
        rows["vector"]["dimensions"] = dimensions
        rows["vector"]["values"] = self._vectors
        # Pages of a temporary table are read through these buffers; they must hold the index to be quick.
        self._set("temp_buffers", f"{min(memory_for(n, dimensions), MOST_MB)}MB")
        self._execute(
            f"CREATE TEMPORARY TABLE neighbour (place int8 PRIMARY KEY, vector vector({dimensions}))"
        )
        with self._connection.cursor() as cursor, cursor.copy(copy_statement("neighbour", rows)) as copy:
            for block in packed(rows):
                copy.write(block)
        self._execute("ANALYZE neighbour")

    def build(self, memory_mb: int) -> None:
        """The index, in so much memory: where its graph does not fit, building takes many times as long."""
        self._set("maintenance_work_mem", f"{memory_mb}MB")
        self._while_beating(
            "CREATE INDEX neighbour_hnsw ON neighbour USING hnsw (vector vector_cosine_ops) "
            f"WITH (m = {M}, ef_construction = {EF_CONSTRUCTION})"
        )
        self._set("hnsw.ef_search", str(EF_SEARCH))
        # A scan that has not found enough goes on instead of ending early.
        self._set("hnsw.iterative_scan", "strict_order")
        self._set("enable_seqscan", "off")

    def links(self, threshold: float) -> tuple[IntArray, IntArray, FloatArray]:
        """(one, other, cosine) of every text and those of its EF_SEARCH − 1 nearest at or above the
        threshold; a pair stands there once from each end that found the other."""
        return self.ask(np.arange(len(self._vectors)), EF_SEARCH - 1, threshold)

    def ask(self, places: IntArray, k: int, least: float) -> tuple[IntArray, IntArray, FloatArray]:
        """(one, other, cosine) of the k nearest others of the texts at these places, from `least` on."""
        found: list[tuple[int, int, float]] = []
        for start in range(0, len(places), ASKED_TOGETHER):
            some = places[start : start + ASKED_TOGETHER].tolist()
            found += self._execute(ASK, {"limit": k + 1, "places": some, "least": least})
            self._beat()
        table = np.array(found, dtype=[("one", "i8"), ("other", "i8"), ("cosine", "f8")])
        return table["one"], table["other"], table["cosine"]

    def check(self, one: IntArray, threshold: float) -> Checked:
        """Compare what was found for a sample of texts with exact search; `one` names the first ends of all
        links found."""
        n = len(self._vectors)
        k = min(NEIGHBOURS, n - 1)
        sample = np.sort(np.random.default_rng(0).choice(n, min(SAMPLE, n), replace=False))
        most = min(EF_SEARCH - 1, n - 1)
        exact = nearest(self._vectors, sample, most)
        found = np.full((len(sample), k), np.nan)
        at, _, cosine = self.ask(sample, k, -1.0)
        order = np.argsort(at, kind="stable")
        at, cosine = at[order], cosine[order]
        column = np.arange(len(at)) - np.searchsorted(at, at)
        # Among many that are the same a text may not find itself, and then has one neighbour too many.
        fits = column < k
        found[np.searchsorted(sample, at[fits]), column[fits]] = cosine[fits]
        links = int((exact >= threshold).sum())
        return Checked(
            sampled=len(sample),
            neighbours=len(sample) * k,
            neighbours_found=n_recalled(exact[:, :k], found),
            links=links,
            # At the threshold itself two ways to round may differ.
            links_found=min(int(np.isin(one, sample).sum()), links),
        )

    def on_notice(self, tell: Callable[[str], object]) -> None:
        """Pass on what PostgreSQL remarks, such as that the graph no longer fits in memory."""
        self._connection.add_notice_handler(lambda notice: tell(str(notice.message_primary)))

    @contextmanager
    def without_index(self) -> Iterator[None]:
        """Queries look at every row meanwhile."""
        self._set("enable_indexscan", "off")
        self._set("enable_seqscan", "on")
        yield
        self._set("enable_indexscan", "on")
        self._set("enable_seqscan", "off")

    def _set(self, name: str, value: str) -> None:
        self._execute("SELECT set_config(%s, %s, false)", [name, value])

    def _execute(self, query: str, params: Any = None) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(query, params)
            rows: list[tuple[Any, ...]] = cursor.fetchall() if cursor.description else []
            return rows

    def _while_beating(self, statement: str) -> None:
        """Run one long statement; meanwhile this thread shows signs of life on the connection of its own."""
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(self._execute, statement)
            while not wait([running], BEAT_SECONDS).done:
                self._beat()
            running.result()


def memory_for(n: int, dimensions: int) -> int:
    """Megabytes in which the graph of n vectors fits."""
    return min(SPARE_MB + n * (4 * dimensions + BYTES_BESIDE_VECTOR) // 2**20, MOST_MB)


def index_links(vectors: Vectors, threshold: float, beat: Beat) -> tuple[Links, Checked]:
    """What connects the texts by the index, and how much of it the index found."""
    n = len(vectors)
    with NeighbourIndex(vectors, beat) as index:
        index.build(memory_for(*vectors.shape))
        one, other, cosine = index.links(threshold)
        checked = index.check(one, threshold)
    strongest = np.zeros(n)
    for ends in (one, other):
        np.maximum.at(strongest, ends, cosine)
    return Links(*thinned(n, one, other), np.minimum(strongest, 1.0)), checked
