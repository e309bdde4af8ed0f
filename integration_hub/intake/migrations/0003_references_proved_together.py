"""Source versions prove their references a statement at a time."""

import django.db.models.deletion
from django.db import migrations, models

from integration_hub.kernel.references import ProveReferences


class Migration(migrations.Migration):

    dependencies = [
        ('hub_connectors', '0001_models'),
        ('hub_intake', '0002_indexes_that_begin_others'),
    ]

    operations = [
        migrations.AlterField(
            model_name='sourceversion',
            name='connection',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='source_versions', to='hub_connectors.connection'),
        ),
        migrations.AlterField(
            model_name='sourceversion',
            name='run',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='source_versions', to='hub_intake.run'),
        ),
        ProveReferences("sourceversion"),
    ]
