"""What the answers of each rater say about the rater."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan
from typing import Any

import numpy as np

from annotators.algorithms.agreement import cohen_kappa
from annotators.algorithms.assignment import is_rushed
from annotators.algorithms.ratings import FloatArray, IntArray
from annotators.quality.answers import CHECK, MAIN, Answers, Rows, ballots_of, text_lengths, timed
from annotators.quality.labels import gold_labels, labels_of, winner_table
from annotators.quality.rater_pairs import CoRatings
from annotators.quality.statistics import ALL_ALIKE
from curation.algorithms.consensus import SKIP, VOTE, BoolArray, Voters, voters
from curation.algorithms.intervals import accuracy_interval
from curation.models import Rater

# "Always left": the interval that must exclude one half is so wide that, were nobody biased, a report would
# flag anybody at all once in a hundred (Bonferroni over the raters of the report).
FALSE_FLAG = 0.01
# Speed: the modified z-score of Iglewicz and Hoaglin (1993) on log seconds, with their own limit.
OUTLIER_SCORE, MAD_SCALE = 3.5, 0.6745
OUTLIER_FROM_PEOPLE, OUTLIER_FROM_ANSWERS = 5, 10
NO_OTHERS = "nobody else answered the same pairs"
Row = dict[str, Any]


@dataclass(frozen=True)
class Tally:
    """The raters of a report in order of id, and sums over their rows."""

    raters: IntArray

    def count(self, rater: IntArray, which: BoolArray | None = None) -> IntArray:
        """How many rows each rater has, of those marked in `which`."""
        chosen = rater if which is None else rater[which]
        return np.bincount(np.searchsorted(self.raters, chosen), minlength=len(self.raters))


def people_rows(answers: Answers, found: Voters, co_rated: CoRatings) -> list[Row]:
    """One row for each rater, those with most answers first. `found` and `co_rated` are the counted answers
    that agreement is about; a rater who is left out has a row, without agreement."""
    rows = answers.rows[(answers.rows["own"] == 1) & np.isin(answers.rows["role"], [MAIN, CHECK])]
    tally = Tally(np.unique(rows["rater"]))
    parts = (
        named(tally, rows),
        gold_part(answers, rows, tally),
        left_part(rows, tally),
        speed_part(rows, tally),
        agreement_part(found, co_rated, tally),
    )
    merged = [{key: value for part in row for key, value in part.items()} for row in zip(*parts, strict=True)]
    return sorted(merged, key=lambda row: (-row["answers"], row["label"]))


def share(part: int, whole: int, confidence: float = 0.95) -> Row:
    """A share with Wilson's interval; no value where there is nothing."""
    interval = accuracy_interval(part, whole, confidence)
    value = part / whole if whole else None
    return {"n": whole, "part": part, "value": value, "low": interval.low, "high": interval.high}


def named(tally: Tally, rows: Rows) -> list[Row]:
    known = Rater.objects.with_exclusion().select_related("user").in_bulk(tally.raters.tolist())
    n, skips = tally.count(rows["rater"]), tally.count(rows["rater"], rows["kind"] == SKIP)
    return [
        {
            "rater": pk,
            "label": known[pk].label,
            "kind": known[pk].kind,
            "user": known[pk].user_id,
            "excluded": known[pk].is_excluded,
            "answers": int(n[at]),
            "skips": int(skips[at]),
        }
        for at, pk in enumerate(tally.raters.tolist())
    ]


def gold_part(answers: Answers, rows: Rows, tally: Tally) -> list[Row]:
    """Accuracy on gold: in a campaign on the turns that check people, in a project on every answer to a gold
    pair, judges' too. Retired gold counts nowhere."""
    met = rows[rows["role"] == CHECK] if answers.campaign else rows
    found = voters(ballots_of(met), heads=True)
    known, expected = gold_labels(answers.project).on(found.pair[found.at_pair])
    known &= found.answered
    right = known & (labels_of(found) == expected)
    category = np.zeros(len(found.pair), dtype=np.int64)
    category[np.searchsorted(found.pair, met["pair"])] = met["category"]
    codes = category[found.at_pair]
    total, hits = tally.count(found.rater, known), tally.count(found.rater, right)
    by_category = {
        code: (
            tally.count(found.rater, known & (codes == code)),
            tally.count(found.rater, right & (codes == code)),
        )
        for code in np.unique(codes[known]).tolist()
    }
    return [
        {
            "gold": share(int(hits[at]), int(total[at])),
            "gold_by_category": [
                {"name": answers.categories[code], **share(int(ok[at]), int(n[at]))}
                for code, (n, ok) in by_category.items()
                if n[at]
            ],
        }
        for at in range(len(tally.raters))
    ]


