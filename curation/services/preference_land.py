"""Store prompts, responses, pairs and judgments that come together from a file, each once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from curation.attributes import attributes_translate
from curation.bulk import copy_in, next_ids
from curation.importers.datasets.record import Comparison, Rated
from curation.models import Judgment, Pair, Project, PromptImport, Rater
from curation.models.judgments import Side
from curation.services.export_origins import pseudonyms
from curation.services.preference_parse import ParsedPreference
from curation.services.prompt_parse import storable_json
from curation.services.prompt_store import imports_lock, prompts_store
from curation.services.response_land import Draw, draws_of, responses_land

SOURCE = Judgment.Source.IMPORT
COLUMNS = [
    "id", "rater_id", "pair_id", '"left"', "outcome", "preference", "probability", "attributes", "rationale",
    "skip_reason", "source", "created_at", "duration_ms", "guideline", "supersedes_id",
]  # fmt: skip
# The ids come as texts: the driver would look at every item of a list.
PAIRS = """
INSERT INTO curation_pair (prompt_id, response_a_id, response_b_id, created_at)
SELECT *, now() FROM unnest(
    string_to_array(%s, ',')::int8[], string_to_array(%s, ',')::int8[], string_to_array(%s, ',')::int8[]
)
ON CONFLICT (response_a_id, response_b_id) DO NOTHING RETURNING id, response_a_id, response_b_id
"""
Two = tuple[int, int]  # the responses of a pair, in canonical order
# Rater, pair, left, outcome, preference, P; and when, of an export's judgments.
Answer = tuple[int, int, str, str, int | None, float | None, datetime | None]


@dataclass(slots=True)
class Told:
    """A comparison, the ids of its record's responses, and of these the two that are compared."""

    comparison: Comparison
    responses: list[int]
    two: Two

    def left(self, said: Comparison) -> str:
        """The side that `said` counts as shown left: this comparison, or an earlier one on the same two."""
        return Side.A if self.responses[said.first] < self.responses[said.second] else Side.B


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
    by rater, pair, sides and answer, those of an export also by their moment. The first of two responses
    counts as shown left."""
    imports_lock(project_id=project.pk)
    prompts, new_prompts = _prompts(project, preferences, prompt_import)
    draws = draws_of(project, preferences, prompts)
    responses, new_responses, told_more = responses_land(preferences, draws, new_prompts)
    shown = [[responses[draw] for draw in record] for record in draws]
    told, identical = _told(preferences, draws, shown)
    pairs, new_pairs = _pairs(prompts, told, new_responses)
    new_judgments = _judgments(project, told, pairs, new_pairs)
    n_said = sum(map(len, told))
    landed = {
        "prompts": len(new_prompts),
        "responses": len(new_responses),
        "pairs": len(new_pairs),
        "judgments": sum(map(sum, new_judgments)),
        "repeated": n_said - sum(map(sum, new_judgments)),
        "identical": identical,
    }
    is_new, brought = [], new_responses | told_more
    for prompt, ids, judged in zip(prompts, shown, new_judgments, strict=True):
        is_new.append(any(judged) or prompt in new_prompts or not brought.isdisjoint(ids))
        # Of several records that hold the same new prompt or response only the first one brings it.
        new_prompts.discard(prompt)
        brought.difference_update(ids)
    return Landed(landed, is_new)


def _prompts(
    project: Project, preferences: Sequence[ParsedPreference], prompt_import: PromptImport | None
) -> tuple[list[int], set[int]]:
    """The prompt of each record, and which of them are new."""
    import_id = prompt_import.pk if prompt_import else None
    ids, new = prompts_store(
        project_id=project.pk, import_id=import_id, prompts=[one.prompt for one in preferences]
    )
    return [ids[one.prompt.record["fingerprint"]] for one in preferences], new


def _told(
    preferences: Sequence[ParsedPreference], draws: list[list[Draw]], shown: list[list[int]]
) -> tuple[list[list[Told]], int]:
    """Each record's comparisons with its responses, and how many compare a text with itself."""
    told, identical = [], 0
    for one, record, ids in zip(preferences, draws, shown, strict=True):
        kept = []
        for said in one.comparisons:
            if record[said.first][2] != record[said.second][2]:
                first, second = ids[said.first], ids[said.second]
                kept.append(Told(said, ids, (first, second) if first < second else (second, first)))
        identical += len(one.comparisons) - len(kept)
        told.append(kept)
    return told, identical


