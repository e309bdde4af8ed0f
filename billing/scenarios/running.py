"""Verbs that bill and that ask: a run with its documents, unbilled value, a retainer's month, revenue over time."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from billing.actions import checks, deposit_ledger, posting, quotes, retention_lines, runs, sending
from billing.engine.commitments import shortfall
from billing.engine.pricing import time_value
from billing.engine.retainers import close_month, first_opening, next_opening, room
from billing.engine.revenue import straight_line as spread
from billing.engine.schedule import month_start, next_month
from billing.models import BillableEvent, BillingRun, Candidate, CandidateLine, Piece
from billing.scenarios.happening import decide
from billing.scenarios.limits import balances
from billing.scenarios.reading import BadScenario, Words, words
from billing.scenarios.world import World, contract_of
from billing.terms import engine_line
from contracts.models import Cap, Method
from integration_hub.effects.actions import effects
from integration_hub.effects.models import Effect
from integration_hub.kernel.clock import now
from integration_hub.kernel.money import ZERO, round_money

WAITING = (Piece.State.BLOCKED, Piece.State.HELD, Piece.State.NON_BILLABLE)
UNBILLED = (Piece.State.BLOCKED, Piece.State.HELD, Piece.State.BILLABLE, Piece.State.RESERVED, Piece.State.POSTPONED)


def run(world: World, said: Words) -> dict[str, Any]:
    """A run of every firm: what is ready is posted, credit memos first."""
    name, through = str(said.need("id")), said.on("through")
    dated = said.day("invoice_date") or through
    built: list[Candidate] = []
    for entity in world.entities.values():
        row = BillingRun.objects.create(
            legal_entity=entity, through=through, invoice_date=dated, started_by=world.person
        )
        runs.build(run_id=row.pk)
        built += list(Candidate.objects.filter(run=row).select_related(*PARTS))
    documents = [_document(world, name, candidate) for candidate in sorted(built, key=_turn)]
    posted = list(Candidate.objects.filter(pk__in=[row.pk for row in built], status=Candidate.Status.POSTED))
    lines = _lines(world, posted)
    decide(world)
    return {
        "lines": [line | _beyond(line.pop("piece")) for line in lines],
        "blocked": _blocked(through),
        "warnings": _warnings(world),
        "documents": documents,
        "totals": _totals(posted),
        "caps": {cap: _room(world, cap, through) for cap in world.caps},
        "retainers": balances(world, month_start(through)),
    }


BEHIND = ("event__schedule_item", "event__milestone", "event__line", "event__contract", "cap")
PARTS = ("legal_entity", "contract", "bill_to__customer", "purchase_order", "prepared_by")


def _turn(candidate: Candidate) -> tuple[int, int, bool, int]:
    """Documents by contract, then bill-to, the credit before the charge that replaces it."""
    return candidate.contract_id, candidate.bill_to_id, candidate.kind == Candidate.Kind.INVOICE, candidate.pk


def _document(world: World, name: str, candidate: Candidate) -> dict[str, Any]:
    """Quote, check and post a candidate; what stops it is told instead."""
    if candidate.kind == Candidate.Kind.INVOICE:
        quotes.keep(candidate, tax_of(world, candidate))
    candidate = checks.run(candidate_id=candidate.pk)
    if candidate.status == Candidate.Status.READY:
        confirm(world, name, candidate)
        candidate.refresh_from_db()
    return {
        "type": candidate.kind,
        "supplemental": candidate.is_supplemental,
        "contract": candidate.contract.number,
        "bill_to": candidate.bill_to.customer.name,
        "net": candidate.worked,
        "tax": candidate.tax,
        "gross": candidate.worked + candidate.tax,
        "retained": candidate.retained,
        "drawdown": candidate.drawdown,
        "due": candidate.gross - candidate.drawdown,
        "status": "posted" if candidate.status == Candidate.Status.POSTED else "blocked",
        "block_code": candidate.codes[0] if candidate.codes else None,
    }


def tax_of(world: World, candidate: Candidate) -> dict[str, Any]:
    """The tax rates of the scenario, as an engine would answer; its total as this bill-to rounds it."""
    rows = list(quotes.taxed_lines(candidate))
    rates = [world.taxes[row.contract_line_id] for row in rows]
    total = sum((row.net * rate for row, rate in zip(rows, rates, strict=True)), ZERO)
    lines = [
        {"number": str(row.number), "tax": str(row.net * rate), "rate": str(rate), "taxable": str(row.net)}
        for row, rate in zip(rows, rates, strict=True)
    ]
    return {"net": str(candidate.net), "tax": str(total), "lines": lines, "details": []}


def confirm(world: World, name: str, candidate: Candidate) -> None:
    """As if people had approved it and the ERP had confirmed exactly that."""
    Candidate.objects.filter(pk=candidate.pk).update(status=Candidate.Status.APPROVED)
    candidate.status = Candidate.Status.APPROVED
    effect = sending.plan(candidate, world.person)
    number = f"{name}/{candidate.number}"
    figures = {name: str(abs(getattr(candidate, name))) for name in ("net", "tax", "gross")}
    effects.move(effect, Effect.State.SENDING)
    effects.move(effect, Effect.State.SENT, remote_id=number)
    effects.move(effect, Effect.State.CONFIRMED, remote_number=number, confirmed_at=now(), remote=figures)
    posting.confirmed(effect)


def _lines(world: World, posted: Iterable[Candidate]) -> list[dict[str, Any]]:
    """Every line of the posted documents, by service date and id, a credit before its charge, fees last."""
    printed = CandidateLine.objects.filter(candidate__in=list(posted)).exclude(
        kind__in=[retention_lines.KIND, deposit_ledger.KIND]
    )
    rows = printed.select_related("candidate__bill_to__customer", "corrects__invoice", "adjusts__invoice")
    found = [(line, line.pieces.select_related(*BEHIND).order_by("pk")[0]) for line in rows]
    found.sort(key=lambda pair: _place(*pair))
    return [_line(world, line, piece) for line, piece in found]


def _place(line: CandidateLine, piece: Piece) -> tuple[Any, ...]:
    fee = piece.event.schedule_item_id is not None
    return fee, line.service_from, _source(piece), line.corrects_id is None, line.pk


def _source(piece: Piece) -> str:
    """What the scenario calls the origin of a piece: its entry, its milestone, or the line of a fee or of progress."""
    event = piece.event
    if event.line is not None and event.line.method == Method.PROGRESS:
        return event.line.name
    if event.milestone is not None:
        return event.milestone.name
    return event.line.name if event.schedule_item_id and event.line else event.work_key


def _line(world: World, line: CandidateLine, piece: Piece) -> dict[str, Any]:
    item = piece.event.schedule_item
    caps = {row.pk: name for name, row in world.caps.items()}
    return {
        "piece": piece,
        "kind": "charge" if line.corrects_id is None else "credit",
        "src": _source(piece),
        "customer": line.candidate.bill_to.customer.name,
        "rate": line.rate,
        "qty": line.hours,
        "amount": line.net,
        "tax": line.tax,
        "cap": caps.get(piece.cap_id or 0),
        "corrects": line.corrects.invoice.number.partition("/")[0] if line.corrects else None,
        "adjusts": line.adjusts.invoice.number.partition("/")[0] if line.adjusts else None,
        "service_date": line.service_from,
        "accounting_date": line.candidate.accounting_date,
        "from": item.period_from if item else None,
        "to": item.period_to if item else None,
    }


def _beyond(piece: Piece) -> dict[str, Any]:
    """What of an entry, or of a payer's share of it, stands over a cap now."""
    event = piece.event
    rows = Piece.objects.filter(
        event__work_key=event.work_key, is_current=True, state=Piece.State.OVER_CAP, bill_to=piece.bill_to_id
    )
    over = rows.aggregate(t=Sum("amount"))["t"] or ZERO
    return {"over": round_money(over, event.contract.currency if event.contract else "USD")}


