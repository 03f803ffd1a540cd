"""Choosing two versions to compare, and which of their differences to list."""

from __future__ import annotations

from typing import Any

from django import forms

from curation.dataset_compare import KINDS
from curation.models import DatasetVersion, Project


class ComparisonForm(forms.Form):
    """Two versions of a project; without a choice, the newest and the one before it. `kind` and `why`
    narrow the list of rows."""

    kind = forms.ChoiceField(choices=[*KINDS.items()], required=False, widget=forms.HiddenInput)
    why = forms.CharField(required=False, widget=forms.HiddenInput)
    field_order = ["old", "new"]

    def __init__(self, query: dict[str, Any], *, project: Project) -> None:
        versions = DatasetVersion.objects.filter(project=project)
        newest = [str(number) for number in versions.values_list("number", flat=True)[:2]]
        given = {name: value for name, value in query.items() if value}
        super().__init__({"old": newest[-1], "new": newest[0], "kind": "added", **given} if newest else {})
        for name, label in (("old", "Older"), ("new", "Newer")):
            self.fields[name] = forms.ModelChoiceField(
                versions, to_field_name="number", empty_label=None, label=label
            )
        self.order_fields(self.field_order)
        self.n_versions = len(newest)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = self.cleaned_data
        if "old" in data and data["old"] == data.get("new"):
            self.add_error("new", "Choose two different versions.")
        return data
