"""Events keep the indexes that are asked for, and of rare links only the rows that have them; nothing is stopped."""

from typing import Any

import django.db.models.deletion
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

INDEXES = {
    "contract_id": "billing_billableevent_contract_id_767e01dc",
    "project_id": "billing_billableevent_project_id_c0718841",
    "resource_id": "billing_billableevent_resource_id_d9572a6e",
    "line_id": "billing_billableevent_line_id_c113fbc6",
    "milestone_id": "billing_billableevent_milestone_id_3f647848",
    "schedule_item_id": "billing_billableevent_schedule_item_id_e1ba2e65",
}


def _added(link: str, name: str) -> AddIndexConcurrently:
    condition = models.Q((f"{link}__isnull", False))
    return AddIndexConcurrently("billableevent", models.Index(condition=condition, fields=[link], name=name))


def _unindexed(link: str, to: str, related_name: str = "billable_events", **more: Any) -> migrations.AlterField:
    field = models.ForeignKey(
        blank=True,
        db_index=False,
        null=True,
        on_delete=django.db.models.deletion.PROTECT,
        related_name=related_name,
        to=to,
        **more,
    )
    return migrations.AlterField("billableevent", link, field)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("billing", "0002_rules"),
        ("contracts", "0002_rules"),
        ("hub_intake", "0001_models"),
    ]

    operations = [
        _added("line", "event_line"),
        _added("milestone", "event_milestone"),
        _added("schedule_item", "event_schedule"),
        # AlterField would drop the foreign keys and check them anew under a lock.
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    f"DROP INDEX CONCURRENTLY IF EXISTS {name}",
                    f"CREATE INDEX CONCURRENTLY {name} ON billing_billableevent ({column})",
                )
                for column, name in INDEXES.items()
            ],
            state_operations=[
                _unindexed("contract", "contracts.contract"),
                _unindexed("project", "contracts.project"),
                _unindexed("resource", "contracts.resource"),
                _unindexed("line", "contracts.contractline", "+", help_text="Fees and milestones name it"),
                _unindexed("milestone", "contracts.milestone"),
                _unindexed("schedule_item", "billing.scheduleitem"),
            ],
        ),
    ]
