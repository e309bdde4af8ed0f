"""Notices. Whoever installs this is told of what happens from now on, not of years that are over."""

import django.db.models.deletion
import integration_hub.kernel.clock
from django.conf import settings
from django.db import migrations, models


FROM_NOW_ON = """
INSERT INTO hub_notices_reader (part, tx, event, at)
SELECT 'exceptions', tx::text, id, clock_timestamp() FROM hub_trail_event ORDER BY hub_trail_event.tx DESC, id DESC LIMIT 1;
INSERT INTO hub_notices_deadline (case_id, due_at, which, said_at)
SELECT id, due_at, 'missed', clock_timestamp() FROM hub_cases_case
 WHERE status <> 'resolved' AND due_at <= clock_timestamp();
"""


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('hub_trail', '0002_rules'),
        ('hub_cases', '0002_what_members_money_is'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Reader',
            fields=[
                ('part', models.CharField(max_length=20, primary_key=True, serialize=False)),
                ('tx', models.CharField(default='0', max_length=20)),
                ('event', models.BigIntegerField(default=0)),
                ('at', models.DateTimeField(default=integration_hub.kernel.clock.now)),
            ],
        ),
        migrations.CreateModel(
            name='Deadline',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('due_at', models.DateTimeField()),
                ('which', models.CharField(choices=[('near', 'Near'), ('missed', 'Missed')], max_length=8)),
                ('said_at', models.DateTimeField(default=integration_hub.kernel.clock.now)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='deadlines', to='hub_cases.case')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('case', 'due_at', 'which'), name='notice_deadline_once')],
            },
        ),
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event', models.BigIntegerField(help_text='The event of the trail it tells of.')),
                ('channel', models.CharField(choices=[('app', 'In the console')], max_length=8)),
                ('kind', models.CharField(choices=[('opened', 'New in your queue'), ('assigned', 'Assigned to you'), ('mention', 'You were mentioned'), ('changed', 'Changed'), ('near', 'Deadline near'), ('missed', 'Deadline missed'), ('escalated', 'Escalated to your role'), ('reopened', 'Open again'), ('healed', 'Closed by itself')], max_length=12)),
                ('legal_entity', models.CharField(blank=True, max_length=16)),
                ('severity', models.PositiveSmallIntegerField()),
                ('title', models.CharField(help_text='Of the exception, as it was then.', max_length=250)),
                ('text', models.TextField(help_text='What happened, in one sentence.')),
                ('happened_at', models.DateTimeField()),
                ('written_at', models.DateTimeField(default=integration_hub.kernel.clock.now)),
                ('read_at', models.DateTimeField(blank=True, null=True)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notices', to='hub_cases.case')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notices', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('channel', 'app')), fields=['person', '-id'], name='notice_inbox'), models.Index(condition=models.Q(('channel', 'app'), ('read_at__isnull', True)), fields=['person'], name='notice_unread')],
                'constraints': [models.UniqueConstraint(fields=('event', 'person', 'channel'), name='notice_once')],
            },
        ),
        migrations.CreateModel(
            name='Watch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('since', models.DateTimeField(default=integration_hub.kernel.clock.now)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='watches', to='hub_cases.case')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='watches', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('case', 'person'), name='notice_watch_once')],
            },
        ),
        migrations.RunSQL(FROM_NOW_ON, migrations.RunSQL.noop),
    ]
