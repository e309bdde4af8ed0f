"""How much people can work; the database refuses two capacities of a person on one day."""

import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.core.validators
import django.db.models.deletion
import integration_hub.kernel.clock
from decimal import Decimal
from django.db import migrations, models


FORWARD = """
ALTER TABLE contracts_capacity ADD CONSTRAINT capacity_no_overlap EXCLUDE USING gist (
    int8range(resource_id, resource_id, '[]') WITH &&,
    validity WITH &&
);
"""
BACKWARD = "ALTER TABLE contracts_capacity DROP CONSTRAINT capacity_no_overlap;"


class Migration(migrations.Migration):

    dependencies = [
        ('contracts', '0010_minimum_commitments'),
    ]

    operations = [
        migrations.CreateModel(
            name='Holiday',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('calendar', models.CharField(max_length=40)),
                ('day', models.DateField()),
                ('name', models.CharField(max_length=120)),
                ('hours', models.DecimalField(decimal_places=2, default=0, help_text='Hours that are worked at most', max_digits=4, validators=[django.core.validators.MinValueValidator(Decimal('0')), django.core.validators.MaxValueValidator(Decimal('24'))])),
            ],
            options={
                'ordering': ['calendar', 'day'],
                'constraints': [models.UniqueConstraint(fields=('calendar', 'day'), name='holiday_once')],
            },
        ),
        migrations.CreateModel(
            name='Absence',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(default=integration_hub.kernel.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(default=integration_hub.kernel.clock.now, editable=False)),
                ('days', django.contrib.postgres.fields.ranges.DateRangeField(help_text='[from, to)')),
                ('hours', models.DecimalField(blank=True, decimal_places=2, help_text='Hours away on each day; empty: the whole day', max_digits=4, null=True, validators=[django.core.validators.MinValueValidator(Decimal('0')), django.core.validators.MaxValueValidator(Decimal('24'))])),
                ('kind', models.CharField(choices=[('leave', 'Leave'), ('sick', 'Sick'), ('training', 'Training'), ('other', 'Other')], default='leave', max_length=10)),
                ('source', models.CharField(help_text='The record of a system, or the person, and when', max_length=250, unique=True)),
                ('resource', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='absences', to='contracts.resource')),
            ],
            options={
                'ordering': ['resource_id', '-id'],
                'constraints': [models.CheckConstraint(condition=models.Q(('days__isempty', False)), name='absence_has_days')],
            },
        ),
        migrations.CreateModel(
            name='Capacity',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(default=integration_hub.kernel.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(default=integration_hub.kernel.clock.now, editable=False)),
                ('hours', django.contrib.postgres.fields.ArrayField(base_field=models.DecimalField(decimal_places=2, max_digits=4, validators=[django.core.validators.MinValueValidator(Decimal('0')), django.core.validators.MaxValueValidator(Decimal('24'))]), help_text='Hours from Monday to Sunday, as 8,8,8,8,8,0,0', size=7)),
                ('calendar', models.CharField(blank=True, help_text='Whose holidays; empty: none', max_length=40)),
                ('validity', django.contrib.postgres.fields.ranges.DateRangeField(help_text='Days, [from, to)')),
                ('source', models.CharField(help_text='The record of a system, or the person, it came from', max_length=250)),
                ('legal_entity', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='capacity', to='contracts.legalentity')),
                ('resource', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='capacity', to='contracts.resource')),
            ],
            options={
                'verbose_name_plural': 'capacity',
                'ordering': ['resource_id', '-id'],
                'constraints': [models.CheckConstraint(condition=models.Q(('hours__len', 7)), name='capacity_has_seven_days'), models.CheckConstraint(condition=models.Q(('validity__isempty', False)), name='capacity_has_days')],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
