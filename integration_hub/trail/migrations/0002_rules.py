"""The database refuses to change or remove what happened."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION trail_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The trail is append-only: % on % is refused.', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER trail_event_append_only BEFORE UPDATE OR DELETE ON hub_trail_event
    FOR EACH ROW EXECUTE FUNCTION trail_refuse_change();
CREATE TRIGGER trail_seal_append_only BEFORE UPDATE OR DELETE ON hub_trail_seal
    FOR EACH ROW EXECUTE FUNCTION trail_refuse_change();
ALTER TABLE hub_trail_event ADD COLUMN tx xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX trail_event_tx ON hub_trail_event (tx, id);
"""
BACKWARD = """
DROP TRIGGER trail_event_append_only ON hub_trail_event;
DROP TRIGGER trail_seal_append_only ON hub_trail_seal;
DROP FUNCTION trail_refuse_change();
DROP INDEX trail_event_tx;
ALTER TABLE hub_trail_event DROP COLUMN tx;
"""


class Migration(migrations.Migration):
    dependencies = [("hub_trail", "0001_models")]
    replaces = [
        ("hub_trail", "0001_initial"),
        ("hub_trail", "0002_append_only"),
    ]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
