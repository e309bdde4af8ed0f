"""What became of decided work on paper: its printed lines, who approved them, and the ERP's documents."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from billing.models import Approval, CreditMemo, InvoiceLine, Piece, RetainerEntry
from integration_hub.console.wording import number
from integration_hub.kernel.money import show


@dataclass(frozen=True, slots=True)
class Outcome:
    """In words, oldest first. `documents` are (what, which); all empty while nothing is in a candidate."""

    printed: list[str] = field(default_factory=list)
    approved: list[str] = field(default_factory=list)
    documents: list[tuple[str, str]] = field(default_factory=list)


def of(pieces: Sequence[Piece]) -> Outcome:
    """The outcome of pieces that come with their candidate line and its candidate.

    Four queries where any is in a candidate, however many; otherwise none.
    """
    lines = {line.pk: line for piece in pieces if (line := piece.candidate_line) is not None}
    if not lines:
        return Outcome()
    candidates = sorted({line.candidate_id for line in lines.values()})
    return Outcome(
        printed=[_printed(piece) for piece in pieces if piece.candidate_line is not None],
        approved=_approvals(candidates),
        documents=[*_invoices(sorted(lines)), *_memos(candidates), *_drawn(candidates)],
    )


def _printed(piece: Piece) -> str:
    """`8.33 EUR of line 2 “Consulting” of 100.00 EUR in TL-…`, with the exact amount where rounding moved it."""
    line = piece.candidate_line
    assert line is not None and piece.net is not None  # noqa: S101, PT018 the caller filters
    share = show(piece.net, piece.currency)
    exact = piece.amount is not None and piece.amount != piece.net
    rounded = f" (exactly {number(piece.amount)} {piece.currency})" if exact else ""
    whole = show(line.net, piece.currency)
    return f"{share}{rounded} of line {line.number} “{line.description}” of {whole} in {line.candidate.number}"


def _approvals(candidates: Sequence[int]) -> list[str]:
    rows = Approval.objects.filter(candidate__in=candidates).order_by("at", "pk")
    return [_approval(row) for row in rows.select_related("by", "candidate", "delegation__giver")]


def _approval(row: Approval) -> str:
    who = f"{row.by.label} for {row.delegation.giver.label}" if row.delegation else row.by.label
    told = f"{who}, {_moment(row.at)}: {row.get_verdict_display().lower()} {row.candidate.number}"
    told += f" as {row.content_hash[:12]}" if row.verdict == Approval.Verdict.APPROVED else f", {row.reason}"
    return f"{told}; lapsed {_moment(row.lapsed_at)}, the figures moved" if row.lapsed_at else told


def _invoices(lines: Sequence[int]) -> list[tuple[str, str]]:
    rows = InvoiceLine.objects.filter(candidate_line__in=lines).select_related("invoice__effect__connection")
    return [("Invoice", _invoice(row)) for row in rows.order_by("invoice_id", "number")]


def _invoice(row: InvoiceLine) -> str:
    document, there = row.invoice, row.invoice.effect.connection
    return (
        f"{document.number} line {row.number} of {show(row.net, document.currency)}, dated "
        f"{document.invoice_date.isoformat()}, {there} {document.remote_id}, {document.get_status_display().lower()}"
    )


def _memos(candidates: Sequence[int]) -> list[tuple[str, str]]:
    rows = CreditMemo.objects.filter(candidate__in=candidates).select_related("connection").order_by("pk")
    return [("Credit memo", _memo(row)) for row in rows]


def _memo(row: CreditMemo) -> str:
    return (
        f"{row.number} of {show(row.net, row.currency)}, dated {row.issued_on.isoformat()}, "
        f"{row.connection} {row.source_id}{', voided' if row.is_voided else ''}"
    )


def _drawn(candidates: Sequence[int]) -> list[tuple[str, str]]:
    rows = RetainerEntry.objects.filter(candidate__in=candidates, account__month=None).order_by("pk")
    return [("Prepaid", _draw(row)) for row in rows.select_related("account__line__contract")]


def _draw(row: RetainerEntry) -> str:
    line = row.account.line
    return (
        f"{row.get_kind_display().lower()} {show(abs(row.amount), line.contract.currency)} of {line.name}: "
        f"{number(row.before)} before, {number(row.after)} after"
    )


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else ""
