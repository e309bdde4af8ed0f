"""Transfer prices between legal entities: one person proposes, another approves; none is ever changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from contracts import events, policies
from contracts.models import LegalEntity, TransferPrice
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import BadInput, Problem, Stale
from integration_hub.kernel.money import is_currency
from integration_hub.people.models import User
from integration_hub.trail.record import event

_DAY = timedelta(days=1)
_COPIED = ("lender_id", "borrower_id", "kind", "value", "currency", "reason", "proposed_by", "proposed_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferPriceIn:
    """What `lender` charges `borrower` (their codes) from a day on, to a last day or without end."""

    lender: str
    borrower: str
    kind: str
    value: Decimal
    currency: str
    valid_from: date
    reason: str
    valid_to: date | None = None

    @property
    def validity(self) -> DateRange:
        """Its days as [from, to)."""
        return DateRange(self.valid_from, self.valid_to + _DAY if self.valid_to else None)


@transaction.atomic
def propose(*, given: TransferPriceIn, by: User) -> TransferPrice:
    """Propose a price; nothing is charged at it before a second person approves it.

    Raises Denied, or BadInput that names every field that cannot be.
    """
    policies.can_propose_transfer_price(by, given.lender, given.borrower).or_raise()
    entities = {row.code: row for row in LegalEntity.objects.filter(code__in=[given.lender, given.borrower])}
    problems = [Problem(*found) for found in _wrong(given, {code for code, row in entities.items() if row.is_active})]
    if problems:
        raise BadInput(f"Transfer price of {given.lender} to {given.borrower}", problems)
    row = TransferPrice.objects.create(
        lender=entities[given.lender], borrower=entities[given.borrower], kind=given.kind, value=given.value,
        currency=given.currency, validity=given.validity, reason=given.reason, proposed_by=by.username,
    )  # fmt: skip
    _told("proposed", row, by)
    return row


@transaction.atomic
def approve(*, price_id: int, by: User, seen_version: int) -> TransferPrice:
    """Put a proposed price in force; of what held on its days, only other days are kept.

    Work of these days is charged anew. Raises Denied, or Stale when it changed meanwhile.
    """
    row = _held(price_id, seen_version)
    policies.can_approve_transfer_price(row, by).or_raise()
    pair = TransferPrice.objects.filter(TransferPrice.IN_FORCE, lender=row.lender, borrower=row.borrower)
    before = list(pair.filter(validity__overlap=row.validity))
    moment = now()
    for old in before:
        TransferPrice.objects.transition(old.pk, seen_version=old.version, withdrawn_at=moment)
    TransferPrice.objects.bulk_create(
        TransferPrice(
            **{name: getattr(old, name) for name in _COPIED}, validity=days, approved_by=old.approved_by,
            approved_at=old.approved_at,
        )
        for old in before
        for days in _left(old.validity, row.validity)
    )  # fmt: skip
    return _decided("approved", row, by, approved_by=by.username, approved_at=moment)


@transaction.atomic
def withdraw(*, price_id: int, by: User, seen_version: int, reason: str) -> TransferPrice:
    """Take back a price that is proposed or in force: none holds on its days until another one is approved.

    Raises Denied, or Stale when it changed meanwhile.
    """
    row = _held(price_id, seen_version)
    policies.can_withdraw_transfer_price(row, by, reason).or_raise()
    return _decided("withdrawn", row, by, reason=reason, withdrawn_at=now())


def _held(price_id: int, seen_version: int) -> TransferPrice:
    """The price; whoever else decides about one of the same borrower waits."""
    borrower = TransferPrice.objects.values_list("borrower", flat=True).get(pk=price_id)
    LegalEntity.objects.select_for_update(no_key=True).get(pk=borrower)
    row = TransferPrice.objects.select_related("lender", "borrower").get(pk=price_id)
    if row.version != seen_version:
        raise Stale
    return row


def _decided(what: str, row: TransferPrice, by: User, reason: str = "", **changes: object) -> TransferPrice:
    TransferPrice.objects.transition(row.pk, seen_version=row.version, **changes)
    row.refresh_from_db()
    _told(what, row, by, reason)
    events.transfer_prices_changed(row.borrower_id)
    return row


def _told(what: str, row: TransferPrice, by: User, reason: str = "") -> None:
    event(
        f"contracts.transfer_price.{what}",
        by=by,
        object_type="contracts.transferprice",
        object_id=row.pk,
        label=f"{row}: {row.terms}",
        legal_entity=row.borrower.code,
        reason=reason or row.reason,
    )


def _left(old: DateRange, new: DateRange) -> Iterator[DateRange]:
    """The days of the old range before and after the new one."""
    if old.lower is None or old.lower < new.lower:
        yield DateRange(old.lower, new.lower)
    if new.upper is not None and (old.upper is None or new.upper < old.upper):
        yield DateRange(new.upper, old.upper)


def _wrong(given: TransferPriceIn, known: set[str]) -> Iterator[tuple[str, str, str]]:
    for name, code in (("lender", given.lender), ("borrower", given.borrower)):
        if code not in known:
            yield name, f"{code!r} is not known.", "Use the code of an active legal entity."
    if given.lender == given.borrower:
        yield "borrower", "is the lender.", "A price is between two legal entities."
    if given.kind not in TransferPrice.Kind.values:
        yield "kind", f"{given.kind!r} is not known.", f"Use one of {', '.join(TransferPrice.Kind.values)}."
    if given.value < 0 or (not given.value and given.kind != TransferPrice.Kind.COST_PLUS):
        yield "value", f"{given.value} is not above nought.", "Say the percentage, or the price of an hour."
    if not is_currency(given.currency):
        yield "currency", f"{given.currency!r} is not a currency.", "Use an ISO 4217 code such as EUR."
    if given.valid_to is not None and given.valid_to < given.valid_from:
        yield "valid_to", f"{given.valid_to} is before {given.valid_from}.", "Name the last day, or leave it out."
    if not given.reason.strip():
        yield "reason", "is empty.", "Say why the price is so: an auditor asks."
