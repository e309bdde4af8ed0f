"""Hour retainers: what decisions cover by the hours of a month, kept in a ledger of each month (R3, R10).

The decision says what of each entry the fee covers; in its transaction the ledger is brought to that. Late work opens
the ledger of its month again: what that changes in later months is carried on by further entries.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from django.db.models import Sum

from billing.actions import ledger
from billing.actions.ledger import Key
from billing.engine.retainers import Opening, close_month, first_opening, next_opening
from billing.engine.schedule import month_start, next_month
from billing.engine.values import Line, Terms
from billing.models import Piece, RetainerAccount, RetainerEntry
from integration_hub.kernel.clock import today
from integration_hub.kernel.money import ZERO

KIND = RetainerEntry.Kind
NOT_ACTIVE = ("draft", "in_review", "signed")
Uses = Mapping[date, Mapping[int, Decimal]]
"""Minutes covered, by month and event."""


def settle(agreed: Mapping[int, Terms], *, causes: Mapping[int, str]) -> None:
    """Bring the ledgers of contracts' hour retainers to what their current decisions cover, each for its cause."""
    lines = {
        line.id: (terms, line)
        for terms in agreed.values()
        for line in terms.lines
        if line.method == "retainer_hours" and line.included_minutes and terms.status not in NOT_ACTIVE
    }
    uses = _uses(lines)
    for pk, (terms, line) in sorted(lines.items()):
        months = _months(line, terms, uses[pk])
        if months:
            _settle(line, _wanted(line, months, uses[pk]), causes[terms.contract_id])


def _uses(lines: Collection[int]) -> Mapping[int, dict[date, dict[int, Decimal]]]:
    """What the current decisions cover, by line."""
    found: dict[int, dict[date, dict[int, Decimal]]] = defaultdict(dict)
    if not lines:
        return found
    pieces = Piece.objects.filter(line__in=list(lines), state=Piece.State.INCLUDED, is_current=True, minutes__gt=0)
    keys = ("line", "event__service_date", "event")
    for line, day, event, minutes in pieces.order_by(*keys).values_list(*keys).annotate(total=Sum("minutes")):
        found[line].setdefault(month_start(day), {})[event] = minutes
    return found


def _months(line: Line, terms: Terms, uses: Uses) -> list[date]:
    """Every month with a bucket: from the first one, of the line or of use, to that of today or of the last use."""
    start = line.starts_on or terms.starts_on
    first = min([month_start(start)] if start else [], default=None)
    known = sorted([*uses, *([first] if first else [])])
    if not known:
        return []
    ends = line.ends_on or terms.ends_on
    until = month_start(min(today(), ends) if ends else today())
    months, at = [], known[0]
    while at <= max(until, known[-1]):
        months.append(at)
        at = next_month(at)
    return months


def _wanted(line: Line, months: Sequence[date], uses: Uses) -> dict[date, dict[Key, Decimal]]:
    """What each month's ledger must add up to: it opens with what the last left, and a month that is over is closed."""
    found, opening = {}, first_opening(line, months[0])
    for month in months:
        use = uses.get(month, {})
        over = month < max(month_start(today()), months[-1])
        found[month] = _moves(line, opening, use, over=over)
        if over:
            opening = next_opening(line, close_month(line, opening, sum(use.values(), ZERO)), next_month(month))
    return found


def _moves(line: Line, opening: Opening, use: Mapping[int, Decimal], *, over: bool) -> dict[Key, Decimal]:
    moves = {Key(KIND.DRAW, event_id=event): -minutes for event, minutes in use.items()}
    moves |= {
        Key(KIND.GRANT): opening.fresh,
        Key(KIND.CARRY_IN): opening.carried,
        Key(KIND.OWED_IN): -opening.owed,
    }
    if over:
        closing = close_month(line, opening, sum(use.values(), ZERO))
        moves |= {
            Key(KIND.GRANT): opening.fresh + closing.added,
            Key(KIND.CARRY_OUT): -closing.carried_out,
            Key(KIND.OWED_OUT): closing.owed,
            Key(KIND.FORFEIT): -closing.forfeited,
        }
    return {key: amount for key, amount in moves.items() if amount}


def _settle(line: Line, wanted: Mapping[date, Mapping[Key, Decimal]], cause: str) -> None:
    floor = _floor(line)
    accounts = {row.month: row for row in RetainerAccount.objects.filter(line=line.id, month__isnull=False)}
    missing = [RetainerAccount(line_id=line.id, month=month, floor=floor) for month in wanted if month not in accounts]
    accounts |= {row.month: row for row in RetainerAccount.objects.bulk_create(missing)}
    moved = _agree(accounts.values(), floor)
    ledger.settle({row.pk: wanted.get(month, {}) for month, row in accounts.items() if month}, cause=cause)
    RetainerAccount.objects.filter(pk__in=moved).update(floor=floor)


def _agree(accounts: Iterable[RetainerAccount], floor: Decimal | None) -> list[int]:
    """Another deficit is agreed: while the ledger follows, the accounts it stood in may go as low as they are."""
    moved = [row.pk for row in accounts if row.floor != floor]
    RetainerAccount.objects.filter(pk__in=moved).update(floor=None)
    return moved


def _floor(line: Line) -> Decimal | None:
    if line.overage != "carry_deficit":
        return ZERO
    return None if line.deficit_limit_minutes is None else -line.deficit_limit_minutes
