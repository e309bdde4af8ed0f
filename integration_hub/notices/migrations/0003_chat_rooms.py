"""Chat rooms that are told by webhook."""

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import integration_hub.kernel.clock
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('hub_cases', '0002_what_members_money_is'),
        ('hub_notices', '0002_mail'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name='message',
            name='address',
            field=models.CharField(help_text='The mail address, or the host of the webhook.', max_length=254),
        ),
        migrations.AlterField(
            model_name='message',
            name='channel',
            field=models.CharField(choices=[('app', 'In the console'), ('mail', 'E-mail'), ('chat', 'Chat')], max_length=8),
        ),
        migrations.AlterField(
            model_name='message',
            name='person',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='messages', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='notice',
            name='channel',
            field=models.CharField(choices=[('app', 'In the console'), ('mail', 'E-mail'), ('chat', 'Chat')], max_length=8),
        ),
        migrations.AlterField(
            model_name='notice',
            name='person',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='notices', to=settings.AUTH_USER_MODEL),
        ),
        migrations.CreateModel(
            name='Room',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(default=integration_hub.kernel.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(default=integration_hub.kernel.clock.now, editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('code', models.SlugField(max_length=60, unique=True)),
                ('name', models.CharField(max_length=120)),
                ('format', models.CharField(choices=[('slack', 'Slack'), ('teams', 'Microsoft Teams')], max_length=8)),
                ('owner_role', models.CharField(blank=True, choices=[('finance', 'Finance'), ('billing_analyst', 'Billing analyst'), ('pmo', 'PMO'), ('delivery_lead', 'Delivery lead'), ('integration_admin', 'Integration admin'), ('auditor', 'Auditor')], help_text="Whose exceptions; empty: everybody's.", max_length=32)),
                ('legal_entities', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=16), blank=True, default=list, size=None)),
                ('all_legal_entities', models.BooleanField(default=False)),
                ('kinds', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('opened', 'New in your queue'), ('assigned', 'Assigned to you'), ('mention', 'You were mentioned'), ('changed', 'Changed'), ('near', 'Deadline near'), ('missed', 'Deadline missed'), ('escalated', 'Escalated to your role'), ('reopened', 'Open again'), ('healed', 'Closed by itself')], max_length=12), help_text='What it is told of.', size=None)),
                ('least_severity', models.PositiveSmallIntegerField(default=4, help_text='The mildest severity it is told of: 1 is critical, 4 low.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(4)])),
                ('sealed_url', models.BinaryField(default=bytes)),
                ('host', models.CharField(editable=False, help_text='Of the webhook; the rest of its address is secret.', max_length=253)),
                ('is_active', models.BooleanField(default=True)),
            ],
            options={
                'verbose_name': 'chat room',
                'ordering': ['code'],
                'constraints': [models.CheckConstraint(condition=models.Q(('least_severity__gte', 1), ('least_severity__lte', 4)), name='notice_room_severity'), models.CheckConstraint(condition=models.Q(('all_legal_entities', True), ('legal_entities__len__gt', 0), _connector='OR'), name='notice_room_entities')],
            },
        ),
        migrations.AddField(
            model_name='message',
            name='room',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='hub_notices.room'),
        ),
        migrations.AddField(
            model_name='notice',
            name='room',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='notices', to='hub_notices.room'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('channel', 'chat'), ('person__isnull', True), ('room__isnull', False)), models.Q(models.Q(('channel', 'chat'), _negated=True), ('person__isnull', False), ('room__isnull', True)), _connector='OR'), name='notice_message_to_one'),
        ),
        migrations.AddConstraint(
            model_name='notice',
            constraint=models.UniqueConstraint(fields=('event', 'room'), name='notice_once_per_room'),
        ),
        migrations.AddConstraint(
            model_name='notice',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('channel', 'chat'), ('person__isnull', True), ('room__isnull', False)), models.Q(models.Q(('channel', 'chat'), _negated=True), ('person__isnull', False), ('room__isnull', True)), _connector='OR'), name='notice_to_one'),
        ),
    ]
