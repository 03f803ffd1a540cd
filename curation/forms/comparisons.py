"""Choosing two dataset versions or two recipes to compare, and which of their differences to list."""

from __future__ import annotations

from typing import Any

from django import forms

from curation.dataset_compare import KINDS
from curation.models import DatasetVersion, FilterRecipe, Project
from curation.recipes.pages import other_version, versions_of


class ComparisonForm(forms.Form):
    """Two versions of a project; without a choice, the newest and the one before it. `kind` and `why`
    choose the rows that are listed; `again` asks for a comparison where there is one."""

    kind = forms.ChoiceField(choices=[*KINDS.items()], required=False, widget=forms.HiddenInput)
    why = forms.CharField(required=False, widget=forms.HiddenInput)
    again = forms.BooleanField(required=False, widget=forms.HiddenInput)
    field_order = ["old", "new"]

    def __init__(self, query: dict[str, Any], *, project: Project) -> None:
        versions = DatasetVersion.objects.filter(project=project)
        newest = [str(number) for number in versions.values_list("number", flat=True)[:2]]
        given = {name: value for name, value in query.items() if value}
        super().__init__({"old": newest[-1], "new": newest[0], **given} if newest else {})
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


class RecipeComparisonForm(forms.Form):
    """Two recipes of a project; without a choice, the one saved last and its version before."""

    def __init__(self, query: dict[str, Any], *, project: Project) -> None:
        recipes = FilterRecipe.objects.filter(project=project)
        newest = list(recipes.order_by("-pk")[:2])
        data = {name: value for name, value in query.items() if value}
        if newest:
            other = other_version(newest[0], versions_of(newest[0])) or newest[-1]
            data = {"old": str(other.pk), "new": str(newest[0].pk), **data}
        super().__init__(data)
        for name, label in (("old", "Older"), ("new", "Newer")):
            self.fields[name] = forms.ModelChoiceField(recipes, empty_label=None, label=label)
        self.n_recipes = len(newest)

    @property
    def asks_for_what_is_not_there(self) -> bool:
        return any(self.has_error(name, "invalid_choice") for name in ("old", "new"))

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = self.cleaned_data
        if "old" in data and data["old"] == data.get("new"):
            self.add_error("new", "Choose two different recipes, or two versions of one.")
        return data
