"""The parts of an invoice's proof, each as plain values: what a row says, under the names people use for it."""

import hashlib
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any

from django.db.models import Q, QuerySet

from billing.actions.checks import rendering
from billing.models import (
    BillableEvent,
    Candidate,
    CandidateLine,
    CapEntry,
    Invoice,
    Piece,
    RetainerAccount,
    RetainerEntry,
    TaxDetermination,
)
from contracts.models import Cap
from integration_hub.intake.models import SourceVersion
from integration_hub.kernel.ids import canonical_json, content_hash
from integration_hub.trail.models import Event


def pieces_of(candidate: Candidate) -> "QuerySet[Piece]":
    """The current pieces in a candidate's lines, by line, service date and id."""
    rows = Piece.objects.filter(candidate_line__candidate=candidate, is_current=True).select_related(
        "candidate_line",
        "decision__contract_version",
        "event__resource",
        "event__source_version__connection",
    )
    return rows.order_by("candidate_line__number", "event__service_date", "pk")


def line(row: CandidateLine) -> dict[str, Any]:
    """A printed line."""
    return {
        "number": row.number,
        "description": row.description,
        "kind": row.kind,
        "service_from": row.service_from,
        "service_to": row.service_to,
        "hours": row.hours,
        "rate": row.rate,
        "net": row.net,
        "tax": row.tax,
        "tax_rate": row.tax_rate,
    }


def piece(row: Piece) -> dict[str, Any]:
    """A part of some work, with the decision that priced it; `net` is its share of the rounded line."""
    version = row.decision.contract_version
    return {
        "id": row.pk,
        "line": row.candidate_line.number if row.candidate_line else None,
        "work": row.event_id,
        "minutes": row.minutes,
        "rate": row.rate,
        "amount": row.amount,
        "net": row.net,
        "state": row.state,
        "decision": {
            "contract_version": version.number if version else None,
            "rules": row.decision.rules,
            "decided_at": row.decision.decided_at,
            "hash": row.decision.content_hash,
            "trace": row.decision.trace,
        },
    }


def work(row: BillableEvent, *, payloads: bool) -> dict[str, Any]:
    """Delivered work as it was billed, and the version of the source record it was taken from."""
    return {
        "id": row.pk,
        "key": row.work_key,
        "version": row.version,
        "kind": row.kind,
        "service_date": row.service_date,
        "person": row.resource.name if row.resource else "",
        "role": row.role,
        "minutes": row.minutes,
        "amount": row.amount,
        "currency": row.currency,
        "approval": row.approval,
        "description": row.description,
        "source": _source(row.source_version, payloads=payloads) if row.source_version else None,
    }


def _source(row: SourceVersion, *, payloads: bool) -> dict[str, Any]:
    """`payload` is there when it was asked for and is all that the hash covers: then everyone can compute it."""
    said = {
        "system": row.connection.code,
        "entity": row.entity,
        "id": row.source_id,
        "version": row.version,
        "received_at": row.received_at,
        "deleted": row.deleted,
        "hash": row.hash,
    }
    if payloads and _payload_hash(row.payload, deleted=row.deleted) == row.hash:
        said["payload"] = row.payload
    return said


def _payload_hash(payload: Any, *, deleted: bool) -> str:
    """The hash of a source version whose whole payload is its content (intake/store.py)."""
    text = canonical_json(payload).encode()
    return hashlib.sha256(b"deleted:" + text if deleted else text).hexdigest()


def as_approved(candidate: Candidate) -> dict[str, Any] | None:
    """What the approvers saw, as it hashes to what they approved; None where that can no longer be told.

    Of all that is shown, only the number of the contract's version moves on after posting.
    """
    shown = rendering(candidate)
    latest = shown["contract_version"]
    for number in range(latest, 0, -1) if isinstance(latest, int) else (latest,):
        tried = {**shown, "contract_version": number}
        if content_hash(tried) == candidate.content_hash:
            return tried
    return None


