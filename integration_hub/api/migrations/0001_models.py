import django.contrib.postgres.fields
import django.db.models.deletion
import integration_hub.kernel.clock
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('hub_api', '0001_tokens_and_idempotency')]

    initial = True

    dependencies = [
        ('hub_people', '0001_models'),
    ]

    operations = [
        migrations.CreateModel(
            name='ApiToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='api_tokens', to=settings.AUTH_USER_MODEL)),
                ('name', models.CharField(help_text='What the token is for.', max_length=80)),
                ('prefix', models.CharField(help_text='First characters, to recognise it by.', max_length=12, unique=True)),
                ('secret_hash', models.CharField(editable=False, max_length=64)),
                ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), default=list, size=None)),
                ('created_at', models.DateTimeField(default=integration_hub.kernel.clock.now, editable=False)),
                ('created_by', models.CharField(editable=False, max_length=150)),
                ('last_used_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('revoked_at', models.DateTimeField(blank=True, editable=False, null=True)),
            ],
            options={
                'verbose_name': 'API token',
                'verbose_name_plural': 'API tokens',
                'ordering': ['-id'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('revoked_at__isnull', True)), fields=('user', 'name'), name='api_token_one_open_per_name')],
            },
        ),
        migrations.CreateModel(
            name='IdempotentRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('token', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='hub_api.apitoken')),
                ('key', models.CharField(max_length=200)),
                ('request_hash', models.CharField(help_text='Of method, path and body', max_length=64)),
                ('status', models.PositiveSmallIntegerField(default=0, help_text='0 only inside the transaction that does it')),
                ('body', models.JSONField(default=dict)),
                ('created_at', models.DateTimeField(db_index=True, default=integration_hub.kernel.clock.now)),
            ],
            options={
                'ordering': ['-id'],
                'constraints': [models.UniqueConstraint(fields=('user', 'key'), name='api_idempotency_key_once')],
            },
        ),
    ]
