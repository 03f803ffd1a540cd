"""Which pairs of a plan are decided by definition, and by whom that is said."""

from __future__ import annotations

from curation.algorithms.fingerprints import sha256_hex
from curation.models import Project
from curation.pair_plans import ACCURACY, PEOPLE, RULE, PairPlan
from curation.response_numbers import number_sources

JUDGE_KEY = "rater:"
LONGEST = 200  # of a rater's label
SHOWN = 180


def rule_of(project: Project, plan: PairPlan) -> str:
    """The label of the rater that says which response of the plan's pairs is better, or "" where none does.

    An edit is preferred to what it edits, gold to a model's own (SPIN, arXiv 2401.01335), right to wrong, and
    the shorter of two right responses to the longer. A judge whose number says what is right has voted
    already and does not vote again by a rule; nor does a number that only ranks.
    """
    if plan.judged_by != RULE:
        return ""
    if plan.strategy == "edits":
        return "Rule: an edit over what it edits"
    if plan.strategy == "gold_self":
        gold = "people" if plan.gold == PEOPLE else f"model {plan.gold}"
        return _fitting(f"Rule: gold by {gold} over model {plan.own}")
    if plan.strategy in ACCURACY and not plan.right_by.startswith(JUDGE_KEY):
        names = {source.key: source.name for source in number_sources(project)}
        said = "right over wrong" if plan.strategy == "accuracy" else "shorter over longer of two right"
        return _fitting(f"Rule: {said} by {names[plan.right_by]} from {plan.right_from:g}")
    return ""


def _fitting(label: str) -> str:
    """Long labels that differ stay apart."""
    return label if len(label) <= LONGEST else f"{label[:SHOWN]} {sha256_hex(label)[:12]}"
