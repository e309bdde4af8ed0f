"""The database refuses to change what a cost says: only whether it is current, and its journal, move."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION cost_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (OLD.is_current OR NOT NEW.is_current)
       AND to_jsonb(NEW) - 'is_current' - 'posting_id' = to_jsonb(OLD) - 'is_current' - 'posting_id' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'Cost % never changes: it is reversed and counted anew.', OLD.id
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER cost_fixed BEFORE UPDATE OR DELETE ON costs_cost
    FOR EACH ROW EXECUTE FUNCTION cost_refuse_change();
"""
BACKWARD = """
DROP TRIGGER cost_fixed ON costs_cost;
DROP FUNCTION cost_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("costs", "0001_models")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
