"""What a cleaning report finds in a project, as the rows to store. Texts are read as a stream."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from curation.algorithms.decontamination import user_text
from curation.algorithms.near_duplicates import find_clusters
from curation.models import CleaningReport, Prompt

CHUNK = 5000
Beat = Callable[[], None]


@dataclass(frozen=True)
class Found:
    """`counts` for the report, and `rows` of a table, without the report's id in their first place."""

    counts: dict[str, int]
    table: str
    columns: tuple[str, ...]
    rows: Iterable[tuple[Any, ...]]


def find_duplicates(report: CleaningReport, beat: Beat) -> Found:
    """Clusters among the prompts that are not excluded, by what users say in them."""
    prompts = Prompt.objects.filter(project=report.project_id).order_by("id")
    ids, texts = [], []
    for pk, messages in prompts.included().values_list("id", "messages").iterator(chunk_size=CHUNK):
        ids.append(pk)
        texts.append(user_text(messages))
    beat()
    found = find_clusters(texts, n=report.params["n"], threshold=report.params["threshold"], beat=beat)
    n_clusters = len(np.unique(found.cluster))
    places = np.array(ids, dtype=np.int64)[found.place]
    return Found(
        counts={
            "compared": found.n_compared,
            "wordless": found.n_wordless,
            "excluded": prompts.count() - len(ids),
            "clusters": n_clusters,
            "members": len(places),
            "exact": int(found.exact.sum()),
            "to_exclude": len(places) - n_clusters,
        },
        table="curation_duplicatemember",
        columns=("cluster", "prompt_id", "similarity", "exact"),
        rows=zip(
            (found.cluster + 1).tolist(),
            places.tolist(),
            found.similarity.tolist(),
            found.exact.tolist(),
            strict=True,
        ),
    )
