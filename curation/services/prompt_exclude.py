"""Leave prompts out of sampling, pairing and training, and take them back in. Nothing is deleted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from curation.errors import CurationError
from curation.models import CleaningReport, Prompt, PromptExclusion, User

REASON_LENGTH = 150
KeepRule = Literal["oldest", "longest", "eval", "judged"]

# The order in which a cluster's members are to be kept; equals by age.
ORDERS: dict[KeepRule, str] = {
    "oldest": "prompt.id",
    "longest": "length(prompt.messages::text) DESC",
    "eval": "CASE prompt.split WHEN 'eval' THEN 0 WHEN 'gold' THEN 1 ELSE 2 END",
    "judged": """(
        SELECT count(*) FROM curation_judgment judgment
        JOIN curation_pair pair ON pair.id = judgment.pair_id
        WHERE pair.prompt_id = prompt.id AND judgment.outcome <> 'withdrawn'
            AND NOT EXISTS (SELECT FROM curation_judgment later WHERE later.supersedes_id = judgment.id)
    ) DESC""",
}
REASONS: dict[KeepRule, str] = {
    "oldest": "near duplicate, the oldest is kept",
    "longest": "near duplicate, the longest is kept",
    "eval": "near duplicate, one of the eval split is kept first",
    "judged": "near duplicate, the most judged is kept",
}
KEEP_ONE = """
WITH member AS (
    SELECT member.prompt_id, first_value(member.prompt_id) OVER (
        PARTITION BY member.cluster ORDER BY {order}, prompt.id
    ) AS kept_id
    FROM curation_duplicatemember member
    JOIN curation_prompt prompt ON prompt.id = member.prompt_id
    WHERE member.report_id = %(report)s
        AND (%(cluster)s::int IS NULL OR member.cluster = %(cluster)s::int)
        AND NOT EXISTS (
            SELECT FROM curation_promptexclusion WHERE prompt_id = prompt.id AND lifted_at IS NULL
        )
)
INSERT INTO curation_promptexclusion (prompt_id, reason, report_id, kept_id, created_by_id, created_at)
SELECT prompt_id, %(reason)s, %(report)s, kept_id, %(user)s, now() FROM member WHERE prompt_id <> kept_id
ON CONFLICT (prompt_id) WHERE lifted_at IS NULL DO NOTHING
"""

EXCLUDE_FOUND = """
INSERT INTO curation_promptexclusion (prompt_id, reason, report_id, created_by_id, created_at)
SELECT DISTINCT prompt_id, %(reason)s, %(report)s::bigint, %(user)s::bigint, now()
FROM curation_patternfinding
WHERE report_id = %(report)s AND kind = %(kind)s AND (response_id IS NULL OR %(all)s)
ON CONFLICT (prompt_id) WHERE lifted_at IS NULL DO NOTHING
"""

EXCLUDE_LANGUAGES = """
INSERT INTO curation_promptexclusion (prompt_id, reason, report_id, created_by_id, created_at)
SELECT prompt_id, %(reason)s, %(report)s::bigint, %(user)s::bigint, now()
FROM curation_languagefinding
WHERE report_id = %(report)s AND language <> '' AND (language = ANY(%(languages)s)) <> %(all_but)s
ON CONFLICT (prompt_id) WHERE lifted_at IS NULL DO NOTHING
"""


def prompt_exclude(*, prompt: Prompt, user: User, reason: str) -> PromptExclusion:
    """From now on the prompt is neither sampled, paired nor trained on. Raises CurationError without a
    reason, or where it is left out already."""
    try:
        with transaction.atomic():
            return PromptExclusion.objects.create(prompt=prompt, reason=_said(reason), created_by=user)
    except IntegrityError as error:
        raise CurationError(f"Prompt {prompt.pk} is excluded already; nothing was changed.") from error


def prompt_include(*, prompt: Prompt, user: User) -> None:
    """Use the prompt again. Raises CurationError where nothing left it out."""
    standing = PromptExclusion.objects.standing().filter(prompt=prompt)
    if not standing.update(lifted_at=timezone.now(), lifted_by=user):
        raise CurationError(f"Prompt {prompt.pk} is in use already; nothing was changed.")


def duplicates_exclude(
    *, report: CleaningReport, rule: KeepRule, user: User, cluster: int | None = None
) -> int:
    """Keep one prompt of each cluster, or of the one named, and exclude its others; how many.

    Members under a standing exclusion are neither kept nor excluded again.
    """
    params = {"report": report.pk, "cluster": cluster, "reason": REASONS[rule], "user": user.pk}
    with connection.cursor() as cursor:
        cursor.execute(KEEP_ONE.format(order=ORDERS[rule]), params)
        return int(cursor.rowcount)


def findings_exclude(
    *, report: CleaningReport, kind: str, reason: str, user: User, in_responses: bool = False
) -> int:
    """Exclude the prompts in which a report found this kind, or also those with a response in which it did;
    how many."""
    params: dict[str, str | int] = {
        "report": report.pk, "kind": kind, "reason": _said(reason), "user": user.pk, "all": in_responses,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(EXCLUDE_FOUND, params)
        return int(cursor.rowcount)


def languages_exclude(
    *, report: CleaningReport, languages: Sequence[str], all_but: bool, reason: str, user: User
) -> int:
    """Exclude the prompts that a report found to be in these languages, or in any but these; how many.

    Those whose language cannot be told stay, whatever is chosen.
    """
    if not languages:
        raise CurationError("Choose a language; nothing was changed.")
    params: dict[str, Any] = {
        "report": report.pk, "languages": list(languages), "all_but": all_but, "reason": _said(reason),
        "user": user.pk,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(EXCLUDE_LANGUAGES, params)
        return int(cursor.rowcount)


def exclusions_lift(*, report: CleaningReport, user: User) -> int:
    """Take everything back in that was excluded because of a report; how many prompts."""
    standing = PromptExclusion.objects.standing().filter(report=report)
    return standing.update(lifted_at=timezone.now(), lifted_by=user)


def _said(reason: str) -> str:
    reason = reason.strip()
    if not 0 < len(reason) <= REASON_LENGTH:
        raise CurationError(f"Say why in 1 to {REASON_LENGTH} characters; the reason goes into funnels.")
    return reason
