"""How far the limits of contracts are used and when they will be reached, read from their pieces of work."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Q, Sum

from billing.actions import limits
from billing.engine.outlook import WINDOW, Outlook, outlook, passed
from billing.engine.schedule import DAY, month_start, next_month
from billing.models import Piece
from contracts.models import Cap, Contract
from integration_hub.kernel.money import ZERO, show

DONE = (Piece.State.BILLABLE, Piece.State.RESERVED, Piece.State.POSTED, Piece.State.CORRECTED, Piece.State.OVER_CAP)


@dataclass(frozen=True, slots=True)
class Work:
    """What was done on one day under one line for one payer: its value at bill rate."""

    payer_id: int | None
    line_id: int
    method: str
    kind: str
    day: date
    amount: Decimal


Works = Mapping[int, Sequence[Work]]
"""Work by contract."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """A limit with its outlook; `used` is what is billed, in candidates or ready, of its month where it is monthly."""

    cap: Cap
    used: Decimal
    outlook: Outlook

    @property
    def name(self) -> str:
        """What it limits."""
        where = self.cap.line.name if self.cap.line else "the whole contract"
        month = ", this month" if self.cap.period == Cap.Period.MONTH else ""
        return f"{where}{self.cap.whose}{month}"

    @property
    def words(self) -> str:
        """How far it is used and when it will be reached, in a sentence."""
        currency = self.cap.currency
        told = f"{show(self.used, currency)} of {show(self.cap.limit, currency)} are used ({self.outlook.percent} %)"
        on = self.outlook.reached_on
        if self.used >= self.cap.limit:
            return f"{told}: nothing is left."
        return f"{told}; at the pace of late nothing is left about {on.day} {on:%b %Y}." if on else f"{told}."


def of_contract(contract: Contract, *, today: date) -> list[Ahead]:
    """Every limit of a contract with its outlook; four statements, however much work there is."""
    caps = _caps([contract.pk])
    return _ahead(caps, _ready(caps), today)


def near(contracts: Collection[int], *, today: date) -> dict[int, list[Ahead]]:
    """The limits of which a threshold is used, by contract: three statements, one more where there are any."""
    caps = _caps(contracts)
    ready = _ready(caps)
    almost = [cap for cap in caps if passed(limit=cap.limit, used=_used(cap, ready, today))]
    found: dict[int, list[Ahead]] = defaultdict(list)
    for row in _ahead(almost, ready, today):
        found[row.cap.contract_id].append(row)
    return found


def _caps(contracts: Collection[int]) -> list[Cap]:
    rows = Cap.objects.filter(contract__in=contracts).select_related("line", "bill_to__customer")
    caps = rows.prefetch_related("months")
    return list(caps.order_by("contract", "line__number", "pk"))


def _ready(caps: Iterable[Cap]) -> Works:
    """What waits for a candidate: it takes no room in the ledger yet, and will."""
    return _works(caps, Q(state=Piece.State.BILLABLE))


def _works(caps: Iterable[Cap], which: Q) -> Works:
    """Work of the contracts that the limits are on, summed by payer, line, kind and day."""
    found: dict[int, list[Work]] = defaultdict(list)
    contracts = {cap.contract_id for cap in caps}
    if not contracts:
        return found
    pieces = Piece.objects.filter(which, contract__in=contracts, is_current=True, line__isnull=False)
    keys = ("contract", "bill_to", "line", "line__method", "event__kind", "event__service_date")
    for contract, *facts in pieces.order_by(*keys).values_list(*keys).annotate(amount=Sum("amount")):
        found[contract].append(Work(*facts))
    return found


def _under(cap: Cap, works: Works) -> list[Work]:
    """The work that counts under a limit."""
    return [
        work for work in works.get(cap.contract_id, ())
        if limits.counts(cap, payer_id=work.payer_id, line_id=work.line_id, method=work.method, kind=work.kind)
    ]  # fmt: skip


def _used(cap: Cap, ready: Works, today: date) -> Decimal:
    """What is billed, in candidates or ready; of a monthly limit in the month of today."""
    works = _under(cap, ready)
    if cap.period == Cap.Period.TOTAL:
        return sum((work.amount for work in works), cap.reserved + cap.committed)
    month = month_start(today)
    taken = [row.reserved + row.committed for row in cap.months.all() if row.month == month]
    return sum((work.amount for work in works if month_start(work.day) == month), sum(taken, ZERO))


def _ahead(caps: Sequence[Cap], ready: Works, today: date) -> list[Ahead]:
    recent = _works(caps, Q(state__in=DONE, event__service_date__gt=today - WINDOW))
    found = []
    for cap in caps:
        used, until = _used(cap, ready, today), None
        done = [(work.day, work.amount) for work in _under(cap, recent)]
        if cap.period == Cap.Period.MONTH:
            until = next_month(today) - DAY
            done = [(day, amount) for day, amount in done if month_start(day) == month_start(today)]
        found.append(Ahead(cap, used, outlook(limit=cap.limit, used=used, done=done, today=today, until=until)))
    return found
