"""Several customers pay for the work of a contract, by shares that add up to 100."""

import django.db.models.deletion
import integration_hub.kernel.clock
from django.db import migrations, models

FORWARD = """
CREATE FUNCTION payer_shares_are_a_whole() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    asked bigint := coalesce(to_jsonb(NEW) ->> 'split_id', to_jsonb(NEW) ->> 'id')::bigint;
    total numeric;
    rests bigint;
BEGIN
    SELECT coalesce(sum(percent), 0), count(*) FILTER (WHERE takes_rest) INTO total, rests
      FROM contracts_payershare WHERE split_id = asked;
    IF total <> 100 OR rests <> 1 THEN
        RAISE EXCEPTION 'The shares of split % add up to %, with % who take the rest.', asked, total, rests
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payer_shares_are_a_whole';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER payer_split_whole AFTER INSERT ON contracts_payersplit
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payer_shares_are_a_whole();
CREATE CONSTRAINT TRIGGER payer_share_whole AFTER INSERT ON contracts_payershare
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payer_shares_are_a_whole();
CREATE FUNCTION payer_share_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Shares of payers never change: agree on another split.' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER payer_share_fixed BEFORE UPDATE OR DELETE ON contracts_payershare
    FOR EACH ROW EXECUTE FUNCTION payer_share_refuse_change();
"""
BACKWARD = """
DROP TRIGGER payer_share_fixed ON contracts_payershare;
DROP FUNCTION payer_share_refuse_change();
DROP TRIGGER payer_share_whole ON contracts_payershare;
DROP TRIGGER payer_split_whole ON contracts_payersplit;
DROP FUNCTION payer_shares_are_a_whole();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('contracts', '0012_terms_for_the_past'),
    ]

    operations = [
        migrations.CreateModel(
            name='PayerShare',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('percent', models.DecimalField(decimal_places=4, max_digits=7)),
                ('takes_rest', models.BooleanField(default=False, help_text='Gets what the rounding of the others leaves')),
            ],
            options={
                'ordering': ['split_id', 'id'],
            },
        ),
        migrations.CreateModel(
            name='PayerSplit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(default=integration_hub.kernel.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(default=integration_hub.kernel.clock.now, editable=False)),
                ('effective_on', models.DateField(help_text='First service date that is billed so')),
                ('agreed_by', models.CharField(max_length=150)),
                ('reason', models.TextField(help_text='Where it was agreed')),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['contract_id', 'line_id', 'effective_on', 'id'],
            },
        ),
        migrations.RemoveConstraint(
            model_name='cap',
            name='cap_once_per_scope',
        ),
        migrations.AddField(
            model_name='cap',
            name='bill_to',
            field=models.ForeignKey(blank=True, help_text='Only what this payer is billed as its share; empty: whoever pays', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='caps', to='contracts.billto'),
        ),
        migrations.AddField(
            model_name='purchaseorder',
            name='bill_to',
            field=models.ForeignKey(blank=True, help_text="The payer who gave it; empty: the contract's own bill-to", null=True, on_delete=django.db.models.deletion.PROTECT, related_name='purchase_orders', to='contracts.billto'),
        ),
        migrations.AddConstraint(
            model_name='cap',
            constraint=models.UniqueConstraint(fields=('contract', 'line', 'bill_to', 'kind', 'period'), name='cap_once_per_scope', nulls_distinct=False),
        ),
        migrations.AddField(
            model_name='payershare',
            name='bill_to',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='payer_shares', to='contracts.billto'),
        ),
        migrations.AddField(
            model_name='payersplit',
            name='contract',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='payer_splits', to='contracts.contract'),
        ),
        migrations.AddField(
            model_name='payersplit',
            name='line',
            field=models.ForeignKey(blank=True, help_text='Empty: every line that has no split of its own', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='payer_splits', to='contracts.contractline'),
        ),
        migrations.AddField(
            model_name='payershare',
            name='split',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='shares', to='contracts.payersplit'),
        ),
        migrations.AddConstraint(
            model_name='payersplit',
            constraint=models.UniqueConstraint(condition=models.Q(('withdrawn_at__isnull', True)), fields=('contract', 'line', 'effective_on'), name='payer_split_one_per_day', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='payersplit',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='payer_split_says_why'),
        ),
        migrations.AddConstraint(
            model_name='payershare',
            constraint=models.UniqueConstraint(fields=('split', 'bill_to'), name='payer_share_once'),
        ),
        migrations.AddConstraint(
            model_name='payershare',
            constraint=models.UniqueConstraint(condition=models.Q(('takes_rest', True)), fields=('split',), name='payer_share_one_takes_the_rest'),
        ),
        migrations.AddConstraint(
            model_name='payershare',
            constraint=models.CheckConstraint(condition=models.Q(('percent__gt', 0), ('percent__lte', 100)), name='payer_share_is_a_part'),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
