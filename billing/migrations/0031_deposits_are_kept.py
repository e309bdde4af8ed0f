"""No contract is closed while something is left of a deposit."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION billing_refuse_close_with_deposit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM billing_depositaccount
                WHERE contract_id = NEW.id AND billed <> applied + refunded) THEN
        RAISE EXCEPTION 'Contract % has a deposit left: give it back before the contract is closed.', NEW.number
            USING ERRCODE = 'check_violation', CONSTRAINT = 'contract_closed_without_deposit';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER contract_closed_without_deposit BEFORE UPDATE OF status ON contracts_contract
    FOR EACH ROW WHEN (NEW.status = 'closed' AND OLD.status <> 'closed')
    EXECUTE FUNCTION billing_refuse_close_with_deposit();
"""
BACKWARD = """
DROP TRIGGER contract_closed_without_deposit ON contracts_contract;
DROP FUNCTION billing_refuse_close_with_deposit();
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0030_deposits")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
