import django.db.models.deletion
import integration_hub.kernel.clock
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('hub_connectors', '0001_initial'), ('hub_connectors', '0002_accounts_and_budgets')]

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Account',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(default=integration_hub.kernel.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(default=integration_hub.kernel.clock.now, editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('code', models.SlugField(max_length=60, unique=True)),
                ('vendor', models.CharField(help_text='Name of the connector.', max_length=30)),
                ('calls', models.PositiveIntegerField(blank=True, help_text='Calls the vendor allows in the window.', null=True)),
                ('seconds', models.PositiveIntegerField(blank=True, help_text='Length of the window in seconds.', null=True)),
                ('daily', models.PositiveIntegerField(blank=True, help_text='Calls the vendor allows in a rolling day.', null=True)),
                ('concurrency', models.PositiveSmallIntegerField(blank=True, help_text='Calls under way at once.', null=True)),
                ('outside', models.JSONField(blank=True, default=list, help_text='Others who use the same account: name and percentage of its limits.')),
                ('learnt_calls', models.PositiveIntegerField(blank=True, editable=False, null=True)),
                ('learnt_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('learnt_concurrency', models.PositiveSmallIntegerField(blank=True, editable=False, null=True)),
                ('learnt_concurrency_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('quiet_until', models.DateTimeField(blank=True, editable=False, help_text='The vendor asked us to wait.', null=True)),
                ('quota_used', models.PositiveIntegerField(blank=True, editable=False, null=True)),
                ('quota_limit', models.PositiveIntegerField(blank=True, editable=False, null=True)),
                ('quota_at', models.DateTimeField(blank=True, editable=False, null=True)),
            ],
            options={
                'ordering': ['code'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('calls__isnull', True), ('seconds__isnull', True)), models.Q(('calls__gt', 0), ('seconds__gt', 0)), _connector='OR'), name='account_window_pair')],
            },
        ),
        migrations.CreateModel(
            name='Spent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='spent', to='hub_connectors.account')),
                ('seconds', models.PositiveIntegerField(help_text='Length of the window the slot belongs to.')),
                ('slot', models.BigIntegerField()),
                ('priority', models.CharField(max_length=10)),
                ('calls', models.PositiveIntegerField(default=0)),
                ('refused', models.PositiveIntegerField(default=0)),
                ('over_at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['account', 'over_at'], name='connectors_spent_counted')],
                'constraints': [models.UniqueConstraint(fields=('account', 'seconds', 'slot', 'priority'), name='spent_once_per_slot')],
            },
        ),
        migrations.CreateModel(
            name='Connection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(default=integration_hub.kernel.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(default=integration_hub.kernel.clock.now, editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('code', models.SlugField(max_length=60, unique=True)),
                ('vendor', models.CharField(help_text='Name of the connector.', max_length=30)),
                ('name', models.CharField(max_length=120)),
                ('account', models.ForeignKey(blank=True, help_text='Whose limits it shares; empty until the first call: an account of its own.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='connections', to='hub_connectors.account')),
                ('base_url', models.URLField(blank=True)),
                ('settings', models.JSONField(blank=True, default=dict, help_text='Not secret: account ids, page sizes, vendor switches.')),
                ('sealed_credentials', models.BinaryField(default=bytes)),
                ('sealed_webhook_secret', models.BinaryField(default=bytes)),
                ('is_paused', models.BooleanField(default=False)),
                ('paused_reason', models.CharField(blank=True, max_length=200)),
                ('health', models.CharField(choices=[('ok', 'Working'), ('expiring', 'Credential expires soon'), ('auth_failed', 'Credential refused'), ('limited', 'Limited by the vendor'), ('down', 'Not answering'), ('unknown', 'Not tried yet')], default='unknown', max_length=12)),
                ('health_detail', models.CharField(blank=True, max_length=500)),
                ('health_at', models.DateTimeField(blank=True, null=True)),
                ('open_until', models.DateTimeField(blank=True, help_text='Circuit breaker: no calls before this instant.', null=True)),
                ('failures_in_row', models.PositiveIntegerField(default=0)),
            ],
            options={
                'ordering': ['code'],
                'permissions': [('pause_connection', 'Can pause and resume connections'), ('rotate_credentials', 'Can set credentials')],
                'constraints': [models.CheckConstraint(condition=models.Q(('is_paused', False), models.Q(('paused_reason', ''), _negated=True), _connector='OR'), name='connection_pause_has_reason')],
            },
        ),
        migrations.CreateModel(
            name='Call',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='calls', to='hub_connectors.connection')),
                ('at', models.DateTimeField(default=integration_hub.kernel.clock.now)),
                ('method', models.CharField(max_length=8)),
                ('path', models.CharField(max_length=500)),
                ('status', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('outcome', models.CharField(max_length=20)),
                ('milliseconds', models.PositiveIntegerField(default=0)),
                ('request_hash', models.CharField(blank=True, max_length=64)),
                ('error', models.CharField(blank=True, max_length=500)),
                ('correlation_id', models.CharField(blank=True, db_index=True, max_length=40)),
            ],
            options={
                'ordering': ['-id'],
                'indexes': [models.Index(fields=['connection', '-at'], name='connectors_call_recent')],
            },
        ),
    ]
