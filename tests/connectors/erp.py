"""Writes into an ERP that several tests send."""

from dataclasses import replace
from typing import Any

from integration_hub.connectors.netsuite.manifest import INVOICE_POST
from integration_hub.connectors.registry import Write


def priced(write: Write, currency: str, amount: str) -> Write:
    """The same invoice with one line of this amount, untaxed."""
    line = {**write.payload["lines"][0], "quantity": "1", "rate": amount, "amount": amount, "tax": "0"}
    sums = {"net": amount, "tax_total": "0", "gross": amount}
    return replace(write, payload={**write.payload, "currency": currency, "lines": [line], **sums})


def invoice_write(number: str = "US01-CAND-0007", day: str = "2026-05-31", **more: Any) -> Write:
    """An invoice of two lines for C-100."""
    payload = {
        "reference": number,
        "customer_code": "C-100",
        "legal_entity_id": "1",
        "currency": "USD",
        "invoice_date": day,
        "payment_terms": "Net 30",
        "po_number": "TW-1",
        "memo": "00000101 Yard systems",
        "job_reference": "",
        "lines": [
            {
                "reference": f"{number}-1",
                "description": "Architect, May 2026",
                "quantity": "7.75",
                "rate": "182.125",
                "amount": "1411.47",
                "tax": "84.69",
            },
            {
                "reference": f"{number}-2",
                "description": "Travel",
                "quantity": "1",
                "rate": "310.2",
                "amount": "310.2",
                "tax": "0",
            },
        ],
        "net": "1721.67",
        "tax_total": "84.69",
        "gross": "1806.36",
        **more,
    }
    return Write(INVOICE_POST, "key", number, payload)


def journal_payload(reference: str, memo: str, **more: Any) -> dict[str, Any]:
    """A cost journal of two lines."""
    lines = [
        {"charge_code": "labour", "cost_centre": "12", "memo": memo, "amount": "496.25"},
        {"charge_code": "labour_absorbed", "cost_centre": "12", "memo": memo, "amount": "-496.25"},
    ]
    return {
        "reference": reference,
        "legal_entity_id": "1",
        "currency": "USD",
        "accounting_date": "2026-05-29",
        "memo": memo,
        "job_reference": "",
        "total": "496.25",
        "lines": lines,
        **more,
    }
