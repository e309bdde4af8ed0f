"""Money received: the payments that count here against what the bank booked.

A payment and a line of a bank share no number, so nothing is paired by reference alone: what a payer quoted, else
amount and day, lead one to the other, and people confirm it until the way has proved itself.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Min, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from billing.models import Invoice, Payment, PaymentApplication
from integration_hub import canonical
from reconciliation.books import ours, sources
from reconciliation.matching.pairs import Item, Pair, Reading, Side

LINE = "bank_line"
Numbers = dict[tuple[str, str], str]
"""The customer of each invoice, by legal entity and number."""


def _receipts(legal_entity: str) -> Reading:
    """Credits of the bank, without those it took back."""
    numbers = _numbers(legal_entity)

    def made(known: sources.Known, record: Any, first: Any) -> Item | None:
        return _receipt(known, record, numbers)

    found = sources.reading(sources.BRINGS, (LINE,), made, legal_entity)
    found.items = _standing(found.items)  # read when it is needed, so that what is unread is noted then
    return found


def _numbers(legal_entity: str) -> Numbers:
    rows = Invoice.objects.filter(legal_entity__code=legal_entity) if legal_entity else Invoice.objects.all()
    told = rows.values_list("legal_entity__code", "number", "bill_to__customer__code")
    return {(entity, number): customer for entity, number, customer in told.iterator(sources.PAGE)}


def _receipt(known: sources.Known, record: canonical.BankLine, numbers: Numbers) -> Item | None:
    """A credit that is none of ours come back, or a debit that takes a credit back: as less than nothing."""
    if (record.direction == "credit") == record.reversal or not record.amount:
        return None
    invoice = _quoted(record, numbers)
    key = known.key(record.source_id)
    return Item(
        key=key, ref=key, legal_entity=record.legal_entity, currency=record.currency,
        amount=-record.amount if record.reversal else record.amount, on_date=record.value_on,
        party=numbers.get((record.legal_entity, invoice), ""),
        label=invoice or record.reference or record.end_to_end_id or record.remittance[:60] or record.bank_reference,
    )  # fmt: skip


def _quoted(record: canonical.BankLine, numbers: Numbers) -> str:
    """The one invoice of ours that a payer named; none where they named several."""
    words = f"{record.reference} {record.end_to_end_id} {record.remittance}".replace(",", " ").replace(";", " ").split()
    found = {word for word in (raw.strip(".:()/#") for raw in words) if (record.legal_entity, word) in numbers}
    return found.pop() if len(found) == 1 else ""


def _standing(items: Iterable[Item]) -> Iterator[Item]:
    """Receipts that the bank did not take back: a return is the same amount under the same words."""
    every = list(items)
    came, back = (Counter(_named(item) for item in every if item.amount * sign > 0) for sign in (1, -1))
    both = {named: min(came[named], back[named]) for named in back}
    gone = {True: dict(both), False: dict(both)}
    for item in every:
        side, named = gone[item.amount > 0], _named(item)
        if side.get(named):
            side[named] -= 1
        else:
            yield item


def _named(item: Item) -> tuple[str, str, str, Decimal]:
    return (item.legal_entity, item.currency, item.label or item.key, abs(item.amount))


def _payments(legal_entity: str) -> Reading:
    """Payments since the bank tells of its money: of the legal entities and currencies that it has lines of."""
    since, told = _since(legal_entity), Q()
    if not since:
        return Reading()
    for (entity, currency), first in since.items():
        told |= Q(legal_entity__code=entity, currency=currency, received_on__gte=first)
    return ours.reading(
        Payment.objects.filter(told, is_reversed=False),
        key=_KEY, ref=_KEY,
        legal_entity=F("legal_entity__code"), currency=F("currency"), amount=F("amount"), on_date=F("received_on"),
        at=F("updated_at"), party=F("customer__code"), label=Coalesce(Subquery(_single()), F("number")),
        link=ours.link("billing.payment"),
    )  # fmt: skip


_KEY = ours.joined("connection__code", Value(":"), "source_id")


def _single() -> "QuerySet[Any]":
    """The number of the invoice a payment went to, where it is one."""
    rows = PaymentApplication.objects.filter(payment=OuterRef("pk")).order_by().values("payment")
    return rows.annotate(n=Count("pk"), number=Min("invoice__number")).filter(n=1).values("number")


def _since(legal_entity: str) -> dict[tuple[str, str], date]:
    """The first day of which the bank tells, by legal entity and currency."""
    found: dict[tuple[str, str], date] = {}
    for item in sources.reading(sources.BRINGS, (LINE,), _day, legal_entity).items:
        if item.on_date is not None:
            named = (item.legal_entity, item.currency)
            found[named] = min(found.get(named, item.on_date), item.on_date)
    return found


def _day(known: sources.Known, record: canonical.BankLine, first: Any) -> Item:
    return Item("", "", record.legal_entity, record.currency, on_date=record.booked_on)


ALL = (
    Pair(
        name="bank", title="Money at the bank", weight=35, view="billing.view_payment", optional=True,
        about="Payments as they count here, against the credits of bank statements, since the first of these.",
        left=Side("Payments here", _payments),
        right=Side("Credits at the bank", _receipts, sources.feeds_of(sources.BRINGS, LINE)),
    ),
)  # fmt: skip
