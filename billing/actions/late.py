"""Changes of billed work as sources state them: each is kept and asked about, once, until it is decided or gone.

What a source says is never applied to billed work by itself (billing.md R11, R19). People decide in `late_decisions`.
"""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import F, Q, Sum

from billing import billed
from billing.models import BillableEvent, LateChange
from integration_hub.cases.actions import cases
from integration_hub.kernel.clock import now
from integration_hub.kernel.ids import as_json
from integration_hub.kernel.money import ZERO, show
from integration_hub.trail.record import Actor, actor_name, event

CHANGED, DELETED = "LATE_CHANGE", "SOURCE_DELETED_AFTER_POST"
CODES = (CHANGED, DELETED)
REMEDY = "Look at what accepting it would credit and bill, and accept or refuse it."
AGAIN = "The source says again what was billed"
GONE = "The work is not billed any more: its source's word counts by itself"

Said = Mapping[str, Any]
"""Every field of a work by name, as a source states it."""


def standing(keys: Collection[str]) -> dict[str, LateChange]:
    """The changes that stand, by work key: open ones, and refused ones whose source still says so."""
    rows = LateChange.objects.filter(work_key__in=list(keys), status__in=LateChange.STANDING)
    return {row.work_key: row for row in rows}


def ask(*, asked: Sequence[tuple[BillableEvent, Said]], known: Mapping[str, LateChange], by: Actor) -> None:
    """Ask a person about work that its source states otherwise than the version in force, which is billed.

    `known` are the changes of these works that stand, read under the lock of their contracts. The very change that is
    asked about, or was refused, asks nothing; another one takes its place.
    """
    fresh = [
        (old, as_json(dict(said)))
        for old, said in asked
        if old.work_key not in known or not known[old.work_key].says(as_json(dict(said)))
    ]
    if not fresh:
        return
    _end([known[old.work_key] for old, _ in fresh if old.work_key in known], "replaced", by, "Its source says more")
    worth = _billed([old for old, _ in fresh])
    for old, said in fresh:
        amount, currency = worth.get(old.work_key, (ZERO, old.currency))
        change = LateChange.objects.create(
            work_key=old.work_key,
            event=old,
            stated=said,
            source_version_id=said["source_version_id"],
            is_deletion=said["is_deleted"],
            legal_entity_id=old.legal_entity_id,
            contract_id=old.contract_id,
            billed=amount,
            currency=currency,
        )
        _raise(change, by)


def withdraw(*, known: Collection[LateChange], by: Actor) -> None:
    """The source says again what is in force: nobody has to decide any more."""
    _end(known, "withdrawn", by, AGAIN)
    cases.heal_all([(code, row.work_key) for row in known for code in CODES], because=AGAIN, by=by)


def overtake(*, known: Collection[LateChange], by: Actor) -> None:
    """The work is stored as its source states it, for nothing of it is billed any more."""
    _end(known, "replaced", by, GONE)
    cases.heal_all([(code, row.work_key) for row in known for code in CODES], because=GONE, by=by)


def _end(rows: Collection[LateChange], status: str, by: Actor, reason: str) -> None:
    """They do not stand any more. What a person decided about them, and why, stays."""
    ids = [row.pk for row in rows]
    if not ids:
        return
    moment, moved = now(), {"status": status, "version": F("version") + 1, "updated_at": now()}
    LateChange.objects.filter(pk__in=ids, status="open").update(
        **moved, decided_by=actor_name(by), decided_at=moment, reason=reason
    )
    LateChange.objects.filter(pk__in=ids, status="refused").update(**moved)


def _billed(rows: Sequence[BillableEvent]) -> dict[str, tuple[Decimal, str]]:
    """What stands posted or on its way of works, over all their versions, by key: exact, with its currency."""
    keys = [row.work_key for row in rows]
    contracts = {row.contract_id for row in rows if row.contract_id}
    sums = billed.taken(contracts).filter(event__work_key__in=keys).order_by()
    told = sums.values_list("event__work_key", "currency").annotate(Sum("amount"))
    return {key: (amount, currency) for key, currency, amount in told}


def _raise(change: LateChange, by: Actor) -> None:
    """One case for a work: it holds the change that is open, and no earlier one."""
    code, other = (DELETED, CHANGED) if change.is_deletion else (CHANGED, DELETED)
    cases.heal(code=other, root_cause=change.work_key, because="Its source says something else now", by=by)
    cases.set_members(
        code=code,
        root_cause=change.work_key,
        title=_title(change),
        detail=f"What is billed of it stands until somebody decides: {show(change.billed, change.currency)} net."
        if change.currency
        else "",
        remedy=REMEDY,
        legal_entity=change.event.legal_entity.code if change.event.legal_entity else "",
        subject=("billing.billableevent", str(change.event_id), change.work_key),
        members=[
            cases.MemberIn("billing.latechange", str(change.pk), change.work_key, change.billed, change.currency, "net")
        ],
        by=by,
    )
    event(
        "billing.late_change.asked",
        by=by,
        object_type="billing.latechange",
        object_id=change.pk,
        label=change.work_key,
        legal_entity=change.event.legal_entity.code if change.event.legal_entity else "",
        billed=change.billed,
        currency=change.currency,
    )


def _title(change: LateChange) -> str:
    row = change.event
    what = f"{row.get_kind_display()} of {row.service_date:%-d %B %Y}"
    who = f" by {row.resource.name}" if row.resource else ""
    on = f" on {row.contract.number}" if row.contract else ""
    done = "was deleted in its source" if change.is_deletion else "changed in its source"
    return f"{what}{who}{on} {done} after it was billed"


def differences(change: LateChange) -> list[tuple[str, Any, Any]]:
    """(field, value in force, value stated), both as JSON has them, of what differs; in the order of the fields."""
    unlike = {"work_key", "source_version_id"}
    pairs = ((name, as_json(getattr(change.event, name)), now) for name, now in change.stated.items())
    return [(name, was, now) for name, was, now in pairs if name not in unlike and was != now]


def still_asks(root_cause: str) -> bool:
    """Whether a change of the work waits for a person."""
    return LateChange.objects.filter(Q(work_key=root_cause), status="open").exists()
