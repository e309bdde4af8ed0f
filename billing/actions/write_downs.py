"""Write work down or off before it is billed, or postpone it (billing.md §1.7, R17, §5.2).

A proposal names works of one contract and how much of each; people approve it by the matrix, and from then on the
decision of each work sets that part aside. What is decided again later (an amendment, less time) stays consistent by
itself: the engine writes off no more than was approved, and what does not fit opens a case.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction

from billing import policies, set_aside
from billing.actions import candidates, decisions
from billing.engine.disposals import Part, TooMuch, by_amount, by_minutes, lump
from billing.models import WRITE_DOWN_MOVES, WriteDown, WriteDownPart, WriteDownReason
from billing.set_aside import OpenWork
from contracts.models import Contract
from integration_hub.kernel.clock import now, today
from integration_hub.kernel.errors import BadInput, NotReady, Problem
from integration_hub.kernel.ids import content_hash
from integration_hub.kernel.money import ZERO, show
from integration_hub.people.models import User
from integration_hub.trail import record
from integration_hub.trail.record import Actor

OBJECT = "billing.writedown"
BY = "system:billing"
MOST = 2000
"""Works that one act may take."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """How much of one work: so many minutes, so much money, or all that is open."""

    minutes: Decimal | None = None
    amount: Decimal | None = None


Works = Mapping[str, Wanted]
"""By work key."""


@transaction.atomic
def propose(
    *, contract_id: int, works: Works, reason: str, note: str, by: User, total: Decimal | None = None
) -> WriteDown:
    """Propose to write work of a contract down, or off where nothing is left of it.

    A `total` is shared over all works by what is open of each, by the largest remainder. Raises Denied, or BadInput
    with every work that cannot be.
    """
    contract = _locked(contract_id)
    policies.can_propose_write_down(by, contract.legal_entity.code).or_raise()
    policies.knows_write_downs(contract.legal_entity.code).or_raise()
    _check(contract, works, note=note, reason=reason, total=total)
    found = _open(contract, works)
    if waiting := set_aside.standing(contract, found).filter(status="proposed").first():
        raise NotReady(f"{waiting} is proposed over some of this work already: decide about it first.")
    parts = _parts(contract, found, works, total)
    whole = all(part.amount == found[key].value for key, part in parts.items())
    kind = WriteDown.Kind.WRITE_OFF if whole else WriteDown.Kind.WRITE_DOWN
    row = _store(contract, found, parts, kind=kind, reason=reason, note=note, by=by)
    told(row, "proposed", by, reason=row.note, code=reason)
    return row


@transaction.atomic
def postpone(*, contract_id: int, works: Works, note: str, by: User, until: date | None = None) -> WriteDown:
    """Put work off until a day, when it comes back by itself, or until somebody fetches it back.

    An earlier postponement of the same work ends. Raises Denied, or BadInput.
    """
    contract = _locked(contract_id)
    policies.can_propose_write_down(by, contract.legal_entity.code).or_raise()
    _check(contract, works, note=note)
    if until is not None and until <= today():
        raise BadInput("Postponement", [Problem("until", f"{until} is not to come.", "Give a later day, or none.")])
    found = _open(contract, works)
    for earlier in set_aside.standing(contract, found).filter(kind="postponement"):
        _end(earlier, by, "Postponed anew")
    parts = _parts(contract, found, works, None)
    row = _store(
        contract, found, parts, kind=WriteDown.Kind.POSTPONEMENT, note=note, by=by, until=until,
        status=WriteDown.Status.IN_FORCE, decided_at=now(),
    )  # fmt: skip
    told(row, "postponed", by, reason=row.note, until=until)
    apply(row, by)
    return row


@transaction.atomic
def drop(*, write_down_id: int, by: User, seen_version: int, reason: str) -> WriteDown:
    """Refuse a proposal, or take one's own back. Raises Denied, Stale, BadInput."""
    row = locked(write_down_id)
    policies.can_drop_write_down(row, by).or_raise()
    if not reason.strip():
        raise BadInput(str(row), [Problem("reason", "it is empty.", "Say why.")])
    status = WriteDown.Status.WITHDRAWN if row.proposed_by_id == by.pk else WriteDown.Status.REFUSED
    move(row, status, seen_version=seen_version, ended_at=now(), ended_because=reason.strip())
    told(row, str(status), by, reason=reason.strip())
    return row


