"""AvaTax as a connector: a quote that leaves nothing behind, and effects that record, commit and void."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from integration_hub.connectors import wire
from integration_hub.connectors.avatax.client import INVOICE, RETURN, Client
from integration_hub.connectors.avatax.manifest import CREDIT_COMMIT, INVOICE_VOID, MANIFEST
from integration_hub.connectors.avatax.payloads import AvaTaxLine, AvaTaxTransaction
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import Confirmed, Page, Sent, Write
from integration_hub.kernel.failures import Failed, FailureClass

Payload = dict[str, Any]


def quote(connection: Connection, payload: Payload) -> Payload:
    """What tax a document would carry, unrecorded; see `connectors.registry.TAX_ENGINES` for both shapes."""
    found = Client(connection).estimate(_model(connection, payload))
    details = [
        {
            "line": line.number,
            "jurisdiction": item.name,
            "type": item.kind,
            "name": item.tax_name,
            "rate": wire.text(item.rate),
            "taxable": wire.text(item.taxable),
            "tax": wire.text(item.tax),
        }
        for line in found.lines or []
        for item in line.details or []
    ]
    return {
        "net": wire.text(found.net),
        "tax": wire.text(found.tax),
        "lines": [
            {"number": line.number, "tax": wire.text(line.tax), "rate": _rate(line), "taxable": wire.text(line.taxable)}
            for line in found.lines or []
        ],
        "details": details,
    }


def _rate(line: AvaTaxLine) -> str | None:
    """The rate of a line as a fraction; None where jurisdictions tax different parts of it."""
    details = line.details or []
    if any(wire.amount(item.taxable) != wire.amount(line.taxable) for item in details):
        return None
    return wire.text(sum((wire.amount(item.rate) for item in details), Decimal(0)))


def _company(connection: Connection, payload: Payload) -> str:
    code = str(payload["company_code"])
    return str((connection.settings.get("companies") or {}).get(code) or code)


def _model(connection: Connection, payload: Payload) -> Payload:
    settings = connection.settings
    addresses = {"shipTo": _address(payload["ship_to"])}
    if origin := (settings.get("ship_from") or {}).get(payload["company_code"]):
        addresses["shipFrom"] = _address(origin)
    return {
        "code": payload["document_code"],
        "companyCode": _company(connection, payload),
        "customerCode": payload["customer_code"],
        "date": payload["date"],
        "currencyCode": payload["currency"],
        "addresses": addresses,
        "lines": [
            {
                "number": str(line["number"]),
                "amount": wire.number(line["amount"]),
                "quantity": 1,
                "description": str(line.get("description") or "")[:255],
                "taxCode": line.get("tax_code") or settings.get("tax_code") or "",
                **_override(line),
            }
            for line in payload["lines"]
        ],
    }


def _override(line: Payload) -> Payload:
    """A line that goes back takes the tax it was sold with, determined on the day of the sale."""
    if "credits" not in line:
        return {}
    tax, day = wire.number(line["tax"]), line["tax_date"]
    return {
        "ref1": line["credits"],
        "taxOverride": {
            "type": "TaxAmount",
            "taxAmount": tax,
            "taxDate": day,
            "reason": f"Credit of {line['credits']}",
        },
    }


def _kind(write: Write) -> str:
    return RETURN if write.effect_type == CREDIT_COMMIT else INVOICE


def _address(given: Payload) -> Payload:
    names = {
        "line1": "line1",
        "city": "city",
        "region": "region",
        "postal_code": "postalCode",
        "country": "country",
    }
    return {theirs: given[ours] for ours, theirs in names.items() if given.get(ours)}


def _net(payload: Payload) -> Decimal:
    return sum((wire.amount(line["amount"]) for line in payload["lines"]), Decimal(0))


class AvaTaxConnector:
    """One vendor; see the registry for the meaning of the methods."""

    manifest = MANIFEST

    def check(self, connection: Connection) -> str:
        """Ask whether the credentials are known."""
        if not Client(connection, even_if_paused=True).ping().get("authenticated"):
            raise Failed(FailureClass.AUTH, "AvaTax does not know these credentials", remedy="Renew the license key.")
        return "Signed in to AvaTax."

    def read(self, connection: Connection, entity: str, cursor: dict[str, Any]) -> Iterator[Page]:
        """AvaTax is a source of nothing."""
        return iter(())

    def send(self, connection: Connection, write: Write) -> Sent:
        """Record and commit, or void; both leave alone what is as wanted already."""
        MANIFEST.write(write.effect_type)
        client, company = Client(connection), _company(connection, write.payload)
        known = client.document(company, write.payload["document_code"], _kind(write))
        if known is not None and _is_done(write, known):
            return Sent(remote_id=str(known.id), status=200, body={"already": True})
        if write.effect_type == INVOICE_VOID:
            if known is None:
                return Sent(status=200, body={"absent": True})
            return Sent(remote_id=str(client.void(company, write.payload["document_code"]).id), status=200)
        model = _model(connection, write.payload)
        reference = write.payload.get("invoice_number") or ""
        made = client.create_or_adjust({**model, "type": _kind(write), "commit": True, "referenceCode": reference})
        return Sent(remote_id=str(made.id), status=201)

    def find(self, connection: Connection, write: Write) -> Confirmed | None:
        """The document under our code, if it is as this write wants it."""
        MANIFEST.write(write.effect_type)
        company = _company(connection, write.payload)
        found = Client(connection).document(company, write.payload["document_code"], _kind(write))
        if found is None:
            absent = Confirmed(remote_id="", facts={"status": "Absent"})
            return absent if write.effect_type == INVOICE_VOID else None
        if not _is_done(write, found):
            return None
        facts = {
            "net": wire.text(found.net),
            "tax": wire.text(found.tax),
            "currency": found.currency,
            "status": found.status,
            "locked": found.locked,
            "reference": found.reference or "",
        }
        return Confirmed(remote_id=str(found.id), number=found.code, facts=facts)


def _is_done(write: Write, found: AvaTaxTransaction) -> bool:
    if write.effect_type == INVOICE_VOID:
        return found.status == "Cancelled"
    return found.status == "Committed" and wire.amount(found.net) == _net(write.payload)
