"""A quality report: everything the judgments of a campaign or a project say about themselves, as JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from annotators.algorithms.reliability import ConvergenceError, dawid_skene, noisy_bradley_terry
from annotators.answers import answer_words
from annotators.models import Campaign
from annotators.quality.answers import (
    CHECK,
    DECIDED,
    MAIN,
    Answers,
    Rows,
    ballots_of,
    last_week,
    of_pairs,
    read_answers,
)
from annotators.quality.consensus import RESPONSES, comparisons
from annotators.quality.labels import winner_table
from annotators.quality.methods import compare_methods
from annotators.quality.people import people_rows
from annotators.quality.rater_pairs import co_ratings, rater_pairs
from annotators.quality.statistics import agreement
from curation.algorithms.consensus import BOTH_BAD, SKIP, VOTE, Voters, voters
from curation.bulk import copy_out
from curation.models import Project, Rater, RaterExclusion

RESAMPLES, RESAMPLES_OF_PARTS = 1000, 300
MOST_PARTS = 50  # categories, or weeks
Beat = Callable[[], None]


def build_report(*, project: Project, campaign: Campaign | None, beat: Beat) -> tuple[dict[str, Any], int]:
    """The report, and how many judgments it read; `beat` is called after each of its parts."""
    answers = read_answers(project, campaign)
    beat()
    found = voters(ballots_of(answers.role(MAIN)), heads=True)
    co_rated = co_ratings(found)
    report: dict[str, Any] = {
        "overall": agreement(found, resamples=RESAMPLES),
        "n_raters": len(np.unique(found.rater[found.answered])),
        "n_judgments": len(answers.role(MAIN)),
        "answers": distribution(answers.role(MAIN)),
        "left_out": left_out(answers),
        "excluded": excluded(answers),
    }
    beat()
    report |= {"categories": by_category(answers, found), "weeks": by_week(answers, found)}
    beat()
    report |= {"rater_pairs": rater_pairs(co_rated), "people": people_rows(answers, found, co_rated)}
    beat()
    report["models"] = reliability(answers, found, report["people"], beat)
    if campaign is None:
        report["methods"] = compare_methods(project=project, beat=beat)
    report["raters"] = dict(
        Rater.objects.filter(pk__in=np.unique(answers.rows["rater"]).tolist()).values_list("pk", "label")
    )
    return report, len(answers.rows)


def distribution(rows: Rows) -> list[dict[str, Any]]:
    """How often each answer was given, as shown: of left and right."""
    own = rows[rows["own"] == 1]
    names = {BOTH_BAD: "both_bad", SKIP: "skip"}
    found = []
    kinds, n = np.unique(np.stack([own["kind"], own["preference"]]), axis=1, return_counts=True)
    for (kind, preference), times in zip(kinds.T.tolist(), n.tolist(), strict=True):
        outcome = names.get(kind) or ("preferred" if preference else "tie")
        words = answer_words(outcome, preference or None)
        found.append({"outcome": outcome, "preference": preference, "words": words, "n": times})
    return sorted(found, key=lambda row: (row["outcome"] != "preferred", -row["preference"], row["outcome"]))


def left_out(answers: Answers) -> list[dict[str, Any]]:
    """Judgments that agreement does not read, and why."""
    counted = answers.counted
    reasons = {
        "skipped": int(((counted["kind"] == SKIP) & (counted["role"] == MAIN)).sum()),
        "checks on gold pairs": int((counted["role"] == CHECK).sum()),
        "reviewers' decisions": int((counted["role"] == DECIDED).sum()),
        "by raters who are left out": int((answers.rows["excluded"] == 1).sum()),
    }
    return [{"why": why, "n": n} for why, n in reasons.items() if n]


def excluded(answers: Answers) -> list[dict[str, Any]]:
    raters, n = np.unique(answers.rows["rater"][answers.rows["excluded"] == 1], return_counts=True)
    counts = dict(zip(raters.tolist(), n.tolist(), strict=True))
    standing = RaterExclusion.objects.standing().filter(rater__in=counts).select_related("rater")
    return [
        {"rater": out.rater_id, "label": out.rater.label, "reason": out.reason, "n": counts[out.rater_id]}
        for out in standing.order_by("rater")
    ]


def by_category(answers: Answers, found: Voters) -> dict[str, Any]:
    rows = answers.role(MAIN)
    codes = of_pairs(rows["category"], rows, found.pair)
    return parts(found, codes, lambda code: answers.categories[code] or "no category", by_size=True)


def by_week(answers: Answers, found: Voters) -> dict[str, Any]:
    """By the ISO week in which a pair got its last answer."""
    weeks = last_week(answers.role(MAIN), found.pair)
    return parts(found, weeks, lambda week: f"{week // 100}-W{week % 100:02}", by_size=False)


def parts(found: Voters, code: Any, name: Callable[[int], str], *, by_size: bool) -> dict[str, Any]:
    """Agreement within each part of the pairs: the largest, or the last, where there are too many."""
    codes, n = np.unique(code, return_counts=True)
    order = np.argsort(-n, kind="stable") if by_size else np.arange(len(codes))
    kept = order[:MOST_PARTS] if by_size else order[-MOST_PARTS:]
    rows = [
        {
            "name": name(int(codes[at])),
            **agreement(found, code[found.at_pair] == codes[at], resamples=RESAMPLES_OF_PARTS),
        }
        for at in kept.tolist()
    ]
    return {"rows": rows, "left_out": len(codes) - len(kept)}


def reliability(answers: Answers, found: Voters, people: list[dict[str, Any]], beat: Beat) -> dict[str, str]:
    """Put what two models say about each rater into their rows; returns why one says nothing."""
    reasons = {"dawid_skene": "", "noisy_bradley_terry": ""}
    accuracy, skill, bias = {}, {}, {}
    try:
        estimated = dawid_skene(winner_table(found))
        accuracy = dict(zip(estimated.raters, estimated.accuracy.tolist(), strict=True))
    except (ConvergenceError, ValueError) as error:
        reasons["dawid_skene"] = str(error)
    beat()
    ballots = ballots_of(answers.role(MAIN))
    responses = copy_out(RESPONSES, [answers.project.pk], [("pair", "i8"), ("a", "i8"), ("b", "i8")])
    try:
        table = comparisons(ballots, ballots.kind == VOTE, responses["pair"], responses["a"], responses["b"])
        scored = noisy_bradley_terry(table)
        skill = dict(zip(scored.raters, scored.skill.tolist(), strict=True))
        bias = dict(zip(scored.raters, scored.left_bias.tolist(), strict=True))
    except (ConvergenceError, ValueError) as error:
        reasons["noisy_bradley_terry"] = str(error)
    beat()
    for row in people:
        rater = row["rater"]
        row |= {"accuracy": accuracy.get(rater), "skill": skill.get(rater), "left_bias": bias.get(rater)}
    return reasons
