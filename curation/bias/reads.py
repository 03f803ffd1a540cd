"""What a bias report reads of a version: numbers of all rows by COPY, texts of a sample as a stream."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curation.algorithms.decontamination import user_text
from curation.bulk import copy_out
from curation.models import DatasetVersion, Prompt, Response, Sampler

IntArray = npt.NDArray[np.int64]

CHUNK = 1000
PROMPT_CHARACTERS = 4000  # of each prompt; a pasted book must not fill the memory
PEOPLE = "people"
COLUMNS = [
    ("pair", "i8"), ("prompt", "i8"), ("chosen", "i8"), ("rejected", "i8"), ("chosen_sampler", "i8"),
    ("rejected_sampler", "i8"), ("chosen_chars", "i8"), ("rejected_chars", "i8"), ("a_is_chosen", "i2"),
    ("is_train", "i2"), ("margin", "f8"), ("soft_label", "f8"),
]  # fmt: skip
ROWS = """
SELECT pair.id, pair.prompt_id, entry.chosen_id, entry.rejected_id,
    coalesce(chosen.sampler_id, 0)::int8, coalesce(rejected.sampler_id, 0)::int8,
    length(chosen.text)::int8, length(rejected.text)::int8,
    (pair.response_a_id = entry.chosen_id)::int::int2, (entry.split = 'train')::int::int2,
    entry.margin, entry.soft_label
FROM curation_datasetrow entry
JOIN curation_pair pair ON pair.id = entry.pair_id
JOIN curation_response chosen ON chosen.id = entry.chosen_id
JOIN curation_response rejected ON rejected.id = entry.rejected_id
WHERE entry.version_id = %s
ORDER BY entry.position
"""


@dataclass(frozen=True)
class VersionRows:
    """All rows of a version: `table` has COLUMNS; the models of both sides are places in `models`."""

    table: npt.NDArray[np.void]
    chosen_model: IntArray
    rejected_model: IntArray
    models: list[str]

    def __len__(self) -> int:
        return len(self.table)


def read_rows(version: DatasetVersion) -> VersionRows:
    table = copy_out(ROWS, [version.pk], COLUMNS)
    samplers = Sampler.objects.filter(project=version.project_id).order_by("id")
    known = list(samplers.values_list("id", "model_name"))
    # Samplers of one model, with other parameters or revisions, are one source; 0 is whoever is no model.
    names = {name: place for place, name in enumerate(dict.fromkeys(name for _, name in known), start=1)}
    ids = np.array([0, *(pk for pk, _ in known)], dtype=np.int64)
    places = np.array([0, *(names[name] for _, name in known)], dtype=np.int64)
    chosen, rejected = (
        places[np.searchsorted(ids, table[side])] for side in ("chosen_sampler", "rejected_sampler")
    )
    return VersionRows(table, chosen, rejected, [PEOPLE, *names])


def response_texts(ids: IntArray) -> Iterator[str]:
    """The texts of the responses, in the order of `ids`, which must ascend."""
    for start in range(0, len(ids), CHUNK):
        some = Response.objects.filter(pk__in=ids[start : start + CHUNK].tolist())
        yield from some.order_by("id").values_list("text", flat=True)


def prompt_texts(ids: IntArray) -> list[str]:
    """What the user says in each prompt, as far as PROMPT_CHARACTERS; `ids` must ascend."""
    texts: list[str] = []
    for start in range(0, len(ids), CHUNK):
        some = Prompt.objects.filter(pk__in=ids[start : start + CHUNK].tolist()).order_by("id")
        texts += [
            user_text(messages)[:PROMPT_CHARACTERS] for messages in some.values_list("messages", flat=True)
        ]
    return texts


def sampled(ids: IntArray, most: int, seed: int = 0) -> IntArray:
    """At most so many of them, in their order, drawn without favour."""
    if len(ids) <= most:
        return ids
    return np.sort(np.random.default_rng(seed).choice(ids, size=most, replace=False))
