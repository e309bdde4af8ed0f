"""Waivers: a client takes work although it came too late (billing.md R10, §3.4)."""

from django.db import transaction

from billing import policies
from billing.actions import work
from billing.models import BillableEvent, Waiver
from contracts.models import Contract
from integration_hub.people.models import User
from integration_hub.trail.record import event as told


@transaction.atomic
def waive(*, event_id: int, reason: str, by: User) -> Waiver:
    """Record that the client takes this work, and have it decided again. Raises Denied, or
    Contract.DoesNotExist for work of none.
    """
    row = BillableEvent.objects.select_related("legal_entity", "contract").get(pk=event_id)
    rows = Contract.objects.select_for_update(of=("self",), no_key=True)
    contract = rows.get(billable_events=event_id)
    policies.can_waive(row, by).or_raise()
    waiver, _ = Waiver.objects.get_or_create(
        contract=contract, work_key=row.work_key, defaults={"reason": reason, "waived_by": by.username}
    )
    told(
        "billing.work.waived",
        by=by,
        object_type="billing.billableevent",
        object_id=row.pk,
        label=row.work_key,
        legal_entity=row.legal_entity.code if row.legal_entity else "",
        reason=reason,
    )
    work.decide_soon([(contract.pk, row.project_id)], caused_by="a waiver")
    return waiver
