import integration_hub.kernel.clock
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('hub_trail', '0001_initial'), ('hub_trail', '0002_append_only')]

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('recorded_at', models.DateTimeField(db_index=True, default=integration_hub.kernel.clock.now)),
                ('actor_kind', models.CharField(choices=[('person', 'Person'), ('system', 'System'), ('integration', 'Integration')], max_length=12)),
                ('actor', models.CharField(max_length=150)),
                ('action', models.CharField(db_index=True, max_length=80)),
                ('object_type', models.CharField(max_length=60)),
                ('object_id', models.CharField(max_length=80)),
                ('object_label', models.CharField(blank=True, max_length=200)),
                ('legal_entity', models.CharField(blank=True, max_length=16)),
                ('reason', models.TextField(blank=True)),
                ('data', models.JSONField(default=dict)),
                ('correlation_id', models.CharField(blank=True, db_index=True, max_length=40)),
                ('caused_by', models.BigIntegerField(blank=True, null=True)),
            ],
            options={
                'ordering': ['-id'],
                'indexes': [models.Index(fields=['object_type', 'object_id', '-id'], name='trail_event_object')],
            },
        ),
        migrations.CreateModel(
            name='Seal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sealed_at', models.DateTimeField(default=integration_hub.kernel.clock.now)),
                ('first_event', models.BigIntegerField()),
                ('last_event', models.BigIntegerField(unique=True)),
                ('count', models.PositiveIntegerField()),
                ('previous_hash', models.CharField(blank=True, max_length=64)),
                ('hash', models.CharField(max_length=64, unique=True)),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
    ]
