"""Near duplicates by meaning: clusters of prompts whose embeddings are close, as the rows to store."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from curation.algorithms.decontamination import user_text
from curation.algorithms.neighbours import Links, Vectors, exact_links, find_alike
from curation.cleaning import Beat, Found, cluster_rows, included_prompts, n_excluded
from curation.embeddings import prompt_vectors
from curation.models import CleaningReport, Embedder
from curation.neighbour_index import index_links

# Where building an index and asking it for each prompt takes as long as to compare all with all, or nearly
# (`python -m benchmarks.embeddings`).
EXACT_UP_TO = 200_000


def find_neighbours(report: CleaningReport, beat: Beat) -> Found:
    """Clusters among the prompts that are not excluded and that the report's embedder has embedded."""
    ids, texts, vectors, n_lacking = _embedded_prompts(report, beat)
    by_index = uses_index(report.params["search"], len(ids))
    check: dict[str, int] = {}

    def search(unique: Vectors, threshold: float, beat: Beat) -> Links:
        if not by_index or len(unique) < 2:
            return exact_links(unique, threshold, beat)
        links, checked = index_links(unique, threshold, beat)
        check.update(asdict(checked))
        return links

    found = find_alike(texts, vectors, threshold=report.params["threshold"], search=search, beat=beat)
    counts = {"lacking": n_lacking, "excluded": n_excluded(report.project), **check}
    return cluster_rows(found, ids, counts)


def uses_index(search: str, n: int) -> bool:
    """Whether a search of this kind among n prompts goes by the index."""
    return search == "index" or (search == "auto" and n > EXACT_UP_TO)


def _embedded_prompts(report: CleaningReport, beat: Beat) -> tuple[list[int], list[str], Any, int]:
    """(ids, texts, vectors as rows, how many included prompts have no embedding)."""
    embedder = Embedder.objects.get(pk=report.params["embedder"], project=report.project)
    embedded, vectors = prompt_vectors(embedder)
    beat()
    known = set(embedded.tolist())
    ids, texts, n_lacking = [], [], 0
    for prompt, messages in included_prompts(report.project, beat):
        if prompt in known:
            ids.append(prompt)
            texts.append(user_text(messages))
        else:
            n_lacking += 1
    return ids, texts, vectors[np.isin(embedded, np.array(ids, dtype=np.int64))], n_lacking