def left_part(rows: Rows, tally: Tally) -> list[Row]:
    """How often the left side was preferred, of the answers that prefer one."""
    decided = (rows["kind"] == VOTE) & (rows["preference"] != 0)
    n, left = (
        tally.count(rows["rater"], decided),
        tally.count(rows["rater"], decided & (rows["preference"] > 0)),
    )
    confidence = 1 - FALSE_FLAG / max(len(tally.raters), 1)
    found = []
    for chosen, whole in zip(left.tolist(), n.tolist(), strict=True):
        strict = accuracy_interval(chosen, whole, confidence)
        side = "left" if strict.low > 0.5 else "right" if strict.high < 0.5 else ""
        found.append({"left": {**share(chosen, whole), "flag": side}})
    return found


def speed_part(rows: Rows, tally: Tally) -> list[Row]:
    """Median seconds, the share of answers that came faster than the responses can be read, and whether the
    rater is far from the others."""
    clocked = rows[timed(rows)]
    lengths = zip(clocked["duration"].tolist(), text_lengths(clocked["pair"]).tolist(), strict=True)
    too_fast = np.array([is_rushed(took, chars) for took, chars in lengths], dtype=np.bool_)
    n, rushed = (
        tally.count(clocked["rater"]),
        tally.count(clocked["rater"], too_fast),
    )
    order = np.argsort(clocked["rater"], kind="stable")
    times = np.split(clocked["duration"][order] / 1000, np.cumsum(n)[:-1])
    medians = np.array([np.median(one) if len(one) else np.nan for one in times])
    far = outliers(np.where(n >= OUTLIER_FROM_ANSWERS, medians, np.nan))
    return [
        {
            "median_seconds": None if isnan(medians[at]) else float(medians[at]),
            "rushed": share(int(rushed[at]), int(n[at])),
            "speed": far[at],
        }
        for at in range(len(tally.raters))
    ]


def outliers(seconds: FloatArray) -> list[str]:
    """`fast`, `slow` or nothing for each; NaN takes no part, and with too few others nobody is far off."""
    logs = np.log(np.maximum(seconds, 1e-3))
    known = ~np.isnan(logs)
    if known.sum() < OUTLIER_FROM_PEOPLE:
        return [""] * len(seconds)
    middle = np.median(logs[known])
    spread = np.median(np.abs(logs[known] - middle))
    if spread == 0:
        return [""] * len(seconds)
    score = np.nan_to_num(MAD_SCALE * (logs - middle) / spread)
    return ["fast" if z < -OUTLIER_SCORE else "slow" if z > OUTLIER_SCORE else "" for z in score.tolist()]


def agreement_part(found: Voters, co_rated: CoRatings, tally: Tally) -> list[Row]:
    """How often the rater names the winner another names, and Cohen's κ against the majority of the others.

    The interval takes each pair once, however many others answered it: their answers are not independent.
    """
    n, same, pairs = (np.zeros(len(tally.raters), dtype=np.int64) for _ in range(3))
    seen = []
    for side in (co_rated.first, co_rated.second):
        inside = np.isin(side, tally.raters)
        n += tally.count(side, inside)
        same += tally.count(side, inside & co_rated.same)
        seen.append(np.stack([side[inside], co_rated.pair[inside]]))
    distinct = np.unique(np.concatenate(seen, axis=1), axis=1)
    pairs = tally.count(distinct[0])
    kappas = majority_kappas(found)
    rows = []
    for at, rater in enumerate(tally.raters.tolist()):
        value = same[at] / n[at] if n[at] else None
        interval = share(round((value or 0) * int(pairs[at])), int(pairs[at]))
        agreement = {
            "n": int(pairs[at]),
            "n_comparisons": int(n[at]),
            "value": None if value is None else float(value),
            "low": interval["low"],
            "high": interval["high"],
            "reason": "" if n[at] else NO_OTHERS,
        }
        rows.append(
            {"agreement": agreement, "kappa": kappas.get(rater, {"value": None, "n": 0, "reason": NO_OTHERS})}
        )
    return rows


def majority_kappas(found: Voters) -> dict[int, Row]:
    """Cohen's κ of each rater against what most of the others say; pairs where the others tie stay out."""
    table = winner_table(found)
    counts = table.counts()[table.item]
    counts[np.arange(len(table)), table.value] -= 1
    top = counts.max(axis=1, initial=0)
    clear = (top > 0) & ((counts == top[:, None]).sum(axis=1) == 1)
    order = np.argsort(table.rater[clear], kind="stable")
    rater, said, others = (
        column[clear][order]
        for column in (table.rater, table.value, counts.argmax(axis=1) if len(table) else table.value)
    )
    found_kappas = {}
    for block in np.split(np.arange(len(rater)), np.flatnonzero(np.diff(rater)) + 1):
        if len(block):
            value = cohen_kappa(said[block], others[block])
            found_kappas[int(table.raters[rater[block[0]]])] = {
                "value": None if isnan(value) else value,
                "n": len(block),
                "reason": ALL_ALIKE if isnan(value) else "",
            }
    return found_kappas