def _blocked(through: date) -> list[dict[str, Any]]:
    rows = Piece.objects.filter(
        is_current=True, state__in=WAITING, event__service_date__lte=through, corrects__isnull=True
    ).select_related("event__milestone", "event__line")
    found = sorted((row.event.service_date, _source(row), row.codes[0]) for row in rows if row.codes)
    return [{"src": source, "code": code} for _, source, code in found]


def _warnings(world: World) -> list[dict[str, Any]]:
    """Soft caps that are passed by what is billed."""
    found = []
    for name, row in world.caps.items():
        row.refresh_from_db()
        over = row.reserved + row.committed - row.limit
        if row.kind == "soft" and over > 0:
            found.append({"code": "SOFT_CAP_EXCEEDED", "cap": name, "over": over})
    return found


def _totals(posted: Iterable[Candidate]) -> dict[str, Decimal]:
    nets = [candidate.worked for candidate in Candidate.objects.filter(pk__in=[row.pk for row in posted])]
    charges, credits_ = sum((net for net in nets if net > 0), ZERO), sum((net for net in nets if net < 0), ZERO)
    return {"charges": charges, "credits": credits_, "net": charges + credits_}


def _room(world: World, name: str, through: date) -> dict[str, Decimal]:
    """What is used of a limit; of a monthly one in the month of the run."""
    row = world.caps[name]
    row.refresh_from_db()
    used = row.reserved + row.committed
    if row.period == Cap.Period.MONTH:
        used = sum((one.reserved + one.committed for one in row.months.filter(month=month_start(through))), ZERO)
    return {"used": used, "remaining": max(ZERO, row.limit - used)}


