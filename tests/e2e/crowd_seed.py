"""Many people who are logged in already."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from annotators.models import Assignment, CampaignPair
from curation.models import Judgment, Membership, User


def crowd(*, project: int, size: int) -> list[str]:
    """The session keys of so many new annotators of the project. A log-in page that admits 64 people from one
    address in a second would be a fault of its own."""
    return [session_of(person) for person in annotators(project, size)]


def annotators(project: int, size: int) -> list[User]:
    people = User.objects.bulk_create(
        [User(username=f"crowd{number}", email=f"crowd{number}@example.org") for number in range(size)]
    )
    Membership.objects.bulk_create(
        [Membership(project_id=project, user=person, role="annotator") for person in people]
    )
    return people


def session_of(user: User) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


def outcome(*, campaign: int) -> dict[str, Any]:
    """What the campaign holds: (pair, person, slot, state) of each turn, its judgments, and slots left."""
    turns = Assignment.objects.filter(campaign=campaign)
    return {
        "turns": list(turns.values_list("campaign_pair", "annotator", "slot", "state")),
        "judgments": Judgment.objects.filter(assignment__campaign=campaign).count(),
        "slots_left": list(
            CampaignPair.objects.filter(campaign=campaign).values_list("slots_left", flat=True)
        ),
    }
