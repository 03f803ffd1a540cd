"""Guidelines are versioned: an edit is the next version."""

from __future__ import annotations

from django.db import transaction

from annotators.models import Campaign, Guideline


@transaction.atomic
def guideline_save(*, campaign: Campaign, text: str) -> Guideline:
    """The version with this text: the current one if nothing changed, else a new one."""
    Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    current = campaign.guidelines.first()
    if current is not None and current.text == text:
        return current
    return Guideline.objects.create(campaign=campaign, number=current.number + 1 if current else 1, text=text)
