"""Prices of a contract, as the CRM or a file brings them."""

from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction

from contracts import events
from contracts.actions.agreements import held
from contracts.models import Contract, RateCard, RateRow
from integration_hub import canonical
from integration_hub.kernel.errors import BadInput, Problem
from integration_hub.trail.record import Actor, event


def card_of(contract: Contract) -> RateCard:
    """The contract's own rate card, made on first use."""
    card, _ = RateCard.objects.get_or_create(
        scope=RateCard.Scope.CONTRACT, contract=contract, defaults={"name": f"Rates of {contract.number}"}
    )
    return card


@transaction.atomic
def save_rate(*, record: canonical.RateItem, contract: Contract, source: str, by: Actor) -> RateRow:
    """Create a price, or take over its change while nothing depends on it yet. Overlaps are refused by the database."""
    contract = held(contract)
    known = RateRow.objects.filter(source=source).order_by("pk")
    row = known.filter(withdrawn_in__isnull=True).first()
    if row is None and (gone := known.last()) is not None and _same_price(gone, record):
        return gone  # an amendment withdrew it; that the CRM still names it changes nothing
    values: dict[str, Any] = {
        "role": record.role,
        "resource": record.resource,
        "currency": record.currency,
        "item": record.item,
        "unit": record.unit,
        "hours_per_day": record.hours_per_day,
        "rate": record.rate,
        "validity": (record.valid_from, record.valid_to + timedelta(days=1) if record.valid_to else None),
    }
    if row is not None and contract.activated_at:
        if _same_price(row, record):
            return row
        raise BadInput(
            f"Rate {record.item or record.role or record.resource or 'default'} of contract {contract.number}",
            [Problem("rate", "changed although the contract is active.", "Sign a rate amendment in the CRM.")],
        )
    row = row or RateRow(
        card=card_of(contract), source=source, introduced_in=contract.versions.order_by("-number").first()
    )
    for name, value in values.items():
        setattr(row, name, value)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        if "rate_row_no_overlap" not in str(error):
            raise
        raise BadInput(
            f"Rate {record.item or record.role or record.resource or 'default'} of contract {contract.number}",
            [
                Problem(
                    "valid_from",
                    f"{record.valid_from} overlaps another rate for the same work.",
                    "End the other rate the day before, or correct the dates.",
                )
            ],
        ) from error
    event(
        "contracts.rate.saved",
        by=by,
        object_type="contracts.raterow",
        object_id=row.pk,
        label=str(row),
        legal_entity=contract.legal_entity.code,
        contract=contract.number,
        rate=row.rate,
    )
    events.agreement_changed(contract, "rate")
    return row


def _same_price(row: RateRow, record: canonical.RateItem) -> bool:
    return (
        row.role,
        row.resource,
        row.item,
        row.currency,
        row.unit,
        row.hours_per_day,
        row.rate,
        row.validity.lower,
    ) == (
        record.role,
        record.resource,
        record.item,
        record.currency,
        record.unit,
        record.hours_per_day,
        record.rate,
        record.valid_from,
    )
