"""The ERP's own books, asked for now: what it says of the invoices that carry our references.

The feed of invoices is read from its beginning, past everything we stored: a total proved against our own copy would
prove nothing. Nothing is applied and no cursor moves.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import cast

from billing.models import Candidate, Invoice
from contracts.models import ExternalReference, LegalEntity, Route
from integration_hub import canonical
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import CONNECTORS
from integration_hub.kernel.errors import ThroughlineError
from integration_hub.kernel.failures import Failed
from integration_hub.mapping import queries as mappings
from integration_hub.mapping.apply import translate
from reconciliation.totals import LedgerTotal

ENTITY = "invoice"


@dataclass(slots=True)
class Books:
    """Totals per legal entity and currency, and which ERP could not be asked and why."""

    totals: list[LedgerTotal] = field(default_factory=list)
    silent: dict[str, str] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether every ERP answered."""
        return not self.silent


def ask() -> Books:
    """Ask every ERP. Runs outside transactions: it calls other systems."""
    books = Books()
    for connection in Connection.objects.filter(routes__role=Route.Role.ERP).distinct().order_by("code"):
        try:
            books.totals += _totals(connection)
        except (Failed, ThroughlineError, LookupError) as error:
            books.silent[connection.code] = str(error)
    return books


def _totals(connection: Connection) -> list[LedgerTotal]:
    entities = _entities(connection)
    # What we posted must be there: an ERP that knows none of our invoices is a break, not a missing arrow.
    posted = Invoice.objects.filter(effect__connection=connection).order_by()
    pairs = posted.values_list("legal_entity__code", "currency").distinct()
    sums = {(entity, currency): (0, Decimal(0), Decimal(0)) for entity, currency in pairs}
    for invoice in _ours(_invoices(connection)):
        key = (entities.get(invoice.legal_entity_id, invoice.legal_entity_id), invoice.currency)
        count, gross, left = sums.get(key, (0, Decimal(0), Decimal(0)))
        sums[key] = (count + 1, gross + invoice.gross, left + invoice.gross - invoice.paid)
    return [LedgerTotal(entity, currency, *figures) for (entity, currency), figures in sorted(sums.items())]


def _entities(connection: Connection) -> dict[str, str]:
    rows = ExternalReference.objects.filter(connection=connection, entity="legal_entity")
    known = dict(rows.values_list("source_id", "object_id"))
    codes = dict(LegalEntity.objects.filter(pk__in=known.values()).values_list("pk", "code"))
    return {source_id: codes[pk] for source_id, pk in known.items() if pk in codes}


def _invoices(connection: Connection) -> Iterator[canonical.Invoice]:
    """Every invoice of the ERP as it stands there now, the last word on each."""
    mapping = mappings.published(connection.code, ENTITY)
    found: dict[str, canonical.Invoice] = {}
    for page in CONNECTORS.get(connection.vendor).read(connection, ENTITY, {}):
        for raw in page.records:
            result = translate(mapping, raw.payload, source_id=raw.source_id, version=raw.version, deleted=raw.deleted)
            if result.record is not None:
                found[raw.source_id] = cast(canonical.Invoice, result.record)
        if page.done:
            break
    yield from (invoice for invoice in found.values() if not invoice.deleted and invoice.status != "voided")


def _ours(invoices: Iterator[canonical.Invoice]) -> Iterator[canonical.Invoice]:
    """Those that carry the number of one of our candidates."""
    known = set(Candidate.objects.values_list("number", flat=True))
    return (invoice for invoice in invoices if invoice.external_ref in known)
