"""What steps read of a project: numbers by COPY, texts as a stream."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from django.db.models import BigIntegerField, Case, When
from django.db.models.functions import Cast, Coalesce, Sign

from curation.algorithms.filters import IntArray
from curation.algorithms.fingerprints import text_key
from curation.bulk import copy_out
from curation.models import (
    Judgment,
    Project,
    Prompt,
    PromptExclusion,
    Rater,
    Response,
    Sampler,
    ScoreProducer,
)

Table = npt.NDArray[np.void]
PromptValue = Literal["source", "category", "licence", "content"]

CHUNK = 5000

# Values as numbers: what they are called does not matter, only which prompts have the same.
PROMPT_VALUES: dict[PromptValue, str] = {
    "source": "dense_rank() OVER (ORDER BY prompt.source)",
    "category": "dense_rank() OVER (ORDER BY prompt.category)",
    # Made of the content alone: the same in every database.
    "content": "('x' || substr(prompt.fingerprint, 1, 16))::bit(64)::int8",
    # A prompt that has it, from which `licence_names` reads what it is called.
    "licence": "min(prompt.id) OVER (PARTITION BY prompt.licence)",
}
# Gold prompts check annotators and are never trained on.
PAIRS = """
SELECT pair.id, pair.prompt_id, pair.response_a_id, pair.response_b_id, (prompt.split = 'eval')::int::int2
FROM curation_pair pair
JOIN curation_prompt prompt ON prompt.id = pair.prompt_id
WHERE prompt.project_id = %s AND prompt.split <> 'gold'
"""
CONSENSUS = """
SELECT found.pair_id, (CASE found.winner WHEN 'a' THEN 1 WHEN 'b' THEN -1 ELSE 0 END)::int2,
    found.probability, found.margin,
    (CASE WHEN found.winner <> '' THEN 1
          ELSE ((votes->>'a')::int8 + (votes->>'b')::int8 + (votes->>'tie')::int8 > 0)::int END)::int2