def limits(keys: Sequence[int], candidate: Candidate) -> list[dict[str, Any]]:
    """The limits the invoice counts against, each with every entry of its ledger so far."""
    said = []
    for cap in Cap.objects.filter(pk__in=keys).select_related("line").order_by("pk"):
        entries = list(CapEntry.objects.filter(cap=cap).select_related("candidate").order_by("pk"))
        said.append(
            {
                "name": str(cap),
                "kind": cap.kind,
                "period": cap.period,
                "limit": cap.limit,
                "entries": [_cap_entry(row, total) for row, total in _running(entries)],
                "this_invoice": candidate.number,
            }
        )
    return said


def _running(entries: Sequence[CapEntry]) -> Iterable[tuple[CapEntry, Any]]:
    return zip(entries, accumulate(row.amount for row in entries), strict=True)


def _cap_entry(row: CapEntry, total: Any) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "amount": row.amount,
        "used": total,
        "month": row.month,
        "document": row.candidate.number if row.candidate else "",
        "at": row.at,
    }


def retainers(keys: Sequence[int], candidate: Candidate) -> list[dict[str, Any]]:
    """The retainers the invoice draws on, each with every entry of its ledger so far."""
    said = []
    for account in RetainerAccount.objects.filter(pk__in=keys).select_related("line").order_by("pk"):
        entries = RetainerEntry.objects.filter(account=account).select_related("candidate").order_by("number")
        said.append(
            {
                "line": str(account.line),
                "month": account.month,
                "floor": account.floor,
                "balance": account.balance,
                "entries": [_retainer_entry(row) for row in entries],
                "this_invoice": candidate.number,
            }
        )
    return said


def _retainer_entry(row: RetainerEntry) -> dict[str, Any]:
    return {
        "number": row.number,
        "kind": row.kind,
        "amount": row.amount,
        "before": row.before,
        "after": row.after,
        "document": row.candidate.number if row.candidate else "",
        "work": row.event_id,
        "at": row.at,
    }


def tax(candidate: Candidate) -> dict[str, Any] | None:
    """What the tax engine said, if one was asked."""
    row = TaxDetermination.objects.filter(candidate=candidate).first()
    if row is None:
        return None
    return {"status": row.status, "document_code": row.document_code, "net": row.net, "tax": row.tax,
            "lines": row.lines}  # fmt: skip


def erp(invoice: Invoice) -> dict[str, Any]:
    """The write that made the invoice: its permanent key with what it is made of, what was sent, what came back."""
    effect = invoice.effect
    return {
        "system": effect.connection.code,
        "key": effect.key,
        "key_of": [effect.legal_entity, effect.connection.code, effect.effect_type, effect.business_key,
                   effect.revision],
        "sent": effect.payload,
        "sent_hash": effect.payload_hash,
        "attempts": [
            {"number": row.number, "kind": row.kind, "outcome": row.outcome}
            for row in effect.attempts.order_by("number")
        ],
        "id": invoice.remote_id,
        "number": invoice.number,
        "said": effect.remote,
    }  # fmt: skip


def cash(invoice: Invoice) -> dict[str, Any]:
    """What of payments and credits stands on it."""
    payments = invoice.applications.filter(stands=True).select_related("payment").order_by("pk")
    credits_ = invoice.credits.filter(stands=True).select_related("memo").order_by("pk")
    return {
        "payments": [
            {"number": row.payment.number, "received_on": row.payment.received_on, "amount": row.amount}
            for row in payments
        ],
        "credits": [
            {"number": row.memo.number, "issued_on": row.memo.issued_on, "amount": row.amount} for row in credits_
        ],
    }


def trail(invoice: Invoice) -> list[dict[str, Any]]:
    """Who did what to the candidate and the invoice, in order."""
    rows = Event.objects.filter(
        Q(object_type="billing.invoice", object_id=str(invoice.pk))
        | Q(object_type="billing.candidate", object_id=str(invoice.candidate_id))
    ).exclude(action__startswith="reconciliation.proof.")
    return [
        {"id": row.pk, "at": row.recorded_at, "actor": row.actor, "action": row.action, "reason": row.reason}
        for row in rows.order_by("pk")
    ]
