"""Freezing and exporting."""

from __future__ import annotations

from typing import Any, cast

from django import forms

from curation.exporters import by_trainer
from curation.models import DatasetVersion, ScoreProducer
from curation.scorers import SHARED_TOKENS
from curation.services.export_tokens import LEAST, Limit
from curation.services.export_write import SPLITS


class FreezeForm(forms.Form):
    note = forms.CharField(
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Why this version exists. It is kept with the version and cannot be changed later.",
    )


class ExportForm(forms.Form):
    format = forms.ChoiceField(
        choices=[
            (trainer, [(exporter.name, exporter.label) for exporter in formats])
            for trainer, formats in by_trainer()
        ]
    )
    split = forms.ChoiceField(label="Split (rows)")
    tokens = forms.ModelChoiceField(
        ScoreProducer.objects.none(),
        label="Trainer's tokenizer",
        required=False,
        empty_label="Do not look at lengths",
        help_text="Leaves out what the trainer would drop, or cut until both responses are the same. Tokens "
        "are counted beforehand: “Tokens in common” on the page Scores.",
    )
    max_length = forms.IntegerField(
        label="The trainer's max length",
        required=False,
        min_value=LEAST,
        max_value=1_048_576,
        initial=1024,
        help_text="In tokens, prompt and response together. Read only where a tokenizer is chosen.",
    )

    def __init__(self, *args: Any, version: DatasetVersion, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = {**version.card["splits"], "all": version.n_rows}
        split = cast("forms.ChoiceField", self.fields["split"])
        split.choices = [(name, f"{name.capitalize()} ({rows.get(name, 0):,})") for name in SPLITS]
        split.initial = next(name for name in SPLITS if rows.get(name))
        tokens = cast("forms.ModelChoiceField[ScoreProducer]", self.fields["tokens"])
        tokens.queryset = ScoreProducer.objects.filter(project=version.project_id, scorer=SHARED_TOKENS)

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if data.get("tokens") and data.get("max_length") is None and "max_length" not in self.errors:
            self.add_error("max_length", "Say how many tokens the trainer takes.")
        return data

    def arguments(self) -> dict[str, Any]:
        data = self.cleaned_data
        limit = Limit(data["tokens"], data["max_length"]) if data["tokens"] else None
        return {"format": data["format"], "split": data["split"], "limit": limit}

    def what_is_wrong(self) -> str:
        """In one message, for a page that shows the form afresh."""
        if {"format", "split"} & set(self.errors):
            return "Choose a format and a split from the lists."
        return " ".join(
            f"{self.fields[name].label}: {error}" for name, errors in self.errors.items() for error in errors
        )
