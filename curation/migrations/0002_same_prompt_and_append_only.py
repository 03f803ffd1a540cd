"""What Django's constraints cannot say: pairs within one prompt, rows that never change."""

from django.db import migrations

SAME_PROMPT = """
ALTER TABLE curation_pair
    ADD CONSTRAINT pair_a_same_prompt FOREIGN KEY (response_a_id, prompt_id)
        REFERENCES curation_response (id, prompt_id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT pair_b_same_prompt FOREIGN KEY (response_b_id, prompt_id)
        REFERENCES curation_response (id, prompt_id) DEFERRABLE INITIALLY DEFERRED;
"""
SAME_PROMPT_BACK = """
ALTER TABLE curation_pair DROP CONSTRAINT pair_a_same_prompt, DROP CONSTRAINT pair_b_same_prompt;
"""

REFUSE = """
CREATE FUNCTION tiebreak_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""
REFUSE_BACK = "DROP FUNCTION tiebreak_refuse_change();"

APPEND_ONLY = ["curation_judgment", "curation_datasetversion", "curation_datasetrow", "curation_droppedpair"]
FROZEN_COLUMNS = {
    "curation_prompt": "messages, fingerprint, project_id",
    "curation_response": "text, text_hash, prompt_id, sampler_id, author_id, sample_index",
    "curation_filterrecipe": "steps, name, version, project_id",
}


def append_only(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION tiebreak_refuse_change();",
        f"DROP TRIGGER {table}_append_only ON {table};",
    )


def frozen(table: str, columns: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_frozen BEFORE UPDATE OF {columns} ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION tiebreak_refuse_change();",
        f"DROP TRIGGER {table}_frozen ON {table};",
    )


class Migration(migrations.Migration):
    dependencies = [("curation", "0001_initial")]

    operations = [
        migrations.RunSQL(SAME_PROMPT, SAME_PROMPT_BACK),
        migrations.RunSQL(REFUSE, REFUSE_BACK),
        *[append_only(table) for table in APPEND_ONLY],
        *[frozen(table, columns) for table, columns in FROZEN_COLUMNS.items()],
    ]
