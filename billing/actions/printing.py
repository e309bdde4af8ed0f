"""The lines of a candidate: charges printed from their work, credits from the posted lines they take back (R6, R20)."""

from collections.abc import Sequence
from decimal import Decimal

from django.db.models import F, Max, Sum

from billing.engine.credits import Original, credit_tax
from billing.engine.documents import Room, print_lines
from billing.engine.values import BilledPiece, PrintedLine
from billing.models import Candidate, CandidateLine, InvoiceLine, Piece
from contracts.models import Cap, Method
from integration_hub.kernel.money import ZERO


def print_candidate(candidate: Candidate, pieces: Sequence[Piece]) -> None:
    """Print a candidate's lines over its pieces, in place of those it had, and sum them up.

    Raises OverCredit when a posted line has less left than is to be credited.
    """
    if candidate.kind == Candidate.Kind.CREDIT_MEMO:
        _credit(candidate, pieces)
    else:
        _charge(candidate, pieces)


def _charge(candidate: Candidate, pieces: Sequence[Piece]) -> None:
    """Round once per line and remember each piece's share; tax is quoted later."""
    rows = Piece.objects.filter(pk__in=[piece.pk for piece in pieces]).select_related(
        "event", "event__resource", "event__schedule_item", "line"
    )
    billed = [_billed(piece) for piece in rows]
    printed = print_lines(
        billed,
        grouping=candidate.bill_to.line_grouping,  # type: ignore[arg-type]  # choices are the same words
        currency=candidate.currency,
        rounding=candidate.legal_entity.rounding,  # type: ignore[arg-type]  # choices are the same words
        rooms=[
            Room(
                left=cap.limit - cap.reserved - cap.committed,
                line_id=cap.line_id,
                includes_expenses=cap.line is not None and cap.line.method == Method.EXPENSE,
            )
            for cap in candidate.contract.caps.filter(kind=Cap.Kind.HARD).order_by("pk")
        ],
    )
    _replace(candidate, [(_line_of(line), dict(zip(line.piece_ids, line.shares, strict=True))) for line in printed])
    candidate.net = sum((line.net for line in printed), ZERO)
    candidate.tax = ZERO
    candidate.gross = candidate.net
    candidate.save()


Row = tuple[CandidateLine, dict[int, Decimal]]
"""A line, not stored yet, and the share of each piece in its net."""


def _replace(candidate: Candidate, rows: Sequence[Row]) -> None:
    """Store new lines in place of the old ones and put their pieces on them."""
    offset = candidate.lines.aggregate(last=Max("number"))["last"] or 0
    old = list(candidate.lines.values_list("pk", flat=True))
    for number, (line, shares) in enumerate(rows, start=offset + 1):
        line.candidate, line.number = candidate, number
        line.save()
        reserved = [
            Piece(pk=pk, state=Piece.State.RESERVED, candidate_line=line, net=net) for pk, net in shares.items()
        ]
        Piece.objects.bulk_update(reserved, ["state", "candidate_line", "net"], batch_size=1000)
    CandidateLine.objects.filter(pk__in=old).delete()
    if old:
        # Numbers start after the old lines' while both stand, then move to the front: lowest first, so never twice.
        for line_row in candidate.lines.order_by("number"):
            CandidateLine.objects.filter(pk=line_row.pk).update(number=F("number") - offset)


def _line_of(line: PrintedLine) -> CandidateLine:
    return CandidateLine(
        contract_line_id=line.contract_line_id,
        kind=line.kind,
        description=line.description[:250],
        hours=_hours(line.minutes),
        rate=line.rate,
        net=line.net,
        service_from=line.service_from,
        service_to=line.service_to,
    )


def _hours(minutes: Decimal | None) -> Decimal | None:
    return None if minutes is None else (minutes / 60).quantize(Decimal("0.0001"))


def _billed(piece: Piece) -> BilledPiece:
    work = piece.event
    who = work.resource.name if work.resource else ""
    if piece.amount is None or piece.line_id is None:
        raise ValueError(f"Piece {piece.pk} is billable without amount or line.")
    return BilledPiece(
        id=piece.pk,
        kind=work.kind,  # type: ignore[arg-type]  # choices are the same words
        contract_line_id=piece.line_id,
        service_date=work.schedule_item.period_from if work.schedule_item else work.service_date,
        service_to=work.schedule_item.last_day if work.schedule_item else None,
        minutes=piece.minutes,
        rate=piece.rate,
        amount=piece.amount,
        currency=piece.currency,
        description=work.description or (piece.line.name if piece.line else work.get_kind_display()),
        resource=work.resource.code if work.resource else "",
        resource_label=who,
        role=work.role or (work.resource.role if work.resource else ""),
        task_code=work.task_code,
        task_label=work.task_code,
    )


def _credit(candidate: Candidate, pieces: Sequence[Piece]) -> None:
    """One line per posted line: what is credited of it at its own rate and tax, the last one with all that is left."""
    rows = Piece.objects.filter(pk__in=[piece.pk for piece in pieces]).select_related(
        "event", "corrects__event", "corrects__candidate_line__invoice_line__invoice"
    )
    by_line: dict[int, list[Piece]] = {}
    for piece in rows.order_by("event__service_date", "pk"):
        by_line.setdefault(_original(piece).pk, []).append(piece)
    printed = [_credit_line(candidate, some) for some in by_line.values()]
    _replace(candidate, printed)
    candidate.net = sum((line.net for line, _ in printed), ZERO)
    candidate.tax = sum((line.tax for line, _ in printed), ZERO)
    candidate.gross = candidate.net + candidate.tax
    candidate.save()


def _original(piece: Piece) -> InvoiceLine:
    """The posted line that a credit is about."""
    if piece.corrects is None or piece.corrects.candidate_line is None:
        raise ValueError(f"Piece {piece.pk} credits nothing that is posted.")
    return piece.corrects.candidate_line.invoice_line


def _credit_line(candidate: Candidate, pieces: Sequence[Piece]) -> Row:
    original = _original(pieces[0])
    billed = original.candidate_line
    corrected = [piece.corrects for piece in pieces if piece.corrects is not None]
    shares = {piece.pk: -(posted.net or ZERO) for piece, posted in zip(pieces, corrected, strict=True)}
    net = -sum(shares.values(), ZERO)
    tax = credit_tax(
        left_of(original, but=candidate),
        net,
        currency=candidate.currency,
        rounding=candidate.legal_entity.rounding,  # type: ignore[arg-type]  # choices are the same words
    )
    timed = [piece.minutes for piece in pieces if piece.minutes is not None]
    days = [posted.event.service_date for posted in corrected]
    whole = net == original.net
    line = CandidateLine(
        contract_line_id=billed.contract_line_id,
        kind=billed.kind,
        description=f"{original.invoice.number}: {original.description}"[:250],
        hours=_hours(sum(timed, ZERO)) if timed else None,
        rate=billed.rate,
        net=-net,
        tax=-tax,
        tax_rate=billed.tax_rate,
        service_from=billed.service_from if whole else min(days),
        service_to=billed.service_to if whole else max(days),
        corrects=original,
    )
    return line, shares


def left_of(original: InvoiceLine, *, but: Candidate | None = None) -> Original:
    """A posted line and what credit memos, on their way or posted, take of it; without one of them."""
    rows = original.credits.exclude(candidate__status=Candidate.Status.DISSOLVED).exclude(candidate=but)
    sums = rows.aggregate(net_=Sum("net"), tax_=Sum("tax"))
    return Original(original.net, original.tax, -(sums["net_"] or ZERO), -(sums["tax_"] or ZERO))
