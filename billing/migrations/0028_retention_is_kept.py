"""Credits never give back more than a line withholds, and no contract is closed while something is withheld."""

from django.db import migrations

OVER_CREDIT = """
CREATE OR REPLACE FUNCTION billing_refuse_over_credit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    original billing_invoiceline;
    taken_net numeric;
    taken_tax numeric;
BEGIN
    -- Whoever credits the same line at once waits here, and then sees what the other took.
    SELECT * INTO original FROM billing_invoiceline WHERE id = NEW.corrects_id FOR NO KEY UPDATE;
    SELECT -sum(line.net), -sum(line.tax) INTO taken_net, taken_tax
      FROM billing_candidateline AS line JOIN billing_candidate AS candidate ON candidate.id = line.candidate_id
     WHERE line.corrects_id = NEW.corrects_id AND candidate.status <> 'dissolved';
    IF {beyond} THEN
        RAISE EXCEPTION 'Credits take % and % tax of invoice line %, which is % and % tax.',
            taken_net, taken_tax, original.id, original.net, original.tax
            USING ERRCODE = 'check_violation', CONSTRAINT = 'candidate_line_credit_within_original';
    END IF;
    RETURN NULL;
END $$;
"""
PLAIN = "taken_net > original.net OR taken_tax > original.tax"
# What a line withholds is negative, and so is what credits give back of it.
EITHER_WAY = """original.net >= 0 AND (taken_net > original.net OR taken_tax > original.tax)
        OR original.net < 0 AND (taken_net NOT BETWEEN original.net AND 0 OR taken_tax NOT BETWEEN original.tax AND 0)"""
FORWARD = (
    OVER_CREDIT.format(beyond=EITHER_WAY)
    + """
CREATE FUNCTION billing_refuse_close_with_retention() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM billing_retentionaccount
                WHERE contract_id = NEW.id AND withheld <> credited + released) THEN
        RAISE EXCEPTION 'Contract % still withholds retention: release it before the contract is closed.', NEW.number
            USING ERRCODE = 'check_violation', CONSTRAINT = 'contract_closed_without_retention';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER contract_closed_without_retention BEFORE UPDATE OF status ON contracts_contract
    FOR EACH ROW WHEN (NEW.status = 'closed' AND OLD.status <> 'closed')
    EXECUTE FUNCTION billing_refuse_close_with_retention();
"""
)
BACKWARD = (
    """
DROP TRIGGER contract_closed_without_retention ON contracts_contract;
DROP FUNCTION billing_refuse_close_with_retention();
"""
    + OVER_CREDIT.format(beyond=PLAIN)
)


class Migration(migrations.Migration):
    dependencies = [("billing", "0027_retention"), ("contracts", "0017_retention")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
