"""The lines of a candidate: charges printed from their work, credits from the posted lines they take back (R6, R20)."""

import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Q
from django.db.models.fields.json import KeyTextTransform, KeyTransform

from billing.actions import deposit_ledger, deposit_lines, retention_lines
from billing.credited import original_of
from billing.engine.credits import credit_tax
from billing.engine.documents import BilledPiece, PrintedLine, Room, print_lines
from billing.engine.expenses import is_passed_on
from billing.engine.schedule import month_start
from billing.models import Candidate, CandidateLine, InvoiceLine, Piece
from contracts.models import Cap, Method
from integration_hub.console.wording import number as figure
from integration_hub.kernel.money import ZERO


def print_candidate(candidate: Candidate, pieces: Sequence[int]) -> None:
    """Print a candidate's lines over its pieces (ids), in place of those it had, and sum them up.

    Raises OverCredit when a posted line has less left than is to be credited.
    """
    if candidate.kind == Candidate.Kind.CREDIT_MEMO:
        _credit(candidate, pieces)
    else:
        _charge(candidate, pieces)


_BILLED = """
SELECT piece.id, event.kind, piece.line_id, coalesce(item.period_from, event.service_date), piece.minutes, piece.rate,
       piece.amount, piece.currency, coalesce(nullif(event.description, ''), line.name), coalesce(resource.code, ''),
       coalesce(resource.name, ''), coalesce(nullif(event.role, ''), resource.role, ''), event.task_code,
       item.period_to - 1,
       CASE WHEN event.kind = 'expense'
            THEN (SELECT trace -> 'steps' FROM billing_decision WHERE id = piece.decision_id) END,
       piece.adjusts_id
  FROM billing_piece AS piece
  JOIN billing_billableevent AS event ON event.id = piece.event_id
  LEFT JOIN contracts_contractline AS line ON line.id = piece.line_id
  LEFT JOIN contracts_resource AS resource ON resource.id = event.resource_id
  LEFT JOIN billing_scheduleitem AS item ON item.id = event.schedule_item_id
 WHERE piece.id = ANY(%s)
"""


def _charge(candidate: Candidate, pieces: Sequence[int]) -> None:
    """Round once per line and remember each piece's share; tax is quoted later."""
    billed = _billed(pieces)
    printed = print_lines(
        billed,
        grouping=candidate.bill_to.line_grouping,  # type: ignore[arg-type]  # choices are the same words
        currency=candidate.currency,
        rounding=candidate.legal_entity.rounding,  # type: ignore[arg-type]  # choices are the same words
        rooms=_rooms(candidate, {month_start(piece.service_date) for piece in billed}),
    )
    rows = [(_line_of(line), dict(zip(line.piece_ids, line.shares, strict=True))) for line in printed]
    kept = retention_lines.withholding(candidate, [line for line, _ in rows])
    ahead = deposit_lines.taking_off(candidate, [line for line, _ in rows], kept)
    _replace(candidate, [*rows, *((line, {}) for line in [*kept, *ahead])])
    candidate.retained = -sum((line.net for line in kept), ZERO)
    candidate.advanced = sum((line.net for line in ahead), ZERO)
    candidate.net = sum((line.net for line in printed), ZERO) - candidate.retained + candidate.advanced
    candidate.tax = ZERO
    candidate.gross = candidate.net
    candidate.save()


def _rooms(candidate: Candidate, months: set[date]) -> list[Room]:
    """What the hard caps of the contract have left, monthly ones in each month of the work."""
    rooms = []
    funded = frozenset(candidate.contract.lines.filter(method=Method.RETAINER_PREPAID).values_list("pk", flat=True))
    mine = Q(bill_to__isnull=True) | Q(bill_to=candidate.bill_to_id)
    caps = candidate.contract.caps.filter(mine, kind=Cap.Kind.HARD).prefetch_related("months", "line")
    for cap in caps.order_by("pk"):
        expenses = cap.includes_expenses or (cap.line is not None and cap.line.method == Method.EXPENSE)
        if cap.period == Cap.Period.TOTAL:
            rooms.append(Room(cap.limit - cap.reserved - cap.committed, cap.line_id, expenses, without=funded))
            continue
        used = {row.month: row.reserved + row.committed for row in cap.months.all()}
        rooms += [Room(cap.limit - used.get(at, ZERO), cap.line_id, expenses, at, funded) for at in sorted(months)]
    return rooms


Row = tuple[CandidateLine, dict[int, Decimal]]
"""A line, not stored yet, and the share of each piece in its net."""


_PLACE = """
UPDATE billing_piece AS piece SET state = 'reserved', candidate_line_id = placed.line, net = placed.net
  FROM unnest(%s::bigint[], %s::bigint[], %s::numeric[]) AS placed (piece, line, net)
 WHERE piece.id = placed.piece
"""


def _replace(candidate: Candidate, rows: Sequence[Row]) -> None:
    """Store new lines in place of the old ones and put their pieces on them."""
    Piece.objects.filter(candidate_line__candidate=candidate).update(
        state=Piece.State.BILLABLE, candidate_line=None, net=None
    )
    candidate.lines.all().delete()
    for number, (line, _) in enumerate(rows, start=1):
        line.candidate, line.number = candidate, number
    CandidateLine.objects.bulk_create([line for line, _ in rows])
    placed = [(pk, line.pk, net) for line, shares in rows for pk, net in shares.items()]
    with connection.cursor() as cursor:
        cursor.execute(_PLACE, [list(column) for column in zip(*placed, strict=True)] or [[], [], []])


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
        adjusts_id=line.adjusts,
    )


def _hours(minutes: Decimal | None) -> Decimal | None:
    return None if minutes is None else (minutes / 60).quantize(Decimal("0.0001"))


