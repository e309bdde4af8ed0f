import django.db.models.deletion
import integration_hub.kernel.clock
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('hub_mapping', '0001_initial'), ('hub_mapping', '0002_initial'), ('hub_mapping', '0003_value_map_revision')]

    initial = True

    dependencies = [
        ('hub_people', '0001_models'),
    ]

    operations = [
        migrations.CreateModel(
            name='Mapping',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('connection', models.CharField(help_text='Code of the connection.', max_length=60)),
                ('entity', models.CharField(help_text='Canonical entity, e.g. time_entry.', max_length=40)),
                ('version', models.PositiveIntegerField(default=1)),
                ('status', models.CharField(choices=[('draft', 'Draft'), ('published', 'Published'), ('superseded', 'Superseded')], default='draft', max_length=12)),
                ('row_filter', models.CharField(blank=True, help_text='JMESPath; rows for which it is not true are left out, and counted.', max_length=500)),
                ('encoding', models.CharField(default='utf-8', help_text='Of files.', max_length=20)),
                ('delimiter', models.CharField(default=',', help_text='Of CSV files.', max_length=2)),
                ('note', models.TextField(blank=True)),
                ('author', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='mappings_written', to=settings.AUTH_USER_MODEL)),
                ('published_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='mappings_published', to=settings.AUTH_USER_MODEL)),
                ('published_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField(default=integration_hub.kernel.clock.now)),
            ],
            options={
                'permissions': [('publish_mapping', 'Can publish mappings')],
                'constraints': [models.UniqueConstraint(fields=('connection', 'entity', 'version'), name='mapping_version_once'), models.UniqueConstraint(condition=models.Q(('status', 'published')), fields=('connection', 'entity'), name='mapping_one_published'), models.CheckConstraint(condition=models.Q(models.Q(('published_at__isnull', True), ('status', 'draft')), models.Q(models.Q(('status', 'draft'), _negated=True), ('published_at__isnull', False)), _connector='OR'), name='mapping_published_pair')],
            },
        ),
        migrations.CreateModel(
            name='ValueMap',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('connection', models.CharField(max_length=60)),
                ('name', models.CharField(help_text='e.g. time_status, role, cost_centre', max_length=60)),
                ('when_unknown', models.CharField(choices=[('refuse', 'Refuse the record'), ('keep', 'Keep the value as it is')], default='refuse', max_length=8)),
                ('revision', models.PositiveIntegerField(default=1, editable=False, help_text='Counts changes of the rows.')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('connection', 'name'), name='mapping_value_map_once')],
            },
        ),
        migrations.CreateModel(
            name='ValueRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('value_map', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rows', to='hub_mapping.valuemap')),
                ('theirs', models.CharField(max_length=200)),
                ('ours', models.CharField(max_length=200)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('value_map', 'theirs'), name='mapping_value_row_once')],
            },
        ),
        migrations.CreateModel(
            name='FieldRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('mapping', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rules', to='hub_mapping.mapping')),
                ('target', models.CharField(help_text='Field of the canonical record.', max_length=60)),
                ('source', models.CharField(blank=True, help_text='JMESPath over the source record; a column name for files.', max_length=300)),
                ('constant', models.CharField(blank=True, help_text='Used instead of a source.', max_length=200)),
                ('default', models.CharField(blank=True, help_text='Used when the source is empty.', max_length=200)),
                ('required', models.BooleanField(default=False)),
                ('kind', models.CharField(choices=[('text', 'Text'), ('decimal', 'Decimal number'), ('integer', 'Whole number'), ('date', 'Date'), ('datetime', 'Date and time'), ('boolean', 'Yes or no'), ('as_is', 'As it is')], default='text', max_length=10)),
                ('date_format', models.CharField(blank=True, help_text='strptime format, e.g. %d-%b-%y; ISO when empty.', max_length=60)),
                ('decimal_comma', models.BooleanField(default=False)),
                ('scale', models.DecimalField(blank=True, decimal_places=6, help_text='Multiply numbers by this, e.g. 0.01 for cents.', max_digits=12, null=True)),
                ('value_map', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to='hub_mapping.valuemap')),
            ],
            options={
                'ordering': ['id'],
                'constraints': [models.UniqueConstraint(fields=('mapping', 'target'), name='mapping_rule_once'), models.CheckConstraint(condition=models.Q(models.Q(('source', ''), _negated=True), models.Q(('constant', ''), _negated=True), models.Q(('default', ''), _negated=True), _connector='OR'), name='mapping_rule_has_source')],
            },
        ),
    ]
