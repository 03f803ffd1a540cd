"""Make what a row of preference data says ready to be stored, or say why it cannot be. Knows no database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from curation.errors import CurationError
from curation.importers.datasets.columns import ColumnMapping, ColumnReader
from curation.importers.datasets.fields import SPLIT, split_named
from curation.importers.datasets.record import (
    IMPORTED,
    Answer,
    Comparison,
    DatasetFormat,
    Drawn,
    Kept,
    PreferenceRecord,
    PromptText,
    Row,
)
from curation.importers.rows import FileRow
from curation.services.prompt_parse import (
    ParsedPrompt,
    RowError,
    conversation,
    is_storable,
    prompt_labels,
    prompt_of,
    prompt_tags,
    storable_json,
)

MAX_NAME = 200


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What every prompt of the file gets where its row names nothing; `source` stands behind the dataset's
    name too. `columns` are a `ColumnMapping` as JSON; empty unless somebody chose the columns."""

    split: str = "train"
    source: str = ""
    licence: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class ParsedPreference:
    """A record that PostgreSQL can take: every answer names a model."""

    prompt: ParsedPrompt
    answers: tuple[Answer, ...]
    comparisons: tuple[Comparison, ...]


# The rows that something was read from, and what they say or why they say nothing.
Entry = tuple[list[FileRow], list[ParsedPreference] | str]
RecordsOrReason = list[PreferenceRecord] | str


def preference_parse(
    record: PreferenceRecord, entry: DatasetFormat, options: ReadOptions
) -> ParsedPreference:
    """Raises RowError with the reason where it cannot be stored."""
    text = record.prompt
    prompt = prompt_of(
        conversation(text.messages),
        _labels_of(text, entry, options),
        prompt_tags(list(text.tags)) if text.tags else [],
        {name: value for name, value in text.metadata.items() if text.is_whole or value not in (None, "")},
    )
    if text.fingerprint and text.fingerprint != prompt.record["fingerprint"]:
        raise RowError("The prompt is not the one that was exported: its fingerprint differs")
    unknown = f"unknown ({entry.dataset})" if entry.dataset else "unknown"
    for answer in record.answers:
        answer.model = answer.model or unknown
    return checked(prompt, record.answers, record.comparisons)


def _labels_of(text: PromptText, entry: DatasetFormat, options: ReadOptions) -> Mapping[str, str]:
    if text.is_whole:
        return _labels(text.category, text.source, text.split, text.language, text.licence)
    source = entry.dataset or text.source or options.source
    split, licence = text.split or options.split, text.licence or options.licence
    return _labels(text.category, source, split, text.language, licence)


@lru_cache(maxsize=1024)  # most rows of a file have the same
def _labels(category: str, source: str, split: str, language: str, licence: str) -> Mapping[str, str]:
    labels = prompt_labels(category, source, split, language, licence)
    return labels | {"split": labels["split"] or "train"}


def checked(
    prompt: ParsedPrompt, answers: tuple[Answer, ...], comparisons: tuple[Comparison, ...]
) -> ParsedPreference:
    """Raises RowError for names that are too long and characters that cannot be stored."""
    chains = [one for said in comparisons for one in (*said.earlier, said)]
    if any(len(answer.model) > MAX_NAME for answer in answers) or any(
        len(one.rater.label) > MAX_NAME for one in chains
    ):
        raise RowError(f"The name of a model or rater is longer than {MAX_NAME} characters")
    parts: list[Answer | Comparison] = [*answers, *chains]
    for part in parts:
        if not _is_storable(part):
            storable_json(_values(part))
    return ParsedPreference(prompt, answers, comparisons)


def _is_storable(one: Answer | Comparison) -> bool:
    """Whether it holds texts alone, which can be stored. Anything more needs a closer look."""
    if isinstance(one, Answer):
        is_plain = not one.metadata and one.drawn is IMPORTED
        return is_plain and is_storable(one.text) and is_storable(one.model)
    return one.is_plain and is_storable(one.rationale) and is_storable(one.rater.label)


def _values(one: Answer | Comparison | Drawn | Kept) -> list[Any]:
    """What is in it, without the copies that `asdict` makes. Earlier answers are looked at on their own."""
    found = (getattr(one, name) for name in one.__slots__ if name != "earlier")
    return [_values(value) if isinstance(value, Drawn | Kept) else value for value in found]


def preference_entries(
    rows: Iterable[FileRow], entry: DatasetFormat, options: ReadOptions
) -> Iterator[Entry]:
    """What each row says; two rows where the format joins consecutive rows of one prompt."""
    read = ColumnReader(ColumnMapping.of(options.columns)).read if options.columns else entry.read
    for group, said in _joined(_records(rows, read), entry):
        if isinstance(said, str):
            yield group, said
            continue
        try:
            yield group, [preference_parse(record, entry, options) for record in said]
        except RowError as error:
            yield group, str(error)


def _records(
    rows: Iterable[FileRow], read: Callable[[Row], list[PreferenceRecord]]
) -> Iterator[tuple[FileRow, RecordsOrReason]]:
    for row in rows:
        if row.value is None:
            yield row, row.problem
            continue
        try:
            records = read(row.value)
        except RowError as error:
            yield row, str(error)
            continue
        if split := split_named(row.value.get(SPLIT)):
            for record in records:
                record.prompt.split = record.prompt.split or split
        yield row, records


def _joined(
    records: Iterator[tuple[FileRow, RecordsOrReason]], entry: DatasetFormat
) -> Iterator[tuple[list[FileRow], RecordsOrReason]]:
    held: tuple[FileRow, PreferenceRecord] | None = None
    try:
        for row, said in records:
            if entry.joins is None:
                yield [row], said
                continue
            if held is not None:
                if not isinstance(said, str) and held[1].prompt.messages == said[0].prompt.messages:
                    yield from _pair(held, (row, said[0]), entry.joins)
                    held = None
                    continue
                yield [held[0]], [held[1]]
                held = None
            if isinstance(said, str):
                yield [row], said
            else:
                held = row, said[0]
    except CurationError:  # damage further on in the file: what was read before it counts
        if held is not None:
            yield [held[0]], [held[1]]
        raise
    if held is not None:
        yield [held[0]], [held[1]]


def _pair(
    one: tuple[FileRow, PreferenceRecord],
    other: tuple[FileRow, PreferenceRecord],
    joins: Callable[[PreferenceRecord, PreferenceRecord], PreferenceRecord],
) -> Iterator[tuple[list[FileRow], RecordsOrReason]]:
    """Both rows as one record; where they cannot be joined the first lands alone and the second says why."""
    try:
        yield [one[0], other[0]], [joins(one[1], other[1])]
    except RowError as error:
        yield [one[0]], [one[1]]
        yield [other[0]], str(error)
