"""Rules the database keeps: prices never overlap, customer trees have no cycles."""

from django.db import migrations

FORWARD = """
ALTER TABLE contracts_raterow ADD CONSTRAINT rate_row_no_overlap EXCLUDE USING gist (
    int8range(card_id, card_id, '[]') WITH &&,
    int8range(hashtextextended(role || '|' || resource || '|' || item || '|' || currency || '|' || unit, 0),
              hashtextextended(role || '|' || resource || '|' || item || '|' || currency || '|' || unit, 0), '[]') WITH &&,
    validity WITH &&
) WHERE (withdrawn_in_id IS NULL);
CREATE FUNCTION customer_refuse_cycle() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.parent_id IS NOT NULL AND EXISTS (
        WITH RECURSIVE up(id) AS (
            SELECT NEW.parent_id
            UNION
            SELECT c.parent_id FROM contracts_customer c JOIN up ON c.id = up.id WHERE c.parent_id IS NOT NULL
        ) SELECT 1 FROM up WHERE up.id = NEW.id
    ) THEN
        RAISE EXCEPTION 'Customer % cannot be its own ancestor.', NEW.code
            USING ERRCODE = 'check_violation', CONSTRAINT = 'customer_tree_no_cycle';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER customer_no_cycle BEFORE INSERT OR UPDATE OF parent_id ON contracts_customer
    FOR EACH ROW EXECUTE FUNCTION customer_refuse_cycle();
"""
BACKWARD = """
ALTER TABLE contracts_raterow DROP CONSTRAINT rate_row_no_overlap;
DROP TRIGGER customer_no_cycle ON contracts_customer;
DROP FUNCTION customer_refuse_cycle();
"""


class Migration(migrations.Migration):
    dependencies = [("contracts", "0001_models")]
    replaces = [
        ("contracts", "0001_initial"),
        ("contracts", "0002_invariants"),
        ("contracts", "0003_routes_and_po_rule"),
        ("contracts", "0004_shared_calendars"),
        ("contracts", "0005_projects_that_wait_for_their_contract"),
        ("contracts", "0006_room_given_back"),
        ("contracts", "0007_recurring_fees"),
    ]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
