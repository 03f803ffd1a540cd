"""Take in judgments by named raters, with the prompts, responses and pairs they are about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from curation.algorithms.fingerprints import messages_fingerprint, sha256_hex
from curation.bulk import copy_in
from curation.importers.rows import FileRow
from curation.models import Judgment, Pair, Project, Prompt, Rater, Response
from curation.models.judgments import Side
from curation.services.judgment_parse import ParsedJudgment, judgment_parse
from curation.services.prompt_parse import RowError
from curation.services.sampler_get import sampler_get_or_create

BATCH_ROWS = 1000
BACKEND = "import"
SOURCE = Judgment.Source.IMPORT
COLUMNS = [
    "pair_id", "rater_id", '"left"', "outcome", "preference", "attributes", "rationale", "skip_reason",
    "source", "created_at",
]  # fmt: skip
Key = tuple[int, int, str, str, int | None]  # rater, pair, left, outcome, preference


@dataclass
class ImportCounts:
    """What became of the rows: `issues` are (line, reason) of those that failed."""

    created: int = 0
    duplicate: int = 0
    prompts: int = 0
    pairs: int = 0
    issues: list[tuple[int, str]] = field(default_factory=list)

    @property
    def failed(self) -> int:
        return len(self.issues)


def judgments_import(*, project: Project, rows: Iterable[FileRow]) -> ImportCounts:
    """Store every row that says something; a row whose rater already gave this very answer on this pair, as
    shown here, is a duplicate, so running a file again adds nothing. Response a counts as shown left."""
    counts = ImportCounts()
    remaining = iter(rows)
    while batch := list(islice(remaining, BATCH_ROWS)):
        parsed = []
        for row in batch:
            try:
                parsed.append(_parsed(row))
            except RowError as error:
                counts.issues.append((row.line, str(error)))
        _batch_store(project, parsed, counts)
    return counts


def _parsed(row: FileRow) -> ParsedJudgment:
    if row.value is None:
        raise RowError(row.problem)
    return judgment_parse(row.value)


@transaction.atomic
def _batch_store(project: Project, rows: list[ParsedJudgment], counts: ImportCounts) -> None:
    # Two imports at once would number the same responses, and look for the same duplicates.
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    prompts = _prompts(project, rows, counts)
    responses = _responses(project, rows, prompts)
    shown = [
        tuple(
            responses[prompt, model, sha256_hex(text)]
            for model, text in zip(row.models, row.responses, strict=True)
        )
        for row, prompt in zip(rows, prompts, strict=True)
    ]
    pairs = _pairs(prompts, shown, counts)
    raters = _raters(project, {row.rater for row in rows})
    answers: dict[Key, datetime] = {}
    seen = _known(pairs)
    now = timezone.now()
    for row, (a, b), pair in zip(rows, shown, pairs, strict=True):
        key = (raters[row.rater], pair, Side.A if a < b else Side.B, row.outcome, row.preference)
        if key in seen or key in answers:
            counts.duplicate += 1
        else:
            answers[key] = row.created_at or now
    counts.created += len(answers)
    copy_in(
        "curation_judgment",
        COLUMNS,
        (
            (pair, rater, left, outcome, preference, "{}", "", "", SOURCE, moment)
            for (rater, pair, left, outcome, preference), moment in answers.items()
        ),
    )


def _prompts(project: Project, rows: list[ParsedJudgment], counts: ImportCounts) -> list[int]:
    """The prompt of each row, made where the project does not have it."""
    prints = [messages_fingerprint(row.prompt["messages"]) for row in rows]
    wanted = dict(zip(reversed(prints), reversed(rows), strict=True))  # the first row's category counts
    known = Prompt.objects.filter(project=project, fingerprint__in=wanted)
    ids = dict(known.values_list("fingerprint", "pk"))
    made = Prompt.objects.bulk_create(
        Prompt(
            project=project,
            messages=row.prompt["messages"],
            fingerprint=fingerprint,
            category=row.prompt["category"],
            source=BACKEND,
        )
        for fingerprint, row in reversed(wanted.items())
        if fingerprint not in ids
    )
    counts.prompts += len(made)
    ids |= {prompt.fingerprint: prompt.pk for prompt in made}
    return [ids[fingerprint] for fingerprint in prints]


def _responses(
    project: Project, rows: list[ParsedJudgment], prompts: list[int]
) -> dict[tuple[int, str, str], int]:
    """The id of each (prompt, model, text hash); a model's further texts for a prompt are further draws."""
    texts = {
        (prompt, model, sha256_hex(text)): text
        for row, prompt in zip(rows, prompts, strict=True)
        for model, text in zip(row.models, row.responses, strict=True)
    }
    samplers = {
        model: sampler_get_or_create(project=project, model_name=model, backend=BACKEND, params={}).pk
        for model in sorted({model for _, model, _ in texts})
    }
    names = {sampler: model for model, sampler in samplers.items()}
    there = Response.objects.filter(prompt__in=set(prompts), sampler__in=names)
    ids = {
        (prompt, names[sampler], text_hash): pk
        for pk, prompt, sampler, text_hash in there.values_list("pk", "prompt", "sampler", "text_hash")
    }
    last = {
        (prompt, names[sampler]): index
        for prompt, sampler, index in there.order_by()
        .values_list("prompt", "sampler")
        .annotate(Max("sample_index"))
    }
    missing = []
    for (prompt, model, text_hash), text in texts.items():
        if (prompt, model, text_hash) not in ids:
            index = last[prompt, model] = last.get((prompt, model), -1) + 1
            draw = {"sampler_id": samplers[model], "sample_index": index}
            missing.append(Response(prompt_id=prompt, text=text, text_hash=text_hash, **draw))
    for made in Response.objects.bulk_create(missing):
        ids[made.prompt_id, names[made.sampler_id or 0], made.text_hash] = made.pk
    return ids


def _pairs(prompts: list[int], shown: list[tuple[int, ...]], counts: ImportCounts) -> list[int]:
    """The pair of each row, made where it is not there."""
    keys = [(min(two), max(two)) for two in shown]
    wanted = dict(zip(keys, prompts, strict=True))

    def there() -> dict[tuple[int, int], int]:
        found = Pair.objects.filter(response_a__in={a for a, _ in wanted})
        return {(a, b): pk for pk, a, b in found.values_list("pk", "response_a", "response_b")}

    known = there()
    missing = [(key, prompt) for key, prompt in wanted.items() if key not in known]
    Pair.objects.bulk_create(
        (Pair(prompt_id=prompt, response_a_id=a, response_b_id=b) for (a, b), prompt in missing),
        ignore_conflicts=True,
    )
    counts.pairs += len(missing)
    ids = there()
    return [ids[key] for key in keys]


def _raters(project: Project, labels: set[str]) -> dict[str, int]:
    return {
        label: Rater.objects.get_or_create(project=project, kind=Rater.Kind.PERSON, user=None, label=label)[
            0
        ].pk
        for label in sorted(labels)
    }


def _known(pairs: list[int]) -> set[Any]:
    """Every answer that imports brought for these pairs, taken back since or not."""
    there = Judgment.objects.filter(pair__in=set(pairs), source=SOURCE)
    return set(there.values_list("rater", "pair", "left", "outcome", "preference"))
