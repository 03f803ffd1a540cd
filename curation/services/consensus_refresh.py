"""Rebuild a consensus only where something it was built from may have changed."""

from __future__ import annotations

from django.conf import settings
from django.db import connection, transaction

from curation.consensus_methods import consensus_method
from curation.models import ConsensusBuild, Project
from curation.services.consensus_build import consensus_build

# Judgments are never changed or deleted, so the newest id and how many there are tell whether any came. An id
# is given out before its transaction ends: one that ends late is found among the newest so many.
LATE = 100_000
BASIS = """
SELECT newest.id,
    (SELECT count(*) FROM curation_judgment WHERE id > newest.id - %s),
    (SELECT md5(string_agg(exclusion.id::text, ',' ORDER BY exclusion.id))
     FROM curation_raterexclusion exclusion JOIN curation_rater rater ON rater.id = exclusion.rater_id
     WHERE rater.project_id = %s AND exclusion.lifted_at IS NULL)
FROM (SELECT coalesce(max(id), 0) AS id FROM curation_judgment) newest
"""


@transaction.atomic
def consensus_refresh(*, project: Project, method: str) -> None:
    """`consensus_build`, where it could come to something new."""
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    basis = consensus_basis(project, method)
    builds = ConsensusBuild.objects.filter(project=project, method=method)
    if builds.filter(basis=basis).exists():
        return
    consensus_build(project=project, method=method)
    builds.update_or_create(project=project, method=method, defaults={"basis": basis})


def consensus_basis(project: Project, method: str) -> str:
    """What the method's conclusions depend on, as far as it is known without reading the judgments."""
    with connection.cursor() as cursor:
        cursor.execute(BASIS, [LATE, project.pk])
        found = cursor.fetchone()
    return ":".join(map(str, (settings.VERSION, *found, consensus_method(method).basis(project))))