@transaction.atomic
def bring_back(*, write_down_id: int, by: User, seen_version: int) -> WriteDown:
    """Fetch postponed work back before its day. Raises Denied, Stale."""
    row = locked(write_down_id)
    policies.can_bring_back(row, by).or_raise()
    _end(row, by, "Fetched back", seen_version=seen_version)
    apply(row, by)
    return row


def return_due() -> int:
    """End the postponements whose day has come, contract by contract; how many."""
    due = WriteDown.objects.filter(status=WriteDown.Status.IN_FORCE, until__lte=today()).order_by("contract_id", "pk")
    ended = 0
    for pk in list(due.values_list("pk", flat=True)):
        with transaction.atomic():
            row = locked(pk)
            if row.status == WriteDown.Status.IN_FORCE:
                _end(row, BY, "Its day has come")
                apply(row, BY)
                ended += 1
    return ended


def apply(row: WriteDown, by: Actor) -> None:
    """Decide the contract as the write-down stands now; its works leave open candidates. The caller holds the lock."""
    keys = row.parts.values_list("work_key", flat=True)
    rows = set_aside.pieces(row.contract).filter(event__work_key__in=list(keys))
    events = sorted(set(rows.values_list("event_id", flat=True)))
    candidates.let_go(event_ids=events, by=by)
    cause = decisions.Cause(f"{str(row).lower()} {row.get_status_display().lower()}", record.correlation())
    decisions.decide_contracts(causes={row.contract_id: cause})
    candidates.check_soon(contract_ids=[row.contract_id])


def move(row: WriteDown, status: str, *, seen_version: int, **changes: Any) -> None:
    """Move it along. Raises NotAllowed, Stale."""
    WRITE_DOWN_MOVES.check(row.status, status)
    WriteDown.objects.transition(row.pk, seen_version=seen_version, status=status, **changes)
    row.refresh_from_db()


def locked(pk: int) -> WriteDown:
    """A write-down with its contract locked: nobody bills or decides its work meanwhile."""
    rows = WriteDown.objects.select_related("contract__customer", "legal_entity", "proposed_by", "reversal_by")
    _locked(rows.get(pk=pk).contract_id)
    return rows.get(pk=pk)


def told(row: WriteDown, what: str, by: Actor, *, reason: str = "", **data: Any) -> None:
    """Tell the trail."""
    record.event(
        f"billing.write_down.{what}",
        by=by,
        object_type=OBJECT,
        object_id=row.pk,
        label=str(row),
        legal_entity=row.legal_entity.code,
        reason=reason,
        contract=row.contract.number,
        amount=row.amount,
        currency=row.currency,
        hash=row.content_hash,
        **data,
    )


def _end(row: WriteDown, by: Actor, because: str, *, seen_version: int | None = None) -> None:
    """A postponement is over."""
    version = row.version if seen_version is None else seen_version
    move(row, WriteDown.Status.REVERSED, seen_version=version, ended_at=now(), ended_because=because)
    told(row, "returned", by, reason=because)


def _locked(contract_id: int) -> Contract:
    rows = Contract.objects.select_for_update(of=("self",), no_key=True).select_related("legal_entity", "customer")
    return rows.get(pk=contract_id)


def _check(
    contract: Contract, works: Works, *, note: str, reason: str | None = None, total: Decimal | None = None
) -> None:
    problems = []
    if not 0 < len(works) <= MOST:
        words = f"{len(works)} are named; at most {MOST} go at once." if works else "none is named."
        problems.append(Problem("works", words, "Choose some of the list."))
    if reason is not None and reason not in WriteDownReason.values:
        known = ", ".join(WriteDownReason.values)
        problems.append(Problem("reason", f"{reason or 'nothing'} is no reason.", f"Use one of {known}."))
    if not note.strip():
        problems.append(Problem("note", "it is empty.", "Say why: whoever approves it judges by this."))
    if total is not None and any(one != Wanted() for one in works.values()):
        problems.append(Problem("total", "some works state their own.", "State a total, or figures by work."))
    figures = [figure for one in works.values() for figure in (one.minutes, one.amount) if figure is not None]
    if any(figure <= 0 for figure in [*figures, *([] if total is None else [total])]):
        problems.append(Problem("amount", "it is not above nought.", "Leave it out for all that is open."))
    if problems:
        raise BadInput(f"Write-down on {contract.number}", problems)


