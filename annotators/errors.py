"""What may go wrong when people annotate. Each message is safe to show: what happened, why, what to do."""

from __future__ import annotations


class AnnotationError(Exception):
    """Base of every error of this app whose message is written for the user."""


class CampaignError(AnnotationError):
    """A campaign cannot be made, started, paused, closed or edited as asked."""


class GoldError(AnnotationError):
    """A pair cannot be marked as gold, retired or taken back in as asked."""


class ParticipationError(AnnotationError):
    """A person cannot be paused, resumed, let in or given another try as asked."""


class LabelError(AnnotationError):
    """An answer or an undo was not recorded."""


class AlreadyAnsweredError(LabelError):
    """The assignment has its answer; nothing was changed."""


class AnswerError(AnnotationError):
    """What was sent is not an answer to what the task form asks."""
