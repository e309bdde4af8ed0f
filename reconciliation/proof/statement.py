"""The proof of one posted invoice: its lines, the work in them, who approved it, limits, tax, ERP and cash.

Everything is read from rows that were written when it happened; nothing is computed anew but the digest over it all.
The same invoice in the same state gives the same bytes (billing.md R28): no clock is read, every list has an order.
"""

import json
from typing import Any

from billing.models import Candidate, CapEntry, Invoice, Piece, RetainerEntry
from integration_hub.kernel.ids import canonical_json, content_hash
from integration_hub.kernel.money import minor_units
from reconciliation.proof import parts

FORMAT = "throughline-invoice-proof/1"
PARTS = ("candidate__prepared_by", "candidate__purchase_order", "effect__connection", "legal_entity", "contract",
         "bill_to__customer")  # fmt: skip


def of(invoice: Invoice, *, payloads: bool) -> dict[str, Any]:
    """The proof as plain JSON values, amounts as text. `payloads`: with the source records as they came.

    Shape: `{"format", "content", "digest"}`; the digest is the SHA-256 of the canonical JSON of the content.
    """
    content = json.loads(canonical_json(_content(invoice, payloads=payloads)))
    return {"format": FORMAT, "content": content, "digest": content_hash(content)}


def written(proof: dict[str, Any]) -> bytes:
    """The proof as a file: JSON with sorted keys, indented for people; the digest is not about its layout."""
    return (json.dumps(proof, sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode()


def _content(invoice: Invoice, *, payloads: bool) -> dict[str, Any]:
    candidate = invoice.candidate
    pieces = list(parts.pieces_of(candidate))
    return {
        "document": _document(invoice),
        "lines": [parts.line(row) for row in candidate.lines.order_by("number")],
        "pieces": [parts.piece(row) for row in pieces],
        "work": [parts.work(row, payloads=payloads) for row in _events(pieces)],
        "approval": _approval(candidate),
        "limits": parts.limits(_limits(candidate), candidate),
        "retainers": parts.retainers(_retainers(candidate), candidate),
        "tax": parts.tax(candidate),
        "erp": parts.erp(invoice),
        "cash": parts.cash(invoice),
        "trail": parts.trail(invoice),
    }


def _document(invoice: Invoice) -> dict[str, Any]:
    candidate = invoice.candidate
    order = candidate.purchase_order
    return {
        "number": invoice.number,
        "our_number": candidate.number,
        "legal_entity": {"code": invoice.legal_entity.code, "name": invoice.legal_entity.name},
        "customer": invoice.bill_to.customer.name,
        "contract": {"number": invoice.contract.number, "name": invoice.contract.name},
        "purchase_order": order.number if order else "",
        "invoice_date": invoice.invoice_date,
        "accounting_date": candidate.accounting_date,
        "due_on": invoice.due_on,
        "currency": invoice.currency,
        "minor_units": minor_units(invoice.currency),
        "net": invoice.net,
        "tax": invoice.tax,
        "gross": invoice.gross,
        "drawdown": invoice.drawdown,
        "retained": invoice.retained,
        "advanced": invoice.advanced,
        "paid": invoice.paid,
        "credited": invoice.credited,
        "status": invoice.status,
    }


def _events(pieces: list[Piece]) -> list[Any]:
    """The work in the invoice, each once, in the order of its pieces."""
    return list({piece.event_id: piece.event for piece in pieces}.values())


def _approval(candidate: Candidate) -> dict[str, Any]:
    rows = candidate.approvals.select_related("by").filter(verdict="approved", lapsed_at__isnull=True).order_by("pk")
    return {
        "prepared_by": candidate.prepared_by.username,
        "content_hash": candidate.content_hash,
        "content": parts.as_approved(candidate),
        "approvals": [
            {"by": row.by.username, "at": row.at, "content_hash": row.content_hash} for row in rows
        ],
    }  # fmt: skip


def _limits(candidate: Candidate) -> list[int]:
    rows = CapEntry.objects.filter(candidate=candidate).order_by("cap")
    return sorted(set(rows.values_list("cap", flat=True)))


def _retainers(candidate: Candidate) -> list[int]:
    used = RetainerEntry.objects.filter(candidate=candidate) | RetainerEntry.objects.filter(
        event__pieces__candidate_line__candidate=candidate
    )
    return sorted(set(used.values_list("account", flat=True)))