def wip(world: World, said: Words) -> dict[str, Any]:
    """Performed and not posted, at bill rate."""
    decide(world)
    contract, day = contract_of(world, said.need("contract")), said.on("as_of")
    rows = Piece.objects.filter(
        contract=contract, is_current=True, state__in=UNBILLED, event__service_date__lte=day, amount__isnull=False
    )
    return {"wip": rows.aggregate(t=Sum("amount"))["t"] or ZERO}


def retainer_period(world: World, said: Words) -> dict[str, Any]:
    """One period of an hour retainer: what its fee covers, what is beyond, what is left of it."""
    name, entries, hours = str(said.need("retainer")), said.rows("entries"), said.number("used_hours")
    if name not in world.buckets:
        raise BadScenario(f"There is no retainer {name!r}.")
    bucket = world.buckets[name]
    month = date.fromisoformat(f"{said.need('period')}-01")
    works = list(BillableEvent.objects.filter(work_key__in=entries, is_current=True).order_by("service_date", "pk"))
    parts = [(row.work_key, row.minutes or ZERO) for row in works] if hours is None else [("", hours * 60)]
    line, currency = engine_line(bucket.line), bucket.line.contract.currency
    opening = bucket.opening or first_opening(line, month)
    split, used = [], ZERO
    for key, minutes in parts:
        covered = room(line, opening, used)
        inside = minutes if covered is None else min(minutes, covered)
        split.append({"src": key, "included_minutes": inside, "overage_minutes": minutes - inside})
        used += inside
    used = sum((minutes for _, minutes in parts), ZERO)
    closed = close_month(line, opening, used)
    bucket.opening = next_opening(line, closed, next_month(month))
    beyond = round_money(time_value(closed.overage, line.overage_rate or ZERO), currency)
    fee = line.amount or ZERO
    return {
        "available": closed.available / 60,
        "used": used / 60,
        "overage_hours": closed.overage / 60,
        "fee": fee,
        "overage_amount": beyond,
        "invoice": fee + beyond,
        "forfeited": closed.forfeited / 60,
        "split": [part for part in split if part["src"]],
        "next_available": bucket.opening.available / 60,
    }


def true_up(world: World, said: Words) -> dict[str, Any]:
    """What fees fall short of the part of a commitment that a contract's days in the period make up."""
    promised, whole = said.amount("commitment"), (said.on("period_from"), said.on("period_to"))
    served = (max(said.on("from"), whole[0]), min(said.day("to") or whole[1], whole[1]))
    fees = []
    for values in said.rows("fees"):
        with words("fee", values) as fee:
            amount = fee.amount("amount")
            by_days = bool(fee.take("prorate", False))
            fees.append(shortfall(amount, [], served=served, whole=whole, currency="USD")[0] if by_days else amount)
    due, missing = shortfall(promised, fees, served=served, whole=whole, currency="USD")
    tax = round_money(missing * (said.number("tax_rate") or ZERO), "USD")
    return {"commitment": due, "fees": sum(fees, ZERO), "true_up": missing, "tax": tax, "net": missing}


def straight_line(world: World, said: Words) -> dict[str, Any]:
    """Revenue over a time, by days."""
    said.one_of("basis", {"days": "days"}, "days")
    amount, first, last = said.amount("amount"), said.on("from"), said.on("to")
    earned = spread(total=amount, starts_on=first, ends_on=last, currency="USD")
    schedule = [{"to": part.period_to, "amount": part.amount} for part in earned]
    return {"schedule": schedule, "total": sum((part.amount for part in earned), ZERO)}
