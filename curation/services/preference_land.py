"""Store prompts, responses, pairs and judgments that come together from a file, each once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from curation.algorithms.fingerprints import sha256_hex
from curation.bulk import copy_in
from curation.importers.datasets.record import Comparison, Rated
from curation.models import Judgment, Pair, Project, Prompt, PromptImport, Rater, Response
from curation.models.judgments import Side
from curation.services.preference_parse import ParsedPreference
from curation.services.prompt_parse import storable_json
from curation.services.prompt_store import imports_lock, prompts_store
from curation.services.sampler_get import sampler_get_or_create

BACKEND = "import"
SOURCE = Judgment.Source.IMPORT
COLUMNS = [
    "pair_id", "rater_id", '"left"', "outcome", "preference", "probability", "attributes", "rationale",
    "skip_reason", "source", "created_at",
]  # fmt: skip
Draw = tuple[int, int, str]  # prompt, sampler, text hash
Shown = tuple[int, int]  # response shown left, response shown right
Answer = tuple[int, int, str, str, int | None, float | None]  # rater, pair, left, outcome, preference, P


@dataclass(frozen=True)
class Landed:
    """`landed` counts what is new by noun; `repeated` judgments were here already, or twice in the file;
    `identical` comparisons were left out, because both texts are the same. `is_new` says of each record
    whether it brought anything."""

    landed: dict[str, int]
    is_new: list[bool]


@transaction.atomic
def preferences_land(
    *, project: Project, preferences: Sequence[ParsedPreference], prompt_import: PromptImport | None = None
) -> Landed:
    """Store what is not here yet: prompts by fingerprint, responses by model and text, pairs, and judgments
    by rater, pair, sides and answer. The first of two responses counts as shown left."""
    imports_lock(project_id=project.pk)
    prompts, new_prompts = _prompts(project, preferences, prompt_import)
    draws = _draws(project, preferences, prompts)
    responses, new_responses = _responses(preferences, draws)
    shown = [[responses[draw] for draw in record] for record in draws]
    said, identical = _said(preferences, draws, shown)
    pairs, new_pairs = _pairs(prompts, said)
    new_judgments = _judgments(project, said, pairs)
    n_said = sum(map(len, said))
    landed = {
        "prompts": len(new_prompts),
        "responses": len(new_responses),
        "pairs": new_pairs,
        "judgments": sum(map(sum, new_judgments)),
        "repeated": n_said - sum(map(sum, new_judgments)),
        "identical": identical,
    }
    # Of several records that hold the same new prompt or response only the first one brings it.
    is_new = [
        _first_of(new_prompts, [prompt]) | _first_of(new_responses, ids) | any(judged)
        for prompt, ids, judged in zip(prompts, shown, new_judgments, strict=True)
    ]
    return Landed(landed, is_new)


def _first_of(new: set[int], ids: Sequence[int]) -> bool:
    """Whether any of `ids` is new; they are not new a second time."""
    found = new.intersection(ids)
    new -= found
    return bool(found)


def _prompts(
    project: Project, preferences: Sequence[ParsedPreference], prompt_import: PromptImport | None
) -> tuple[list[int], set[int]]:
    """The prompt of each record, and which of them are new."""
    import_id = prompt_import.pk if prompt_import else None
    created = prompts_store(
        project_id=project.pk, import_id=import_id, prompts=[one.prompt.json for one in preferences]
    )
    prints = [one.prompt.record["fingerprint"] for one in preferences]
    known = Prompt.objects.filter(project=project, fingerprint__in=set(prints))
    ids = dict(known.values_list("fingerprint", "pk"))
    return [ids[fingerprint] for fingerprint in prints], set(created)


def _draws(project: Project, preferences: Sequence[ParsedPreference], prompts: list[int]) -> list[list[Draw]]:
    """What makes each response of each record the same as another: prompt, sampler and text."""
    models = {answer.model for one in preferences for answer in one.answers}
    samplers = {
        model: sampler_get_or_create(project=project, model_name=model, backend=BACKEND, params={}).pk
        for model in sorted(models)
    }
    return [
        [(prompt, samplers[answer.model], sha256_hex(answer.text)) for answer in one.answers]
        for one, prompt in zip(preferences, prompts, strict=True)
    ]


def _responses(
    preferences: Sequence[ParsedPreference], draws: list[list[Draw]]
) -> tuple[dict[Draw, int], set[int]]:
    """The id of each draw, and which are new; a model's further texts for a prompt are further samples."""
    answers = {
        draw: answer
        for one, record in zip(reversed(preferences), reversed(draws), strict=True)
        for answer, draw in zip(one.answers, record, strict=True)
    }
    prompts, samplers = {draw[0] for draw in answers}, {draw[1] for draw in answers}
    there = Response.objects.filter(prompt__in=prompts, sampler__in=samplers)
    ids: dict[Draw, int] = {
        (prompt, sampler or 0, text_hash): pk
        for pk, prompt, sampler, text_hash in there.values_list("pk", "prompt", "sampler", "text_hash")
    }
    last = {
        (prompt, sampler): index
        for prompt, sampler, index in there.order_by()
        .values_list("prompt", "sampler")
        .annotate(Max("sample_index"))
    }
    missing = []
    for draw in dict.fromkeys(draw for record in draws for draw in record):
        if draw not in ids:
            prompt, sampler, text_hash = draw
            index = last[prompt, sampler] = last.get((prompt, sampler), -1) + 1
            answer = answers[draw]
            missing.append(
                Response(
                    prompt_id=prompt,
                    sampler_id=sampler,
                    sample_index=index,
                    text=answer.text,
                    text_hash=text_hash,
                    metadata=dict(answer.metadata) or None,
                )
            )
    made = Response.objects.bulk_create(missing, batch_size=2000)
    ids |= {(one.prompt_id, one.sampler_id or 0, one.text_hash): one.pk for one in made}
    return ids, {one.pk for one in made}


