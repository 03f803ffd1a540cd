"""Inviting people by a link."""

from __future__ import annotations

from django import forms

from curation.models import Role


class InvitationForm(forms.Form):
    role = forms.ChoiceField(
        choices=[choice for choice in Role.choices if choice[0] != Role.OWNER], initial=Role.ANNOTATOR
    )
    max_uses = forms.IntegerField(label="People", min_value=1, max_value=500, initial=1)
    days = forms.IntegerField(label="Valid for days", min_value=1, max_value=90, initial=7)
    note = forms.CharField(label="Whom it is for", required=False, max_length=120)
