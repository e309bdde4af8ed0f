"""The ledger of retainers is added to and never changed, and it alone moves the balance of an account."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION billing_retainer_carry_on() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    held numeric;
    last integer;
BEGIN
    SELECT balance INTO held FROM billing_retaineraccount WHERE id = NEW.account_id FOR NO KEY UPDATE;
    SELECT coalesce(max(number), 0) INTO last FROM billing_retainerentry WHERE account_id = NEW.account_id;
    IF NEW.before <> held OR NEW.number <> last + 1 THEN
        RAISE EXCEPTION 'Entry % of retainer account % does not follow the last one.', NEW.number, NEW.account_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'retainer_entry_follows';
    END IF;
    UPDATE billing_retaineraccount SET balance = NEW.after WHERE id = NEW.account_id;
    RETURN NEW;
END $$;
CREATE FUNCTION billing_retainer_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The ledger of a retainer is only added to: a correction is a further entry.'
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER retainer_entry_carries_on BEFORE INSERT ON billing_retainerentry
    FOR EACH ROW EXECUTE FUNCTION billing_retainer_carry_on();
CREATE TRIGGER retainer_entry_fixed BEFORE UPDATE OR DELETE ON billing_retainerentry
    FOR EACH ROW EXECUTE FUNCTION billing_retainer_refuse_change();
CREATE TRIGGER retainer_balance_by_ledger BEFORE UPDATE OF balance ON billing_retaineraccount
    FOR EACH ROW WHEN (NEW.balance <> OLD.balance AND pg_trigger_depth() = 0)
    EXECUTE FUNCTION billing_retainer_refuse_change();
"""
BACKWARD = """
DROP TRIGGER retainer_balance_by_ledger ON billing_retaineraccount;
DROP TRIGGER retainer_entry_fixed ON billing_retainerentry;
DROP TRIGGER retainer_entry_carries_on ON billing_retainerentry;
DROP FUNCTION billing_retainer_refuse_change();
DROP FUNCTION billing_retainer_carry_on();
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0008_retainers")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
