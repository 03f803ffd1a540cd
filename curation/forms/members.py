"""Adding a person to a project, and giving a member another role."""

from __future__ import annotations

from django import forms

from curation.models import Role


class MemberAddForm(forms.Form):
    identifier = forms.CharField(
        max_length=254,
        label="User name or e-mail",
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )
    role = forms.ChoiceField(choices=Role.choices, initial=Role.ANNOTATOR)


class MemberRoleForm(forms.Form):
    role = forms.ChoiceField(choices=Role.choices)
