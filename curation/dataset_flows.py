"""What flows through a dataset version: from prompt files to who wrote the responses, on to who judged."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from django.db import connection

# One pass over the rows for both, grouped by prompt before the prompts are joined. Superseded judgments are
# left out by NOT EXISTS: by Django's LEFT JOIN, PostgreSQL expects one row and looks up a million one by one.
FLOWS = """
WITH wrote AS MATERIALIZED (
    SELECT row.pair_id, chosen.prompt_id, chosen.sampler_id AS one, rejected.sampler_id AS other
    FROM curation_datasetrow row
    JOIN curation_response chosen ON chosen.id = row.chosen_id
    JOIN curation_response rejected ON rejected.id = row.rejected_id
    WHERE row.version_id = %s
), asked AS (
    SELECT prompt_id, one, other, count(*) AS n FROM wrote GROUP BY prompt_id, one, other
)
SELECT 'file', prompt.prompt_import_id, one, other, sum(n)::int8
FROM asked JOIN curation_prompt prompt ON prompt.id = asked.prompt_id
GROUP BY prompt.prompt_import_id, one, other
UNION ALL
SELECT 'rater', judgment.rater_id, one, other, count(*)
FROM wrote JOIN curation_judgment judgment ON judgment.pair_id = wrote.pair_id
WHERE judgment.outcome <> 'withdrawn'
    AND NOT EXISTS (SELECT FROM curation_judgment later WHERE later.supersedes_id = judgment.id)
    AND NOT EXISTS (
        SELECT FROM curation_raterexclusion WHERE rater_id = judgment.rater_id AND lifted_at IS NULL
    )
GROUP BY judgment.rater_id, one, other
"""


@dataclass(frozen=True)
class Flows:
    """Rows by (prompt file, sampler) and judgments by (sampler, rater), each counted for both responses of
    its row; judgments by rater. A file of None: prompts without one; a sampler of None: people."""

    prompts_to_writers: Counter[tuple[int | None, int | None]]
    writers_to_raters: Counter[tuple[int | None, int]]
    judgments: Counter[int]


def read_flows(version_id: int) -> Flows:
    """From the version's rows and the judgments of their pairs that count now."""
    flows = Flows(Counter(), Counter(), Counter())
    with connection.cursor() as cursor:
        cursor.execute(FLOWS, [version_id])
        for kind, key, *writers, n in cursor:
            if kind == "rater":
                flows.judgments[key] += n
            for writer in writers:
                if kind == "rater":
                    flows.writers_to_raters[writer, key] += n
                else:
                    flows.prompts_to_writers[key, writer] += n
    return flows
