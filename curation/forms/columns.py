"""Saying which columns of a table hold a preference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django import forms
from django.forms import BoundField

from curation.errors import CurationError
from curation.forms.imports import COLUMN_FIELDS, PreferenceForm
from curation.importers.datasets.columns import COLUMN_ROLES, COLUMNS, ColumnMapping
from curation.services.preference_parse import ReadOptions

LABELS = COLUMN_FIELDS | {
    "prompt": "Prompt",
    "chosen": "Chosen response",
    "rejected": "Rejected response",
    "response_a": "Response A",
    "response_b": "Response B",
    "winner": "Winner",
    "model_a": "Model of A, or of the chosen response",
    "model_b": "Model of B, or of the rejected response",
    "strength": "Strength",
    "margin": "Margin",
    "rater": "Rater",
    "rationale": "Rationale",
}
HELP = {
    "response_a": "Counts as shown left. Of chosen and rejected the smaller hash of the text does.",
    "strength": "1 to 3, or slightly better, better, much better. A preference without one lands as better.",
    "margin": "Any number; it is kept with the judgment.",
}
VALUES = {
    "means_a": "Values that mean A",
    "means_b": "Values that mean B",
    "means_tie": "Values that mean a tie",
    "means_both_bad": "Values that mean both are bad",
}
VALUES_HELP = {
    "means_a": "Separated by commas. Where no value is given for A or B, words are read as people use them: "
    "A, left, response 1, the name of the column or of the model. A bare number is not.",
    "means_tie": "Tie, equal, same, draw and both are known.",
    "means_both_bad": "Both bad and neither are known.",
}
GROUPS: dict[str, Sequence[str]] = {
    "Prompt": ("prompt", "kind", "system"),
    "Either chosen and rejected": ("chosen", "rejected"),
    "Or two responses and who won": ("response_a", "response_b", "winner", *VALUES),
    "What else a row says": (
        "model_a", "model_b", "strength", "margin", "rater", "raters_are", "rationale", "category", "split",
        "source", "language", "licence",
    ),
}  # fmt: skip


class ColumnField(forms.ChoiceField):
    """That a column is missing is said of the mapping as a whole, above the preview, which changes alone."""

    def validate(self, value: str) -> None:
        if value:
            super().validate(value)


class ColumnsForm(PreferenceForm):
    """A column for each part of a preference, and what prompts get whose row names nothing."""

    use_required_attribute = False  # the preview says what is missing

    def __init__(self, data: Mapping[str, Any], *, columns: Sequence[str]) -> None:
        super().__init__(data)
        choices = [("", "—"), *((column, column) for column in columns)]
        for role in COLUMN_ROLES:
            self.fields[_name(role)] = ColumnField(
                label=LABELS[role],
                choices=choices,
                required=role == "prompt",
                help_text=HELP.get(role, ""),
            )
        for role, label in VALUES.items():
            self.fields[_name(role)] = forms.CharField(
                label=label, required=False, help_text=VALUES_HELP.get(role, "")
            )
        self.fields[_name("kind")] = forms.ChoiceField(
            label="Prompt and responses are", choices=[("text", "texts"), ("messages", "chat messages")]
        )
        self.fields[_name("raters_are")] = forms.ChoiceField(
            label="The raters are", choices=[("person", "people"), ("judge", "judges (models)")]
        )
        self.fields["split"].label = "Split where a row names none"
        self.fields["licence"].label = "Licence where a row names none"

    @staticmethod
    def data_of(options: ReadOptions) -> dict[str, str]:
        """What the form would send for these options."""
        mapping = asdict(ColumnMapping(**options.columns))
        chosen = {_name(role): value for role, value in mapping.items()}
        return chosen | {
            "read_as": COLUMNS.name,
            "split": options.split,
            "source": options.source,
            "licence": options.licence,
        }

    def groups(self) -> Iterator[tuple[str, list[BoundField]]]:
        for title, roles in GROUPS.items():
            yield title, [self[_name(role)] for role in roles]
        yield "Where a row names nothing", [self["split"], self["source"], self["licence"]]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            try:
                ColumnMapping.of(self._columns(cleaned))
            except CurationError as error:
                raise forms.ValidationError(str(error)) from error
        return cleaned

    def options(self) -> ReadOptions:
        chosen = self.cleaned_data
        return ReadOptions(
            split=chosen["split"],
            source=chosen["source"],
            licence=chosen["licence"],
            columns=self._columns(chosen),
        )

    def problem(self) -> str:
        """What keeps a form that is not valid from being one."""
        name, errors = next(iter(self.errors.items()))
        return str(errors[0]) if name == "__all__" else f"{self.fields[name].label}: {errors[0]}"

    @staticmethod
    def _columns(cleaned: Mapping[str, Any]) -> dict[str, str]:
        return {role: value for role in asdict(ColumnMapping()) if (value := cleaned[_name(role)])}


def _name(role: str) -> str:
    return f"column_{role}"
