"""What can go wrong here and may be told to the person who asked."""

from __future__ import annotations


class JudgeError(Exception):
    """Its message is shown as it is: it says what happened, why, and what to do."""
