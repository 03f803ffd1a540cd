"""What a cleaning report finds in a project, as the rows to store. Texts are read as a stream."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from curation.algorithms.decontamination import user_text, whole_text
from curation.algorithms.near_duplicates import Clusters, find_clusters
from curation.algorithms.patterns import SCRIPT, find_patterns, main_script, masked
from curation.models import CleaningReport, Project, Prompt, Response

CHUNK = 5000
Beat = Callable[[], None]
Finding = tuple[int, int | None, str, str, int]  # prompt, response, kind, masked, how many


@dataclass(frozen=True)
class Found:
    """`counts` for the report, and `rows` of a table, without the report's id in their first place."""

    counts: dict[str, int]
    table: str
    columns: tuple[str, ...]
    rows: Iterable[tuple[Any, ...]]


def find_duplicates(report: CleaningReport, beat: Beat) -> Found:
    """Clusters among the prompts that are not excluded, by what users say in them."""
    ids, texts = [], []
    for prompt, messages in included_prompts(report.project, beat):
        ids.append(prompt)
        texts.append(user_text(messages))
    beat()
    found = find_clusters(texts, n=report.params["n"], threshold=report.params["threshold"], beat=beat)
    read = {"wordless": found.n_wordless, "excluded": n_excluded(report.project)}
    return cluster_rows(found, ids, read)


def cluster_rows(found: Clusters, ids: Sequence[int], counts: dict[str, int]) -> Found:
    """Clusters of the prompts with these ids, with what else was counted."""
    n_clusters = len(np.unique(found.cluster))
    places = np.array(ids, dtype=np.int64)[found.place]
    return Found(
        counts={
            "compared": found.n_compared,
            **counts,
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


def find_personal_data(report: CleaningReport, beat: Beat) -> Found:
    """Patterns in prompts that are not excluded and in their responses, and prompts in another script than
    most."""
    rows: list[Finding] = []
    scripts: dict[int, tuple[str, float]] = {}
    n_prompts = n_responses = 0
    for prompt, messages in included_prompts(report.project, beat):
        n_prompts += 1
        text = whole_text(messages)
        rows += _matches(prompt, None, text)
        scripts[prompt] = main_script(text)
    for response, prompt, text in _responses(report.project, beat):
        n_responses += 1
        rows += _matches(prompt, response, text)
    rows += _other_scripts(scripts)
    by_kind = Counter(kind for _, _, kind, _, _ in rows)
    read = {"prompts": n_prompts, "responses": n_responses, "excluded": n_excluded(report.project)}
    return Found(
        counts={**read, **by_kind},
        table="curation_patternfinding",
        columns=("prompt_id", "response_id", "kind", "masked", "n"),
        rows=sorted(rows, key=lambda row: (row[0], row[1] or 0, row[2])),
    )


def n_excluded(project: Project) -> int:
    """Prompts under a standing exclusion."""
    return Prompt.objects.filter(project=project).excluded().count()


def included_prompts(project: Project, beat: Beat, *more: str) -> Iterator[tuple[Any, ...]]:
    """(id, messages, what else is asked for) of the prompts that are not excluded, in order of id."""
    prompts = Prompt.objects.filter(project=project).included().order_by("id")
    rows = prompts.values_list("id", "messages", *more)
    for place, row in enumerate(rows.iterator(chunk_size=CHUNK)):
        if place % CHUNK == 0:
            beat()
        yield row


def _responses(project: Project, beat: Beat) -> Iterator[tuple[int, int, str]]:
    included = Prompt.objects.filter(project=project).included()
    responses = Response.objects.filter(prompt__in=included).order_by("id")
    rows = responses.values_list("id", "prompt", "text").iterator(chunk_size=CHUNK)
    for place, row in enumerate(rows):
        if place % CHUNK == 0:
            beat()
        yield row


def _matches(prompt: int, response: int | None, text: str) -> Iterator[Finding]:
    """One row for each kind in the text: its first match, masked, and how many there are."""
    found = find_patterns(text)
    counts = Counter(match.kind for match in found)
    for match in found:
        if n := counts.pop(match.kind, 0):
            yield prompt, response, match.kind, masked(match.kind, text[match.start : match.end])[:80], n


def _other_scripts(scripts: dict[int, tuple[str, float]]) -> Iterator[Finding]:
    """Prompts whose main script is not the one that most prompts have; those without letters have none."""
    counts = Counter(script for script, _ in scripts.values() if script)
    usual = counts.most_common(1)[0][0] if counts else ""
    for prompt, (script, share) in scripts.items():
        if script not in {"", usual}:
            yield prompt, None, SCRIPT, f"{script}, {share:.0%} of the letters", 1
