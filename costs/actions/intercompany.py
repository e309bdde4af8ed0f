"""Charge what one legal entity lends another: approved work of people who work elsewhere than its contract is (R16).

It follows approval and correction of the work, not payment of the invoice: what differs is reversed at its original
price and charged anew, so that a second run changes nothing.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import cast

from django.db import transaction
from django.db.models import Q, Sum

from billing.engine import intercompany as engine
from billing.models import BillableEvent, Decision, Piece
from contracts import transferring
from contracts.costing import MINUTES, CostRates, cost_rates
from contracts.models import CostRate, LegalEntity, Project, TransferPrice
from contracts.queries import quote_of
from costs.actions import counting
from costs.models import IntercompanyCharge
from integration_hub.cases.actions import cases
from integration_hub.cases.queries import Key
from integration_hub.kernel.money import Rounding
from integration_hub.trail.record import event as tell

BY = counting.BY
CODE = engine.CODE
COMPARED = (
    *("lender_id", "borrower_id", "project_id", "resource_id", "role", "service_date", "minutes"),
    *("kind", "value", "rate", "amount", "currency"),
)
"""What a charge hangs on: where these stand, a charge stands."""

WHY: Mapping[str, str] = {
    "no_price": "no transfer price holds",
    "no_cost": "no cost rate of the lender holds",
    "no_bill": "the work has no price on the bill",
    "no_exchange_rate": "no fresh exchange rate converts it",
    "zero": "the price comes to nought",
}


@dataclass(frozen=True, slots=True)
class Loan:
    """Work and who lends it."""

    row: BillableEvent
    lender: LegalEntity


_Missing = dict[tuple[str, str], list[BillableEvent]]


@transaction.atomic
def derive(*, project: Project, caused_by: str) -> int:
    """Make the charges of a project those its approved work calls for; how many changed."""
    contract = project.contract
    if contract is None or contract.legal_entity.costs_from is None:
        return 0
    borrower = contract.legal_entity
    counting.hold(borrower)
    work = _lent(counting.work_of(project), borrower)
    wanted, missing, undecided = _wanted(work, borrower)
    held = _held(project, [loan.row.work_key for loan in work])
    held = {key: row for key, row in held.items() if key not in undecided}
    gone = [row for key, row in held.items() if key not in wanted or _differs(row, wanted[key])]
    fresh = [row for key, row in wanted.items() if key not in held or _differs(held[key], row)]
    _reverse(gone, caused_by)
    for row in fresh:
        row.caused_by = caused_by
    IntercompanyCharge.objects.bulk_create(fresh)
    _sync_case(project, borrower.code, missing)
    if gone or fresh:
        tell(
            "costs.intercompany.charged",
            by=BY,
            object_type="contracts.project",
            object_id=project.pk,
            label=project.code,
            legal_entity=borrower.code,
            count=len(fresh),
            reversed=len(gone),
            because=caused_by,
        )
    return len(gone) + len(fresh)


def _lent(work: Sequence[BillableEvent], borrower: LegalEntity) -> list[Loan]:
    """The work of people who work for another legal entity on its day."""
    known = transferring.homes({row.resource_id for row in work if row.resource_id})
    found = []
    for row in work:
        home = known.of(resource=cast(int, row.resource_id), on=row.service_date)
        if row.minutes and home is not None and home.legal_entity_id != borrower.pk:
            found.append(Loan(row, home.legal_entity))
    return found


def _wanted(work: Sequence[Loan], borrower: LegalEntity) -> tuple[dict[str, IntercompanyCharge], _Missing, set[str]]:
    """What is to be charged, what cannot be, and whose part of the bill nobody knows before the work is decided."""
    wanted: dict[str, IntercompanyCharge] = {}
    missing: _Missing = defaultdict(list)
    undecided: set[str] = set()
    if not work:
        return wanted, missing, undecided
    prices = transferring.transfer_prices(borrower.pk)
    rates = cost_rates({loan.lender.pk for loan in work})
    billed = bills([loan.row.work_key for loan in work])
    events = [loan.row.pk for loan in work]
    decided = set(Decision.objects.filter(event__in=events, is_current=True).values_list("event", flat=True))
    convert_on = cache(lambda on: converter(on, borrower.fx_max_age_days))
    for loan in work:
        row = loan.row
        price = prices.of(lender=loan.lender.pk, borrower=borrower.pk, on=row.service_date)
        if price and price.kind == TransferPrice.Kind.PERCENT_OF_BILL and row.pk not in decided:
            undecided.add(row.work_key)
            continue
        agreed = engine.Agreed(cast(engine.Kind, price.kind), price.value, price.currency) if price else None
        cost = _cost_rate(rates, loan)
        bill, bill_currency = billed.get(row.work_key, (None, ""))
        lent = engine.Lent(
            row.minutes or Decimal(0), hourly(cost) if cost else None, cost.currency if cost else "",
            bill, bill_currency,
        )  # fmt: skip
        found = engine.charge(agreed, lent, convert_on(row.service_date), cast(Rounding, loan.lender.rounding))
        if price is None or isinstance(found, engine.Refused):
            why = found.why if isinstance(found, engine.Refused) else "no_price"
            missing[loan.lender.code, why].append(row)
        else:
            wanted[row.work_key] = _charge(loan, borrower, price, found)
    return wanted, missing, undecided


def _charge(loan: Loan, borrower: LegalEntity, price: TransferPrice, found: engine.Charged) -> IntercompanyCharge:
    row = loan.row
    return IntercompanyCharge(
        work_key=row.work_key, event=row, lender=loan.lender, borrower=borrower, project=row.project,
        resource=row.resource, role=row.role or (row.resource.role if row.resource else ""),
        service_date=row.service_date, minutes=row.minutes or Decimal(0), transfer_price=price, kind=price.kind,
        value=price.value, rate=None if found.rate is None else round(found.rate, 10), amount=found.amount,
        currency=price.currency,
    )  # fmt: skip


def _cost_rate(rates: CostRates, loan: Loan) -> CostRate | None:
    """What an hour costs the lender: its own rate of the person, else of the role."""
    row, person = loan.row, loan.row.resource
    if person is None:
        return None
    return rates.of(
        legal_entity=loan.lender.pk, resource=person.code, role=row.role or person.role, vendor=person.vendor,
        on=row.service_date,
    )  # fmt: skip


def hourly(rate: CostRate) -> Decimal:
    """What an hour costs at a rate, not rounded."""
    exact: Decimal = rate.rate * 60 / MINUTES[CostRate.Unit(rate.unit)]
    return exact


def bills(keys: Collection[str]) -> dict[str, tuple[Decimal, str]]:
    """What works are worth at their bill rates, billed or not: the pieces of a work add up to its current version."""
    rows = Piece.objects.filter(event__work_key__in=keys, is_current=True, amount__isnull=False)
    sums = rows.exclude(currency="").order_by().values("event__work_key", "currency").annotate(total=Sum("amount"))
    return {row["event__work_key"]: (row["total"], row["currency"]) for row in sums}


def converter(on: date, max_age: int | None) -> engine.Convert:
    """Conversion at the corporate rate of a day; one older than `max_age` days converts nothing (R12)."""
    quoted = cache(lambda base, quote: quote_of(base, quote, on))

    def convert(amount: Decimal, base: str, quote: str) -> Decimal | None:
        if base == quote:
            return amount
        found = quoted(base, quote)
        if found is None or (max_age is not None and (on - found.on).days > max_age):
            return None
        return found.convert(amount)

    return convert


def _held(project: Project, keys: Sequence[str]) -> dict[str, IntercompanyCharge]:
    """The current charges of a project, and of work that has come to it from another one."""
    which = Q(project=project) | Q(work_key__in=keys)
    rows = IntercompanyCharge.objects.select_for_update(no_key=True, of=("self",)).filter(which, is_current=True)
    return {row.work_key: row for row in rows.order_by("pk")}


def _differs(held: IntercompanyCharge, wanted: IntercompanyCharge) -> bool:
    return any(getattr(held, name) != getattr(wanted, name) for name in COMPARED)


def _reverse(rows: Sequence[IntercompanyCharge], caused_by: str) -> None:
    """Take charges out of force, each by a row of its own at its original price."""
    IntercompanyCharge.objects.filter(pk__in=[row.pk for row in rows]).update(is_current=False)
    copied = [name for name in COMPARED if name not in ("minutes", "amount")]
    IntercompanyCharge.objects.bulk_create(
        IntercompanyCharge(
            **{name: getattr(row, name) for name in copied}, work_key=row.work_key, event_id=row.event_id,
            is_current=False, transfer_price_id=row.transfer_price_id, minutes=-row.minutes, amount=-row.amount,
            reverses=row, caused_by=caused_by,
        )
        for row in rows
    )  # fmt: skip


# -- when to look again ------------------------------------------------------------------------------------------------


def of_borrower(borrower: int) -> None:
    """A transfer price of a legal entity was approved or withdrawn: charge what it borrows anew."""
    counting.count_entities([borrower], caused_by="transfer price")


def of_lenders(lenders: Collection[int]) -> None:
    """Cost rates of lenders moved: what they lend at cost plus may cost otherwise."""
    priced = TransferPrice.objects.filter(TransferPrice.IN_FORCE, lender__in=lenders, kind=TransferPrice.Kind.COST_PLUS)
    if borrowers := set(priced.values_list("borrower", flat=True)):
        counting.count_entities(borrowers, caused_by="cost rates of a lender")


def of_currencies(currencies: Collection[str]) -> None:
    """Exchange rates arrived: what is agreed in one of these currencies, or lent from it, may be converted now."""
    which = Q(currency__in=currencies) | Q(lender__currency__in=currencies) | Q(borrower__currency__in=currencies)
    priced = TransferPrice.objects.filter(TransferPrice.IN_FORCE, which).exclude(kind=TransferPrice.Kind.FIXED_RATE)
    if borrowers := set(priced.values_list("borrower", flat=True)):
        counting.count_entities(borrowers, caused_by="exchange rates")


def of_contracts(contracts: Collection[int], caused_by: str) -> None:
    """Work was decided anew: what is charged as a part of the bill may be another part."""
    priced = TransferPrice.objects.filter(TransferPrice.IN_FORCE, kind=TransferPrice.Kind.PERCENT_OF_BILL)
    projects = Project.objects.filter(contract__in=contracts, contract__legal_entity__in=priced.values("borrower"))
    if found := list(projects.values_list("pk", flat=True)):
        counting.count_soon(found, caused_by=caused_by)


def of_person(resource: int) -> None:
    """A person works for another legal entity: look at all their work, also at what has no cost where it was done."""
    work = BillableEvent.objects.filter(resource=resource, is_current=True, kind=BillableEvent.Kind.TIME)
    projects = work.filter(project__isnull=False).order_by().values_list("project", flat=True).distinct()
    counting.count_soon(projects, caused_by="who works where")


# -- what cannot be charged --------------------------------------------------------------------------------------------


def _sync_case(project: Project, borrower: str, missing: _Missing) -> None:
    """The open cases of a project are those its work calls for; they close when it can be charged."""
    scope = f"intercompany:{project.code}"
    wanted: dict[Key, cases.CaseIn] = {}
    for (lender, why), rows in missing.items():
        hours = sum((row.minutes or Decimal(0) for row in rows), Decimal(0)) / 60
        wanted[CODE, f"{scope}:{lender}:{why}"] = cases.CaseIn(
            title=f"{lender} charges {borrower} nothing for {hours.normalize():f} h on {project.code}: {WHY[why]}",
            remedy="Agree on a transfer price (Contracts, Transfer prices), enter the lender's cost rate, or the "
            "exchange rate of the day; or correct for whom the person works (capacity).",
            legal_entity=borrower,
            subject=("contracts.project", str(project.pk), project.code),
            members=tuple(counting.member(row) for row in rows),
        )
    cases.reconcile_many(codes=[CODE], wanted={scope: wanted}, by=BY)
