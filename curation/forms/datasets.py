"""Freezing and exporting."""

from __future__ import annotations

from django import forms

from curation.exporters import by_trainer
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
    split = forms.ChoiceField(choices=[(split, split.capitalize()) for split in SPLITS])