FROM curation_consensus found
WHERE found.method = %s AND {of_project}
"""
# The join takes longer than the read. Where most ids in a range are the project's, the rest is read as well.
OF_PROJECT = """found.pair_id IN (
    SELECT pair.id FROM curation_pair pair JOIN curation_prompt prompt ON prompt.id = pair.prompt_id
    WHERE prompt.project_id = %s
)"""
IN_RANGE = "found.pair_id BETWEEN %s AND %s"
# A rater who saw both orders counts once, as in every consensus.
STRENGTHS = """
SELECT pair_id, avg(toward_a)::float8 FROM (
    SELECT pair_id, rater_id, avg(CASE "left" WHEN 'a' THEN preference ELSE -preference END) AS toward_a
    FROM ({judgments}) counted GROUP BY pair_id, rater_id
) voter GROUP BY pair_id
"""
SCORES = """
SELECT pair_id, (CASE direction WHEN 'a_over_b' THEN 1 WHEN 'b_over_a' THEN -1 ELSE 0 END)::int2, value
FROM curation_pairscore WHERE producer_id = %s
"""
RESPONSE_SCORES = """
SELECT pair_id, (details->>'a')::float8, (details->>'b')::float8
FROM curation_pairscore
WHERE producer_id = %s AND direction = 'a_over_b' AND details ? 'a' AND details ? 'b'
"""
RESPONSES = """
SELECT response.id, {value} FROM curation_response response
JOIN curation_prompt prompt ON prompt.id = response.prompt_id WHERE prompt.project_id = %s
"""


def pairs(project: Project) -> Table:
    """In order of id: `pair`, `prompt`, its responses `a` and `b`, and `eval`: 1 in the eval split. Pairs of
    gold prompts are not there."""
    columns = [("pair", "i8"), ("prompt", "i8"), ("a", "i8"), ("b", "i8"), ("eval", "i2")]
    table = copy_out(PAIRS, [project.pk], columns)
    ids = table["pair"]
    # Mostly they come in order as they are; a sort in the database would go through its disk.
    return table if np.all(ids[1:] > ids[:-1]) else table[np.argsort(ids)]


def consensus(project: Project, method: str, pair_ids: IntArray) -> Table:
    """`pair`, `winner` (+1 a, −1 b, 0 tie), `probability`, `margin`, `answered`: 0 if all said both bad.

    Of `pair_ids`, the project's in order, and perhaps of as many others.
    """
    columns = [("pair", "i8"), ("winner", "i2"), ("probability", "f8"), ("margin", "f8"), ("answered", "i2")]
    ends = [int(pair_ids[0]), int(pair_ids[-1])] if len(pair_ids) else [0, -1]
    if ends[1] - ends[0] < 2 * len(pair_ids):
        return copy_out(CONSENSUS.format(of_project=IN_RANGE), [method, *ends], columns)
    return copy_out(CONSENSUS.format(of_project=OF_PROJECT), [method, project.pk], columns)


def verdicts(project: Project) -> Table:
    """Of judges that count: `pair`, `judge`, `left_is_a`, and `left`: +1 for the left response, −1 for the
    right one, 0 for neither. A skip says nothing."""
    rows = (
        Judgment.objects.for_project(project)
        .counted()
        .filter(rater__kind=Rater.Kind.JUDGE)
        .exclude(outcome=Judgment.Outcome.SKIP)
        .order_by()
        .values_list(
            "pair_id",
            "rater_id",
            Case(When(left="a", then=1), default=0, output_field=BigIntegerField()),
            Cast(Sign(Coalesce("preference", 0)), BigIntegerField()),
        )
    )
    sql, params = rows.query.sql_with_params()
    return copy_out(sql, params, [(name, "i8") for name in ("pair", "judge", "left_is_a", "left")])


def strengths(project: Project) -> Table:
    """`pair`, and the mean of the strengths its raters stated, `toward_a`: 3 a much better, −3 b."""
    rows = (
        Judgment.objects.for_project(project)
        .counted()
        .filter(preference__isnull=False)
        .order_by()
        .values("pair_id", "rater_id", "left", "preference")
    )
    sql, params = rows.query.sql_with_params()
    return copy_out(STRENGTHS.format(judgments=sql), params, [("pair", "i8"), ("toward_a", "f8")])


def scores(producer: ScoreProducer) -> Table:
    """`pair`, `direction` (+1 a over b, −1 b over a, 0 symmetric), `value`."""
    return copy_out(SCORES, [producer.pk], [("pair", "i8"), ("direction", "i2"), ("value", "f8")])


def response_scores(producer: ScoreProducer) -> Table:
    """`pair`, and the numbers of its responses, `a` and `b`, whose difference the score is."""
    return copy_out(RESPONSE_SCORES, [producer.pk], [("pair", "i8"), ("a", "f8"), ("b", "f8")])


def lengths(project: Project) -> tuple[IntArray, IntArray]:
    """(ids of responses, the characters of each)."""
    return _of_responses(project, "length(response.text)::int8")


def prompt_values(project: Project, of: PromptValue) -> tuple[IntArray, IntArray]:
    """(ids of prompts, a number for the value of each)."""
    query = f"""
        SELECT prompt.id, {PROMPT_VALUES[of]} FROM curation_prompt prompt WHERE prompt.project_id = %s
    """  # noqa: S608 -- only constants of this module go in
    table = copy_out(query, [project.pk], [("id", "i8"), ("value", "i8")])
    return table["id"], table["value"]


def licence_names(prompts: IntArray) -> tuple[str, ...]:
    """The licences of these prompts, in their order."""
    found = Prompt.objects.filter(pk__in=prompts.tolist()).order_by().values_list("pk", "licence")
    names = dict(found)
    return tuple(names[pk] for pk in prompts.tolist())


def prompt_exclusions(project: Project) -> dict[int, str]:
    """The excluded prompts in order of id, and why."""
    standing = PromptExclusion.objects.standing().filter(prompt__project=project).order_by("prompt")
    return dict(standing.values_list("prompt", "reason"))


def response_models(project: Project) -> tuple[IntArray, IntArray]:
    """(ids of responses, a number for the name of each one's model, 0 for people)."""
    responses, written_by = _of_responses(project, "coalesce(response.sampler_id, 0)::int8")
    samplers = list(Sampler.objects.filter(project=project).order_by("id").values_list("id", "model_name"))
    names = {name: place for place, name in enumerate(dict.fromkeys(name for _, name in samplers), start=1)}
    ids = np.array([0, *(pk for pk, _ in samplers)], dtype=np.int64)
    numbers = np.array([0, *(names[name] for _, name in samplers)], dtype=np.int64)
    return responses, numbers[np.searchsorted(ids, written_by)]


def _of_responses(project: Project, value: str) -> tuple[IntArray, IntArray]:
    table = copy_out(RESPONSES.format(value=value), [project.pk], [("id", "i8"), ("value", "i8")])
    return table["id"], table["value"]


def response_keys(project: Project) -> tuple[IntArray, IntArray]:
    """(ids of responses, the key of each one's text). Texts are read as a stream and not kept."""
    rows = Response.objects.for_project(project).order_by().values_list("id", "text")
    keys = ((pk, text_key(text)) for pk, text in rows.iterator(chunk_size=CHUNK))
    table = np.fromiter(keys, dtype=[("id", "i8"), ("key", "i8")])
    return table["id"], table["key"]
