"""Which pairs of a plan are decided by definition, and by whom that is said."""

from __future__ import annotations

from curation.algorithms.fingerprints import sha256_hex
from curation.models import Project
from curation.pair_plans import ACCURACY, PEOPLE, RULE, PairPlan
from curation.response_numbers import source_name

JUDGE_KEY = "rater:"
LONGEST = 200  # of a rater's label
SHOWN = 180


def rule_of(project: Project, plan: PairPlan) -> str:
    """The label of the rater that says which response of the plan's pairs is better, or "" where none does.

    An edit is preferred to what it edits, gold to a model's own (SPIN, arXiv 2401.01335), right to wrong, the
    shorter of two right responses to the longer, and the style that is right more often to the other. A judge
    whose number says what is right has voted already and does not vote again by a rule; nor does a number
    that only ranks.
    """
    if plan.judged_by != RULE:
        return ""
    if plan.strategy == "edits":
        return "Rule: an edit over what it edits"
    if plan.strategy == "gold_self":
        return _fitting(f"Rule: gold by {_written_by(plan.gold)} over {_written_by(plan.own)}")
    if plan.strategy in ACCURACY and not plan.right_by.startswith(JUDGE_KEY):
        said = f"right by {source_name(project, plan.right_by)} from {plan.right_from:g}"
        return _fitting(f"Rule: {_better(plan)}, {said}")
    return ""


def _better(plan: PairPlan) -> str:
    if plan.strategy == "styles":
        long, short = _written_by(plan.gold), _written_by(plan.own)
        return f"{long} over {short} where right by more than {plan.low or 0:g} more often, else {short}"
    return "right over wrong" if plan.strategy == "accuracy" else "shorter over longer of two right"


def _written_by(name: str) -> str:
    return "people" if name == PEOPLE else f"model {name}"


def _fitting(label: str) -> str:
    """Long labels that differ stay apart."""
    return label if len(label) <= LONGEST else f"{label[:SHOWN]} {sha256_hex(label)[:12]}"