def _billed(pieces: Sequence[int]) -> list[BilledPiece]:
    """Pieces as they go to a printed line; plain rows, because a document may have tens of thousands."""
    with connection.cursor() as cursor:
        cursor.execute(_BILLED, [list(pieces)])
        rows = cursor.fetchall()
    found, differing = [], []
    for (
        pk, kind, line, on, minutes, rate, amount, currency, described, person, named, role, task, until, steps,
        adjusts,
    ) in rows:  # fmt: skip
        if amount is None or line is None:
            raise ValueError(f"Piece {pk} is billable without amount or line.")
        found.append(
            BilledPiece(
                id=pk, kind=_printed_as(kind, steps), contract_line_id=line, service_date=on, service_to=until,
                minutes=minutes, rate=rate, amount=amount, currency=currency, description=described, resource=person,
                resource_label=named, role=role, task_code=task, task_label=task,
            )
        )  # fmt: skip
        if adjusts is not None:
            differing.append(pk)
    return _as_differences(found, differing) if differing else found


def _as_differences(billed: Sequence[BilledPiece], differing: Collection[int]) -> list[BilledPiece]:
    """Those that bill what posted work is short of its price of today name the line that billed it."""
    rows = Piece.objects.filter(pk__in=differing).select_related("adjusts__candidate_line__invoice_line__invoice")
    now = KeyTextTransform("now", KeyTransform("retro", "decision__trace"))
    found = {piece.pk: piece for piece in rows.annotate(now=now)}
    return [_difference(one, found[one.id]) if one.id in found else one for one in billed]


def _difference(billed: BilledPiece, piece: Any) -> BilledPiece:
    """What is printed of a difference: no time, which is on the line that it adds to, but both prices."""
    posted = piece.adjusts
    line = posted.candidate_line.invoice_line
    was, now = posted.rate, Decimal(piece.now)
    worded = f", {figure(now)} instead of {figure(was)} per hour" if was is not None else ""
    return replace(
        billed,
        minutes=None,
        rate=None,
        description=f"{line.invoice.number} line {line.number}: new price{worded}. {line.description}",
        adjusts=line.pk,
    )


def _printed_as(kind: Any, steps: str | None) -> Any:
    """The kind of a line; `steps` are those of an expense's price, as JSON."""
    return "passed_on" if steps and is_passed_on(json.loads(steps)) else kind


def _credit(candidate: Candidate, pieces: Sequence[int]) -> None:
    """One line per posted line: what is credited of it at its own rate and tax, the last one with all that is left."""
    rows = Piece.objects.filter(pk__in=pieces).select_related(
        "event", "corrects__event", "corrects__candidate_line__invoice_line__invoice"
    )
    by_line: dict[int, list[Piece]] = {}
    for piece in rows.order_by("event__service_date", "pk"):
        by_line.setdefault(_original(piece).pk, []).append(piece)
    printed = [_credit_line(candidate, some) for some in by_line.values()]
    _store_credit(candidate, printed)


def print_conceded(candidate: Candidate, nets: Sequence[tuple[InvoiceLine, Decimal]]) -> None:
    """Print a credit memo of these nets over posted lines whose work stays billed.

    Raises OverCredit when a posted line has less left than is to be credited.
    """
    _store_credit(candidate, [(_conceded_line(candidate, original, net), {}) for original, net in nets])


def _store_credit(candidate: Candidate, credited: Sequence[Row]) -> None:
    given = retention_lines.giving_back(candidate, [line for line, _ in credited])
    advanced = deposit_lines.giving_back(candidate, [line for line, _ in credited])
    printed: list[Row] = [*credited, *((line, {}) for line in [*given, *advanced])]
    _replace(candidate, printed)
    candidate.retained = -sum((line.net for line in given), ZERO)
    candidate.advanced = sum((line.net for line, _ in printed if line.kind == deposit_ledger.KIND), ZERO)
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
    corrected = [piece.corrects for piece in pieces if piece.corrects is not None]
    shares = {piece.pk: -(posted.net or ZERO) for piece, posted in zip(pieces, corrected, strict=True)}
    line = _over(candidate, original, -sum(shares.values(), ZERO))
    timed = [piece.minutes for piece in pieces if piece.minutes is not None]
    line.hours, line.rate = _hours(sum(timed, ZERO)) if timed else None, original.candidate_line.rate
    if line.net != -original.net:
        days = [posted.event.service_date for posted in corrected]
        line.service_from, line.service_to = min(days), max(days)
    return line, shares


def _conceded_line(candidate: Candidate, original: InvoiceLine, net: Decimal) -> CandidateLine:
    """Hours and rate are shown where the line goes back whole; else the amount is all there is to say."""
    line, billed = _over(candidate, original, net), original.candidate_line
    if net == original.net and billed.hours is not None:
        line.hours, line.rate = -billed.hours, billed.rate
    return line


def _over(candidate: Candidate, original: InvoiceLine, net: Decimal) -> CandidateLine:
    """A line that credits a net of a posted one with its tax; not stored yet."""
    billed = original.candidate_line
    tax = credit_tax(
        original_of(original, but=candidate),
        net,
        currency=candidate.currency,
        rounding=candidate.legal_entity.rounding,  # type: ignore[arg-type]  # choices are the same words
    )
    return CandidateLine(
        contract_line_id=billed.contract_line_id,
        kind=billed.kind,
        description=f"{original.invoice.number}: {original.description}"[:250],
        net=-net,
        tax=-tax,
        tax_rate=billed.tax_rate,
        service_from=billed.service_from,
        service_to=billed.service_to,
        corrects=original,
    )
