"""Turn an answer into judgments: the pair's own, and those that follow from a ranking or a rewrite."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from annotators.answers import Answer, ranked_preferences
from annotators.models import Assignment, Campaign, ImpliedJudgment
from curation.algorithms.fingerprints import sha256_hex
from curation.models import Judgment, Pair, Rater, Response, User
from curation.models.judgments import Side
from curation.services.judgment_record import JudgmentValue, judgment_record, judgments_record
from curation.services.rater_get import person_rater

Outcome = Judgment.Outcome


def answer_record(
    *, campaign: Campaign, assignment: Assignment, user: User, answer: Answer, took_ms: int | None
) -> Judgment:
    """Append everything the answer says, each over what the same turn said before. Call in a transaction,
    with the assignment locked; the caller makes the returned judgment the head of the assignment's chain."""
    rater = person_rater(project=campaign.project, user=user)
    if assignment.judgment is not None:
        implied_withdraw(assignment, rater)
    judgment = judgment_record(
        pair=assignment.pair,
        rater=rater,
        left=assignment.left,
        outcome=answer.outcome,
        preference=answer.preference,
        attributes=answer.attributes,
        rationale=answer.rationale,
        skip_reason=answer.skip_reason,
        duration_ms=took_ms,
        guideline=guideline_number(assignment),
        source=Judgment.Source.CAMPAIGN,
        supersedes=assignment.judgment,
    )
    if "ranking" in answer.attributes:
        ranking_expand(assignment, rater, answer.attributes["ranking"])
    if answer.rewrite:
        rewrite_record(assignment, rater, user, answer)
    return judgment


def guideline_number(assignment: Assignment) -> int | None:
    return assignment.guideline.number if assignment.guideline else None


def duration_ms(opened_at: datetime, answered_at: datetime, visible_ms: int | None) -> int:
    """From opening to answer, or the shorter time that the pair was in view."""
    elapsed = (answered_at - opened_at) // timedelta(milliseconds=1)
    return elapsed if visible_ms is None else min(elapsed, visible_ms)


def withdrawal(pair: Pair, rater: Rater, taken_back: Judgment) -> Judgment:
    """A row that takes `taken_back` out of force and says nothing itself."""
    return judgment_record(
        pair=pair,
        rater=rater,
        left=taken_back.left,
        outcome=Outcome.WITHDRAWN,
        source=Judgment.Source.CAMPAIGN,
        supersedes=taken_back,
    )


def implied_withdraw(assignment: Assignment, rater: Rater) -> None:
    """Take back what the assignment's last answer implied about other pairs."""
    standing = assignment.implied.exclude(judgment__outcome=Outcome.WITHDRAWN).select_related("judgment")
    implied_append(
        assignment,
        [
            JudgmentValue(
                pair_id=implied.pair_id,
                rater_id=rater.pk,
                left=implied.judgment.left,
                outcome=Outcome.WITHDRAWN,
                source=Judgment.Source.CAMPAIGN,
                supersedes_id=implied.judgment_id,
            )
            for implied in standing
        ],
    )


def ranking_expand(assignment: Assignment, rater: Rater, ranking: list[list[int]]) -> None:
    """A judgment for every pair of the ranked responses but the assignment's own."""
    order = assignment.order or []
    among = Pair.objects.filter(response_a__in=order, response_b__in=order)
    pairs = {(a, b): pk for pk, a, b in among.values_list("pk", "response_a_id", "response_b_id")}
    said = []
    for first, later, preference in ranked_preferences(order, ranking):
        pair = pairs[min(first, later), max(first, later)]
        if pair != assignment.pair_id:
            said.append((pair, Side.A if first < later else Side.B, preference))
    implied_record(assignment, rater, said)


def rewrite_record(assignment: Assignment, rater: Rater, user: User, answer: Answer) -> None:
    """Keep a corrected text as a response of the person's own, preferred to the one it corrects."""
    original_id = answer.attributes["rewrite_of"]
    response, _ = Response.objects.get_or_create(
        prompt_id=assignment.pair.prompt_id,
        author=user,
        edited_from_id=original_id,
        text_hash=sha256_hex(answer.rewrite),
        defaults={"text": answer.rewrite},
    )
    pair, _ = Pair.objects.get_or_create(
        response_a_id=original_id, response_b=response, defaults={"prompt_id": assignment.pair.prompt_id}
    )
    implied_record(assignment, rater, [(pair.pk, Side.A, -2)])


def implied_record(assignment: Assignment, rater: Rater, said: Iterable[tuple[int, Side, int]]) -> None:
    """Append (pair id, which response is left, preference towards it; 0 is a tie) to their chains."""
    heads = dict(assignment.implied.values_list("pair_id", "judgment_id"))
    implied_append(
        assignment,
        [
            JudgmentValue(
                pair_id=pair_id,
                rater_id=rater.pk,
                left=left,
                outcome=Outcome.PREFERRED if preference else Outcome.TIE,
                preference=preference or None,
                guideline=guideline_number(assignment),
                source=Judgment.Source.CAMPAIGN,
                supersedes_id=heads.get(pair_id),
            )
            for pair_id, left, preference in said
        ],
    )


def implied_append(assignment: Assignment, rows: list[JudgmentValue]) -> None:
    """Append judgments and make each the head of its pair's chain, in two statements however many."""
    if rows:
        ImpliedJudgment.objects.bulk_create(
            [
                ImpliedJudgment(assignment=assignment, pair_id=judgment.pair_id, judgment=judgment)
                for judgment in judgments_record(rows=rows)
            ],
            update_conflicts=True,
            unique_fields=["assignment", "pair"],
            update_fields=["judgment"],
        )
