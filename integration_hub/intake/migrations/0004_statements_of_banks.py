"""Statements of banks: one number never says two things, and what was taken adds up."""

import django.db.models.deletion
import django.db.models.expressions
import integration_hub.kernel.clock
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('hub_connectors', '0001_models'),
        ('hub_intake', '0003_references_proved_together'),
    ]

    operations = [
        migrations.CreateModel(
            name='BankStatement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('entity', models.CharField(help_text='What its lines were read as.', max_length=40)),
                ('account', models.CharField(max_length=60)),
                ('number', models.CharField(help_text="The bank's, with the page of a long statement.", max_length=120)),
                ('currency', models.CharField(max_length=3)),
                ('opening', models.DecimalField(blank=True, decimal_places=6, max_digits=24, null=True)),
                ('closing', models.DecimalField(blank=True, decimal_places=6, max_digits=24, null=True)),
                ('credits', models.DecimalField(decimal_places=6, max_digits=24)),
                ('debits', models.DecimalField(decimal_places=6, max_digits=24)),
                ('lines', models.PositiveIntegerField(help_text='Booked lines.')),
                ('first_on', models.DateField(blank=True, null=True)),
                ('last_on', models.DateField(blank=True, null=True)),
                ('digest', models.CharField(help_text='Of its lines and balances.', max_length=64)),
                ('taken_at', models.DateTimeField(default=integration_hub.kernel.clock.now)),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='statements', to='hub_connectors.connection')),
                ('file', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='statements', to='hub_intake.filedrop')),
            ],
            options={
                'ordering': ['-id'],
                'constraints': [models.UniqueConstraint(fields=('connection', 'entity', 'account', 'number'), name='intake_bank_statement_once'), models.CheckConstraint(condition=models.Q(('opening__isnull', True), ('closing__isnull', True), ('closing', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('opening'), '+', models.F('credits')), '-', models.F('debits'))), _connector='OR'), name='intake_bank_statement_adds_up')],
            },
        ),
    ]
