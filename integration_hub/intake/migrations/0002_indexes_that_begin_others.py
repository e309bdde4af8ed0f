"""Two indexes of source versions begin others and are only written: dropped without stopping the feeds."""

import django.db.models.deletion
from django.db import migrations, models


def _dropped(column: str, name: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"DROP INDEX CONCURRENTLY IF EXISTS {name}",
        f"CREATE INDEX CONCURRENTLY {name} ON hub_intake_sourceversion ({column})",
    )


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("hub_connectors", "0001_models"),
        ("hub_intake", "0001_models"),
    ]

    operations = [
        # AlterField would drop the foreign keys and check them anew under a lock.
        migrations.SeparateDatabaseAndState(
            database_operations=[
                _dropped("connection_id", "hub_intake_sourceversion_connection_id_6580efb0"),
                _dropped("run_id", "hub_intake_sourceversion_run_id_6ff7e65e"),
            ],
            state_operations=[
                migrations.AlterField(
                    model_name="sourceversion",
                    name="connection",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="source_versions",
                        to="hub_connectors.connection",
                    ),
                ),
                migrations.AlterField(
                    model_name="sourceversion",
                    name="run",
                    field=models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="source_versions",
                        to="hub_intake.run",
                    ),
                ),
            ],
        ),
    ]
