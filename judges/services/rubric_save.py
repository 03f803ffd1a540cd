"""Save the wording of a pairwise question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from curation.algorithms.fingerprints import canonical_json, sha256_hex
from curation.models import Project, User
from judges.algorithms.verdicts import missing_placeholders
from judges.errors import JudgeError
from judges.models import RubricVersion


@transaction.atomic
def rubric_save(
    *,
    project: Project,
    name: str,
    template: str,
    system: str,
    prefill: str,
    verdicts: Sequence[str],
    user: User | None,
) -> RubricVersion:
    """The version of `name` with this wording: the newest if nothing changed, else the next one."""
    fields: dict[str, Any] = {
        "template": template.strip(),
        "system": system.strip(),
        "prefill": prefill.strip(),
        "verdicts": [verdict.strip() for verdict in verdicts],
    }
    rubric_check(template=fields["template"], verdicts=fields["verdicts"])
    content_hash = sha256_hex(canonical_json(fields))
    # One writer a project at a time: two saves at once must not both become the next version.
    Project.objects.select_for_update().get(pk=project.pk)
    newest = RubricVersion.objects.filter(project=project, name=name).order_by("-version").first()
    if newest is not None and newest.content_hash == content_hash:
        return newest
    version = newest.version + 1 if newest else 1
    return RubricVersion.objects.create(
        project=project, name=name, version=version, content_hash=content_hash, created_by=user, **fields
    )


def rubric_check(*, template: str, verdicts: Sequence[str]) -> None:
    """Raise JudgeError when a judge could not answer this question."""
    missing = missing_placeholders(template)
    if missing:
        names = " and ".join(f"{{{name}}}" for name in missing)
        raise JudgeError(
            f"The template lacks {names}. It needs {{prompt}}, {{left}} and {{right}}, which stand for the "
            "request and the two responses."
        )
    if len(verdicts) != 2 or not all(verdicts) or verdicts[0] == verdicts[1]:
        raise JudgeError(
            "A judge chooses between two different verdict labels. Give both, for example A and B."
        )
    if any(len(verdict.split()) != 1 for verdict in verdicts):
        raise JudgeError("A verdict label is one word without spaces, so that one token can say it.")
