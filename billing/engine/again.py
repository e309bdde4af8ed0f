"""A decision as it was made: from its terms, its event and its trace, what the engine was told then.

A trace holds all facts that are of one decision alone: how the work was filed, what of it was locked and billed, the
rate quoted for it, the holds on it, and where limits and retainers stood when its turn came. With the terms it was
decided under, one decision can be made again by itself, without the work around it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from billing.engine.caps import CapBook
from billing.engine.values import ZERO, BilledPart, CapTerm, Disposal, HoldTerm, RetainerUse, Terms, Work
from integration_hub.kernel.money import Quote

Trace = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Delivered:
    """An event as it is stored, which never changes: what of a work is not told by the trace but by the source."""

    event_id: int
    work_key: str
    kind: Any
    service_date: date
    project_id: int | None
    milestone_id: int | None
    task_code: str
    category: str
    minutes: Decimal | None
    amount: Decimal | None
    currency: str
    approval: Any
    chargeable: bool
    evidence: bool


def work(event: Delivered, trace: Trace, billed: tuple[BilledPart, ...], fx: Quote | None) -> Work:
    """The work as it was decided. `billed` are the posted pieces that its trace names; `fx` the rate known then."""
    facts, filing = trace["facts"], trace["filing"]
    adjusted, moving = facts.get("adjusted", {}), facts.get("moving", ())
    parts = tuple(
        replace(part, adjusted=Decimal(adjusted.get(str(part.piece_id), 0)), moving=part.piece_id in moving)
        for part in billed
    )
    of_entry = filing["role_from"] == "entry"
    return Work(
        event_id=event.event_id,
        work_key=event.work_key,
        kind=event.kind,
        service_date=event.service_date,
        start_order=facts["start_order"],
        project_id=event.project_id,
        line_id=filing["line"],
        milestone_id=event.milestone_id,
        resource=filing["resource"],
        role=filing["role"] if of_entry else "",
        resource_default_role="" if of_entry else filing["role"],
        task_code=event.task_code,
        category=event.category,
        minutes=event.minutes,
        charged=_charged(trace),
        quantity=Decimal(facts["quantity"]) if "quantity" in facts else None,
        amount=event.amount,
        taxed=facts.get("taxed", False),
        currency=event.currency,
        approval=event.approval,
        chargeable=event.chargeable,
        fx=fx,
        evidence=event.evidence,
        locked_minutes=Decimal(facts["locked_minutes"]),
        locked_amount=Decimal(facts["locked_amount"]),
        locked_by=tuple((who, Decimal(some), Decimal(much)) for who, some, much in facts.get("locked_by", ())),
        billed=parts,
        withdrawn=facts.get("withdrawn", False),
        recorded_on=event.service_date + timedelta(days=trace["late"]["days"]) if "late" in trace else None,
        disposals=tuple(map(_disposal, facts.get("disposals", ()))),
    )


def _disposal(told: Sequence[Any]) -> Disposal:
    pk, state, *figures = told
    minutes, rate, amount = (None if one is None else Decimal(one) for one in figures)
    return Disposal(id=pk, state=state, minutes=minutes, rate=rate, amount=amount)


def _charged(trace: Trace) -> Decimal | None:
    """The minutes that an increment made of those worked: others of the day may have had a part in it."""
    return Decimal(trace["increment"]["charged"]) if "increment" in trace else None


def stands_alone(trace: Trace) -> bool:
    """Whether nothing but the terms and the work itself went into a decision."""
    return not any(name in trace for name in ("caps", "retainer", "holds", "correction", "tiers", "increment", "late"))


def terms(agreed: Terms, trace: Trace, of: Work, holds: Iterable[HoldTerm]) -> Terms:
    """The terms with the holds on the work, and limits and retainers as they stood when its turn came."""
    return replace(
        agreed, holds=tuple(holds), retainer_use=_retainer(trace), caps=_caps(agreed, trace, of),
        tier_use=_tiers(trace, of),
    )  # fmt: skip


def _tiers(trace: Trace, of: Work) -> tuple[tuple[int, Decimal], ...]:
    """How far the line with tiers was used before this work; what its own credits gave back counts as used."""
    step = trace.get("tiers")
    if step is None:
        return ()
    parts = of.billed if "correction" in trace else ()
    given = sum((part.minutes or ZERO for part in parts if part.line_id == step["line"] and part.rate), ZERO)
    return ((step["line"], Decimal(step["before"]) + given),)


def _retainer(trace: Trace) -> tuple[RetainerUse, ...]:
    step = trace.get("retainer")
    if step is None:
        return ()
    return (
        RetainerUse(
            line_id=step["line"],
            period_start=date.fromisoformat(step["month"]),
            used_minutes=Decimal(step["before"]),
            carried_minutes=Decimal(step["carried_in"]),
            owed_minutes=Decimal(step.get("owed", "0")),
        ),
    )


def _caps(agreed: Terms, trace: Trace, of: Work) -> tuple[CapTerm, ...]:
    """The limits with what was used of them before this work; what its own credits gave back counts as used."""
    given = _given_back(agreed, of if "correction" in trace else replace(of, billed=()))
    before = {step["id"]: step for step in reversed(trace.get("caps", ()))}  # the first of several takes of one
    return tuple(_standing(cap, before[cap.id], given, of) if cap.id in before else cap for cap in agreed.caps)


def _given_back(agreed: Terms, of: Work) -> CapBook:
    lines = {line.id: line for line in agreed.lines}
    book = CapBook(agreed.caps)
    for part in of.billed:
        line, expense = lines.get(part.line_id), of.kind == "expense"
        book.give_back(line, part.amount, part.service_date, expense=expense, payer=part.payer_id)
    return book


def _standing(cap: CapTerm, step: Mapping[str, Any], given: CapBook, of: Work) -> CapTerm:
    used = Decimal(step["before"]) - given.used(cap, of.service_date)
    if cap.period == "total":
        return replace(cap, used=used)
    return replace(cap, used=ZERO, used_in=((date.fromisoformat(step["month"]), used),))
