"""Errors whose message is shown to the user: what happened, why, what to do."""

from __future__ import annotations


class JobError(Exception):
    """A job that cannot go on, in words for the person who started it. It is not retried."""
