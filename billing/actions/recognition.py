"""Recognise the revenue of a contract's obligations, a period at a time (billing.md R24)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from django.db import transaction
from django.db.models import Max, Sum

from billing import policies
from billing.engine import obligations as engine
from billing.engine.schedule import DAY, next_month
from billing.models import Candidate, CandidateLine, Obligation, Recognition
from billing.models.credits import EXPENSED
from contracts.models import Contract
from contracts.periods import open_period
from integration_hub.kernel.errors import BadInput, NotReady, Problem
from integration_hub.kernel.money import ZERO
from integration_hub.people.models import User
from integration_hub.trail.record import event

_PLACES = Decimal(1).scaleb(-12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """An obligation as it stands at the end of a period. `line` is the number of the contract line that bills it; what
    is `invoiced` of it is read from that line where it is not stated.
    """

    code: str
    price: Decimal
    standalone: Decimal | None = None
    progress: Fraction = Fraction(0)
    line: int | None = None
    invoiced: Decimal | None = None


@transaction.atomic
def recognise(*, contract: Contract, period: date, measures: Sequence[Measure], by: User) -> list[Recognition]:
    """Store what the month beginning on `period` recognises of each obligation: all of it so far, less what earlier
    periods did, so that a price, an estimate or a promise that moved is caught up here.

    Raises Denied, BadInput, or NotReady where the month or a later one is recognised, or is closed.
    """
    held = Contract.objects.select_for_update(of=("self",), no_key=True).select_related("legal_entity")
    contract = held.get(pk=contract.pk)
    policies.can_recognise(contract, by).or_raise()
    rows = _agreed(contract, period, measures)
    _check_period(contract, period)
    promises = [_promise(row, measure) for row, measure in zip(rows, measures, strict=True)]
    try:
        earned = engine.recognise(promises, currency=contract.currency, rounding=contract.legal_entity.rounding)  # type: ignore[arg-type]
    except engine.StandaloneMissing as missing:
        raise BadInput(f"Revenue of {contract.number}", [Problem("standalone_price", str(missing))]) from missing
    made = Recognition.objects.bulk_create(
        Recognition(
            obligation=row,
            period=period,
            allocated=found.allocated,
            progress=_plain(measure.progress),
            before=found.cumulative - found.amount,
            amount=found.amount,
            cumulative=found.cumulative,
            invoiced=_invoiced(row, period) if measure.invoiced is None else measure.invoiced,
            recognised_by=by.username,
        )
        for row, measure, found in zip(rows, measures, earned, strict=True)
    )
    event(
        "billing.revenue.recognised",
        by=by,
        object_type="contracts.contract",
        object_id=contract.pk,
        label=contract.number,
        legal_entity=contract.legal_entity.code,
        period=period,
        amount=sum((row.amount for row in made), ZERO),
        obligations=len(made),
    )
    return made


def _promise(row: Obligation, measure: Measure) -> engine.Promise:
    last = row.recognitions.order_by("-period").first()
    return engine.Promise(
        price=row.price,
        standalone=row.standalone_price,
        progress=measure.progress,
        recognised=last.cumulative if last is not None else ZERO,
    )


def _agreed(contract: Contract, period: date, measures: Sequence[Measure]) -> list[Obligation]:
    """The obligations as they stand now, in the order of the measures; all of the contract must be among them."""
    record = f"Revenue of {contract.number}"
    codes = [measure.code for measure in measures]
    if period.day != 1:
        raise BadInput(record, [Problem("period", f"{period} begins no month.", f"Use {period.replace(day=1)}.")])
    if not codes or len(set(codes)) != len(codes):
        raise BadInput(record, [Problem("obligations", "each is to be named, once.")])
    left_out = Obligation.objects.filter(contract=contract).exclude(code__in=codes).values_list("code", flat=True)
    if left_out:
        words = f"{', '.join(left_out)} shares the price too."
        raise BadInput(record, [Problem("obligations", words, "Name it; at prices of 0 when it is gone.")])
    lines = {line.number: line for line in contract.lines.all()}
    rows = []
    for measure in measures:
        if measure.line is not None and measure.line not in lines:
            raise BadInput(record, [Problem("line", f"{contract.number} has no line {measure.line}.")])
        row, _ = Obligation.objects.update_or_create(
            contract=contract,
            code=measure.code,
            defaults={
                "price": measure.price,
                "standalone_price": measure.standalone,
                "line": lines.get(measure.line) if measure.line is not None else None,
                "currency": contract.currency,
            },
        )
        rows.append(row)
    return rows


def _check_period(contract: Contract, period: date) -> None:
    """Months follow each other, and a closed one is never touched: what moves is a delta in the open one."""
    last = Recognition.objects.filter(obligation__contract=contract).order_by("-period").first()
    if last is not None and last.period >= period:
        done = f"{last.period:%B %Y} is recognised for {contract.number}"
        raise NotReady(f"{done}: what moved is caught up in a later month.")
    day = next_month(period) - DAY
    if open_period(contract.legal_entity, day) != day:
        raise NotReady(f"{period:%B %Y} is closed for {contract.legal_entity.code}: recognise it in the open month.")


def _invoiced(row: Obligation, period: date) -> Decimal:
    """What is posted of its line by the end of the month, credits taken off; what is written off stays invoiced.

    Costs that are passed on are no price of ours; what is withheld of a price is a receivable as the rest is, and a
    deposit is a liability until work is charged to it.
    """
    if row.line_id is None:
        return ZERO
    lines = CandidateLine.objects.filter(
        contract_line=row.line_id,
        candidate__status=Candidate.Status.POSTED,
        candidate__invoice_date__lt=next_month(period),
    )
    kept = lines.exclude(candidate__credit_order__reason__in=EXPENSED).exclude(
        kind__in=["passed_on", "retention", "deposit"]
    )
    total: Decimal = kept.aggregate(total=Sum("net"))["total"] or ZERO
    return total


def _plain(progress: Fraction) -> Decimal:
    return (Decimal(progress.numerator) / Decimal(progress.denominator)).quantize(_PLACES, ROUND_HALF_UP)


def position_of(contract: Contract) -> tuple[Decimal, Decimal] | None:
    """Contract asset and liability of a contract after its latest month, netted over its obligations; None before."""
    last = Recognition.objects.filter(obligation__contract=contract).aggregate(last=Max("period"))["last"]
    if last is None:
        return None
    rows = Recognition.objects.filter(obligation__contract=contract, period=last)
    sums = rows.aggregate(earned=Sum("cumulative"), invoiced=Sum("invoiced"))
    return engine.position(sums["earned"], sums["invoiced"])
