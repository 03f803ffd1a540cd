"""How far the consensus methods agree with each other."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

from django.db import connection

from curation.consensus_methods import consensus_methods
from curation.errors import CurationError
from curation.models import Project
from curation.services.consensus_build import consensus_build

SAME = """
SELECT one.method, other.method, count(*), count(*) FILTER (WHERE one.winner = other.winner)
FROM curation_consensus one
JOIN curation_consensus other ON other.pair_id = one.pair_id AND other.method > one.method
JOIN curation_pair pair ON pair.id = one.pair_id
JOIN curation_prompt prompt ON prompt.id = pair.prompt_id
WHERE prompt.project_id = %s AND one.method = ANY (%s) AND other.method = ANY (%s)
GROUP BY one.method, other.method
"""


def compare_methods(*, project: Project, beat: Callable[[], None]) -> dict[str, Any]:
    """Build every method that the data allow, then count on how many pairs each two conclude the same:
    A, B or a tie."""
    built = []
    for method in consensus_methods():
        started = perf_counter()
        row: dict[str, Any] = {"name": method.name, "n": None, "reason": ""}
        try:
            row["n"] = consensus_build(project=project, method=method.name)
        except CurationError as error:
            row["reason"] = str(error)
        built.append({**row, "seconds": perf_counter() - started})
        beat()
    names = [row["name"] for row in built if row["n"] is not None]
    with connection.cursor() as cursor:
        cursor.execute(SAME, [project.pk, names, names])
        same = cursor.fetchall()
    return {
        "built": built,
        "same": [
            {"first": first, "second": second, "n": n, "same": alike} for first, second, n, alike in same
        ],
    }
