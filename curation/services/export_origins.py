"""What is behind the pairs of a dataset version: prompt, responses, and the judgments it was frozen with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC
from itertools import islice
from typing import Any

from django.db.models import QuerySet

from curation.attributes import attributes_translate, responses_named
from curation.exporters.base import TrainingRow
from curation.exporters.origin import Origin, Said, first_is_chosen
from curation.importers.datasets.record import IMPORTED, PEOPLE
from curation.models import DatasetVersion, Judgment, Pair, Project, Rater, RaterExclusion, Response
from curation.models.judgments import Side

CHUNK = 500  # rows whose judgments are in memory together
PSEUDONYM = re.compile(r"person-[1-9][0-9]*")


def with_origins(version: DatasetVersion, rows: Iterable[TrainingRow]) -> Iterator[TrainingRow]:
    """Each row with what is behind it, in memory that does not grow with the rows."""
    frozen = Frozen.of(version)
    remaining = iter(rows)
    while chunk := list(islice(remaining, CHUNK)):
        origins = _origins(frozen, chunk)
        for row in chunk:
            yield replace(row, origin=origins[row.pair_id])


def pseudonyms(project: Project) -> dict[int, str]:
    """What an export calls each person who rates: by the order in which they came, so that later ones
    change nothing. Someone who came with an export under such a name keeps it, unless it was given away."""
    names: dict[int, str] = {}
    taken: set[str] = set()
    raters = Rater.objects.filter(project=project, kind=Rater.Kind.PERSON).order_by("id")
    for number, (pk, user, label) in enumerate(raters.values_list("pk", "user", "label"), start=1):
        name = label if user is None and PSEUDONYM.fullmatch(label) else f"person-{number}"
        while name in taken:
            number += 1  # noqa: PLW2901 -- the next that is free
            name = f"person-{number}"
        taken.add(name)
        names[pk] = name
    return names


@dataclass(frozen=True)
class Frozen:
    """What decides which judgments count for a version, and what their raters are called."""

    version: DatasetVersion
    names: Mapping[int, str]
    excluded: frozenset[int]

    @classmethod
    def of(cls, version: DatasetVersion) -> Frozen:
        standing = RaterExclusion.objects.standing_for(version)
        return cls(version, pseudonyms(version.project), frozenset(standing.values_list("rater", flat=True)))

    def judgments(self) -> QuerySet[Judgment]:
        """Those that were there."""
        return Judgment.objects.known_to(self.version).order_by("id").select_related("rater")


def _origins(frozen: Frozen, rows: list[TrainingRow]) -> dict[int, Origin]:
    ids = [row.pair_id for row in rows]
    said: dict[int, dict[int, Judgment]] = {}
    for judgment in frozen.judgments().filter(pair__in=ids):
        said.setdefault(judgment.pair_id, {})[judgment.pk] = judgment
    pairs = Pair.objects.with_texts().in_bulk(ids)
    others = _others(pairs.values(), said)
    return {
        row.pair_id: _origin(row, pairs[row.pair_id], said.get(row.pair_id, {}), others, frozen)
        for row in rows
    }


def _others(pairs: Iterable[Pair], said: Mapping[int, Mapping[int, Judgment]]) -> dict[int, Response]:
    """The responses of no pair here that others edit, however far back, or that answers name."""
    found = {one.pk: one for pair in pairs for one in (pair.response_a, pair.response_b)}
    named = {pk for of in said.values() for one in of.values() for pk in responses_named(one.attributes)}
    wanted = named | {one.edited_from_id for one in found.values() if one.edited_from_id}
    while missing := wanted - found.keys():
        new = Response.objects.select_related("sampler").in_bulk(missing)
        found |= new
        wanted = {one.edited_from_id for one in new.values() if one.edited_from_id}
    return found


def _origin(
    row: TrainingRow,
    pair: Pair,
    said: Mapping[int, Judgment],
    responses: Mapping[int, Response],
    frozen: Frozen,
) -> Origin:
    first = first_is_chosen(row.chosen, row.rejected)
    turned = (pair.response_a.text == row.chosen) != first
    two = (pair.response_b, pair.response_a) if turned else (pair.response_a, pair.response_b)
    corrected = {one.supersedes_id for one in said.values()}
    standing = [
        one
        for one in said.values()
        if one.pk not in corrected
        and one.outcome != Judgment.Outcome.WITHDRAWN
        and one.rater_id not in frozen.excluded
    ]
    chains = [_chain(one, said) for one in standing]
    places = _places(two, [one for chain in chains for one in chain], responses)
    told = _Teller(frozen.names, turned, places)
    return Origin(
        chosen=1 if first else 2,
        prompt={
            "language": pair.prompt.language,
            "tags": pair.prompt.tags,
            "metadata": pair.prompt.metadata,
        },
        responses=tuple(_response(responses[pk], place, places) for pk, place in places.items()),
        judgments=tuple(told.answer(chain) for chain in chains),
    )


def _chain(judgment: Judgment, said: Mapping[int, Judgment]) -> list[Judgment]:
    """The answers that this one corrects, oldest first, and itself."""
    chain = [judgment]
    while (before := said.get(chain[-1].supersedes_id or 0)) is not None:
        chain.append(before)
    return chain[::-1]


def _places(
    two: tuple[Response, Response], said: list[Judgment], responses: Mapping[int, Response]
) -> dict[int, int]:
    """Where each response stands in the row, from 1: the pair's, then those that answers name and edits
    come from."""
    order = [*(one.pk for one in two), *(pk for one in said for pk in responses_named(one.attributes))]
    places: dict[int, int] = {}
    for pk in order:  # it grows while it is read: edits of edits
        if pk not in places:
            places[pk] = len(places) + 1
            order += filter(None, [responses[pk].edited_from_id])
    return places


def _response(response: Response, place: int, places: Mapping[int, int]) -> dict[str, Any]:
    """As the file has it. An imported response is known by its text: its number is the order of arrival."""
    sampler = response.sampler
    if sampler is not None and (sampler.backend, sampler.model_name) == (IMPORTED.backend, PEOPLE):
        sampler = None
    found: dict[str, Any] = {
        "by": "person" if sampler is None else "model",
        "finish_reason": response.finish_reason,
        "n_tokens": response.n_tokens,
        "seed": response.seed,
        "segments": response.segments,
        "metadata": response.metadata or None,
        "edited_from": places[response.edited_from_id] if response.edited_from_id else None,
    }
    if place > 2:
        found["text"] = response.text
    if sampler is not None:
        found |= {
            "model": sampler.model_name,
            "revision": sampler.revision,
            "backend": sampler.backend,
            "params": sampler.params,
            "template_hash": sampler.template_hash,
            "sample_index": None if sampler.backend == IMPORTED.backend else response.sample_index,
        }
    return found


@dataclass(frozen=True)
class _Teller:
    names: Mapping[int, str]
    turned: bool
    places: Mapping[int, int]

    def answer(self, chain: list[Judgment]) -> Said:
        """The last of the chain, with the earlier ones."""
        *earlier, last = map(self._said, chain)
        return replace(last, earlier=tuple(earlier))

    def _said(self, judgment: Judgment) -> Said:
        rater = judgment.rater
        left_is_first = (judgment.left == Side.A) != self.turned
        return Said(
            rater=self.names.get(rater.pk, rater.label),
            kind=rater.kind,
            left=1 if left_is_first else 2,
            outcome=judgment.outcome,
            source=judgment.source,
            created_at=judgment.created_at.astimezone(UTC).isoformat(),
            preference=judgment.preference,
            probability=judgment.probability,
            attributes=attributes_translate(judgment.attributes, turned=self.turned, responses=self.places),
            rationale=judgment.rationale,
            skip_reason=judgment.skip_reason,
            duration_ms=judgment.duration_ms,
            guideline=judgment.guideline,
        )
