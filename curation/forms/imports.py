"""Uploading a file of prompts, and saying which column is what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

from django import forms

from curation.models import Prompt
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
        help_text="JSON lines, CSV or Parquet in UTF-8; may be gzipped. Nothing lands before you have seen "
        "a preview.",
    )


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
