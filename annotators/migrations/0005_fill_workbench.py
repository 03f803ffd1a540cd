"""Give the campaigns of 0.1.0 what the workbench keeps on rows: overlap by pair, order, who takes part."""

from django.db import migrations

OVERLAP = """
UPDATE annotators_campaignpair AS queued SET overlap = campaign.overlap
FROM annotators_campaign campaign
WHERE campaign.id = queued.campaign_id AND queued.overlap <> campaign.overlap
"""
ORDER = """
UPDATE annotators_campaign SET "order" = 'id' WHERE seed IS NULL
"""
PEOPLE = """
INSERT INTO annotators_participation
    (campaign_id, user_id, state, n_opened, n_left_a, n_answered, joined_at, paused_reason)
SELECT campaign_id, annotator_id, 'active', count(*), count(*) FILTER (WHERE "left" = 'a'),
       count(*) FILTER (WHERE state = 'done'), min(opened_at), ''
FROM annotators_assignment GROUP BY campaign_id, annotator_id
ON CONFLICT (campaign_id, user_id) DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [("annotators", "0004_workbench")]

    operations = [migrations.RunSQL(sql, migrations.RunSQL.noop) for sql in (OVERLAP, ORDER, PEOPLE)]
