"""How a reimbursement is held, moved on, and told of: the same for whoever decides, books, pays or takes back."""

from typing import Any

from costs.models import REIMBURSEMENT_MOVES, Reimbursement
from integration_hub.trail.record import Actor, event

BY = "system:costs"


def locked(pk: int) -> Reimbursement:
    """A reimbursement as it is now, held until the transaction ends."""
    rows = Reimbursement.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("legal_entity", "resource", "connection").get(pk=pk)


def move(row: Reimbursement, status: str, **values: Any) -> None:
    """Another status and what comes with it, if it may follow. Raises ValueError otherwise."""
    REIMBURSEMENT_MOVES.check(row.status, status)
    keep(row, status=status, **values)


def keep(row: Reimbursement, **values: Any) -> None:
    """Other values: another version, so that nobody decides on what they did not see."""
    for name, value in values.items():
        setattr(row, name, value)
    row.version += 1
    row.save()


def told(action: str, row: Reimbursement, by: Actor, reason: str = "", **data: Any) -> None:
    """Tell the trail."""
    event(
        f"costs.reimbursement.{action}",
        by=by,
        object_type="costs.reimbursement",
        object_id=row.pk,
        label=row.number,
        legal_entity=row.legal_entity.code,
        reason=reason,
        **data,
    )
