"""An application counts only while it stands; a credit memo may reduce several invoices."""

import django.db.models.deletion
from django.db import migrations, models


FORWARD = """
INSERT INTO billing_creditapplication (memo_id, invoice_id, amount, stands, refusal)
    SELECT id, invoice_id, applied, true, '' FROM billing_creditmemo WHERE invoice_id IS NOT NULL AND applied > 0;
UPDATE billing_paymentapplication part SET stands = true
    WHERE (SELECT sum(amount) FROM billing_paymentapplication whole WHERE whole.payment_id = part.payment_id)
          <= (SELECT amount FROM billing_payment payment WHERE payment.id = part.payment_id);
UPDATE billing_paymentapplication SET refusal = 'Not settled yet.' WHERE NOT stands;
UPDATE billing_payment SET applied = COALESCE((
    SELECT sum(amount) FROM billing_paymentapplication part WHERE part.payment_id = billing_payment.id AND part.stands
), 0);
SET CONSTRAINTS ALL IMMEDIATE;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0005_evidence_of_events'),
        ('contracts', '0004_shared_calendars'),
        ('hub_connectors', '0001_initial'),
        ('hub_effects', '0001_initial'),
        ('hub_intake', '0004_installed_and_applied'),
    ]

    operations = [
        migrations.CreateModel(
            name='CreditApplication',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('amount', models.DecimalField(decimal_places=6, max_digits=24)),
                ('stands', models.BooleanField(default=False)),
                ('refusal', models.CharField(blank=True, help_text='Why it does not stand', max_length=200)),
                ('invoice', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='credits', to='billing.invoice')),
                ('memo', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='applications', to='billing.creditmemo')),
            ],
        ),
        migrations.AddField(
            model_name='creditmemo',
            name='is_voided',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='payment',
            name='applied',
            field=models.DecimalField(decimal_places=6, default=0, help_text='What stands on invoices; the rest is on account', max_digits=24),
        ),
        migrations.AddField(
            model_name='paymentapplication',
            name='refusal',
            field=models.CharField(blank=True, help_text='Why it does not stand', max_length=200),
        ),
        migrations.AddField(
            model_name='paymentapplication',
            name='stands',
            field=models.BooleanField(default=False),
        ),
        migrations.AlterField(
            model_name='creditmemo',
            name='applied',
            field=models.DecimalField(decimal_places=6, default=0, help_text='What stands on invoices; the rest is available', max_digits=24),
        ),
        migrations.RunSQL(FORWARD, migrations.RunSQL.noop),
        migrations.RemoveField(
            model_name='creditmemo',
            name='invoice',
        ),
        migrations.AddConstraint(
            model_name='creditmemo',
            constraint=models.CheckConstraint(condition=models.Q(('applied__gte', 0), ('applied__lte', models.F('gross'))), name='credit_memo_applied_within_gross'),
        ),
        migrations.AddConstraint(
            model_name='creditmemo',
            constraint=models.CheckConstraint(condition=models.Q(('is_voided', False), ('applied', 0), _connector='OR'), name='credit_memo_voided_settles_nothing'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.CheckConstraint(condition=models.Q(('credited__gte', 0), ('paid__gte', 0)), name='invoice_settled_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('applied__gte', 0), ('applied__lte', models.F('amount'))), name='payment_applied_within_amount'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('is_reversed', False), ('applied', 0), _connector='OR'), name='payment_reversed_settles_nothing'),
        ),
        migrations.AddConstraint(
            model_name='paymentapplication',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('refusal', ''), ('stands', True)), models.Q(('stands', False), models.Q(('refusal', ''), _negated=True)), _connector='OR'), name='payment_application_stands_or_says_why'),
        ),
        migrations.AddConstraint(
            model_name='creditapplication',
            constraint=models.UniqueConstraint(fields=('memo', 'invoice'), name='credit_application_once'),
        ),
        migrations.AddConstraint(
            model_name='creditapplication',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='credit_application_positive'),
        ),
        migrations.AddConstraint(
            model_name='creditapplication',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('refusal', ''), ('stands', True)), models.Q(('stands', False), models.Q(('refusal', ''), _negated=True)), _connector='OR'), name='credit_application_stands_or_says_why'),
        ),
    ]
