"""Which pairs a plan asks for, given the responses of a project as they are now."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, cast

import numpy as np

from curation.algorithms import pairing
from curation.algorithms.fingerprints import sha256_hex
from curation.algorithms.pairing import BoolArray, FloatArray, IntArray
from curation.algorithms.segments import step_bounds, stored_bounds
from curation.algorithms.selection import stream
from curation.bulk import copy_out
from curation.models import Project, Response, Sampler
from curation.response_numbers import numbers_of

Strategy = Literal[
    "all",
    "best_worst",
    "best_each",
    "best_random",
    "top_two",
    "adjacent",
    "band",
    "pareto",
    "accuracy",
    "right_lengths",
    "styles",
    "edits",
    "gold_self",
    "steps",
]
Sources = Literal["any", "same", "different"]

PEOPLE = "people"
RULE, NOBODY = "rule", "nobody"
CONSENSUS: frozenset[str] = frozenset({"mean_probability", "copeland"})
LENGTHS: frozenset[str] = frozenset({"shortest", "longest"})
HIGHEST, LOWEST = "highest", "lowest"
NO_OPENING = -1
RANKED: frozenset[Strategy] = frozenset(
    {"best_worst", "best_each", "best_random", "top_two", "adjacent", "band"}
)
ACCURACY: frozenset[Strategy] = frozenset({"accuracy", "right_lengths", "styles"})
TWO_SOURCES: frozenset[Strategy] = frozenset({"gold_self", "styles"})

EXCLUDED = "responses of excluded prompts"
STEPLESS = "responses of a single step"
UNRANKED = "responses that no judged pair ranks"
UNNUMBERED = "responses without the number that ranks"
INCOMPLETE = "responses without one of the numbers"
UNKNOWN = "responses not known to be right or wrong"
IDENTICAL = "pairs of two equal texts"
TIED = "pairs of two equal ranks"
SAME_SOURCE = "pairs from one source"
OUTSIDE = "pairs outside the band"

RESPONSES = """
SELECT response.id, response.prompt_id, hashtextextended(response.text_hash, 0),
    coalesce(response.sampler_id, 0)::int8, coalesce(response.edited_from_id, 0)::int8,
    length(response.text)::int8,
    EXISTS (
        SELECT FROM curation_promptexclusion
        WHERE prompt_id = response.prompt_id AND lifted_at IS NULL
    )::int::int2
FROM curation_response response
JOIN curation_prompt prompt ON prompt.id = response.prompt_id
WHERE prompt.project_id = %s ORDER BY response.id
"""
RESPONSE_COLUMNS = [
    ("id", "i8"), ("prompt", "i8"), ("text", "i8"), ("sampler", "i8"), ("edited_from", "i8"),
    ("length", "i8"), ("excluded", "i2"),
]  # fmt: skip
CONCLUSIONS = """
SELECT pair.response_a_id, pair.response_b_id, consensus.probability,
    (CASE consensus.winner WHEN 'a' THEN 1 WHEN 'b' THEN -1 ELSE 0 END)::int2
