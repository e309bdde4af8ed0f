import django.db.models.deletion
import integration_hub.kernel.clock
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('hub_cases', '0001_initial'), ('hub_cases', '0002_initial'), ('hub_cases', '0003_member_scope')]

    initial = True

    dependencies = [
        ('hub_people', '0001_models'),
    ]

    operations = [
        migrations.CreateModel(
            name='Case',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(default=integration_hub.kernel.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(default=integration_hub.kernel.clock.now, editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('code', models.CharField(max_length=40)),
                ('root_cause', models.CharField(help_text='Key of the one thing to fix.', max_length=200)),
                ('title', models.CharField(max_length=250)),
                ('detail', models.TextField(blank=True)),
                ('remedy', models.TextField(blank=True)),
                ('severity', models.PositiveSmallIntegerField()),
                ('owner_role', models.CharField(max_length=32)),
                ('legal_entity', models.CharField(blank=True, max_length=16)),
                ('status', models.CharField(choices=[('open', 'Open'), ('assigned', 'Assigned'), ('in_progress', 'In progress'), ('waiting', 'Waiting'), ('snoozed', 'Snoozed'), ('resolved', 'Resolved')], default='open', max_length=12)),
                ('outcome', models.CharField(blank=True, choices=[('auto', 'Healed by itself'), ('manual', 'Resolved by a person'), ('override', 'Overridden with a reason')], max_length=10)),
                ('assigned_to', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='cases', to=settings.AUTH_USER_MODEL)),
                ('first_seen_at', models.DateTimeField(default=integration_hub.kernel.clock.now)),
                ('due_at', models.DateTimeField()),
                ('snoozed_until', models.DateTimeField(blank=True, null=True)),
                ('resolved_at', models.DateTimeField(blank=True, null=True)),
                ('resolution', models.TextField(blank=True)),
                ('reopened', models.PositiveSmallIntegerField(default=0)),
                ('subject_type', models.CharField(blank=True, max_length=60)),
                ('subject_id', models.CharField(blank=True, max_length=80)),
                ('subject_label', models.CharField(blank=True, max_length=200)),
            ],
            options={
                'permissions': [('handle_case', 'Can assign, snooze, comment and resolve exceptions')],
                'indexes': [models.Index(condition=models.Q(('status', 'resolved'), _negated=True), fields=['owner_role', 'due_at'], name='cases_case_queue')],
                'constraints': [models.UniqueConstraint(fields=('code', 'root_cause'), name='cases_case_one_per_cause'), models.CheckConstraint(condition=models.Q(models.Q(('resolved_at__isnull', False), ('status', 'resolved'), models.Q(('outcome', ''), _negated=True)), models.Q(models.Q(('status', 'resolved'), _negated=True), ('outcome', ''), ('resolved_at__isnull', True)), _connector='OR'), name='cases_case_resolved_pair'), models.CheckConstraint(condition=models.Q(models.Q(('status', 'snoozed'), _negated=True), ('snoozed_until__isnull', False), _connector='OR'), name='cases_case_snooze_pair')],
            },
        ),
        migrations.CreateModel(
            name='Member',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='members', to='hub_cases.case')),
                ('target_type', models.CharField(max_length=60)),
                ('target_id', models.CharField(max_length=80)),
                ('label', models.CharField(blank=True, max_length=200)),
                ('amount', models.DecimalField(blank=True, decimal_places=6, max_digits=24, null=True)),
                ('currency', models.CharField(blank=True, max_length=3)),
                ('scope', models.CharField(blank=True, help_text='The pass that put it here, e.g. contract:17.', max_length=80)),
                ('is_open', models.BooleanField(default=True)),
                ('added_at', models.DateTimeField(default=integration_hub.kernel.clock.now)),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('is_open', True)), fields=['target_type', 'target_id'], name='cases_member_target'), models.Index(condition=models.Q(('is_open', True), models.Q(('scope', ''), _negated=True)), fields=['scope'], name='cases_member_scope'), models.Index(condition=models.Q(('is_open', True)), fields=['case'], name='cases_member_open')],
                'constraints': [models.UniqueConstraint(fields=('case', 'target_type', 'target_id'), name='cases_member_once'), models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', True), ('is_open', True)), models.Q(('closed_at__isnull', False), ('is_open', False)), _connector='OR'), name='cases_member_closed_pair')],
            },
        ),
        migrations.CreateModel(
            name='Comment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='comments', to='hub_cases.case')),
                ('author', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                ('text', models.TextField()),
                ('written_at', models.DateTimeField(default=integration_hub.kernel.clock.now)),
            ],
        ),
    ]
