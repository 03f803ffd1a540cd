"""Preferences in a table whose columns a person chooses."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from curation.errors import CurationError
from curation.importers.datasets import fields
from curation.importers.datasets.column_guess import guess_columns
from curation.importers.datasets.record import (
    BETTER,
    Answer,
    Comparison,
    DatasetFormat,
    Kind,
    Outcome,
    PreferenceRecord,
    PromptText,
    Rated,
    Row,
)
from curation.importers.datasets.tasks import STRENGTHS, Task, choice, outcome_of, plain
from curation.importers.datasets.trl import UNKNOWN, is_messages
from curation.services.prompt_parse import FieldMapping, RowError, prompt_messages

KINDS = ("text", "messages")
RATERS = ("person", "judge")
MEANINGS: dict[str, tuple[Outcome, int]] = {
    "means_a": ("preferred", 1),
    "means_b": ("preferred", -1),
    "means_tie": ("tie", 0),
    "means_both_bad": ("both_bad", 0),
}
PLACES = ("response a", "response b")
WORDS = {"slightly": 1, "significantly": 3, "much": 3} | STRENGTHS
Verdict = tuple[Outcome, int | None]


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """Which column of a file is what; columns that are named nowhere become the prompt's metadata.

    `kind` says whether prompt and responses hold texts or chat messages, `raters_are` what kind of rater the
    column `rater` names. `means_*` are values of the column `winner`, in lower case, separated by commas.
    """

    prompt: str = ""
    kind: str = "text"
    system: str = ""
    chosen: str = ""
    rejected: str = ""
    response_a: str = ""
    response_b: str = ""
    winner: str = ""
    means_a: str = ""
    means_b: str = ""
    means_tie: str = ""
    means_both_bad: str = ""
    model_a: str = ""
    model_b: str = ""
    strength: str = ""
    margin: str = ""
    rater: str = ""
    raters_are: str = "person"
    rationale: str = ""
    category: str = ""
    split: str = ""
    source: str = ""
    language: str = ""
    licence: str = ""

    @classmethod
    def of(cls, said: Mapping[str, str]) -> ColumnMapping:
        """A mapping by which rows can be read. Raises CurationError with what is wrong with it."""
        unknown = said.keys() - set(ROLES)
        if unknown:
            raise CurationError(f"A mapping knows no “{min(unknown)}”; known are {', '.join(ROLES)}.")
        mapping = cls(**said)
        mapping._check_columns()
        mapping.meanings()
        return mapping

    @property
    def columns(self) -> dict[str, str]:
        """The roles that have a column."""
        return {role: column for role in COLUMN_ROLES if (column := getattr(self, role))}

    def meanings(self) -> dict[str, Verdict]:
        """What the given values of the winner mean. Raises CurationError where one means two things."""
        found: dict[str, Verdict] = {}
        for role, (outcome, sign) in MEANINGS.items():
            for value in filter(None, map(str.strip, getattr(self, role).split(","))):
                if value.casefold() in found:
                    raise CurationError(f"The winner's value “{value}” is given two meanings.")
                found[value.casefold()] = outcome, sign * BETTER or None
        return found

    def _check_columns(self) -> None:
        if self.kind not in KINDS or self.raters_are not in RATERS:
            raise CurationError("The kind is text or messages; raters are person or judge.")
        if not self.prompt:
            raise CurationError("Choose the column that holds the prompt.")
        one, other = (self.chosen, self.rejected), (self.response_a, self.response_b, self.winner)
        if not ((all(one) and not any(other)) or (all(other) and not any(one))):
            raise CurationError(
                "Choose either the columns of the chosen and the rejected response, or those of response A, "
                "response B and the winner."
            )
        roles: dict[str, str] = {}
        for role, column in self.columns.items():
            if column in roles:
                raise CurationError(
                    f"The column “{column}” is chosen twice, as {roles[column]} and as {role}. Choose "
                    "another for one of them."
                )
            roles[column] = role


ROLES = tuple(field.name for field in dataclasses.fields(ColumnMapping))
COLUMN_ROLES = tuple(role for role in ROLES if role not in {"kind", "raters_are", *MEANINGS})


class ColumnReader:
    """Reads rows by a mapping that is right."""

    def __init__(self, mapping: ColumnMapping) -> None:
        self._mapping = mapping
        self._prompt = FieldMapping(prompt=mapping.prompt, kind=mapping.kind, system=mapping.system)
        self._meanings = mapping.meanings()
        self._names_a_side = bool(mapping.means_a or mapping.means_b)
        self._used = set(mapping.columns.values())

    def read(self, row: Row) -> list[PreferenceRecord]:
        """The one record of a row. Raises RowError."""
        columns = self._mapping
        messages = prompt_messages(row, self._prompt)
        if columns.chosen:
            chosen, rejected = self._answers(row, columns.chosen, columns.rejected)
            answers, comparison = fields.preferred_pair(chosen, rejected, self._rater(row))
            preference = comparison.preference
        else:
            answers = self._answers(row, columns.response_a, columns.response_b)
            fields.two_texts(answers[0].text, answers[1].text)
            outcome, preference = self._winner(row, answers)
            comparison = Comparison(0, 1, self._rater(row), outcome)
        said = replace(
            comparison,
            preference=self._strengthened(row, preference),
            rationale=fields.short(row, columns.rationale),
            more=self._margin(row),
        )
        return [PreferenceRecord(self._text(row, messages), answers, (said,))]

    def _text(self, row: Row, messages: list[dict[str, Any]]) -> PromptText:
        columns = self._mapping
        return PromptText(
            messages,
            category=fields.short(row, columns.category),
            split=fields.short(row, columns.split),
            source=fields.short(row, columns.source),
            language=fields.short(row, columns.language),
            licence=fields.short(row, columns.licence),
            metadata=fields.others(row, self._used),
        )

    def _answers(self, row: Row, first: str, second: str) -> tuple[Answer, Answer]:
        one, other = self._response(row, first), self._response(row, second)
        return (
            Answer(one, fields.short(row, self._mapping.model_a)),
            Answer(other, fields.short(row, self._mapping.model_b)),
        )

    def _response(self, row: Row, column: str) -> str:
        """A text; where the mapping says messages, also the one turn of a list (in CSV as JSON text)."""
        if self._mapping.kind == "text" or not is_messages(row.get(column)):
            return fields.text(row, column)
        turns = fields.turns(row[column], f"The field “{column}”")
        if len(turns) != 1:
            raise RowError(f"The field “{column}” holds {len(turns)} turns; a response is one turn")
        return fields.answer_text(turns[0], f"The field “{column}”")

    def _rater(self, row: Row) -> Rated:
        kind: Kind = "judge" if self._mapping.raters_are == "judge" else "person"
        return Rated(fields.short(row, self._mapping.rater) or UNKNOWN.label, kind)

    def _winner(self, row: Row, answers: tuple[Answer, Answer]) -> Verdict:
        said = fields.short(row, self._mapping.winner)
        if not said:
            raise RowError(f"The winner is missing: the field “{self._mapping.winner}” is empty")
        found = self._meanings.get(said.casefold()) or self._by_words(said, answers)
        if found is None:
            raise RowError(f"The winner is {said[:40]!r}, and the mapping does not say what that means")
        return found

    def _by_words(self, said: str, answers: tuple[Answer, Answer]) -> Verdict | None:
        """By the words that people use, or by the model's name. Numbers are no words: 1 may be the first
        or the second. Where the mapping names a side's values, no others name a side."""
        found = self._by_place(said, answers)
        if self._names_a_side:
            return found if found and found[0] != "preferred" else None
        one, other = answers
        if one.model != other.model and said in {one.model, other.model}:
            by_model: Verdict = "preferred", BETTER if said == one.model else -BETTER
            if found not in {None, by_model}:
                raise RowError(f"The winner {said[:40]!r} names one response by its place, the other's model")
            return by_model
        return found

    def _by_place(self, said: str, answers: tuple[Answer, Answer]) -> Verdict | None:
        names = self._mapping.response_a, self._mapping.response_b
        if said in names:
            return "preferred", BETTER if said == names[0] else -BETTER
        if not plain(said) or plain(said).isdigit():
            return None
        if plain(names[0]) == plain(names[1]):  # told apart by signs alone: words cannot mean either
            names = PLACES
        ranks = choice(said, Task(PromptText([]), dict(zip(names, answers, strict=True))))
        return outcome_of(ranks, 0, 1) if ranks else None

    def _strengthened(self, row: Row, preference: int | None) -> int | None:
        """The preference, as strong as the row says."""
        said = fields.short(row, self._mapping.strength)
        if preference is None or not said:
            return preference
        strength = WORDS.get(plain(said)) or fields.whole(said, "The strength", 1, 3)
        return strength if preference > 0 else -strength

    def _margin(self, row: Row) -> dict[str, float]:
        said = fields.short(row, self._mapping.margin)
        return {"margin": fields.number(said, "The margin")} if said else {}


def _read_guessed(row: Row) -> list[PreferenceRecord]:
    """By the row's own names, where nobody chose columns."""
    try:
        mapping = ColumnMapping.of(guess_columns([row]))
    except CurationError as error:
        raise RowError(str(error)) from error
    return ColumnReader(mapping).read(row)


def _is_table(row: Row) -> bool:
    try:
        ColumnMapping.of(guess_columns([row]))
    except CurationError:
        return False
    return True


COLUMNS = DatasetFormat(
    name="columns",
    label="Preferences in columns of any name",
    source="any table",
    help="You say which columns hold the prompt and either the chosen and the rejected response, or two "
    "responses and who won. Optional are the system prompt, models, strength or margin, rater, rationale, "
    "category, split, source, language and licence. The names are guessed; the preview shows the first rows "
    "as they are read.",
    example={
        "question": "Why is the sky blue?",
        "answer_1": "Air scatters blue light most.",
        "answer_2": "It mirrors the sea.",
        "winner": "answer 1",
    },
    recognises=_is_table,
    read=_read_guessed,
)
FORMATS = (COLUMNS,)