FROM curation_consensus consensus
JOIN curation_pair pair ON pair.id = consensus.pair_id
JOIN curation_prompt prompt ON prompt.id = pair.prompt_id
WHERE prompt.project_id = %s AND consensus.method = %s
"""
CONCLUSION_COLUMNS = [("a", "i8"), ("b", "i8"), ("probability", "f8"), ("winner", "i2")]


@dataclass(frozen=True)
class PairPlan:
    """How to choose pairs.

    `ranked_by` is one of CONSENSUS or LENGTHS, or HIGHEST or LOWEST and, after a space, the key of a source
    of numbers (see `response_numbers`); `method` is the consensus that ranks, as its last run left it;
    `penalty` is what each character of a response takes off the number that ranks it. `criteria` are at
    least two such names, for a Pareto front. `low` and `high` bound the difference of two ranking numbers,
    None being no bound. `right_by` is the key of the source whose number makes a response right if it is at
    least `right_from`, else wrong. `gold` and `own` are names of models, or PEOPLE; of styles `gold` is the
    long one, whose share of right responses must exceed the other's by more than `low`. `judged_by` RULE
    also records which response is better where that is so by definition (see `pair_rules`); NOBODY leaves it
    to people and judges.
    """

    strategy: Strategy = "all"
    ranked_by: str = "mean_probability"
    method: str = "mean_probability"
    sources: Sources = "any"
    low: float | None = None
    high: float | None = None
    penalty: float = 0.0
    criteria: tuple[str, ...] = ()
    right_by: str = ""
    right_from: float = 1.0
    seed: int = 0
    gold: str = PEOPLE
    own: str = ""
    judged_by: str = RULE


@dataclass(frozen=True)
class PlannedPairs:
    """`a` and `b` are response ids with a < b, `prompt` is theirs, `toward_a` is 1 where the plan came with a
    first, the better one where it has one, else −1; `left_out` counts by reason."""

    prompt: IntArray
    a: IntArray
    b: IntArray
    toward_a: IntArray
    left_out: dict[str, int]


@dataclass
class _Responses:
    """The responses that may be paired, one element each, in order of id."""

    id: IntArray
    prompt: IntArray
    text: IntArray
    source: IntArray
    edited_from: IntArray
    length: IntArray
    left_out: dict[str, int] = field(default_factory=dict)

    def count(self, reason: str, n: int) -> None:
        if n:
            self.left_out[reason] = n


def planned_pairs(project: Project, plan: PairPlan) -> PlannedPairs:
    """Every pair that the plan asks for, whether it is there already or not."""
    numbers = source_numbers(project)
    responses = _read(project, numbers)
    group = responses.prompt
    if plan.sources == "same":
        # Best and worst are then those of one source, as in FuseChat-3.0 (arXiv 2503.04222).
        group = group * len(numbers) + responses.source
    first, second = _candidates(project, plan, numbers, responses, group)
    if plan.sources == "different":
        first, second = _without(
            responses, SAME_SOURCE, first, second, responses.source[first] == responses.source[second]
        )
    equal = responses.text[first] == responses.text[second]
    first, second = _without(responses, IDENTICAL, first, second, equal)
    one, other = responses.id[first], responses.id[second]
    a, b = np.minimum(one, other), np.maximum(one, other)
    order = np.lexsort((b, a))
    toward_a = np.where(one < other, 1, -1)
    return PlannedPairs(
        responses.prompt[first][order], a[order], b[order], toward_a[order], responses.left_out
    )


def source_numbers(project: Project) -> dict[str, int]:
    """A number for each model that answered, and 0 for people."""
    names = Sampler.objects.filter(project=project).order_by("id").values_list("model_name", flat=True)
    return {PEOPLE: 0} | {name: place for place, name in enumerate(dict.fromkeys(names), start=1)}


def _read(project: Project, numbers: dict[str, int]) -> _Responses:
    table = copy_out(RESPONSES, [project.pk], RESPONSE_COLUMNS)
    kept = table[table["excluded"] == 0]
    samplers = list(Sampler.objects.filter(project=project).order_by("id").values_list("id", "model_name"))
    ids = np.array([0, *(pk for pk, _ in samplers)], dtype=np.int64)
    source = np.array([0, *(numbers[name] for _, name in samplers)], dtype=np.int64)
    found = _Responses(
        id=kept["id"],
        prompt=kept["prompt"],
        text=kept["text"],
        source=source[np.searchsorted(ids, kept["sampler"])],
        edited_from=kept["edited_from"],
        length=kept["length"],
    )
    found.count(EXCLUDED, len(table) - len(kept))
    return found


def _candidates(
    project: Project, plan: PairPlan, numbers: dict[str, int], responses: _Responses, group: IntArray
) -> pairing.Places:
    if plan.strategy == "edits":
        originals, edits = pairing.originals_and_edits(responses.id, responses.edited_from)
        together = group[originals] == group[edits]
        return edits[together], originals[together]
    if plan.strategy == "gold_self":
        return pairing.across(group, *_of_two_sources(plan, numbers, responses))
    if plan.strategy == "steps":
        opening = _openings(project, responses)
        responses.count(STEPLESS, int((opening == NO_OPENING).sum()))
        return pairing.same_opening(group, opening, NO_OPENING)
    if plan.strategy in RANKED | ACCURACY or plan.strategy == "pareto":
        return _numbered_candidates(project, plan, numbers, responses, group)
    return pairing.all_pairs(group)


def _of_two_sources(
    plan: PairPlan, numbers: dict[str, int], responses: _Responses
) -> tuple[BoolArray, BoolArray]:
    # A name that nobody bears is no source: −1 matches none.
    return responses.source == numbers.get(plan.gold, -1), responses.source == numbers.get(plan.own, -1)


def _numbered_candidates(
    project: Project, plan: PairPlan, numbers: dict[str, int], responses: _Responses, group: IntArray
) -> pairing.Places:
    if plan.strategy == "pareto":
        ranks = [_ranking(project, name, plan.method, responses) for name in plan.criteria]
        of_each = np.stack(ranks, axis=1)
        responses.count(INCOMPLETE, int(np.isnan(of_each).any(axis=1).sum()))
        return pairing.pareto_front(group, of_each)
    if plan.strategy in ACCURACY:
        return _accuracy_candidates(project, plan, numbers, responses, group)
    return _ranked_candidates(project, plan, responses, group)


def _openings(project: Project, responses: _Responses) -> IntArray:
    """A number for the first step of each response, the same for the same text; NO_OPENING where it is the
    only one. Texts pass by one after another."""
    opening = np.full(len(responses.id), NO_OPENING, dtype=np.int64)
    texts = Response.objects.for_project(project).order_by("id").values_list("id", "text", "segments")
    for pk, text, segments in texts.iterator(1000):
        at = int(np.searchsorted(responses.id, pk))
        bounds = stored_bounds(segments, text) or step_bounds(text)
        if at < len(opening) and responses.id[at] == pk and len(bounds) > 1:
            first = sha256_hex(text[: bounds[0][1]])
            opening[at] = int(first[:15], 16)  # 60 bits: never NO_OPENING
    return opening


def _accuracy_candidates(
    project: Project, plan: PairPlan, numbers: dict[str, int], responses: _Responses, group: IntArray
) -> pairing.Places:
    number = numbers_of(project, plan.right_by, responses.id)
    responses.count(UNKNOWN, int(np.isnan(number).sum()))
    right, wrong = number >= plan.right_from, number < plan.right_from
    if plan.strategy == "accuracy":
        return pairing.across(group, right, wrong)
    if plan.strategy == "styles":
        long, short = (of & (right | wrong) for of in _of_two_sources(plan, numbers, responses))
        return pairing.styles(group, long, short, right, plan.low or 0.0)
    brevity = np.where(right, -responses.length.astype(np.float64), np.nan)
    first, second = pairing.best_against_each(group, brevity)
    return _without(responses, TIED, first, second, brevity[first] == brevity[second])


def _ranked_candidates(
    project: Project, plan: PairPlan, responses: _Responses, group: IntArray
) -> pairing.Places:
    number = _ranking(project, plan.ranked_by, plan.method, responses)
    number = pairing.less_length(number, responses.length, plan.penalty)
    responses.count(UNRANKED if plan.ranked_by in CONSENSUS else UNNUMBERED, int(np.isnan(number).sum()))
    if plan.strategy == "band":
        ranked = np.flatnonzero(~np.isnan(number))
        first, second = (ranked[places] for places in pairing.all_pairs(group[ranked]))
        low, high = plan.low or 0.0, np.inf if plan.high is None else plan.high
        outside = pairing.outside_band(number[first], number[second], low, high)
        return _without(responses, OUTSIDE, first, second, outside)
    if plan.strategy == "best_random":
        seed = stream(plan.seed, plan.strategy)
        first, second = pairing.best_random(group, number, responses.id, seed)
    else:
        choose = {
            "best_worst": pairing.best_worst,
            "best_each": pairing.best_against_each,
            "top_two": pairing.top_two,
            "adjacent": pairing.adjacent_ranks,
        }[plan.strategy]
        first, second = choose(group, number)
    return _without(responses, TIED, first, second, number[first] == number[second])


def _ranking(project: Project, name: str, method: str, responses: _Responses) -> FloatArray:
    """The number that ranks each response, the highest being the best; NaN where there is none."""
    if name in LENGTHS:
        length = responses.length.astype(np.float64)
        return -length if name == "shortest" else length
    if name not in CONSENSUS:
        end, _, key = name.partition(" ")
        number = numbers_of(project, key, responses.id)
        return number if end == HIGHEST else -number
    table = copy_out(CONCLUSIONS, [project.pk, method], CONCLUSION_COLUMNS)
    table = table[np.isin(table["a"], responses.id)]
    first, second = (np.searchsorted(responses.id, table[side]) for side in ("a", "b"))
    n = len(responses.id)
    if name == "copeland":
        return pairing.copeland(n, first, second, cast(IntArray, table["winner"]))
    return pairing.mean_probabilities(n, first, second, table["probability"])


def _without(
    responses: _Responses, reason: str, first: IntArray, second: IntArray, going: BoolArray
) -> pairing.Places:
    responses.count(reason, int(going.sum()))
    return first[~going], second[~going]
