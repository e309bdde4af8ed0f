"""Credits that people ask for, and the rule that credits never take more of a posted line than it is."""

import django.db.models.deletion
import integration_hub.kernel.clock
from django.conf import settings
from django.db import migrations, models


FORWARD = """
CREATE FUNCTION billing_refuse_over_credit() RETURNS trigger LANGUAGE plpgsql AS $$
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
    IF taken_net > original.net OR taken_tax > original.tax THEN
        RAISE EXCEPTION 'Credits take % and % tax of invoice line %, which is % and % tax.',
            taken_net, taken_tax, original.id, original.net, original.tax
            USING ERRCODE = 'check_violation', CONSTRAINT = 'candidate_line_credit_within_original';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION billing_refuse_revival() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Candidate % is dissolved and stays so.', OLD.id USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER candidate_line_credit_within_original
    AFTER INSERT OR UPDATE OF net, tax, corrects_id, candidate_id ON billing_candidateline
    FOR EACH ROW WHEN (NEW.corrects_id IS NOT NULL) EXECUTE FUNCTION billing_refuse_over_credit();
CREATE TRIGGER candidate_dissolved_stays BEFORE UPDATE OF status ON billing_candidate
    FOR EACH ROW WHEN (OLD.status = 'dissolved' AND NEW.status <> 'dissolved')
    EXECUTE FUNCTION billing_refuse_revival();
"""
BACKWARD = """
DROP TRIGGER candidate_dissolved_stays ON billing_candidate;
DROP TRIGGER candidate_line_credit_within_original ON billing_candidateline;
DROP FUNCTION billing_refuse_revival();
DROP FUNCTION billing_refuse_over_credit();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0004_runs_contract_by_contract'),
        ('contracts', '0002_rules'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CreditOrder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(default=integration_hub.kernel.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(default=integration_hub.kernel.clock.now, editable=False)),
                ('reason', models.CharField(choices=[('RATE_ERROR', 'Rate error'), ('HOURS_ERROR', 'Hours error'), ('WRONG_BILLTO', 'Wrong bill-to'), ('WRONG_PO', 'Wrong purchase order'), ('DUPLICATE', 'Billed twice'), ('SCOPE_DISPUTE', 'Dispute about scope'), ('QUALITY', 'Quality of the work'), ('GOODWILL', 'Goodwill'), ('AMENDMENT', 'Amendment'), ('TAX_ERROR', 'Tax error'), ('MILESTONE_WITHDRAWN', 'Milestone withdrawn'), ('CANCELLED', 'Cancelled'), ('FORMAT_REBILL', 'Billed anew in another form'), ('BAD_DEBT', 'Bad debt: the client cannot pay'), ('SMALL_BALANCE', 'Small balance written off')], max_length=20)),
                ('rebillable', models.BooleanField()),
                ('note', models.TextField()),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.AlterModelOptions(
            name='invoice',
            options={'ordering': ['-id'], 'permissions': [('credit_invoice', 'Can ask for credits over invoices')]},
        ),
        migrations.AlterField(
            model_name='candidate',
            name='run',
            field=models.ForeignKey(blank=True, help_text='None where a person asked for it: a credit memo with an order', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='candidates', to='billing.billingrun'),
        ),
        migrations.AddConstraint(
            model_name='candidate',
            constraint=models.CheckConstraint(condition=models.Q(('run__isnull', False), ('kind', 'credit_memo'), _connector='OR'), name='candidate_invoice_has_run'),
        ),
        migrations.AddConstraint(
            model_name='candidateline',
            constraint=models.CheckConstraint(condition=models.Q(('corrects__isnull', True), models.Q(('net__lte', 0), ('tax__lte', 0)), _connector='OR'), name='candidate_line_credit_not_positive'),
        ),
        migrations.AddField(
            model_name='creditorder',
            name='candidate',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='credit_order', to='billing.candidate'),
        ),
        migrations.AddField(
            model_name='creditorder',
            name='invoice',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='credit_orders', to='billing.invoice'),
        ),
        migrations.AddConstraint(
            model_name='creditorder',
            constraint=models.CheckConstraint(condition=models.Q(('note', ''), _negated=True), name='credit_order_says_why'),
        ),
        migrations.AddConstraint(
            model_name='creditorder',
            constraint=models.CheckConstraint(condition=models.Q(('rebillable', False), models.Q(('reason__in', ['BAD_DEBT', 'SMALL_BALANCE']), _negated=True), _connector='OR'), name='credit_order_written_off_stays_billed'),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
