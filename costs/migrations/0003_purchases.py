"""Lines of vendors' bills on clients' projects, each once."""

import django.db.models.deletion
import integration_hub.kernel.clock
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('contracts', '0011_capacity'),
        ('costs', '0002_costs_never_change'),
    ]

    operations = [
        migrations.CreateModel(
            name='Purchase',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(default=integration_hub.kernel.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(default=integration_hub.kernel.clock.now, editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('source', models.CharField(help_text='The record of a system it came from', max_length=250, unique=True)),
                ('vendor', models.CharField(max_length=120)),
                ('bill_number', models.CharField(max_length=80)),
                ('line_number', models.PositiveIntegerField(default=1)),
                ('category', models.CharField(blank=True, max_length=80)),
                ('delivered_on', models.DateField(help_text='The day of service')),
                ('amount', models.DecimalField(decimal_places=6, help_text='Net of recoverable tax', max_digits=24)),
                ('currency', models.CharField(max_length=3)),
                ('is_approved', models.BooleanField(default=True)),
                ('is_deleted', models.BooleanField(default=False)),
                ('description', models.TextField(blank=True)),
                ('handling', models.CharField(choices=[('undecided', 'Not decided'), ('recharge', 'Charged on'), ('covers_time', 'Paid for hours charged as time'), ('absorbed', 'Borne by us')], default='undecided', max_length=12)),
                ('decided_by', models.CharField(blank=True, help_text="A person, the source, or the contract's rule", max_length=150)),
                ('reason', models.TextField(blank=True)),
                ('legal_entity', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='purchases', to='contracts.legalentity')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='purchases', to='contracts.project')),
            ],
            options={
                'ordering': ['-delivered_on', '-id'],
                'permissions': [('decide_purchase', 'Can decide what becomes of purchases')],
                'indexes': [models.Index(fields=['project', 'delivered_on'], name='purchase_project')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('is_deleted', False)), fields=('legal_entity', 'vendor', 'bill_number', 'line_number'), name='purchase_once'), models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='purchase_amount_positive'), models.CheckConstraint(condition=models.Q(('handling', 'undecided'), models.Q(('decided_by', ''), _negated=True), _connector='OR'), name='purchase_decided_by_somebody')],
            },
        ),
    ]
