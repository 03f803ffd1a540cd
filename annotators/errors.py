"""What may go wrong when people annotate. Each message is safe to show: what happened, why, what to do."""

from __future__ import annotations


class AnnotationError(Exception):
    """Base of every error of this app whose message is written for the user."""


class CampaignError(AnnotationError):
    """A campaign cannot be made, moved or edited as asked; `field` is the setting at fault."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class GoldError(AnnotationError):
    """A pair cannot be marked as gold, retired or taken back in as asked."""


class LabelError(AnnotationError):
    """An answer or an undo was not recorded."""


class AlreadyAnsweredError(LabelError):
    """The assignment has its answer; nothing was changed."""


class AnswerError(AnnotationError):
    """What was sent is not an answer to what the task form asks."""


class PartError(AnswerError):
    """One part of the answer is missing or wrong; `part` is the name of that part of the task form."""

    def __init__(self, part: str, words: str) -> None:
        super().__init__(words)
        self.part = part


class ReviewError(AnnotationError):
    """A pair cannot be decided, sent back or reopened as asked."""


class ParticipationError(AnnotationError):
    """A person's standing in a campaign cannot be changed as asked."""


class KeyMapError(AnnotationError):
    """A key map that cannot be; `action` is the one whose key is wrong."""

    def __init__(self, words: str, action: str) -> None:
        super().__init__(words)
        self.action = action


class DraftError(AnnotationError):
    """A draft that cannot be kept."""
