"""A version's rows hold the responses of their pair, checked for all rows of a statement at once.

Foreign keys on the responses would be checked row by row, and lock every response.
"""

import django.db.models.deletion
from django.db import migrations, models

OF_THEIR_PAIR = """
CREATE FUNCTION tiebreak_rows_of_their_pairs() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    strange bigint;
BEGIN
    SELECT count(*) INTO strange FROM added LEFT JOIN curation_pair pair ON pair.id = added.pair_id
    WHERE (added.chosen_id, added.rejected_id) IS DISTINCT FROM (pair.response_a_id, pair.response_b_id)
        AND (added.chosen_id, added.rejected_id) IS DISTINCT FROM (pair.response_b_id, pair.response_a_id);
    IF strange > 0 THEN
        RAISE EXCEPTION 'the responses of % rows are not those of their pairs', strange
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER curation_datasetrow_of_their_pairs AFTER INSERT ON curation_datasetrow
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION tiebreak_rows_of_their_pairs();
"""
OF_THEIR_PAIR_BACK = """
DROP TRIGGER curation_datasetrow_of_their_pairs ON curation_datasetrow;
DROP FUNCTION tiebreak_rows_of_their_pairs();
"""
FROZEN = """
CREATE TRIGGER curation_pair_frozen BEFORE UPDATE OF prompt_id, response_a_id, response_b_id ON curation_pair
    FOR EACH ROW EXECUTE FUNCTION tiebreak_refuse_change();
"""
FROZEN_BACK = "DROP TRIGGER curation_pair_frozen ON curation_pair;"


def of_version(related_name: str) -> models.ForeignKey:
    return models.ForeignKey(
        db_index=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name=related_name,
        to="curation.datasetversion",
    )


def response() -> models.ForeignKey:
    return models.ForeignKey(
        db_constraint=False,
        db_index=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to="curation.response",
    )


class Migration(migrations.Migration):
    dependencies = [("curation", "0021_pair_keys_once")]

    operations = [
        migrations.RunSQL(FROZEN, FROZEN_BACK),
        migrations.RunSQL(OF_THEIR_PAIR, OF_THEIR_PAIR_BACK),
        migrations.AlterField("datasetrow", "version", of_version("rows")),
        migrations.AlterField("datasetrow", "chosen", response()),
        migrations.AlterField("datasetrow", "rejected", response()),
        migrations.AlterField("droppedpair", "version", of_version("dropped")),
    ]
