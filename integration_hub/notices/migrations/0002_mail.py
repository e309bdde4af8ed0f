"""Mails, how each person wants to be told, and how roles are."""

import datetime
import django.db.models.deletion
import integration_hub.kernel.clock
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('hub_cases', '0002_what_members_money_is'),
        ('hub_notices', '0001_notices'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Preference',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('opened', 'New in your queue'), ('assigned', 'Assigned to you'), ('mention', 'You were mentioned'), ('changed', 'Changed'), ('near', 'Deadline near'), ('missed', 'Deadline missed'), ('escalated', 'Escalated to your role'), ('reopened', 'Open again'), ('healed', 'Closed by itself')], max_length=12)),
                ('app', models.BooleanField(default=True, verbose_name='In the console')),
                ('mail', models.CharField(choices=[('off', 'Not'), ('once', 'At once'), ('digest', 'In a digest')], default='off', max_length=8, verbose_name='E-mail')),
            ],
        ),
        migrations.CreateModel(
            name='RoleDefault',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('opened', 'New in your queue'), ('assigned', 'Assigned to you'), ('mention', 'You were mentioned'), ('changed', 'Changed'), ('near', 'Deadline near'), ('missed', 'Deadline missed'), ('escalated', 'Escalated to your role'), ('reopened', 'Open again'), ('healed', 'Closed by itself')], max_length=12)),
                ('app', models.BooleanField(default=True, verbose_name='In the console')),
                ('mail', models.CharField(choices=[('off', 'Not'), ('once', 'At once'), ('digest', 'In a digest')], default='off', max_length=8, verbose_name='E-mail')),
                ('role', models.CharField(choices=[('finance', 'Finance'), ('billing_analyst', 'Billing analyst'), ('pmo', 'PMO'), ('delivery_lead', 'Delivery lead'), ('integration_admin', 'Integration admin'), ('auditor', 'Auditor')], max_length=32)),
            ],
            options={
                'verbose_name': 'default of a role',
                'verbose_name_plural': 'defaults of roles',
                'ordering': ['role', 'kind'],
            },
        ),
        migrations.AddField(
            model_name='notice',
            name='due_at',
            field=models.DateTimeField(blank=True, help_text='When it may go out; empty in the console.', null=True),
        ),
        migrations.AddField(
            model_name='notice',
            name='withheld',
            field=models.CharField(blank=True, db_default='', help_text='Why it was not sent after all.', max_length=200),
        ),
        migrations.AlterField(
            model_name='notice',
            name='channel',
            field=models.CharField(choices=[('app', 'In the console'), ('mail', 'E-mail')], max_length=8),
        ),
        migrations.CreateModel(
            name='Habit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('zone', models.CharField(help_text='Of the quiet hours, e.g. Europe/Berlin.', max_length=60)),
                ('digests', models.CharField(choices=[('daily', 'Daily'), ('hourly', 'Hourly')], default='daily', max_length=8)),
                ('digest_at', models.TimeField(default=datetime.time(8, 0), help_text='Of daily ones, in the zone of the legal entity.')),
                ('quiet_from', models.TimeField(blank=True, null=True)),
                ('quiet_until', models.TimeField(blank=True, null=True)),
                ('quiet_weekends', models.BooleanField(default=False)),
                ('urgent_passes', models.BooleanField(default=True, help_text='S1 is told at once, quiet hours or not.')),
                ('person', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='notice_habit', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Message',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(default=integration_hub.kernel.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(default=integration_hub.kernel.clock.now, editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('channel', models.CharField(choices=[('app', 'In the console'), ('mail', 'E-mail')], max_length=8)),
                ('address', models.CharField(max_length=254)),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('sending', 'Being sent'), ('sent', 'Sent'), ('unknown', 'Unknown whether sent'), ('failed', 'Not sent')], default='waiting', max_length=8)),
                ('attempts', models.PositiveSmallIntegerField(default=0, help_text='Counted before each was sent.')),
                ('error', models.TextField(blank=True)),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='messages', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'permissions': [('resend_message', 'Can have a message sent again')],
            },
        ),
        migrations.AddField(
            model_name='notice',
            name='message',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='notices', to='hub_notices.message'),
        ),
        migrations.AddIndex(
            model_name='notice',
            index=models.Index(condition=models.Q(('due_at__isnull', False), ('message__isnull', True), ('withheld', '')), fields=['due_at'], name='notice_due'),
        ),
        migrations.AddConstraint(
            model_name='notice',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('channel', 'app'), ('due_at__isnull', True), ('message__isnull', True), ('withheld', '')), models.Q(models.Q(('channel', 'app'), _negated=True), ('due_at__isnull', False), models.Q(('message__isnull', True), ('withheld', ''), _connector='OR')), _connector='OR'), name='notice_goes_out'),
        ),
        migrations.AddField(
            model_name='preference',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notice_preferences', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='roledefault',
            constraint=models.UniqueConstraint(fields=('role', 'kind'), name='notice_role_default_once'),
        ),
        migrations.AddConstraint(
            model_name='habit',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('quiet_from__isnull', True), ('quiet_until__isnull', True)), models.Q(('quiet_from__isnull', False), ('quiet_until__isnull', False), models.Q(('quiet_from', models.F('quiet_until')), _negated=True)), _connector='OR'), name='notice_quiet_pair'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('state', 'sent'), _negated=True), fields=['-id'], name='notice_message_open'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('sent_at__isnull', False), ('state', 'sent')), models.Q(models.Q(('state', 'sent'), _negated=True), ('sent_at__isnull', True)), _connector='OR'), name='notice_message_sent_pair'),
        ),
        migrations.AddConstraint(
            model_name='preference',
            constraint=models.UniqueConstraint(fields=('person', 'kind'), name='notice_preference_once'),
        ),
    ]