def _said(
    preferences: Sequence[ParsedPreference], draws: list[list[Draw]], shown: list[list[int]]
) -> tuple[list[list[tuple[Comparison, Shown]]], int]:
    """Each record's comparisons with their responses, and how many compare a text with itself."""
    said, identical = [], 0
    for one, record, ids in zip(preferences, draws, shown, strict=True):
        kept = [
            (comparison, (ids[comparison.first], ids[comparison.second]))
            for comparison in one.comparisons
            if record[comparison.first][2] != record[comparison.second][2]
        ]
        identical += len(one.comparisons) - len(kept)
        said.append(kept)
    return said, identical


def _pairs(prompts: list[int], said: list[list[tuple[Comparison, Shown]]]) -> tuple[dict[Shown, int], int]:
    """The pair of each two responses, made where it is not there, and how many were made."""
    wanted = {
        (min(two), max(two)): prompt
        for prompt, record in zip(prompts, said, strict=True)
        for _, two in record
    }

    def there() -> dict[Shown, int]:
        found = Pair.objects.filter(response_a__in={a for a, _ in wanted})
        return {(a, b): pk for pk, a, b in found.values_list("pk", "response_a", "response_b")}

    known = there()
    missing = [(key, prompt) for key, prompt in wanted.items() if key not in known]
    Pair.objects.bulk_create(
        (Pair(prompt_id=prompt, response_a_id=a, response_b_id=b) for (a, b), prompt in missing),
        ignore_conflicts=True,
        batch_size=5000,
    )
    return there() if missing else known, len(missing)


def _judgments(
    project: Project, said: list[list[tuple[Comparison, Shown]]], pairs: dict[Shown, int]
) -> list[list[bool]]:
    """Append the judgments that are new; for each of the comparisons whether it was."""
    raters = _raters(project, {comparison.rater for record in said for comparison, _ in record})
    about = {pairs[min(two), max(two)] for record in said for _, two in record}
    seen = _known(about)
    now = timezone.now()
    rows: list[tuple[Any, ...]] = []
    new: list[list[bool]] = []
    for record in said:
        new.append([])
        for comparison, two in record:
            pair, left = pairs[min(two), max(two)], Side.A if two[0] < two[1] else Side.B
            key = (
                raters[comparison.rater], pair, str(left), comparison.outcome, comparison.preference,
                comparison.probability,
            )  # fmt: skip
            new[-1].append(key not in seen)
            if key not in seen:
                seen.add(key)
                rows.append(_row(key, comparison, comparison.created_at or now))
    copy_in("curation_judgment", COLUMNS, rows)
    return new


def _row(key: Answer, comparison: Comparison, moment: datetime) -> tuple[Any, ...]:
    rater, pair, left, outcome, preference, probability = key
    attributes = storable_json(attributes_of(comparison, left))
    rationale = comparison.rationale
    return pair, rater, left, outcome, preference, probability, attributes, rationale, "", SOURCE, moment


def attributes_of(comparison: Comparison, left: str) -> dict[str, Any]:
    """What the task form asks for, as `annotators.task_form` keeps it; anything else under `imported`."""
    first, second = ("a", "b") if left == Side.A else ("b", "a")

    def split(two: tuple[Any, Any]) -> dict[str, Any]:
        return {first: two[0], second: two[1]}

    sides = {"first": first, "second": second, "tie": "tie"}
    marks = {response: found for response, found in split(comparison.marks).items() if found is not None}
    imported = {name: split(two) for name, two in comparison.each.items()} | dict(comparison.more)
    found = {
        "ratings": {name: split(two) for name, two in comparison.ratings.items()},
        "comparisons": {name: sides[better] for name, better in comparison.sides.items()},
        "spans": marks,
        "imported": imported,
    }
    return {name: value for name, value in found.items() if value}


def _raters(project: Project, wanted: set[Rated]) -> dict[Rated, int]:
    labels = {rater.label for rater in wanted}

    def there() -> dict[Rated, int]:
        found = Rater.objects.filter(project=project, user=None, label__in=labels).order_by("-pk")
        return {Rated(label, kind): pk for pk, label, kind in found.values_list("pk", "label", "kind")}

    known = there()
    Rater.objects.bulk_create(
        Rater(project=project, kind=rater.kind, label=rater.label)
        for rater in sorted(wanted - known.keys(), key=lambda rater: (rater.label, rater.kind))
    )
    return there()


def _known(pairs: set[int]) -> set[Answer]:
    """Every answer that imports brought for these pairs, taken back since or not."""
    there = Judgment.objects.filter(pair__in=pairs, source=SOURCE)
    return set(there.values_list("rater", "pair", "left", "outcome", "preference", "probability"))
