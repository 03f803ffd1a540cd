"""Hold on to a turn while its page is open: renew its lease and keep what is filled in so far."""

from __future__ import annotations

import json

from django.utils import timezone

from annotators.errors import DraftError
from annotators.given import Given
from annotators.models import Assignment, Campaign
from annotators.services.turns import lease_end
from curation.models import User

MAX_DRAFT_BYTES = 64 * 1024


def assignment_keep(*, assignment: Assignment, user: User, turn: int, draft: Given | None = None) -> bool:
    """Whether the turn is still the person's; if so, all they hold in its campaign is leased anew.

    A campaign that is paused renews no lease, but the draft is kept. Without `draft` the one there stays.
    """
    campaign = assignment.campaign
    mine = Assignment.objects.filter(campaign=campaign, annotator=user, state=Assignment.State.OPEN)
    this = mine.filter(pk=assignment.pk, turn=turn)
    if not (this.exists() if draft is None else this.update(draft=draft or None)):
        return False
    running = mine.filter(campaign__state=Campaign.State.RUNNING)
    running.update(leased_until=lease_end(campaign, timezone.now()))
    return True


def draft_parse(raw: str) -> Given:
    """The draft as the page sent it, {field name: values}. Raises DraftError for anything else."""
    if len(raw.encode()) > MAX_DRAFT_BYTES:
        raise DraftError(
            f"What you wrote is longer than the {MAX_DRAFT_BYTES // 1024} kB that are kept as a draft. "
            "Submit it, or keep a copy elsewhere."
        )
    try:
        draft = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise DraftError("The draft arrived in a form that cannot be read.") from error
    if not isinstance(draft, dict) or not all(is_texts(values) for values in draft.values()):
        raise DraftError("A draft is a list of texts for each field.")
    return draft


def is_texts(values: object) -> bool:
    # PostgreSQL keeps no NUL in JSON.
    return isinstance(values, list) and all(isinstance(value, str) and "\0" not in value for value in values)
