"""Obligations of contracts, and what each month recognised of them: months follow each other and never change."""

import django.db.models.deletion
import django.db.models.expressions
import integration_hub.kernel.clock
from django.db import migrations, models


FORWARD = """
CREATE FUNCTION billing_refuse_broken_recognition() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    earlier numeric;
BEGIN
    IF EXISTS (SELECT 1 FROM billing_recognition
                WHERE obligation_id = NEW.obligation_id AND period >= NEW.period) THEN
        RAISE EXCEPTION 'Obligation % is recognised for % or later.', NEW.obligation_id, NEW.period
            USING ERRCODE = 'check_violation';
    END IF;
    SELECT cumulative INTO earlier FROM billing_recognition
     WHERE obligation_id = NEW.obligation_id ORDER BY period DESC LIMIT 1;
    IF NEW.before <> coalesce(earlier, 0) THEN
        RAISE EXCEPTION 'Obligation %: % was recognised before, not %.', NEW.obligation_id, coalesce(earlier, 0), NEW.before
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER recognition_follows BEFORE INSERT ON billing_recognition
    FOR EACH ROW EXECUTE FUNCTION billing_refuse_broken_recognition();
CREATE TRIGGER recognition_fixed BEFORE UPDATE OR DELETE ON billing_recognition
    FOR EACH ROW EXECUTE FUNCTION billing_refuse_posted_change('{}');
"""
BACKWARD = """
DROP TRIGGER recognition_fixed ON billing_recognition;
DROP TRIGGER recognition_follows ON billing_recognition;
DROP FUNCTION billing_refuse_broken_recognition();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0005_credits_by_hand'),
        ('contracts', '0003_exchange_rates'),
    ]

    operations = [
        migrations.CreateModel(
            name='Obligation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(default=integration_hub.kernel.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(default=integration_hub.kernel.clock.now, editable=False)),
                ('code', models.CharField(max_length=60)),
                ('price', models.DecimalField(decimal_places=6, help_text='As stated in the contract, now', max_digits=24)),
                ('standalone_price', models.DecimalField(blank=True, decimal_places=6, help_text='What it would sell for alone; empty: its price', max_digits=24, null=True)),
                ('currency', models.CharField(max_length=3)),
                ('contract', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='obligations', to='contracts.contract')),
                ('line', models.ForeignKey(blank=True, help_text='The line that bills it', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='obligations', to='contracts.contractline')),
            ],
            options={
                'ordering': ['contract_id', 'code'],
                'permissions': [('recognise_revenue', 'Can recognise revenue of obligations')],
            },
        ),
        migrations.CreateModel(
            name='Recognition',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(default=integration_hub.kernel.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(default=integration_hub.kernel.clock.now, editable=False)),
                ('period', models.DateField(help_text='First day of the month')),
                ('allocated', models.DecimalField(decimal_places=6, help_text="Its part of the contract's price, as the period knew it", max_digits=24)),
                ('progress', models.DecimalField(decimal_places=12, help_text='How much is satisfied, 0 to 1', max_digits=13)),
                ('before', models.DecimalField(decimal_places=6, help_text='Recognised in earlier periods', max_digits=24)),
                ('amount', models.DecimalField(decimal_places=6, help_text='Of this period; negative where more was recognised before', max_digits=24)),
                ('cumulative', models.DecimalField(decimal_places=6, max_digits=24)),
                ('invoiced', models.DecimalField(decimal_places=6, help_text='Invoiced of it by then, net', max_digits=24)),
                ('obligation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='recognitions', to='billing.obligation')),
            ],
            options={
                'ordering': ['obligation_id', 'period'],
            },
        ),
        migrations.AddConstraint(
            model_name='obligation',
            constraint=models.UniqueConstraint(fields=('contract', 'code'), name='obligation_code_once'),
        ),
        migrations.AddConstraint(
            model_name='obligation',
            constraint=models.CheckConstraint(condition=models.Q(('price__gte', 0)), name='obligation_price_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='obligation',
            constraint=models.CheckConstraint(condition=models.Q(('standalone_price__isnull', True), ('standalone_price__gte', 0), _connector='OR'), name='obligation_standalone_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='recognition',
            constraint=models.UniqueConstraint(fields=('obligation', 'period'), name='recognition_period_once'),
        ),
        migrations.AddConstraint(
            model_name='recognition',
            constraint=models.CheckConstraint(condition=models.Q(('progress__gte', 0), ('progress__lte', 1)), name='recognition_progress_is_part'),
        ),
        migrations.AddConstraint(
            model_name='recognition',
            constraint=models.CheckConstraint(condition=models.Q(('cumulative', django.db.models.expressions.CombinedExpression(models.F('before'), '+', models.F('amount')))), name='recognition_adds_up'),
        ),
        migrations.AddConstraint(
            model_name='recognition',
            constraint=models.CheckConstraint(condition=models.Q(('cumulative__gte', 0), ('cumulative__lte', models.F('allocated'))), name='recognition_within_allocation'),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