def _open(contract: Contract, works: Works) -> dict[str, OpenWork]:
    """What is open of the works. Raises BadInput for one of which nothing is."""
    found = set_aside.open_works(contract, list(works))
    if gone := [key for key in works if key not in found]:
        problems = [
            Problem(key, "nothing of it is open and has a price.", "It is billed, on its way, set aside or not priced.")
            for key in gone
        ]
        raise BadInput(f"Write-down on {contract.number}", problems)
    return found


def _parts(contract: Contract, found: Mapping[str, OpenWork], works: Works, total: Decimal | None) -> dict[str, Part]:
    """How much of each work; one of which a lump sum takes nothing is left out. Raises BadInput."""
    keys = sorted(found, key=lambda key: (found[key].event.service_date, found[key].event.pk))
    shared: dict[str, Decimal] = {}
    try:
        if total is not None:
            values = [found[key].value for key in keys]
            shared = dict(zip(keys, lump(total, values, contract.currency), strict=True))
    except TooMuch as error:
        raise BadInput(f"Write-down on {contract.number}", [Problem("total", str(error), "Ask for less.")]) from error
    problems, parts = [], {}
    for key in keys:
        try:
            part = _part(found[key], works[key], shared.get(key) if total is not None else None)
        except (TooMuch, NotReady) as error:
            problems.append(Problem(key, str(error), "Ask for less, or for all of it."))
            continue
        if part.amount:
            parts[key] = part
    if problems:
        raise BadInput(f"Write-down on {contract.number}", problems)
    return parts


def _part(work: OpenWork, wanted: Wanted, shared: Decimal | None) -> Part:
    amount = wanted.amount if shared is None else shared
    if amount is None and wanted.minutes is None:
        return Part(work.minutes, work.value)
    if work.minutes is not None and not work.one_price and amount != work.value:
        raise NotReady("It has several prices, and is set aside whole or not at all.")
    if wanted.minutes is not None:
        if work.minutes is None:
            raise NotReady("It has no minutes: state an amount.")
        return by_minutes(work.minutes, work.value, wanted.minutes)
    return by_amount(work.minutes, work.value, amount or ZERO)


def _store(
    contract: Contract, found: Mapping[str, OpenWork], parts: Mapping[str, Part], *, kind: str, note: str, by: User,
    **more: Any,
) -> WriteDown:  # fmt: skip
    made = [
        WriteDownPart(
            event=found[key].event, work_key=key, minutes=part.minutes or None, amount=part.amount,
            rate=found[key].rate if part.minutes else None, open_value=found[key].value,
        )
        for key, part in parts.items()
    ]  # fmt: skip
    row = WriteDown(
        contract=contract,
        legal_entity=contract.legal_entity,
        kind=kind,
        note=note.strip(),
        amount=sum((part.amount for part in made), ZERO),
        currency=contract.currency,
        unbilled=set_aside.unbilled(contract),
        proposed_by=by,
        **more,
    )
    row.content_hash = content_hash(content(row, made))
    row.save()
    for part in made:
        part.write_down = row
    WriteDownPart.objects.bulk_create(made)
    return row


def content(row: WriteDown, parts: Sequence[WriteDownPart]) -> dict[str, Any]:
    """What approvals are given on."""
    return {
        "contract": row.contract_id,
        "kind": row.kind,
        "reason": row.reason,
        "note": row.note,
        "parts": [[part.work_key, part.event_id, _text(part.minutes), _text(part.amount)] for part in parts],
    }


def _text(figure: Decimal | None) -> str | None:
    return None if figure is None else f"{figure.normalize():f}"


def summary(row: WriteDown) -> str:
    """`700.00 USD of 9,600.00 USD`."""
    return f"{show(row.amount, row.currency)} of {show(row.unbilled, row.currency)} unbilled"
