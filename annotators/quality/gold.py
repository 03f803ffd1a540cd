"""What is known about a pair's right answer."""

from __future__ import annotations

from curation.models import Judgment, Pair


def expected_from_decision(pair: Pair) -> str:
    """A reviewer's last decision on the pair as an expected answer; empty where there is none."""
    decisions = Judgment.objects.counted().filter(pair=pair, source=Judgment.Source.ADJUDICATED)
    last = decisions.with_winner().order_by("-pk").values_list("winner", "outcome").first()
    return (last[0] or last[1]) if last else ""
