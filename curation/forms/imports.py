"""Uploading a file, and saying what it holds and which column is what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

from django import forms

from curation.importers.datasets.record import DatasetFormat
from curation.importers.datasets.registry import FORMATS
from curation.models import Prompt
from curation.services.preference_parse import ReadOptions
from curation.services.prompt_parse import MAX_CHARS, FieldMapping

COLUMN_FIELDS = {
    "system": "System prompt",
    "category": "Category",
    "tags": "Tags",
    "split": "Split",
    "source": "Source",
    "language": "Language",
    "licence": "Licence",
}


class ImportUploadForm(forms.Form):
    file = forms.FileField(
        label="File",
        help_text="JSON lines, a JSON array, CSV or Parquet in UTF-8; may be gzipped. Nothing lands before "
        "you have seen a preview.",
    )


class ReadAsForm(forms.Form):
    """What a file holds: prompts alone, or preferences in one of the formats."""

    read_as = forms.ChoiceField(
        label="Read the file as",
        choices=[
            ("prompts", "Prompts"),
            ("Preference data", [(entry.name, entry.label) for entry in FORMATS.values()]),
        ],
    )

    def __init__(self, chosen: str) -> None:
        # Its own ids: it stands beside the form that starts the import.
        super().__init__(initial={"read_as": chosen}, auto_id="choose_%s")


class PreferenceForm(forms.Form):
    """What every prompt of a preference file gets."""

    read_as = forms.ChoiceField(choices=[(name, name) for name in FORMATS], widget=forms.HiddenInput)
    split = forms.ChoiceField(
        label="Split where no row names one",
        choices=Prompt.Split,
        help_text="A column called split (train, test, validation and the like) stands before it. Of new "
        "prompts; those that are here keep theirs.",
    )
    source = forms.CharField(label="Source where no row names one", max_length=MAX_CHARS["source"])
    licence = forms.CharField(
        label="Licence",
        required=False,
        max_length=MAX_CHARS["licence"],
        help_text="As the dataset's card states it; check the card of your copy.",
    )

    @classmethod
    def of(cls, entry: DatasetFormat, options: ReadOptions) -> PreferenceForm:
        """The form for one format. The source of a known dataset is its name, so it is not asked for."""
        form = cls(initial={"read_as": entry.name, **asdict(options)})
        if entry.dataset:
            form.fields["source"].widget = forms.HiddenInput()
        return form

    def options(self) -> ReadOptions:
        """The choices of a valid form."""
        return ReadOptions(**{name: self.cleaned_data[name] for name in ("split", "source", "licence")})

    def problem(self) -> str:
        """What is to be done about a form that is not valid."""
        return "Choose a format and a split, then start the import."


class MappingForm(forms.Form):
    """One choice of column for each field of a prompt. Other columns become metadata."""

    prompt = forms.ChoiceField(label="Prompt")
    kind = forms.ChoiceField(
        label="The prompt column holds", choices=[("text", "a text"), ("messages", "chat messages")]
    )
    default_split = forms.ChoiceField(label="Split where none is given", choices=Prompt.Split)
    default_source = forms.CharField(
        label="Source where none is given", required=False, max_length=MAX_CHARS["source"]
    )

    def __init__(self, data: Any, *, columns: Sequence[str], guess: FieldMapping) -> None:
        super().__init__(data or None, initial=asdict(guess))
        choices = [(column, column) for column in columns]
        self.fields["prompt"] = forms.ChoiceField(label="Prompt", choices=choices)
        for name, label in COLUMN_FIELDS.items():
            self.fields[name] = forms.ChoiceField(label=label, choices=[("", "—"), *choices], required=False)
        self.order_fields(field.name for field in fields(FieldMapping))

    def mapping(self) -> FieldMapping:
        """The chosen mapping of a valid form."""
        return FieldMapping(**self.cleaned_data)
