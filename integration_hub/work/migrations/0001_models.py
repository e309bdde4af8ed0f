import django.contrib.postgres.indexes
import django.db.models.deletion
import integration_hub.kernel.clock
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('hub_work', '0001_initial'), ('hub_work', '0002_attempts_and_fairness'), ('hub_work', '0003_finished_items'), ('hub_work', '0004_overtakings')]

    initial = True

    dependencies = [
        ('hub_people', '0001_models'),
    ]

    operations = [
        migrations.CreateModel(
            name='Lane',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=120, unique=True)),
                ('stage', models.CharField(choices=[('post', 'Posting'), ('ingest', 'Intake and decisions'), ('bulk', 'Bulk')], max_length=8)),
                ('legal_entity', models.CharField(blank=True, max_length=16)),
                ('priority', models.SmallIntegerField(default=50, help_text='Lower goes first.')),
                ('next_at', models.DateTimeField(default=integration_hub.kernel.clock.now)),
                ('ready', models.PositiveIntegerField(default=0, help_text='Items waiting.')),
                ('blocked', models.BooleanField(default=False)),
                ('blocked_reason', models.TextField(blank=True)),
                ('blocked_since', models.DateTimeField(blank=True, null=True)),
                ('blocked_by', models.BigIntegerField(blank=True, help_text='The parked item that stops the lane.', null=True)),
                ('token', models.BigIntegerField(default=0, help_text='Fencing token: a write with an older one is refused.')),
                ('leased_until', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('blocked', False), ('ready__gt', 0)), fields=['stage', 'priority', 'next_at'], name='work_lane_due')],
            },
        ),
        migrations.CreateModel(
            name='Item',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('lane', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='items', to='hub_work.lane')),
                ('kind', models.CharField(max_length=60)),
                ('payload', models.JSONField(default=dict)),
                ('state', models.CharField(choices=[('ready', 'Waiting'), ('done', 'Done'), ('parked', 'Parked')], default='ready', max_length=8)),
                ('attempts', models.PositiveSmallIntegerField(default=0, help_text='Claims in all, counted before the work starts.')),
                ('claims', models.PositiveSmallIntegerField(default=0, help_text='Claims since the last outcome: poison shows here.')),
                ('failures', models.PositiveSmallIntegerField(default=0, help_text='Failures in a row of the same class.')),
                ('not_before', models.DateTimeField(blank=True, null=True)),
                ('dedupe', models.CharField(blank=True, help_text='One waiting item per lane; cleared when claimed.', max_length=160)),
                ('error_class', models.CharField(blank=True, max_length=20)),
                ('error', models.TextField(blank=True)),
                ('amount', models.DecimalField(blank=True, decimal_places=6, max_digits=24, null=True)),
                ('currency', models.CharField(blank=True, max_length=3)),
                ('correlation_id', models.CharField(blank=True, max_length=40)),
                ('created_at', models.DateTimeField(default=integration_hub.kernel.clock.now)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'permissions': [('steer_item', 'Can retry and park items and unblock lanes')],
                'indexes': [models.Index(condition=models.Q(('state', 'ready')), fields=['lane', 'id'], name='work_item_head'), models.Index(condition=models.Q(('state', 'parked')), fields=['lane', 'id'], name='work_item_parked'), django.contrib.postgres.indexes.BrinIndex(fields=['finished_at'], name='work_item_finished', pages_per_range=16)],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'ready'), models.Q(('dedupe', ''), _negated=True)), fields=('lane', 'dedupe'), name='work_item_one_waiting'), models.CheckConstraint(condition=models.Q(models.Q(('finished_at__isnull', False), ('state', 'done')), models.Q(('state', 'done'), _negated=True), _connector='OR'), name='work_item_finished_pair')],
            },
        ),
        migrations.CreateModel(
            name='Overtaking',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(default=integration_hub.kernel.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(default=integration_hub.kernel.clock.now, editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('reason', models.TextField()),
                ('four_eyes', models.TextField(blank=True, help_text='Why a second person has to approve it; empty: nobody has to.')),
                ('proposed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='%(class)ss', to=settings.AUTH_USER_MODEL)),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='decided_%(class)ss', to=settings.AUTH_USER_MODEL)),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('decision_reason', models.TextField(blank=True)),
                ('lane', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='overtakings', to='hub_work.lane')),
                ('item', models.ForeignKey(help_text='What is overtaken.', on_delete=django.db.models.deletion.PROTECT, related_name='overtakings', to='hub_work.item')),
                ('way', models.CharField(choices=[('aside', 'Set a waiting item aside'), ('without', 'Go on without the parked head')], max_length=8)),
                ('count', models.PositiveIntegerField(help_text='Items that would overtake it.')),
                ('money', models.JSONField(default=dict, help_text='Their money: {currency: amount}.')),
                ('first', models.BigIntegerField(blank=True, help_text='The first of them.', null=True)),
                ('last', models.BigIntegerField(blank=True, help_text='The last of them.', null=True)),
                ('digest', models.CharField(blank=True, help_text='Of their numbers: another one lets it lapse.', max_length=32)),
                ('state', models.CharField(choices=[('proposed', 'Waits for a second person'), ('applied', 'Applied'), ('declined', 'Declined'), ('withdrawn', 'Withdrawn'), ('lapsed', 'Lapsed')], default='proposed', max_length=10)),
            ],
            options={
                'ordering': ['-id'],
                'permissions': [('approve_overtaking', 'Can approve and decline that items of a lane overtake')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'proposed')), fields=('lane',), name='overtaking_one_open'), models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('decided_by__isnull', True), ('state', 'proposed')), models.Q(('decided_at__isnull', False), ('decided_by__isnull', True), ('state', 'lapsed')), models.Q(('decided_at__isnull', False), ('decided_by__isnull', False), ('state__in', ['applied', 'declined', 'withdrawn'])), _connector='OR'), name='overtaking_decided_pair'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'applied'), _negated=True), ('four_eyes', ''), models.Q(('decided_by', models.F('proposed_by')), _negated=True), _connector='OR'), name='overtaking_second_person')],
            },
        ),
        migrations.CreateModel(
            name='Served',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('stage', models.CharField(choices=[('post', 'Posting'), ('ingest', 'Intake and decisions'), ('bulk', 'Bulk')], max_length=8)),
                ('legal_entity', models.CharField(blank=True, max_length=16)),
                ('at', models.DateTimeField(default=integration_hub.kernel.clock.now)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('stage', 'legal_entity'), name='work_served_once')],
            },
        ),
        migrations.CreateModel(
            name='Wakeup',
            fields=[
                ('stage', models.CharField(max_length=8, primary_key=True, serialize=False)),
                ('pending_at', models.DateTimeField(default=integration_hub.kernel.clock.now)),
            ],
        ),
        migrations.CreateModel(
            name='Beat',
            fields=[
                ('part', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('at', models.DateTimeField(default=integration_hub.kernel.clock.now)),
                ('detail', models.CharField(blank=True, max_length=200)),
            ],
        ),
    ]
