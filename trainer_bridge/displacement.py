"""Likelihood displacement: training that makes the chosen responses less likely.

Razin et al., arXiv 2410.08847: preference optimisation can widen the margin while the probability of the
chosen responses falls, and the mass may go to responses of the opposite meaning.
"""

from __future__ import annotations


def is_displaced(*, chosen_change: float, rejected_change: float) -> bool:
    """Whether ln π(chosen) fell while the margin to ln π(rejected) grew, both in mean over the same rows."""
    return chosen_change < 0 < chosen_change - rejected_change
