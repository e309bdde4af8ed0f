"""The database keeps reimbursements true: they add up, take only what is owed, and what was posted of them stays."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION reimbursement_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wanted bigint;
    broken text;
BEGIN
    IF TG_TABLE_NAME = 'costs_reimbursement' THEN wanted := NEW.id;
    ELSIF TG_OP = 'DELETE' THEN wanted := OLD.reimbursement_id;
    ELSE wanted := NEW.reimbursement_id;
    END IF;
    SELECT row.number INTO broken
      FROM costs_reimbursement AS row
      LEFT JOIN costs_reimbursementitem AS item ON item.reimbursement_id = row.id
     WHERE row.id = wanted
     GROUP BY row.id
    HAVING row.amount <> coalesce(sum(item.amount), 0)
        OR row.taken_back <> coalesce(sum(item.amount) FILTER (WHERE NOT item.is_live), 0)
        OR count(*) FILTER (WHERE item.currency <> row.currency) > 0;
    IF broken IS NOT NULL THEN
        RAISE EXCEPTION 'Reimbursement % does not add up.', broken USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER reimbursement_adds_up AFTER INSERT OR UPDATE ON costs_reimbursement
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION reimbursement_adds_up();
CREATE CONSTRAINT TRIGGER reimbursement_items_add_up AFTER INSERT OR UPDATE OR DELETE ON costs_reimbursementitem
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION reimbursement_adds_up();

CREATE FUNCTION reimbursement_item_is_owed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM costs_expenseclaim AS claim
         WHERE claim.id = NEW.claim_id AND claim.reimbursable AND claim.paid_by = 'employee'
           AND claim.approval = 'approved' AND NOT claim.is_deleted
    ) THEN
        RAISE EXCEPTION 'Claim % is owed to nobody.', NEW.claim_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER reimbursement_item_is_owed BEFORE INSERT ON costs_reimbursementitem
    FOR EACH ROW EXECUTE FUNCTION reimbursement_item_is_owed();

CREATE FUNCTION reimbursement_item_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (OLD.is_live OR NOT NEW.is_live)
       AND to_jsonb(NEW) - 'is_live' - 'taken_back_by_id' = to_jsonb(OLD) - 'is_live' - 'taken_back_by_id' THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' AND EXISTS (
        SELECT FROM costs_reimbursement AS row WHERE row.id = OLD.reimbursement_id AND row.status = 'due'
    ) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'What is reimbursed never changes: it is taken back, and reimbursed anew.'
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER reimbursement_item_fixed BEFORE UPDATE OR DELETE ON costs_reimbursementitem
    FOR EACH ROW EXECUTE FUNCTION reimbursement_item_refuse_change();
"""
BACKWARD = """
DROP TRIGGER reimbursement_item_fixed ON costs_reimbursementitem;
DROP FUNCTION reimbursement_item_refuse_change();
DROP TRIGGER reimbursement_item_is_owed ON costs_reimbursementitem;
DROP FUNCTION reimbursement_item_is_owed();
DROP TRIGGER reimbursement_items_add_up ON costs_reimbursementitem;
DROP TRIGGER reimbursement_adds_up ON costs_reimbursement;
DROP FUNCTION reimbursement_adds_up();
"""


class Migration(migrations.Migration):
    dependencies = [("costs", "0005_reimbursements")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