def _pairs(
    prompts: list[int], told: list[list[Told]], new_responses: set[int]
) -> tuple[dict[Two, int], set[int]]:
    """The pair of each two responses, made where it is not there, and which were made."""
    wanted = {one.two: prompt for prompt, record in zip(prompts, told, strict=True) for one in record}

    def there(some: Iterable[Two]) -> dict[Two, int]:
        found = Pair.objects.filter(response_a__in={a for a, _ in some})
        return {(a, b): pk for pk, a, b in found.values_list("pk", "response_a", "response_b")}

    known = there(two for two in wanted if new_responses.isdisjoint(two))
    missing = [(prompt, a, b) for (a, b), prompt in wanted.items() if (a, b) not in known]
    if not missing:
        return known, set()
    with connection.cursor() as cursor:
        cursor.execute(PAIRS, [",".join(map(str, column)) for column in zip(*missing, strict=True)])
        made = {(a, b): pk for pk, a, b in cursor.fetchall()}
    # Of pairs that someone else made meanwhile nothing comes back.
    known |= made if len(made) == len(missing) else there((a, b) for _, a, b in missing)
    return known, set(made.values())


def _judgments(
    project: Project, told: list[list[Told]], pairs: dict[Two, int], new_pairs: set[int]
) -> list[list[bool]]:
    """Append the judgments that are new; for each of the comparisons whether it was."""
    chains = [(one, [*one.comparison.earlier, one.comparison]) for record in told for one in record]
    known, corrected = _known({pairs[one.two] for one, _ in chains} - new_pairs)
    own = _own_raters(project, chains)

    def here(one: Told, said: Comparison) -> int:
        """The rater whom an export of this project would call so, if the judgment is here as theirs; or 0."""
        rater = own.get(said.rater, 0) if said.kept else 0
        return rater if rater and _key(said, rater, pairs[one.two], one.left(said)) in known else 0

    away = {said.rater for one, chain in chains for said in chain if not here(one, said)}
    raters = _raters(project, away)
    fresh = iter(next_ids("curation_judgment", sum(len(chain) for _, chain in chains)))
    now = timezone.now().isoformat()
    new: list[bool] = []

    def rows(one: Told, chain: list[Comparison]) -> Iterator[tuple[Any, ...]]:
        """What is new of the chain, made while PostgreSQL stores what came before."""
        before, is_new = 0, False
        for said in chain:
            rater = here(one, said) or raters[said.rater]
            key = _key(said, rater, pairs[one.two], one.left(said))
            is_new = key not in known
            if is_new and before in corrected:
                is_new = False  # what corrects it here stands
                break
            if is_new:
                known[key] = next(fresh)
                yield (known[key], *key[:6], *_rest(said, one, now), before or None)
                if before:
                    corrected.add(before)
            before = known[key]
        new.append(is_new)

    copy_in("curation_judgment", COLUMNS, (row for one, chain in chains for row in rows(one, chain)))
    found = iter(new)
    return [[next(found) for _ in record] for record in told]


def _own_raters(project: Project, chains: list[tuple[Told, list[Comparison]]]) -> dict[Rated, int]:
    """The people of the project by what its exports call them; nobody where no export is read."""
    if not any(one.comparison.kept for one, _ in chains):
        return {}
    return {Rated(name): pk for pk, name in pseudonyms(project).items()}


def _key(said: Comparison, rater: int, pair: int, left: str) -> Answer:
    moment = said.created_at if said.kept else None
    return rater, pair, left, said.outcome, said.preference, said.probability, moment


def _rest(said: Comparison, one: Told, now: str) -> tuple[Any, ...]:
    moment, kept = said.created_at or now, said.kept
    if kept is None:
        attributes = "{}" if said.is_plain else storable_json(attributes_of(said, one.left(said)))
        return attributes, said.rationale, "", SOURCE, moment, None, None
    responses = dict(enumerate(one.responses, start=1))
    turned = one.responses[0] > one.responses[1]
    attributes = storable_json(attributes_translate(kept.attributes, turned=turned, responses=responses))
    return (
        attributes, said.rationale, kept.skip_reason, kept.source, moment, kept.duration_ms, kept.guideline,
    )  # fmt: skip


def attributes_of(comparison: Comparison, left: str) -> dict[str, Any]:
    """What the task form asks for, as `annotators.task_form` keeps it; anything else under `imported`, and
    under `columns` what the row holds besides."""
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
        "columns": dict(comparison.columns),
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


def _known(pairs: set[int]) -> tuple[dict[Answer, int], set[int]]:
    """Every answer on these pairs, taken back since or not, by its moment, and those that imports brought
    also without one; and the answers that another corrects."""
    there = Judgment.objects.filter(pair__in=pairs).values_list(
        "pk", "rater", "pair", "left", "outcome", "preference", "probability", "created_at", "source",
        "supersedes",
    )  # fmt: skip
    known: dict[Answer, int] = {}
    corrected: set[int] = set()
    for pk, *answer, moment, source, before in there:
        rater, pair, left, outcome, preference, probability = answer
        known[rater, pair, left, outcome, preference, probability, moment] = pk
        if source == SOURCE:
            known[rater, pair, left, outcome, preference, probability, None] = pk
        if before is not None:
            corrected.add(before)
    return known, corrected
