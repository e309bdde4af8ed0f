"""When legal entities work: days, hours, and whose holidays they keep."""

import contracts.models.parties
import datetime
import django.contrib.postgres.fields
import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('contracts', '0013_who_pays_for_contracts'),
    ]

    operations = [
        migrations.AddField(
            model_name='legalentity',
            name='holidays',
            field=models.CharField(blank=True, help_text='The calendar whose holidays it keeps; empty: none', max_length=40),
        ),
        migrations.AddField(
            model_name='legalentity',
            name='work_ends',
            field=models.TimeField(default=datetime.time(17, 0)),
        ),
        migrations.AddField(
            model_name='legalentity',
            name='work_starts',
            field=models.TimeField(default=datetime.time(9, 0), help_text='By the clock of its zone'),
        ),
        migrations.AddField(
            model_name='legalentity',
            name='workdays',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.PositiveSmallIntegerField(validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(7)]), default=contracts.models.parties.monday_to_friday, help_text='Days it works on: 1 (Monday) to 7, as 1,2,3,4,5', size=None),
        ),
        migrations.AddConstraint(
            model_name='legalentity',
            constraint=models.CheckConstraint(condition=models.Q(('work_ends__gt', models.F('work_starts'))), name='legal_entity_works_by_day'),
        ),
        migrations.AddConstraint(
            model_name='legalentity',
            constraint=models.CheckConstraint(condition=models.Q(('workdays__len__gt', 0)), name='legal_entity_has_workdays'),
        ),
    ]
