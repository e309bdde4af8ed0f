import django.db.models.deletion
import integration_hub.kernel.clock
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('hub_processes', '0001_initial'), ('hub_processes', '0002_name_in_the_plural'), ('hub_processes', '0003_due_steps')]

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Process',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(default=integration_hub.kernel.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(default=integration_hub.kernel.clock.now, editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('definition', models.CharField(max_length=60)),
                ('definition_version', models.PositiveSmallIntegerField(default=1)),
                ('business_key', models.CharField(max_length=120)),
                ('attempt', models.PositiveSmallIntegerField(default=1)),
                ('legal_entity', models.CharField(blank=True, max_length=16)),
                ('label', models.CharField(max_length=200)),
                ('state', models.CharField(choices=[('running', 'Running'), ('waiting', 'Waiting for a person'), ('compensating', 'Undoing'), ('done', 'Done'), ('undone', 'Undone')], default='running', max_length=14)),
                ('data', models.JSONField(default=dict)),
                ('failure', models.TextField(blank=True)),
                ('started_at', models.DateTimeField(default=integration_hub.kernel.clock.now)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('correlation_id', models.CharField(blank=True, max_length=40)),
            ],
            options={
                'verbose_name_plural': 'processes',
                'ordering': ['-id'],
                'constraints': [models.UniqueConstraint(fields=('definition', 'business_key', 'attempt'), name='process_once_per_attempt'), models.UniqueConstraint(condition=models.Q(('state__in', ['undone', 'done']), _negated=True), fields=('definition', 'business_key'), name='process_one_open')],
            },
        ),
        migrations.CreateModel(
            name='Step',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('process', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='steps', to='hub_processes.process')),
                ('number', models.PositiveSmallIntegerField()),
                ('name', models.CharField(max_length=60)),
                ('state', models.CharField(choices=[('waiting', 'Not yet'), ('running', 'Running'), ('done', 'Done'), ('failed', 'Failed'), ('undoing', 'Undoing'), ('undone', 'Undone'), ('skipped', 'Skipped')], default='waiting', max_length=8)),
                ('detail', models.TextField(blank=True)),
                ('effect_key', models.CharField(blank=True, max_length=64)),
                ('due_at', models.DateTimeField(blank=True, help_text='By when a person has to have acted.', null=True)),
                ('overdue_at', models.DateTimeField(blank=True, help_text='When it was found overdue and escalated.', null=True)),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['process_id', 'number'],
                'indexes': [models.Index(condition=models.Q(('overdue_at', None), ('state', 'running')), fields=['due_at'], name='process_step_due')],
                'constraints': [models.UniqueConstraint(fields=('process', 'number'), name='process_step_number_once'), models.UniqueConstraint(fields=('process', 'name'), name='process_step_name_once')],
            },
        ),
    ]
