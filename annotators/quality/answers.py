"""The judgments a report is about, as arrays, and what was left out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection

from annotators.algorithms.ratings import IntArray
from annotators.models import Campaign
from curation.algorithms.consensus import Ballots, BoolArray
from curation.bulk import copy_out
from curation.models import Project

Rows = npt.NDArray[np.void]
MAIN, CHECK, DECIDED = 0, 1, 2  # an answer like any other, one that checks a person, a reviewer's decision

COLUMNS = [
    ("pair", "i8"), ("rater", "i8"), ("is_judge", "i2"), ("left_is_a", "i2"), ("kind", "i2"),
    ("preference", "i8"), ("role", "i2"), ("own", "i2"), ("excluded", "i2"), ("duration", "f8"),
    ("week", "i8"), ("category", "i8"),
]  # fmt: skip
# `kind` as in `algorithms.consensus`; `role`: MAIN, CHECK or DECIDED. `own`: given on this
# very pair, and not implied by a ranking or a rewrite.
ANSWERS = """
WITH category AS (
    SELECT category AS name, row_number() OVER (ORDER BY category) - 1 AS code
    FROM (SELECT DISTINCT category FROM curation_prompt WHERE project_id = %(project)s) AS known
)
SELECT judgment.pair_id, judgment.rater_id,
    (rater.kind = 'judge')::int::int2, (judgment.left = 'a')::int::int2,
    (CASE judgment.outcome WHEN 'both_bad' THEN 1 WHEN 'skip' THEN 2 ELSE 0 END)::int2,
    coalesce(judgment.preference, 0)::int8,
    (CASE WHEN judgment.source = 'adjudicated' THEN 2
        WHEN own.purpose IN ('gold', 'qualification') THEN 1 ELSE 0 END)::int2,
    (implied.id IS NULL)::int::int2,
    (EXISTS (SELECT FROM curation_raterexclusion out
        WHERE out.rater_id = judgment.rater_id AND out.lifted_at IS NULL))::int::int2,
    coalesce(judgment.duration_ms::float8, 'NaN'),
    to_char(judgment.created_at AT TIME ZONE 'UTC', 'IYYYIW')::int8,
    category.code::int8
FROM curation_judgment judgment
JOIN curation_rater rater ON rater.id = judgment.rater_id
JOIN curation_pair pair ON pair.id = judgment.pair_id
JOIN curation_prompt prompt ON prompt.id = pair.prompt_id
JOIN category ON category.name = prompt.category
LEFT JOIN annotators_assignment own ON own.judgment_id = judgment.id
LEFT JOIN annotators_impliedjudgment implied ON implied.judgment_id = judgment.id
LEFT JOIN annotators_assignment via ON via.id = implied.assignment_id
LEFT JOIN annotators_review review ON review.judgment_id = judgment.id
LEFT JOIN annotators_campaignpair reviewed ON reviewed.id = review.campaign_pair_id
WHERE prompt.project_id = %(project)s AND judgment.outcome <> 'withdrawn'
    AND NOT EXISTS (SELECT FROM curation_judgment later WHERE later.supersedes_id = judgment.id)
    AND (%(campaign)s::bigint IS NULL
        OR coalesce(own.campaign_id, via.campaign_id, reviewed.campaign_id) = %(campaign)s)
"""
CATEGORIES = "SELECT DISTINCT category FROM curation_prompt WHERE project_id = %s ORDER BY category"
LENGTHS = """
SELECT pair.id, (length(a.text) + length(b.text))::int8
FROM curation_pair pair
JOIN curation_response a ON a.id = pair.response_a_id
JOIN curation_response b ON b.id = pair.response_b_id
WHERE pair.id = ANY (%s)
ORDER BY pair.id
"""


@dataclass(frozen=True)
class Answers:
    """`rows` are the judgments that stand; `categories[code]` is a category's name."""

    project: Project
    campaign: Campaign | None
    rows: Rows
    categories: list[str]

    @property
    def counted(self) -> Rows:
        """Without those of raters who are left out."""
        counted: Rows = self.rows[self.rows["excluded"] == 0]
        return counted

    def role(self, role: int) -> Rows:
        rows = self.counted
        chosen: Rows = rows[rows["role"] == role]
        return chosen


def read_answers(project: Project, campaign: Campaign | None) -> Answers:
    """Of the campaign, or of the whole project: people, imported people and judges."""
    params: Any = {"project": project.pk, "campaign": campaign.pk if campaign else None}
    rows = copy_out(ANSWERS, params, COLUMNS)
    with connection.cursor() as cursor:
        cursor.execute(CATEGORIES, [project.pk])
        categories = [name for (name,) in cursor.fetchall()]
    return Answers(project, campaign, rows, categories)


def ballots_of(rows: Rows) -> Ballots:
    return Ballots(
        pair=rows["pair"],
        rater=rows["rater"],
        is_judge=rows["is_judge"] == 1,
        left_is_a=rows["left_is_a"] == 1,
        kind=rows["kind"].astype(np.int64),
        lean=np.sign(rows["preference"]).astype(np.float64),
        preference=rows["preference"],
    )


def text_lengths(pair: IntArray) -> IntArray:
    """For each of `pair`, the characters of both its responses."""
    wanted, at = np.unique(pair, return_inverse=True)
    found = copy_out(LENGTHS, [wanted.tolist()], [("pair", "i8"), ("chars", "i8")])
    chars: IntArray = found["chars"][at]
    return chars


def last_week(rows: Rows, pairs: IntArray) -> IntArray:
    """For each of `pairs` (ascending), the ISO week, as 202648, in which its last answer came."""
    week = np.zeros(len(pairs), dtype=np.int64)
    np.maximum.at(week, np.searchsorted(pairs, rows["pair"]), rows["week"])
    return week


def of_pairs(column: IntArray, rows: Rows, pairs: IntArray) -> IntArray:
    """A column that is the same in all rows of a pair, for each of `pairs` (ascending)."""
    values = np.zeros(len(pairs), dtype=np.int64)
    values[np.searchsorted(pairs, rows["pair"])] = column
    return values


def timed(rows: Rows) -> BoolArray:
    known: BoolArray = ~np.isnan(rows["duration"])
    return known
