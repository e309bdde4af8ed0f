"""What of a contract's work is locked or posted, by work key: over all versions of it, credits counted negative."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.db.models.fields.json import KeyTextTransform, KeyTransform

from billing.engine.values import BilledPart, Terms
from billing.models import BillableEvent, ComparedTerms, Piece
from contracts.models import Contract
from integration_hub.kernel.clock import now
from integration_hub.kernel.ids import content_hash
from integration_hub.kernel.money import ZERO


@dataclass(frozen=True, slots=True)
class Taken:
    """What locked pieces took of a work; `pieces` are the charges among them that no credit among them takes back."""

    minutes: Decimal = ZERO
    amount: Decimal = ZERO
    pieces: int = 0


def taken(contract: Contract | None) -> dict[str, Taken]:
    """What is locked of each work of a contract."""
    if contract is None:
        return {}
    rows = Piece.objects.filter(contract=contract, is_current=True, state__in=Piece.LOCKED)
    sums = rows.order_by().values_list("event__work_key").annotate(
        minutes=Sum("minutes"), amount=Sum("amount"), pieces=Count("pk") - 2 * Count("corrects")
    )  # fmt: skip
    return {key: Taken(minutes or ZERO, amount or ZERO, pieces) for key, minutes, amount, pieces in sums}


def standing(contract: Contract) -> QuerySet[Piece]:
    """Posted pieces of a contract that no credit on its way or posted takes back."""
    locked = Piece.objects.filter(corrects=OuterRef("pk"), is_current=True, state__in=Piece.LOCKED)
    posted = Piece.objects.filter(contract=contract, is_current=True, state=Piece.State.POSTED, corrects__isnull=True)
    return posted.exclude(Exists(locked))


def parts(contract: Contract, *, everything: bool) -> dict[str, tuple[BilledPart, ...]]:
    """The posted parts of each work that stand; unless `everything` is asked for, only of works that moved since.

    Those have a later version, were taken back, or have pieces that are not locked.
    """
    rows = standing(contract)
    if not everything:
        undecided = Piece.objects.filter(event=OuterRef("event"), is_current=True).exclude(state__in=Piece.LOCKED)
        rows = rows.filter(Q(event__is_current=False) | Exists(undecided))
    found: dict[str, list[BilledPart]] = {}
    for key, part in _read(rows):
        found.setdefault(key, []).append(part)
    return {key: tuple(some) for key, some in found.items()}


def _read(rows: QuerySet[Piece]) -> Iterable[tuple[str, BilledPart]]:
    values = rows.order_by("pk").values(
        "pk", "event_id", "line_id", "minutes", "rate", "amount", "event__work_key", "event__service_date",
        "event__minutes", role=KeyTextTransform("role", KeyTransform("filing", "decision__trace")),
        worth=KeyTextTransform("amount", KeyTransform(-1, KeyTransform("steps", "decision__trace"))),
    )  # fmt: skip
    for row in values.iterator(chunk_size=5000):
        yield (
            row["event__work_key"],
            BilledPart(
                piece_id=row["pk"],
                event_id=row["event_id"],
                line_id=row["line_id"],
                service_date=row["event__service_date"],
                role=row["role"] or "",
                minutes=row["minutes"],
                rate=row["rate"],
                amount=row["amount"],
                worked=row["event__minutes"],
                worth=_decimal(row["worth"]),
            ),
        )


def _decimal(text: Any) -> Decimal | None:
    """The exact amount a trace names; None where it has none."""
    try:
        return None if text is None else Decimal(text)
    except InvalidOperation:
        return None


def events_of(found: Iterable[tuple[BilledPart, ...]]) -> dict[int, BillableEvent]:
    """The versions that works without a current one were billed from."""
    ids = [some[0].event_id for some in found]
    return BillableEvent.objects.select_related("resource").in_bulk(ids)


def basis(terms: Terms) -> str:
    """What decides the price of work that is billed already: lines, prices and the contract's days, not its limits."""
    priced = [terms.currency, terms.rate_precedence, terms.starts_on, terms.ends_on, terms.rules_version]
    return content_hash([priced, [_plain(line) for line in terms.lines], [_plain(row) for row in terms.rates]])


def _plain(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def is_compared(contract: Contract, terms: Terms) -> bool:
    """Whether the posted work of a contract was compared with exactly these prices already."""
    return ComparedTerms.objects.filter(contract=contract, basis=basis(terms)).exists()


def note_compared(contract: Contract, terms: Terms) -> None:
    """Remember that it was."""
    ComparedTerms.objects.update_or_create(contract=contract, defaults={"basis": basis(terms), "at": now()})
