"""Read a turn as the labelling page shows it."""

from __future__ import annotations

from annotators.models import Assignment
from config.compiled import Compiled, Given
from curation.models import Pair

TURN: Compiled[Assignment] = Compiled(lambda: Assignment.objects.for_page().filter(pk=Given("assignment")))
# A query of its own: planning all these joins in one takes longer than running both.
TEXTS = Compiled(
    lambda: Pair.objects.select_related("prompt", "response_a", "response_b").filter(pk=Given("pair"))
)


def turn_read(assignment_id: int) -> Assignment:
    """The assignment with campaign, guideline, answers, pair and texts. Raises Assignment.DoesNotExist."""
    assignment = TURN.get(assignment=assignment_id)
    assignment.pair = TEXTS.get(pair=assignment.pair_id)
    return assignment
