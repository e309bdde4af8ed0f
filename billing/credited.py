"""What credits, on their way or posted, take of posted lines, and what of the work behind them stays conceded."""

from collections.abc import Iterable, Mapping
from decimal import ROUND_DOWN, Decimal
from typing import Any

from django.db.models import DecimalField, Exists, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from billing.engine.credits import Original
from billing.engine.values import AMOUNT_PLACES
from billing.models import Candidate, CandidateLine, CreditOrder, InvoiceLine, Piece
from integration_hub.kernel.money import ZERO

_UNIT = Decimal(1).scaleb(-AMOUNT_PLACES)


def originals(lines: Iterable[InvoiceLine], *, but: Candidate | None = None) -> dict[int, Original]:
    """Posted lines (with `candidate_line`) by id, each with what credit memos take of it; without one of these."""
    by_id = {line.pk: line for line in lines}
    rows = CandidateLine.objects.filter(corrects__in=by_id).exclude(candidate__status=Candidate.Status.DISSOLVED)
    if but is not None:
        rows = rows.exclude(candidate=but)
    taken = {row[0]: row[1:] for row in rows.values_list("corrects").annotate(Sum("net"), Sum("tax")).order_by()}
    return {pk: _original(line, taken) for pk, line in by_id.items()}


def original_of(line: InvoiceLine, *, but: Candidate | None = None) -> Original:
    """The same for one line."""
    return originals([line], but=but)[line.pk]


def _original(line: InvoiceLine, taken: Mapping[int, tuple[Decimal, Decimal]]) -> Original:
    net, tax = taken.get(line.pk, (ZERO, ZERO))
    return Original(line.net, line.tax, -net, -tax, whole=line.candidate_line.kind == "milestone")


def with_credited(rows: "QuerySet[InvoiceLine]") -> "QuerySet[Any]":
    """Posted lines with `credited`, what credits take of their net."""
    standing = Q(credits__isnull=False) & ~Q(credits__candidate__status=Candidate.Status.DISSOLVED)
    taken = Coalesce(Sum("credits__net", filter=standing), ZERO, output_field=DecimalField())
    return rows.annotate(credited=-taken)


def is_conceded() -> Exists:
    """Of pieces: something of the posted line they are on is credited while they stay billed.

    What was agreed with the client about such a line is not undone by a price or an entry that moves.
    """
    conceding = CandidateLine.objects.filter(
        corrects__candidate_line=OuterRef("candidate_line"), candidate__credit_order__rebillable=False
    )
    return Exists(conceding.exclude(candidate__status=Candidate.Status.DISSOLVED))


def is_concession(candidate: Candidate) -> bool:
    """Whether it is a credit memo of work that stays billed."""
    credit = candidate.kind == Candidate.Kind.CREDIT_MEMO
    return credit and CreditOrder.objects.filter(candidate=candidate, rebillable=False).exists()


def conceded_by(candidate: Candidate) -> list[Piece]:
    """What a concession takes of the work behind its lines, as pieces that are not stored: their room under limits.

    Each has its part of what is credited of the line. Parts are rounded towards nought by line, so that all concessions
    together never give back more than the work took.
    """
    if not is_concession(candidate):
        return []
    credited = {
        line.corrects.candidate_line_id: line.net / line.corrects.net
        for line in candidate.lines.select_related("corrects")
        if line.corrects is not None
    }
    work = Piece.objects.filter(candidate_line__in=credited, is_current=True, corrects__isnull=True)
    found: list[Piece] = []
    exact: dict[int | None, Decimal] = {}
    given: dict[int | None, Decimal] = {}
    for piece in work.select_related("event", "line").order_by("pk"):
        line = piece.candidate_line_id
        exact[line] = exact.get(line, ZERO) + (piece.amount or ZERO) * credited[line or 0]
        part = exact[line].quantize(_UNIT, ROUND_DOWN) - given.get(line, ZERO)
        given[line] = given.get(line, ZERO) + part
        found.append(Piece(event=piece.event, line=piece.line, amount=part, currency=piece.currency, corrects=piece,
                           bill_to_id=piece.bill_to_id))  # fmt: skip
    return found
