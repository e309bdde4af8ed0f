"""What the invoices of the demo's legal entities say of them, set by the action that an administrator uses."""

from contracts.actions import configuration, parties
from contracts.models import LegalEntity
from integration_hub.canonical import LegalEntity as Known
from integration_hub.people.models import User
from integration_hub.sandbox.world.book import ENTITIES, LETTERHEADS


def ensure(by: User) -> None:
    """Open the legal entities as the ERP will tell of them, and give those an address that have none."""
    for entity in ENTITIES:
        record = Known(
            source_id=entity.code, version="opened", code=entity.code, name=entity.name, currency=entity.currency,
            country=entity.country,
        )  # fmt: skip
        parties.save_legal_entity(record=record, by=by)
    for head in LETTERHEADS:
        row = LegalEntity.objects.get(code=head.entity)
        if row.street:
            continue
        row.street, row.postal_code, row.city, row.region = head.street, head.postal_code, head.city, head.region
        row.tax_id, row.registration, row.remittance = head.tax_id, head.registration, head.remittance
        configuration.save_legal_entity(row=row, by=by)
