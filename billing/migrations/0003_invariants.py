"""Rules the database keeps: what is posted never changes."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION billing_refuse_posted_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'billing_invoice' THEN
        IF (NEW.number, NEW.net, NEW.tax, NEW.gross, NEW.currency, NEW.invoice_date, NEW.candidate_id)
           IS DISTINCT FROM (OLD.number, OLD.net, OLD.tax, OLD.gross, OLD.currency, OLD.invoice_date, OLD.candidate_id) THEN
            RAISE EXCEPTION 'Invoice % is posted: its figures never change, a correction is a new document.', OLD.number
                USING ERRCODE = 'restrict_violation';
        END IF;
    ELSIF OLD.state IN ('posted', 'corrected') THEN
        IF (NEW.amount, NEW.minutes, NEW.rate, NEW.currency, NEW.event_id, NEW.candidate_line_id)
           IS DISTINCT FROM (OLD.amount, OLD.minutes, OLD.rate, OLD.currency, OLD.event_id, OLD.candidate_line_id)
           OR NOT NEW.is_current OR NEW.state NOT IN ('posted', 'corrected') THEN
            RAISE EXCEPTION 'Piece % is posted and never changes.', OLD.id USING ERRCODE = 'restrict_violation';
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER invoice_figures_fixed BEFORE UPDATE ON billing_invoice
    FOR EACH ROW EXECUTE FUNCTION billing_refuse_posted_change();
CREATE TRIGGER piece_posted_fixed BEFORE UPDATE ON billing_piece
    FOR EACH ROW EXECUTE FUNCTION billing_refuse_posted_change();
"""
BACKWARD = """
DROP TRIGGER invoice_figures_fixed ON billing_invoice;
DROP TRIGGER piece_posted_fixed ON billing_piece;
DROP FUNCTION billing_refuse_posted_change();
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
