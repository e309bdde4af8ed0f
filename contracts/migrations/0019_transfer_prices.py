"""Transfer prices; the database refuses two that hold on one day, and any change but approval and withdrawal."""

import django.contrib.postgres.fields.ranges
import django.db.models.deletion
import integration_hub.kernel.clock
from django.db import migrations, models


FORWARD = """
ALTER TABLE contracts_transferprice ADD CONSTRAINT transfer_price_no_overlap EXCLUDE USING gist (
    int8range(lender_id, lender_id, '[]') WITH &&,
    int8range(borrower_id, borrower_id, '[]') WITH &&,
    validity WITH &&
) WHERE (approved_at IS NOT NULL AND withdrawn_at IS NULL);
CREATE FUNCTION transfer_price_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.withdrawn_at IS NULL
       AND (OLD.approved_at IS NULL OR to_jsonb(NEW) -> 'approved_at' = to_jsonb(OLD) -> 'approved_at'
            AND NEW.approved_by = OLD.approved_by)
       AND to_jsonb(NEW) - ARRAY['approved_at', 'approved_by', 'withdrawn_at', 'version', 'updated_at']
         = to_jsonb(OLD) - ARRAY['approved_at', 'approved_by', 'withdrawn_at', 'version', 'updated_at'] THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'Transfer price % never changes: it is withdrawn and followed by another.', OLD.id
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER transfer_price_fixed BEFORE UPDATE OR DELETE ON contracts_transferprice
    FOR EACH ROW EXECUTE FUNCTION transfer_price_refuse_change();
"""
BACKWARD = """
ALTER TABLE contracts_transferprice DROP CONSTRAINT transfer_price_no_overlap;
DROP TRIGGER transfer_price_fixed ON contracts_transferprice;
DROP FUNCTION transfer_price_refuse_change();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('contracts', '0018_progress_measures'),
    ]

    operations = [
        migrations.CreateModel(
            name='TransferPrice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(default=integration_hub.kernel.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(default=integration_hub.kernel.clock.now, editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('kind', models.CharField(choices=[('cost_plus', 'Cost plus'), ('percent_of_bill', 'Percent of the bill'), ('fixed_rate', 'Fixed rate')], max_length=16)),
                ('value', models.DecimalField(decimal_places=10, help_text='Percent on top of the cost, percent of the bill, or the price of an hour', max_digits=24)),
                ('currency', models.CharField(help_text='Of the agreement: what is charged is in it', max_length=3)),
                ('validity', django.contrib.postgres.fields.ranges.DateRangeField(help_text='Service dates, [from, to)')),
                ('reason', models.TextField(help_text='Why so much: what an auditor asks')),
                ('proposed_by', models.CharField(max_length=150)),
                ('proposed_at', models.DateTimeField(default=integration_hub.kernel.clock.now)),
                ('approved_by', models.CharField(blank=True, max_length=150)),
                ('approved_at', models.DateTimeField(blank=True, null=True)),
                ('withdrawn_at', models.DateTimeField(blank=True, help_text='When it was known to hold no more', null=True)),
                ('borrower', models.ForeignKey(help_text='Has the contract', on_delete=django.db.models.deletion.PROTECT, related_name='prices_borrowed', to='contracts.legalentity')),
                ('lender', models.ForeignKey(help_text='Delivers the work', on_delete=django.db.models.deletion.PROTECT, related_name='prices_lent', to='contracts.legalentity')),
            ],
            options={
                'ordering': ['lender_id', 'borrower_id', '-id'],
                'permissions': [('approve_transferprice', 'Can approve or withdraw transfer prices')],
                'constraints': [models.CheckConstraint(condition=models.Q(('lender', models.F('borrower')), _negated=True), name='transfer_price_two_entities'), models.CheckConstraint(condition=models.Q(models.Q(('kind', 'cost_plus'), ('value__gte', 0)), models.Q(models.Q(('kind', 'cost_plus'), _negated=True), ('value__gt', 0)), _connector='OR'), name='transfer_price_is_a_price'), models.CheckConstraint(condition=models.Q(('validity__isempty', False)), name='transfer_price_has_days'), models.CheckConstraint(condition=models.Q(models.Q(('approved_at__isnull', True), ('approved_by', '')), models.Q(('approved_at__isnull', False), models.Q(('approved_by', ''), _negated=True), models.Q(('approved_by', models.F('proposed_by')), _negated=True)), _connector='OR'), name='transfer_price_two_persons')],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
