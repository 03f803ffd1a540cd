"""Where on the hub an export goes."""

from __future__ import annotations

import re
from typing import Any, cast

from django import forms

from curation.exporters.hub_folder import HubFolder
from curation.models import DatasetVersion, Export

# The hub's own rule for names: letters, digits, -, _ and ., the last three not at an end, no -- and no ..
NAME = r"[A-Za-z0-9](?:[A-Za-z0-9_]|[-.](?![-.])){0,94}[A-Za-z0-9_]|[A-Za-z0-9]"
REPO_ID = re.compile(rf"(?:{NAME})/(?:{NAME})")


class ExportChoiceField(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic in the stubs alone
    def label_from_instance(self, obj: Export) -> str:
        cut = f", up to {obj.max_length} tokens of {obj.tokens.label}" if obj.tokens else ""
        return f"Split {obj.split}{cut}: {obj.n_rows} rows"


class HubPushForm(forms.Form):
    export = ExportChoiceField(
        Export.objects.none(),
        empty_label=None,
        help_text="Files of this version in the format “Hugging Face dataset folder”.",
    )
    repo_id = forms.CharField(
        label="Repository",
        max_length=200,
        help_text="Owner and name, as in “our-lab/helpfulness”. It is made if it is not there.",
    )
    private = forms.BooleanField(
        required=False,
        initial=True,
        help_text="A repository that is there and public is refused while this is ticked.",
    )

    def __init__(self, *args: Any, version: DatasetVersion, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = cast("ExportChoiceField", self.fields["export"])
        field.queryset = version.exports.filter(format=HubFolder.name).select_related("version", "tokens")

    def clean_repo_id(self) -> str:
        repo_id: str = self.cleaned_data["repo_id"].strip()
        if not REPO_ID.fullmatch(repo_id):
            raise forms.ValidationError(
                "Write owner/name, in letters, digits, “-”, “_” and “.”, without “--” or “..”."
            )
        return repo_id
