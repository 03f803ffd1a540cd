"""Store the responses that a file brings, each once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db.models import Q

from curation.algorithms.fingerprints import canonical_json, sha256_hex
from curation.importers.datasets.record import IMPORTED, PEOPLE, Answer
from curation.models import Project, Response
from curation.services.preference_parse import ParsedPreference
from curation.services.sampler_get import sampler_get_or_create

Draw = tuple[int, int, str, int | None]  # prompt, sampler, text hash, the sample's number where it is stated
Settings = tuple[
    str, str
]  # a model's name, and the rest of its settings as JSON; empty where none are stated

NOBODY = 0  # in place of the sampler of what a person wrote


def draws_of(
    project: Project, preferences: Sequence[ParsedPreference], prompts: Sequence[int]
) -> list[list[Draw]]:
    """What makes each response of each record the same as another."""
    samplers = _samplers(project, {_settings(a): a for one in preferences for a in one.answers})
    return [
        [
            (prompt, samplers[_settings(answer)], sha256_hex(answer.text), answer.drawn.sample_index)
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
    preferences: Sequence[ParsedPreference], draws: list[list[Draw]]
) -> tuple[dict[Draw, int], set[int]]:
    """The id of each draw, and which are new.

    A draw with a number is the sample of that number; one without, or whose number another text has, is
    whichever has its text, or else the sampler's next sample. What an export says a person wrote is what a
    person wrote here, where the words are the same.
    """
    answers = {
        draw: answer
        for one, record in zip(reversed(preferences), reversed(draws), strict=True)
        for answer, draw in zip(one.answers, record, strict=True)
    }
    shelf = _Shelf(answers)
    order = dict.fromkeys(draw for record in draws for draw in record)
    # Stated numbers first, so that no other sample takes them.
    found = {
        draw: shelf.place(draw, answers[draw]) for draw in sorted(order, key=lambda draw: draw[3] is None)
    }
    made = Response.objects.bulk_create(shelf.missing, batch_size=2000)
    new = {one.pk for one in made}
    _link_edits(preferences, draws, found, new)
    return {draw: response.pk for draw, response in found.items()}, new


class _Shelf:
    """The responses to some prompts by some samplers, and those to be made."""

    def __init__(self, draws: Iterable[Draw]) -> None:
        prompts, samplers = {draw[0] for draw in draws}, {draw[1] for draw in draws}
        there = Response.objects.filter(Q(sampler__in=samplers) | Q(sampler=None), prompt__in=prompts)
        self._by_text: dict[tuple[int, int, str], Response] = {}
        self._by_number: dict[tuple[int, int, int], Response] = {}
        self._last: dict[tuple[int, int], int] = {}
        self.missing: list[Response] = []
        for response in there.only("prompt", "sampler", "text_hash", "sample_index"):
            self._keep(response)

    def _keep(self, response: Response) -> None:
        prompt, sampler = response.prompt_id, response.sampler_id or NOBODY
        number = response.sample_index or 0
        self._by_text[prompt, sampler, response.text_hash] = response
        self._by_number[prompt, sampler, number] = response
        self._last[prompt, sampler] = max(number, self._last.get((prompt, sampler), -1))

    def place(self, draw: Draw, answer: Answer) -> Response:
        prompt, sampler, text_hash, number = draw
        if number is not None:
            holder = self._by_number.get((prompt, sampler, number))
            if holder is None:
                return self._make(draw, answer, number)
            if holder.text_hash == text_hash:
                return holder
        same = self._by_text.get((prompt, sampler, text_hash))
        if same is None and (answer.model, answer.drawn.backend) == (PEOPLE, IMPORTED.backend):
            same = self._by_text.get((prompt, NOBODY, text_hash))
        return same or self._make(draw, answer, self._last.get((prompt, sampler), -1) + 1)

    def _make(self, draw: Draw, answer: Answer, number: int) -> Response:
        prompt, sampler, text_hash, _ = draw
        made = Response(
            prompt_id=prompt,
            sampler_id=sampler,
            sample_index=number,
            text=answer.text,
            text_hash=text_hash,
            finish_reason=answer.drawn.finish_reason,
            n_tokens=answer.drawn.n_tokens,
            seed=answer.drawn.seed,
            segments=answer.drawn.segments,
            metadata=dict(answer.metadata) or None,
        )
        self.missing.append(made)
        self._keep(made)
        return made


def _link_edits(
    preferences: Sequence[ParsedPreference],
    draws: list[list[Draw]],
    found: dict[Draw, Response],
    new: set[int],
) -> None:
    """Name, for each new response, the one that it edits."""
    edits: dict[int, Response] = {}
    for one, record in zip(preferences, draws, strict=True):
        for answer, draw in zip(one.answers, record, strict=True):
            edit = found[draw]
            if answer.edited_from is None or edit.pk not in new or edit.pk in edits:
                continue
            original = found[record[answer.edited_from]]
            if original.pk != edit.pk:
                edit.edited_from = original
                edits[edit.pk] = edit
    Response.objects.bulk_update(edits.values(), ["edited_from"], batch_size=2000)
