"""What steps read of a project beside its judgments: numbers by COPY, texts as a stream."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Literal, TypeVar

import numpy as np
from django.db.models import Exists, OuterRef

from curation.algorithms.decontamination import NgramIndex, user_text
from curation.algorithms.filters import FloatArray, IntArray
from curation.algorithms.fingerprints import text_key
from curation.bulk import copy_out
from curation.models import Pair, Project, Prompt, PromptExclusion, Response, Sampler

T = TypeVar("T")
PromptValue = Literal["prompt", "source", "category"]

CHUNK = 5000

# Values as numbers: what they are called does not matter, only which pairs have the same.
PROMPT_VALUES: dict[PromptValue, str] = {
    "prompt": "prompt.id",
    "source": "dense_rank() OVER (ORDER BY prompt.source)",
    "category": "dense_rank() OVER (ORDER BY prompt.category)",
}
RESPONSES = """
SELECT pair.id, first.id, second.id, coalesce(first.sampler_id, 0)::int8, coalesce(second.sampler_id, 0)::int8
FROM curation_pair pair
JOIN curation_prompt prompt ON prompt.id = pair.prompt_id
JOIN curation_response first ON first.id = pair.response_a_id
JOIN curation_response second ON second.id = pair.response_b_id
WHERE prompt.project_id = %s
"""


def prompt_values(project: Project, of: PromptValue) -> tuple[IntArray, IntArray]:
    """(pair ids, a number for the prompt's value of each)."""
    query = f"""
        SELECT pair.id, value.value FROM curation_pair pair
        JOIN (SELECT prompt.id, {PROMPT_VALUES[of]} AS value FROM curation_prompt prompt
              WHERE prompt.project_id = %s) value ON value.id = pair.prompt_id
    """  # noqa: S608 -- only constants of this module go in
    table = copy_out(query, [project.pk], [("pair", "i8"), ("value", "i8")])
    return table["pair"], table["value"]


def prompt_exclusions(project: Project) -> dict[int, str]:
    """The excluded prompts in order of id, and why."""
    standing = PromptExclusion.objects.standing().filter(prompt__project=project).order_by("prompt")
    return dict(standing.values_list("prompt", "reason"))


def pair_responses(project: Project) -> dict[str, IntArray]:
    """`pair`, `a` and `b` (response ids), `a_model` and `b_model`: a number for each model's name, 0 for
    people."""
    columns = [(name, "i8") for name in ("pair", "a", "b", "a_model", "b_model")]
    table = copy_out(RESPONSES, [project.pk], columns)
    samplers = list(Sampler.objects.filter(project=project).order_by("id").values_list("id", "model_name"))
    names = {name: place for place, name in enumerate(dict.fromkeys(name for _, name in samplers), start=1)}
    ids = np.array([0, *(pk for pk, _ in samplers)], dtype=np.int64)
    numbers = np.array([0, *(names[name] for _, name in samplers)], dtype=np.int64)
    found = {name: table[name] for name in ("pair", "a", "b")}
    return found | {name: numbers[np.searchsorted(ids, table[name])] for name in ("a_model", "b_model")}


def response_keys(project: Project) -> tuple[IntArray, IntArray]:
    """(response ids in order, the key of each one's text). Texts are read as a stream and not kept."""
    rows = Response.objects.for_project(project).order_by("id").values_list("id", "text")
    keys = ((pk, text_key(text)) for pk, text in rows.iterator(chunk_size=CHUNK))
    table = np.fromiter(keys, dtype=[("id", "i8"), ("key", "i8")])
    return table["id"], table["key"]


def eval_overlap(project: Project, n: int) -> tuple[IntArray, FloatArray]:
    """(ids of training prompts with pairs, in order; the largest share that each covers of an eval prompt).

    Both are empty where the project has no eval prompts: nothing was tested.
    """
    prompts = Prompt.objects.filter(project=project).order_by("id")
    tests = prompts.filter(split=Prompt.Split.EVAL).values_list("messages", flat=True)
    index = NgramIndex([user_text(messages) for messages in tests.iterator(chunk_size=CHUNK)], n)
    ids: list[int] = []
    shares = [np.zeros(0)]
    if index.n_tests:
        paired = prompts.filter(Exists(Pair.objects.filter(prompt=OuterRef("pk"))), split=Prompt.Split.TRAIN)
        for chunk in _chunks(paired.values_list("id", "messages").iterator(chunk_size=CHUNK)):
            ids += [pk for pk, _ in chunk]
            shares.append(index.overlap(user_text(messages) for _, messages in chunk).share)
    return np.array(ids, dtype=np.int64), np.concatenate(shares)


def _chunks(rows: Iterator[T]) -> Iterator[list[T]]:
    while chunk := list(islice(rows, CHUNK)):
        yield chunk
