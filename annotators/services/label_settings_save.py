"""How a person likes the labelling page."""

from __future__ import annotations

from annotators.models import LabelSettings
from curation.models import User

SWITCHES = ("auto_advance", "shortcuts", "linked_scrolling")


def label_settings_save(*, user: User, keys: dict[str, str], switches: dict[str, bool]) -> LabelSettings:
    """Replace the person's key map and set the switches that are named."""
    saved, _ = LabelSettings.objects.update_or_create(user=user, defaults={"keys": keys, **known(switches)})
    return saved


def label_switch(*, user: User, switches: dict[str, bool]) -> LabelSettings:
    """Set the switches that are named and nothing else."""
    saved, _ = LabelSettings.objects.update_or_create(user=user, defaults=known(switches))
    return saved


def known(switches: dict[str, bool]) -> dict[str, bool]:
    return {name: on for name, on in switches.items() if name in SWITCHES}
