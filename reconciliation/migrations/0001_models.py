import django.db.models.deletion
import integration_hub.kernel.clock
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('reconciliation', '0001_initial')]

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='TieOut',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=integration_hub.kernel.clock.now)),
                ('started_by', models.CharField(max_length=150)),
                ('agrees', models.BooleanField()),
                ('totals', models.JSONField()),
            ],
            options={
                'ordering': ['-id'],
                'permissions': [('run_tieout', 'Can run a tie-out')],
            },
        ),
        migrations.CreateModel(
            name='Break',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('tie_out', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='breaks', to='reconciliation.tieout')),
                ('arrow', models.CharField(max_length=60)),
                ('legal_entity', models.CharField(max_length=16)),
                ('currency', models.CharField(blank=True, max_length=3)),
                ('left', models.DecimalField(decimal_places=6, max_digits=24)),
                ('right', models.DecimalField(decimal_places=6, max_digits=24)),
                ('detail', models.JSONField(default=dict)),
            ],
            options={
                'ordering': ['id'],
            },
        ),
    ]
