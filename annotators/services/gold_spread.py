"""Bring new gold into the campaigns that mix gold in."""

from __future__ import annotations

from django.db import connection

from curation.models import Project

# A pair with a place in the queue keeps it. A place held by gold that was retired goes to the gold that
# replaces it, so whoever met the pair is measured against the answer that is known to be right now.
SPREAD = """
INSERT INTO annotators_campaignpair AS old
    (campaign_id, pair_id, gold_id, control, overlap, slots_left, n_rushed, review)
SELECT campaign.id, gold.pair_id, gold.id, false, 1, 0, 0, ''
FROM annotators_goldpair gold
JOIN annotators_campaign campaign ON campaign.project_id = gold.project_id
WHERE gold.project_id = %s AND gold.retired_at IS NULL
    AND (campaign.gold_share > 0 OR campaign.qualification_size > 0)
ORDER BY campaign.id, gold.pair_id
ON CONFLICT (campaign_id, pair_id) DO UPDATE SET gold_id = excluded.gold_id
    WHERE old.gold_id IS NOT NULL AND old.gold_id <> excluded.gold_id
"""


def gold_spread(*, project: Project) -> int:
    """Returns how many campaigns' pairs are new or replaced. Running it again changes nothing."""
    with connection.cursor() as cursor:
        cursor.execute(SPREAD, [project.pk])
        return int(cursor.rowcount)
