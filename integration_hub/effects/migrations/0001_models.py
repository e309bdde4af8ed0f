import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import integration_hub.kernel.clock
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('hub_effects', '0001_initial'), ('hub_effects', '0002_corrected_revisions'), ('hub_effects', '0003_corrections'), ('hub_effects', '0004_posting_gates'), ('hub_effects', '0005_confirmed_lately'), ('hub_effects', '0006_corrections_are_proposals')]

    initial = True

    dependencies = [
        ('hub_connectors', '0001_models'),
        ('hub_people', '0001_models'),
    ]

    operations = [
        migrations.CreateModel(
            name='Effect',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(default=integration_hub.kernel.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(default=integration_hub.kernel.clock.now, editable=False)),
                ('key', models.CharField(max_length=64, unique=True)),
                ('legal_entity', models.CharField(blank=True, max_length=16)),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='effects', to='hub_connectors.connection')),
                ('effect_type', models.CharField(help_text='e.g. netsuite.invoice.post', max_length=60)),
                ('business_key', models.CharField(help_text='Our id of what is posted; travels as external reference.', max_length=120)),
                ('revision', models.PositiveIntegerField(default=1)),
                ('payload', models.JSONField()),
                ('payload_hash', models.CharField(max_length=64)),
                ('safety', models.CharField(choices=[('K', 'Idempotency key'), ('U', 'Upsert by external id'), ('P', 'Probe by our reference'), ('N', 'One attempt, then a person')], max_length=1)),
                ('state', models.CharField(choices=[('planned', 'Planned'), ('sending', 'Sending'), ('unknown', 'Outcome unknown'), ('sent', 'Accepted, not yet confirmed'), ('confirmed', 'Confirmed'), ('rejected', 'Rejected'), ('waiting', 'Waits for its window'), ('conflict', 'Same key, other content'), ('cancelled', 'Cancelled before sending'), ('superseded', 'Replaced by a correction')], default='planned', max_length=10)),
                ('posting_date', models.DateField(blank=True, null=True)),
                ('amount', models.DecimalField(blank=True, decimal_places=6, max_digits=24, null=True)),
                ('currency', models.CharField(blank=True, max_length=3)),
                ('remote_id', models.CharField(blank=True, max_length=120)),
                ('remote_number', models.CharField(blank=True, max_length=120)),
                ('remote', models.JSONField(blank=True, default=dict, help_text='What the confirming read said.')),
                ('failure_class', models.CharField(blank=True, max_length=20)),
                ('failure', models.TextField(blank=True)),
                ('lane', models.CharField(max_length=120)),
                ('subject_type', models.CharField(help_text='Row that asked for the effect.', max_length=60)),
                ('subject_id', models.CharField(max_length=80)),
                ('reverses', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reversed_by', to='hub_effects.effect')),
                ('corrects', models.OneToOneField(blank=True, help_text='The refused revision that this one replaces.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='corrected_by', to='hub_effects.effect')),
                ('planned_by', models.CharField(max_length=150)),
                ('correlation_id', models.CharField(blank=True, max_length=40)),
                ('confirmed_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['-id'],
                'permissions': [('retry_effect', 'Can retry, re-probe and cancel effects')],
                'indexes': [models.Index(condition=models.Q(('state__in', ['confirmed', 'cancelled', 'superseded']), _negated=True), fields=['state', 'id'], name='effect_open'), models.Index(fields=['subject_type', 'subject_id'], name='effect_subject'), models.Index(fields=['remote_id'], name='effect_remote'), django.contrib.postgres.indexes.BrinIndex(fields=['confirmed_at'], name='effect_confirmed', pages_per_range=16)],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('confirmed_at__isnull', False), ('state', 'confirmed'), models.Q(('remote_id', ''), _negated=True)), models.Q(('state', 'confirmed'), _negated=True), _connector='OR'), name='effect_confirmed_pair'), models.UniqueConstraint(fields=('connection', 'effect_type', 'business_key', 'revision'), name='effect_one_per_revision')],
            },
        ),
        migrations.CreateModel(
            name='Attempt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('effect', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='attempts', to='hub_effects.effect')),
                ('number', models.PositiveSmallIntegerField()),
                ('kind', models.CharField(choices=[('send', 'Send'), ('probe', 'Probe'), ('confirm', 'Confirming read')], max_length=8)),
                ('token', models.BigIntegerField()),
                ('started_at', models.DateTimeField(default=integration_hub.kernel.clock.now)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('outcome', models.CharField(blank=True, max_length=20)),
                ('status', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('response_hash', models.CharField(blank=True, max_length=64)),
                ('excerpt', models.TextField(blank=True)),
            ],
            options={
                'ordering': ['id'],
                'constraints': [models.UniqueConstraint(fields=('effect', 'kind', 'token'), name='effect_attempt_once_per_token')],
            },
        ),
        migrations.CreateModel(
            name='Correction',
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
                ('effect', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='corrections', to='hub_effects.effect')),
                ('seen_at', models.DateTimeField(help_text='When the effect had last changed as it was corrected.')),
                ('changes', models.JSONField(help_text='[{path, title, old, new}] of every field that differs.')),
                ('figures', models.JSONField(default=dict, help_text='{net, tax, gross, date: [before, after]}, as the write has them.')),
                ('payload', models.JSONField(help_text='The content as corrected.')),
                ('state', models.CharField(choices=[('proposed', 'Waits for a second person'), ('applied', 'Applied'), ('declined', 'Declined'), ('withdrawn', 'Withdrawn')], default='proposed', max_length=10)),
                ('result', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='correction_applied', to='hub_effects.effect')),
            ],
            options={
                'ordering': ['-id'],
                'permissions': [('approve_correction', 'Can approve and decline corrections')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'proposed')), fields=('effect',), name='correction_one_open'), models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('decided_by__isnull', True), ('state', 'proposed')), models.Q(('decided_at__isnull', False), ('state', 'withdrawn')), models.Q(('decided_at__isnull', False), ('decided_by__isnull', False), ('state__in', ['applied', 'declined'])), _connector='OR'), name='correction_decided_pair'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'applied'), _negated=True), ('four_eyes', ''), models.Q(('decided_by', models.F('proposed_by')), _negated=True), _connector='OR'), name='correction_second_person'), models.CheckConstraint(condition=models.Q(models.Q(('result__isnull', False), ('state', 'applied')), models.Q(models.Q(('state', 'applied'), _negated=True), ('result__isnull', True)), _connector='OR'), name='correction_applied_has_result')],
            },
        ),
        migrations.CreateModel(
            name='PostingGate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(default=integration_hub.kernel.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(default=integration_hub.kernel.clock.now, editable=False)),
                ('name', models.CharField(max_length=80, unique=True)),
                ('kind', models.CharField(choices=[('business_hours', 'Business hours: open only within them'), ('holiday', 'Holidays: closed on these days'), ('blackout', 'Blackout: closed from one moment to another'), ('cut_off', 'Cut-off: documents of a month are late after it'), ('module_lock', 'Module lock: closed for documents up to a day')], max_length=16)),
                ('legal_entity', models.CharField(blank=True, help_text='Code; empty for all.', max_length=16)),
                ('connection', models.ForeignKey(blank=True, help_text='The target; empty for all.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='posting_gates', to='hub_connectors.connection')),
                ('effect_type', models.CharField(blank=True, help_text='Which effects, e.g. *.invoice.post; empty for all with a posting date.', max_length=60)),
                ('zone', models.CharField(default='UTC', help_text='IANA time zone of all times below.', max_length=40)),
                ('late', models.CharField(choices=[('wait', 'Wait until it opens'), ('next_period', 'Post into the next period'), ('ask', 'Ask finance')], default='wait', help_text='What becomes of what meets it closed.', max_length=12)),
                ('is_active', models.BooleanField(default=True)),
                ('weekdays', django.contrib.postgres.fields.ArrayField(base_field=models.PositiveSmallIntegerField(), blank=True, default=list, help_text='Business hours: 1 Monday to 7 Sunday.', size=None)),
                ('opens', models.TimeField(blank=True, help_text='Business hours: from.', null=True)),
                ('closes', models.TimeField(blank=True, help_text='Business hours: until. Cut-off: time of day.', null=True)),
                ('days', django.contrib.postgres.fields.ArrayField(base_field=models.DateField(), blank=True, default=list, help_text='Holidays, e.g. 2026-12-25,2026-12-26.', size=None)),
                ('starts_on', models.DateField(blank=True, help_text='Blackout: first day.', null=True)),
                ('starts_at', models.TimeField(blank=True, help_text='Blackout: from that time on.', null=True)),
                ('ends_on', models.DateField(blank=True, help_text='Blackout: last day.', null=True)),
                ('ends_at', models.TimeField(blank=True, help_text='Blackout: until that time.', null=True)),
                ('day', models.PositiveSmallIntegerField(blank=True, help_text='Cut-off: day of the month, 31 for its last; or the n-th working day.', null=True)),
                ('months_after', models.PositiveSmallIntegerField(default=1, help_text='Cut-off: 0 in the month of the documents itself, 1 in the month after it.')),
                ('working_days', models.BooleanField(default=False, help_text='Cut-off: count Mondays to Fridays without holidays.')),
                ('locked_through', models.DateField(blank=True, help_text='Module lock: last day that is locked.', null=True)),
            ],
            options={
                'ordering': ['name'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('closes__isnull', False), ('kind', 'business_hours'), ('opens__isnull', False), ('weekdays__len__gt', 0)), models.Q(('days__len__gt', 0), ('kind', 'holiday')), models.Q(('ends_at__isnull', False), ('ends_on__isnull', False), ('kind', 'blackout'), ('starts_at__isnull', False), ('starts_on__isnull', False)), models.Q(('closes__isnull', False), ('day__gte', 1), ('day__lte', 31), ('kind', 'cut_off')), models.Q(('kind', 'module_lock'), ('locked_through__isnull', False)), _connector='OR'), name='gate_has_its_times')],
            },
        ),
        migrations.CreateModel(
            name='Opening',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('gate', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='openings', to='hub_effects.postinggate')),
                ('slot', models.DateTimeField(help_text='The instant of the window.')),
                ('fired_at', models.DateTimeField(default=integration_hub.kernel.clock.now)),
            ],
            options={
                'ordering': ['-slot'],
                'constraints': [models.UniqueConstraint(fields=('gate', 'slot'), name='opening_once_per_window')],
            },
        ),
        migrations.CreateModel(
            name='Preflight',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='preflights', to='hub_connectors.connection')),
                ('on', models.DateField()),
                ('closed', models.CharField(blank=True, help_text='Why it is closed; empty when it is open.', max_length=300)),
                ('asked_at', models.DateTimeField(default=integration_hub.kernel.clock.now)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('connection', 'on'), name='preflight_once_per_day')],
            },
        ),
    ]
