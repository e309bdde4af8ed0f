"""Everything of a posted row is fixed, whatever columns it has or gets; only what is declared to move may move."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION billing_refuse_posted_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moving text[] := TG_ARGV[0]::text[];
BEGIN
    IF TG_OP = 'DELETE' OR (to_jsonb(NEW) - moving) IS DISTINCT FROM (to_jsonb(OLD) - moving) THEN
        RAISE EXCEPTION 'Row % of % is posted and never changes: a correction is a new row.', OLD.id, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION billing_refuse_uncorrection() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Piece % is %: it cannot become %.', OLD.id, OLD.state, NEW.state USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION billing_refuse_posted_line_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM billing_candidate WHERE id = OLD.candidate_id AND status = 'posted') THEN
        RAISE EXCEPTION 'Line % belongs to a posted candidate and never changes.', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN COALESCE(NEW, OLD);
END $$;

CREATE TRIGGER invoice_fixed BEFORE UPDATE OR DELETE ON billing_invoice
    FOR EACH ROW EXECUTE FUNCTION billing_refuse_posted_change('{paid,credited,status,version,updated_at}');
CREATE TRIGGER invoice_line_fixed BEFORE UPDATE OR DELETE ON billing_invoiceline
    FOR EACH ROW EXECUTE FUNCTION billing_refuse_posted_change('{}');
CREATE TRIGGER candidate_posted_fixed BEFORE UPDATE OR DELETE ON billing_candidate
    FOR EACH ROW WHEN (OLD.status = 'posted')
    EXECUTE FUNCTION billing_refuse_posted_change('{version,updated_at}');
CREATE TRIGGER candidate_line_posted_fixed BEFORE UPDATE OR DELETE ON billing_candidateline
    FOR EACH ROW EXECUTE FUNCTION billing_refuse_posted_line_change();
CREATE TRIGGER piece_posted_fixed BEFORE UPDATE OR DELETE ON billing_piece
    FOR EACH ROW WHEN (OLD.state IN ('posted', 'corrected'))
    EXECUTE FUNCTION billing_refuse_posted_change('{state}');
CREATE TRIGGER piece_posted_moves BEFORE UPDATE OF state ON billing_piece
    FOR EACH ROW WHEN (
        OLD.state IN ('posted', 'corrected') AND NEW.state <> OLD.state
        AND NOT (OLD.state = 'posted' AND NEW.state = 'corrected')
    )
    EXECUTE FUNCTION billing_refuse_uncorrection();
"""
BACKWARD = """
DROP TRIGGER piece_posted_moves ON billing_piece;
DROP TRIGGER piece_posted_fixed ON billing_piece;
DROP TRIGGER candidate_line_posted_fixed ON billing_candidateline;
DROP TRIGGER candidate_posted_fixed ON billing_candidate;
DROP TRIGGER invoice_line_fixed ON billing_invoiceline;
DROP TRIGGER invoice_fixed ON billing_invoice;
DROP FUNCTION billing_refuse_posted_line_change();
DROP FUNCTION billing_refuse_uncorrection();
DROP FUNCTION billing_refuse_posted_change();
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_models")]
    replaces = [
        ("billing", "0001_initial"),
        ("billing", "0002_initial"),
        ("billing", "0003_invariants"),
        ("billing", "0004_piece_share_of_line"),
        ("billing", "0005_evidence_of_events"),
        ("billing", "0006_applications_that_stand"),
        ("billing", "0007_posted_rows_never_change"),
        ("billing", "0008_candidate_sent_on_by_a_window"),
        ("billing", "0009_credits_over_posted_lines"),
    ]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
