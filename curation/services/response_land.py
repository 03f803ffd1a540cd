"""Store the responses that a file brings, each once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from curation.algorithms.fingerprints import canonical_json
from curation.bulk import copy_in, next_ids
from curation.importers.datasets.record import IMPORTED, PEOPLE, Answer
from curation.models import Project, Response
from curation.services.preference_parse import ParsedPreference
from curation.services.prompt_parse import storable_json
from curation.services.sampler_get import sampler_get_or_create

Draw = tuple[int, int, str, int | None]  # prompt, sampler, text hash, the sample's number where it is stated
Settings = tuple[
    str, str
]  # a model's name, and the rest of its settings as JSON; empty where none are stated

COLUMNS = [
    "id", "prompt_id", "sampler_id", "edited_from_id", "sample_index", "text", "text_hash", "finish_reason",
    "n_tokens", "seed", "segments", "metadata", "created_at",
]  # fmt: skip
# What is here stands: only keys that the response does not have are added, and none to the response of a
# dataset version, whose exports must not change.
ADD_METADATA = """
UPDATE curation_response AS here SET metadata = said.metadata || coalesce(here.metadata, '{}')
FROM (
    SELECT id, metadata::jsonb AS metadata FROM unnest(%s::int8[], %s::text[]) AS given (id, metadata)
) AS said
WHERE here.id = said.id
AND NOT coalesce(here.metadata, '{}') ?& ARRAY(SELECT jsonb_object_keys(said.metadata))
AND NOT EXISTS (
    SELECT FROM curation_pair pair JOIN curation_datasetrow kept ON kept.pair_id = pair.id
    WHERE pair.prompt_id = here.prompt_id AND here.id IN (pair.response_a_id, pair.response_b_id)
)
RETURNING here.id
"""
NOBODY = 0  # in place of the sampler of what a person wrote


def draws_of(
    project: Project, preferences: Sequence[ParsedPreference], prompts: Sequence[int]
) -> list[list[Draw]]:
    """What makes each response of each record the same as another."""
    samplers = _samplers(project, {_settings(a): a for one in preferences for a in one.answers})
    return [
        [
            (prompt, samplers[_settings(answer)], answer.text_hash, answer.drawn.sample_index)
            for answer in one.answers
        ]
        for one, prompt in zip(preferences, prompts, strict=True)
    ]


def _settings(answer: Answer) -> Settings:
    drawn = answer.drawn
    if drawn is IMPORTED:
        return answer.model, ""
    return answer.model, canonical_json([drawn.revision, drawn.backend, drawn.params, drawn.template_hash])


def _samplers(project: Project, wanted: dict[Settings, Answer]) -> dict[Settings, int]:
    return {
        settings: sampler_get_or_create(
            project=project,
            model_name=answer.model,
            revision=answer.drawn.revision,
            backend=answer.drawn.backend,
            params=answer.drawn.params,
            template_hash=answer.drawn.template_hash,
        ).pk
        for settings, answer in sorted(wanted.items(), key=lambda item: item[0])
    }


def responses_land(
    preferences: Sequence[ParsedPreference], draws: list[list[Draw]], new_prompts: set[int]
) -> tuple[dict[Draw, int], set[int], set[int]]:
    """The id of each draw, which are new, and of the others those whose metadata the file adds to. To
    `new_prompts` there are no responses yet.

    A draw with a number is the sample of that number; one without, or whose number another text has, is
    whichever has its text, or else the sampler's next sample. What an export says a person wrote is what a
    person wrote here, where the words are the same.
    """
    answers: dict[Draw, Answer] = {}
    for one, record in zip(preferences, draws, strict=True):
        for answer, draw in zip(one.answers, record, strict=True):
            known = answers.setdefault(draw, answer)
            if known is not answer and answer.metadata:
                known.metadata = {**answer.metadata, **known.metadata}
    shelf = _Shelf(draw for draw in answers if draw[0] not in new_prompts)
    # Stated numbers first, so that no other sample takes them.
    order = sorted(answers.items(), key=lambda item: item[0][3] is None)
    ids = iter(next_ids("curation_response", len(answers)))
    found: dict[Draw, _Shelved] = {}

    def made() -> Iterator[_Shelved]:
        for draw, answer in order:
            found[draw] = one = shelf.place(draw, answer)
            if not one.pk:
                one.pk = next(ids)
                yield one

    # Placed one by one while PostgreSQL stores those before, unless some must know others that come later.
    missing: Iterable[_Shelved] = made()
    if any(answer.edited_from is not None for answer in answers.values()):
        missing = list(missing)
        _name_originals(preferences, draws, found)
    now = timezone.now().isoformat()
    copy_in("curation_response", COLUMNS, (_row(one, one.answer, now) for one in missing if one.answer))
    here = {found[draw].pk: answer for draw, answer in answers.items() if found[draw].answer is None}
    new = {one.pk for one in shelf.missing}
    return {draw: response.pk for draw, response in found.items()}, new, _add_metadata(here)


@dataclass(slots=True, eq=False)
class _Shelved:
    """A response: one that is here, or one to be made of an answer, which has no id yet."""

    prompt: int
    sampler: int
    number: int
    text_hash: str
    pk: int = 0
    answer: Answer | None = None
    edited_from: _Shelved | None = None


class _Shelf:
    """The responses to some prompts by some samplers, and those to be made."""

    def __init__(self, draws: Iterable[Draw]) -> None:
        self._by_text: dict[tuple[int, int, str], _Shelved] = {}
        self._by_number: dict[tuple[int, int, int], _Shelved] = {}
        self._last: dict[tuple[int, int], int] = {}
        self.missing: list[_Shelved] = []
        wanted = list(draws)
        prompts, samplers = {draw[0] for draw in wanted}, {draw[1] for draw in wanted}
        there = Response.objects.filter(Q(sampler__in=samplers) | Q(sampler=None), prompt__in=prompts)
        fields = there.values_list("prompt", "sampler", "sample_index", "text_hash", "pk")
        for prompt, sampler, number, text_hash, pk in fields:
            self._keep(_Shelved(prompt, sampler or NOBODY, number or 0, text_hash, pk))

    def _keep(self, one: _Shelved) -> None:
        drawn = one.prompt, one.sampler
        self._by_text[*drawn, one.text_hash] = one
        self._by_number[*drawn, one.number] = one
        self._last[drawn] = max(one.number, self._last.get(drawn, -1))

    def place(self, draw: Draw, answer: Answer) -> _Shelved:
        prompt, sampler, text_hash, number = draw
        if number is not None:
            holder = self._by_number.get((prompt, sampler, number))
            if holder is None:
                return self._make(draw, answer, number)
            if holder.text_hash == text_hash:
                return holder
        same = self._by_text.get((prompt, sampler, text_hash))
        if same is None and answer.model == PEOPLE and answer.drawn.backend == IMPORTED.backend:
            same = self._by_text.get((prompt, NOBODY, text_hash))
        return same or self._make(draw, answer, self._last.get((prompt, sampler), -1) + 1)

    def _make(self, draw: Draw, answer: Answer, number: int) -> _Shelved:
        prompt, sampler, text_hash, _ = draw
        made = _Shelved(prompt, sampler, number, text_hash, answer=answer)
        self.missing.append(made)
        self._keep(made)
        return made


def _name_originals(
    preferences: Sequence[ParsedPreference], draws: list[list[Draw]], found: dict[Draw, _Shelved]
) -> None:
    """Name, for each new response, the one that it edits."""
    for one, record in zip(preferences, draws, strict=True):
        for answer, draw in zip(one.answers, record, strict=True):
            if answer.edited_from is None:
                continue
            edit, original = found[draw], found[record[answer.edited_from]]
            if edit.answer is not None and edit.edited_from is None and original is not edit:
                edit.edited_from = original


def _add_metadata(here: dict[int, Answer]) -> set[int]:
    """Add to responses that are here what the file says of them and nothing here does; to which it did."""
    said = {pk: storable_json(dict(answer.metadata)) for pk, answer in here.items() if answer.metadata}
    if not said:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(ADD_METADATA, [list(said), list(said.values())])
        return {pk for (pk,) in cursor.fetchall()}


def _row(one: _Shelved, answer: Answer, now: str) -> tuple[Any, ...]:
    drawn, edited_from = answer.drawn, one.edited_from and one.edited_from.pk
    return (
        one.pk, one.prompt, one.sampler, edited_from, one.number, answer.text, one.text_hash,
        drawn.finish_reason, drawn.n_tokens, drawn.seed, _json(drawn.segments),
        _json(dict(answer.metadata) if answer.metadata else None), now,
    )  # fmt: skip


def _json(value: Any) -> str | None:
    return None if value is None else storable_json(value)
