import django.contrib.postgres.fields
import django.db.models.deletion
import integration_hub.kernel.clock
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('hub_replay', '0001_plans')]

    initial = True

    dependencies = [
        ('hub_effects', '0001_models'),
        ('hub_people', '0001_models'),
    ]

    operations = [
        migrations.CreateModel(
            name='Plan',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(default=integration_hub.kernel.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(default=integration_hub.kernel.clock.now, editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('kind', models.CharField(choices=[('effect', 'Effects'), ('source', 'Source records')], max_length=8)),
                ('title', models.CharField(max_length=120)),
                ('reason', models.TextField(help_text='Why these are to be worked again.')),
                ('told', models.CharField(help_text='How the items were chosen, in words.', max_length=500)),
                ('state', models.CharField(choices=[('forecasting', 'Being forecast'), ('ready', 'Waits for approval'), ('running', 'Running'), ('paused', 'Paused'), ('done', 'Done'), ('cancelled', 'Cancelled')], default='forecasting', max_length=12)),
                ('legal_entities', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(blank=True, max_length=16), default=list, help_text='Of its items; empty for none.', size=None)),
                ('size', models.PositiveIntegerField(default=0)),
                ('digest', models.CharField(help_text='SHA-256 over every item with the version that was chosen.', max_length=64)),
                ('per_minute', models.PositiveIntegerField(default=600, help_text='Items a minute, at most.')),
                ('foreseen', models.PositiveIntegerField(default=0, help_text='Items forecast so far.')),
                ('forecast_at', models.DateTimeField(blank=True, null=True)),
                ('four_eyes', models.TextField(blank=True, help_text='Why a second person has to approve it; empty: nobody has to.')),
                ('taken', models.PositiveIntegerField(default=0, help_text='Items put back to work so far.')),
                ('taken_before', models.PositiveIntegerField(default=0, help_text='Of them, before it last began to run.')),
                ('planned_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='replay_plans', to=settings.AUTH_USER_MODEL)),
                ('approved_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='approved_replay_plans', to=settings.AUTH_USER_MODEL)),
                ('approved_at', models.DateTimeField(blank=True, null=True)),
                ('running_since', models.DateTimeField(blank=True, help_text='Since it last began to run.', null=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('failure', models.TextField(blank=True, help_text='Why it stopped by itself.')),
                ('correlation_id', models.CharField(blank=True, max_length=40)),
            ],
            options={
                'ordering': ['-id'],
                'permissions': [('plan_replay', 'Can plan replays and have them forecast'), ('approve_replay', 'Can approve, pause, resume and cancel replays')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('approved_at__isnull', True), ('approved_by__isnull', True)), models.Q(('approved_at__isnull', False), ('approved_by__isnull', False)), _connector='OR'), name='replay_plan_approved_pair'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['running', 'paused', 'done']), _negated=True), ('approved_by__isnull', False), _connector='OR'), name='replay_plan_runs_approved'), models.CheckConstraint(condition=models.Q(('four_eyes', ''), ('approved_by__isnull', True), models.Q(('approved_by', models.F('planned_by')), _negated=True), _connector='OR'), name='replay_plan_second_person')],
            },
        ),
        migrations.CreateModel(
            name='PlanItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('plan', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='items', to='hub_replay.plan')),
                ('number', models.PositiveIntegerField()),
                ('target_id', models.BigIntegerField(help_text='Id of the effect or of the source version.')),
                ('label', models.CharField(max_length=240)),
                ('seen_state', models.CharField(help_text='Its state when it was chosen.', max_length=12)),
                ('seen_at', models.DateTimeField(help_text='When it had last changed then: the version that was chosen.')),
                ('legal_entity', models.CharField(blank=True, max_length=16)),
                ('amount', models.DecimalField(blank=True, decimal_places=6, max_digits=24, null=True)),
                ('currency', models.CharField(blank=True, max_length=3)),
                ('prospect', models.CharField(blank=True, choices=[('create', 'Will create'), ('ask', 'Asks the target first'), ('noop', 'No-op, already applied'), ('window', 'Blocked by window'), ('waits', 'Has to wait'), ('approval', 'Needs approval'), ('conflict', 'Conflict'), ('refused', 'Will be refused'), ('changed', 'Changed since it was chosen')], max_length=10)),
                ('prospect_reason', models.TextField(blank=True)),
                ('asked_at', models.DateTimeField(blank=True, help_text='When the target was asked for the forecast.', null=True)),
                ('outcome', models.CharField(blank=True, choices=[('under_way', 'Under way'), ('created', 'Done'), ('noop', 'Nothing to do'), ('window', 'Waits for its window'), ('waits', 'Has to wait'), ('unknown', 'Outcome unknown'), ('approval', 'Needs approval'), ('conflict', 'Conflict'), ('refused', 'Refused'), ('changed', 'Left alone: changed since')], max_length=10)),
                ('outcome_reason', models.TextField(blank=True)),
                ('taken_at', models.DateTimeField(blank=True, null=True)),
                ('settled_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['plan_id', 'number'],
                'indexes': [models.Index(fields=['plan', 'prospect', 'number'], name='replay_item_prospect'), models.Index(fields=['plan', 'outcome', 'number'], name='replay_item_outcome'), models.Index(condition=models.Q(('outcome__in', ['under_way', 'window', 'waits', 'unknown'])), fields=['plan'], name='replay_item_unsettled')],
                'constraints': [models.UniqueConstraint(fields=('plan', 'number'), name='replay_item_number_once'), models.UniqueConstraint(fields=('plan', 'target_id'), name='replay_item_target_once')],
            },
        ),
        migrations.CreateModel(
            name='Answer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('effect', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='hub_effects.effect')),
                ('found', models.BooleanField()),
                ('remote_id', models.CharField(blank=True, max_length=120)),
                ('asked_at', models.DateTimeField(default=integration_hub.kernel.clock.now)),
            ],
        ),
    ]
