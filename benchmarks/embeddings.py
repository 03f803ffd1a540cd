"""How an HNSW index over real sentence embeddings is built, how much it finds, and how quickly.

    python -m benchmarks.embeddings [--rows 50000] [--data ../shared/data] [--keep D]

Texts are prompts, dialogue turns and the sentences of responses of AlpacaEval, HH-RLHF and Fine-Grained RLHF,
each once, as the worker embeds them; that takes some minutes on a CPU. Where the data are absent it ends and
says so. Everything is asked of the code that cleaning uses, on an embedded PostgreSQL of its own. `--keep D`
leaves the embeddings for another run. The baseline is exact search, by numpy and by PostgreSQL without index.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from curation.neighbour_index import NeighbourIndex

Vectors = npt.NDArray[np.float32]

DEFAULT_MB = 64  # PostgreSQL's maintenance_work_mem unless it is told otherwise
ASKED, EXACTLY_ASKED, NEIGHBOURS = 1000, 50, 10
THRESHOLD = 0.9
END_OF_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
SHORTEST = 20  # characters of a sentence worth comparing


def real_texts(data: Path) -> Iterator[str]:
    """Prompts, turns and sentences in the order of the files; some come again."""
    prompts = data / "alpaca_eval" / "prompts.jsonl"
    yield from (json.loads(line)["prompt"] for line in prompts.read_text(encoding="utf-8").splitlines())
    with gzip.open(data / "hh_rlhf" / "harmless-base-test.jsonl.gz", "rt", encoding="utf-8") as file:
        for line in file:
            for side in json.loads(line).values():
                yield from re.split(r"\n\n(?:Human|Assistant): ", side)
    for answer in json.loads((data / "fine_grained_rlhf" / "dev_feedback.json").read_text(encoding="utf-8")):
        yield answer["question"]
        yield from (sentence for passage in answer["passages"] for sentence in passage)
    for path in sorted((data / "alpaca_eval" / "responses").glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for line in file:
                yield from END_OF_SENTENCE.split(json.loads(line)["response"])


def distinct(texts: Iterator[str], rows: int) -> list[str]:
    """At most so many of them, each once, drawn without favour."""
    known = list(dict.fromkeys(text.strip() for text in texts if len(text.strip()) >= SHORTEST))
    at = np.random.default_rng(0).permutation(len(known))[:rows]
    return [known[place] for place in np.sort(at).tolist()]


def embedded(texts: list[str], folder: Path, python: str) -> Vectors:
    """What the worker makes of them; one that was stopped goes on."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = (json.dumps({"key": str(place), "text": text}) for place, text in enumerate(texts))
    (folder / "texts.jsonl").write_text("\n".join(rows), encoding="utf-8")
    (folder / "spec.json").write_text('{"texts": "texts.jsonl"}', encoding="utf-8")
    out = folder / f"out-{len(texts)}"
    worker = [python, "-m", "trainer_bridge.workers.embed_texts", "--spec", str(folder / "spec.json")]
    subprocess.run([*worker, "--out", str(out)], check=True)
    with (out / "embeddings.jsonl").open(encoding="utf-8") as file:
        found = {int(row["key"]): row["vector"] for row in map(json.loads, file)}
    parts = (np.frombuffer(base64.b64decode(found[place]), dtype="<f4") for place in range(len(texts)))
    return np.stack(list(parts))


def timed(name: str, run: Any, per: int = 0) -> Any:
    """Run once and print a row, with how many a second where `per` things were done."""
    began = time.perf_counter()
    result = run()
    seconds = time.perf_counter() - began
    print(f"{name:<58}{seconds:>9.2f} s{f'{per / seconds:>11,.0f} a second' if per else ''}", flush=True)
    return result


def build(index: NeighbourIndex, memory_mb: int) -> None:
    notices: list[str] = []
    index.on_notice(notices.append)
    timed(f"index, maintenance_work_mem {memory_mb} MB", lambda: index.build(memory_mb))
    for notice in notices:
        print(f"    {notice}")


def ask(index: NeighbourIndex, vectors: Vectors) -> None:
    """Queries a second and recall, by the index and without it."""
    from curation.algorithms.neighbours import nearest

    sample = np.sort(np.random.default_rng(1).choice(len(vectors), min(ASKED, len(vectors)), replace=False))
    timed(f"{NEIGHBOURS} nearest by the index", lambda: index.ask(sample, NEIGHBOURS, -1.0), len(sample))
    timed(f"{NEIGHBOURS} nearest exactly, numpy", lambda: nearest(vectors, sample, NEIGHBOURS), len(sample))
    with index.without_index():
        few = sample[:EXACTLY_ASKED]
        timed(f"{NEIGHBOURS} nearest exactly, PostgreSQL", lambda: index.ask(few, NEIGHBOURS, -1.0), len(few))


def search(index: NeighbourIndex, vectors: Vectors) -> None:
    """A whole search for near duplicates, both ways."""
    from curation.algorithms.neighbours import exact_links

    n = len(vectors)
    one, _, _ = timed("near duplicates of all by the index", lambda: index.links(THRESHOLD), n)
    timed("near duplicates of all exactly, numpy", lambda: exact_links(vectors, THRESHOLD, lambda: None), n)
    checked = index.check(one, THRESHOLD)
    print(
        f"\nrecall@{NEIGHBOURS} {checked.neighbours_found / checked.neighbours:.4f}, "
        f"of near duplicates {checked.links_found} of {checked.links}, among {checked.sampled} texts"
    )


def run(rows: int, data: Path, folder: Path) -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.db import connection

    from curation.neighbour_index import NeighbourIndex, memory_for

    texts = distinct(real_texts(data), rows)
    print(f"{len(texts):,} texts of {np.mean([len(text) for text in texts]):.0f} characters\n")
    vectors = timed(
        "embedded (0 s where they were kept)", lambda: embedded(texts, folder, settings.ML_PYTHON), len(texts)
    )
    connection.cursor().execute("CREATE EXTENSION IF NOT EXISTS vector")
    with NeighbourIndex(vectors, lambda: None) as index:
        build(index, DEFAULT_MB)
    with NeighbourIndex(vectors, lambda: None) as index:
        build(index, memory_for(*vectors.shape))
        ask(index, vectors)
        search(index, vectors)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    if not (given.data / "alpaca_eval").is_dir():
        sys.exit(f"No data in {given.data}: give the folder of alpaca_eval, hh_rlhf, fine_grained_rlhf.")
    from config.services import start_postgres

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
    os.environ["BROKER_URL"] = "memory://"
    with tempfile.TemporaryDirectory(prefix="tiebreak-embeddings-") as temporary:
        os.environ["DATABASE_URL"] = start_postgres(Path(temporary) / "postgres")
        run(given.rows, given.data, given.keep or Path(temporary))


if __name__ == "__main__":
    main()
