"""Charges between legal entities; the database refuses to change what one says, and a reversal of another amount."""

import django.db.models.deletion
import integration_hub.kernel.clock
from django.db import migrations, models


FORWARD = """
CREATE FUNCTION intercompany_charge_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.is_current AND NOT NEW.is_current
       AND to_jsonb(NEW) - 'is_current' = to_jsonb(OLD) - 'is_current' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'Intercompany charge % never changes: it is reversed and made anew.', OLD.id
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER intercompany_charge_fixed BEFORE UPDATE OR DELETE ON costs_intercompanycharge
    FOR EACH ROW EXECUTE FUNCTION intercompany_charge_refuse_change();
CREATE FUNCTION intercompany_reversal_mirrors() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.reverses_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM costs_intercompanycharge AS charged
         WHERE charged.id = NEW.reverses_id AND NOT charged.is_current AND charged.amount = -NEW.amount
           AND charged.currency = NEW.currency AND charged.lender_id = NEW.lender_id
           AND charged.borrower_id = NEW.borrower_id AND charged.work_key = NEW.work_key) THEN
        RAISE EXCEPTION 'The reversal of intercompany charge % is at another price than its own.', NEW.reverses_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'intercompany_reversal_mirrors';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER intercompany_reversal BEFORE INSERT ON costs_intercompanycharge
    FOR EACH ROW EXECUTE FUNCTION intercompany_reversal_mirrors();
"""
BACKWARD = """
DROP TRIGGER intercompany_reversal ON costs_intercompanycharge;
DROP FUNCTION intercompany_reversal_mirrors();
DROP TRIGGER intercompany_charge_fixed ON costs_intercompanycharge;
DROP FUNCTION intercompany_charge_refuse_change();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0029_work_that_is_set_aside'),
        ('contracts', '0019_transfer_prices'),
        ('costs', '0006_reimbursements_add_up'),
    ]

    operations = [
        migrations.CreateModel(
            name='IntercompanyCharge',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('work_key', models.CharField(max_length=200)),
                ('is_current', models.BooleanField(default=True)),
                ('role', models.CharField(blank=True, max_length=80)),
                ('service_date', models.DateField()),
                ('minutes', models.DecimalField(decimal_places=4, max_digits=14)),
                ('kind', models.CharField(choices=[('cost_plus', 'Cost plus'), ('percent_of_bill', 'Percent of the bill'), ('fixed_rate', 'Fixed rate')], max_length=16)),
                ('value', models.DecimalField(decimal_places=10, help_text='As agreed: percent, or the price of an hour', max_digits=24)),
                ('rate', models.DecimalField(blank=True, decimal_places=10, help_text='The price of an hour; empty for a part of the bill', max_digits=24, null=True)),
                ('amount', models.DecimalField(decimal_places=6, max_digits=24)),
                ('currency', models.CharField(max_length=3)),
                ('caused_by', models.CharField(help_text='What made us charge', max_length=120)),
                ('recorded_at', models.DateTimeField(default=integration_hub.kernel.clock.now)),
                ('borrower', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='charges_borrowed', to='contracts.legalentity')),
                ('event', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='intercompany_charges', to='billing.billableevent')),
                ('lender', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='charges_lent', to='contracts.legalentity')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='intercompany_charges', to='contracts.project')),
                ('resource', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='intercompany_charges', to='contracts.resource')),
                ('reverses', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reversed_by', to='costs.intercompanycharge')),
                ('transfer_price', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='charges', to='contracts.transferprice')),
            ],
            options={
                'ordering': ['service_date', 'id'],
                'indexes': [models.Index(condition=models.Q(('is_current', True)), fields=['project', 'service_date'], name='intercompany_current')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('is_current', True)), fields=('work_key',), name='intercompany_charge_one_current'), models.CheckConstraint(condition=models.Q(('lender', models.F('borrower')), _negated=True), name='intercompany_two_entities'), models.CheckConstraint(condition=models.Q(models.Q(('amount__gt', 0), ('reverses__isnull', True)), models.Q(('amount__lt', 0), ('is_current', False), ('reverses__isnull', False)), _connector='OR'), name='intercompany_charge_or_reversal')],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
