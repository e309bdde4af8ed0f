"""From the ERP: legal entities, terms, periods, customer accounts."""

from collections.abc import Sequence
from typing import cast

from contracts import events
from contracts.actions import cost_rates, exchange, parties, references, standard_prices
from contracts.models import Customer, LegalEntity
from contracts.queries import referenced_one
from contracts.receivers.each import actor, each, waits
from integration_hub import canonical
from integration_hub.intake.registry import Arrival, Receipt
from integration_hub.kernel.errors import Problem


def _legal_entity(arrival: Arrival) -> None:
    record = cast(canonical.LegalEntity, arrival.record)
    entity = parties.save_legal_entity(record=record, by=actor(arrival))
    parties.share_periods(legal_entity=entity)
    references.note(
        connection=arrival.connection, entity="legal_entity", source_id=record.source_id, row=entity, number=entity.code
    )
    events.master_data_arrived([f"legal_entity:{entity.code}"])


def _payment_term(arrival: Arrival) -> None:
    record = cast(canonical.PaymentTerm, arrival.record)
    term = parties.save_payment_term(record=record)
    references.note(connection=arrival.connection, entity="payment_term", source_id=record.source_id, row=term)
    events.master_data_arrived([f"payment_term:{term.name}"])


def _accounting_period(arrival: Arrival) -> Receipt | None:
    record = cast(canonical.AccountingPeriod, arrival.record)
    if record.legal_entity_id is None:
        entities = list(LegalEntity.objects.filter(is_active=True))
    else:
        entity = referenced_one(LegalEntity, arrival.connection, "legal_entity", record.legal_entity_id)
        if entity is None:
            return waits("legal_entity", record.legal_entity_id)
        entities = [entity]
    for entity in entities:
        parties.save_period(legal_entity=entity, record=record, by=actor(arrival))
    events.master_data_arrived(["period"])
    return None


def customer_account(batch: Sequence[Arrival]) -> Sequence[Receipt]:
    """A page of the ERP's customers at once; matched by the customer number, which both systems carry.

    A number that another account of the ERP has already is refused: nobody could say which of the two is billed.
    """
    there = batch[0].connection
    records = [cast(canonical.CustomerAccount, arrival.record) for arrival in batch]
    customers = parties.known_or_new(records)
    holders = references.holders(connection=there, entity="customer_account", rows=customers.values())
    receipts, notes = [], []
    for record in records:
        row = customers[record.code]
        if (other := holders.setdefault(row.pk, record.source_id)) != record.source_id:
            said = f"{record.code} is the number of account {other} too."
            receipts.append(Receipt.refused(Problem("code", said, "Merge the two, or give one another number.")))
        else:
            receipts.append(Receipt.applied())
            notes.append(_note(record, row))
    references.note_many(connection=there, entity="customer_account", notes=notes)
    events.master_data_arrived([f"customer:{note.number}" for note in notes])
    return receipts


def _note(record: canonical.CustomerAccount, row: Customer) -> references.Note:
    return references.Note(
        source_id=record.source_id,
        row=row,
        number=record.code,
        sync="failed" if record.inactive else "current",
        detail="Inactive in the ERP" if record.inactive else "",
    )


def exchange_rate(batch: Sequence[Arrival]) -> Sequence[Receipt]:
    """A page of rates at once. A rate that was withdrawn is refused: what was converted with it stays explained."""
    gone = Problem("deleted", "A rate is never taken back.", "Send the rate that is right for this day instead.")
    rates = []
    for arrival in batch:
        record = cast(canonical.ExchangeRate, arrival.record)
        source = f"{arrival.connection.code}:exchange_rate:{record.source_id}"
        rates.append(
            exchange.RateIn(record.base, record.quote, record.day, record.rate, source[:250], record.rate_type)
        )
    wanted = [rate for rate, arrival in zip(rates, batch, strict=True) if not arrival.record.deleted]
    if wanted:
        exchange.record(rates=wanted, by=actor(batch[0]))
    return [Receipt.refused(gone) if arrival.record.deleted else Receipt.applied() for arrival in batch]


def _cost_rate(arrival: Arrival) -> Receipt | None:
    """A rate of a legal entity; a deleted one is withdrawn."""
    record = cast(canonical.CostRate, arrival.record)
    source = f"{arrival.connection.code}:cost_rate:{record.source_id}"[:250]
    if record.deleted:
        cost_rates.take_back(source=source, by=actor(arrival))
        return None
    if not LegalEntity.objects.filter(code=record.legal_entity).exists():
        said = f"{record.legal_entity!r} is not a legal entity of ours."
        return Receipt.refused(Problem("legal_entity", said, "Use the code of one."))
    given = record.model_dump(exclude={"source_id", "version", "deleted"})
    cost_rates.record(rates=[cost_rates.CostRateIn(**given, source=source)], by=actor(arrival))
    return None


def _standard_rate(arrival: Arrival) -> Receipt | None:
    """A standard price. One that was withdrawn is refused: what was decided with it stays explained."""
    record = cast(canonical.StandardRate, arrival.record)
    if record.deleted:
        said = "A standard price is never taken back."
        return Receipt.refused(Problem("deleted", said, "Send the price that is right from a later day on."))
    entity = LegalEntity.objects.filter(code=record.legal_entity).first()
    if entity is None:
        said = f"{record.legal_entity!r} is not a legal entity of ours."
        return Receipt.refused(Problem("legal_entity", said, "Use the code of one."))
    source = f"{arrival.connection.code}:standard_rate:{record.source_id}"
    given = record.model_dump(exclude={"source_id", "version", "deleted", "legal_entity"})
    price = standard_prices.StandardPriceIn(**given, source=source)
    standard_prices.record(legal_entity=entity, given=price, by=actor(arrival))
    return None


legal_entity = each(_legal_entity)
payment_term = each(_payment_term)
accounting_period = each(_accounting_period)
cost_rate = each(_cost_rate)
standard_rate = each(_standard_rate)
