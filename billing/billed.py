"""What of contracts' work is posted, by work key, and under which prices it was compared with its terms last."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.fields.json import KeyTextTransform, KeyTransform

from billing.credited import is_conceded
from billing.engine.values import ZERO, BilledPart, Terms
from billing.models import Candidate, ComparedTerms, Piece
from integration_hub.kernel.clock import now
from integration_hub.kernel.ids import content_hash

Key = tuple[int, str]
"""(contract, work key)."""


def standing(contracts: Collection[int]) -> QuerySet[Piece]:
    """Posted pieces of contracts that no credit on its way or posted takes back, and nothing of which is conceded."""
    locked = Piece.objects.filter(corrects=OuterRef("pk"), is_current=True, state__in=Piece.LOCKED)
    rows = Piece.objects.filter(contract__in=list(contracts), is_current=True, state=Piece.State.POSTED)
    return rows.filter(corrects__isnull=True).exclude(Exists(locked)).exclude(is_conceded())


def taken(contracts: Collection[int]) -> QuerySet[Piece]:
    """Pieces of contracts that are billed, or on their way to the ERP, and that no posted credit took back."""
    billed = Q(state=Piece.State.POSTED) | Q(
        state=Piece.State.RESERVED, candidate_line__candidate__status=Candidate.Status.POSTING
    )
    return Piece.objects.filter(billed, contract__in=list(contracts), is_current=True, corrects__isnull=True)


def parts(contracts: Collection[int], *, everything: Collection[int]) -> dict[Key, tuple[BilledPart, ...]]:
    """The posted parts of each work that stand: all of the contracts in `everything`, of others where the work moved.

    Work has moved when it has a later version, was taken back, or has pieces that are not locked.
    """
    undecided = Piece.objects.filter(event=OuterRef("event"), is_current=True).exclude(state__in=Piece.LOCKED)
    moved = Q(event__is_current=False) | Exists(undecided)
    found: dict[Key, list[BilledPart]] = {}
    for key, part in read(standing(contracts).filter(Q(contract__in=list(everything)) | moved)):
        found.setdefault(key, []).append(part)
    return {key: tuple(some) for key, some in found.items()}


_ADJUSTMENTS = Piece.objects.filter(adjusts=OuterRef("pk"), is_current=True, state__in=["reserved", "posted"])
_DIFFERENCES = Subquery(_ADJUSTMENTS.order_by().values("adjusts").annotate(total=Sum("amount")).values("total"))


def read(rows: QuerySet[Piece]) -> Iterable[tuple[Key, BilledPart]]:
    """Pieces that were posted, in the order of their ids, as the engine compares work with them."""
    values = rows.order_by("pk").values(
        "pk", "contract_id", "event_id", "line_id", "minutes", "rate", "amount", "bill_to_id", "percent",
        "adjusts_id", "event__work_key",
        "event__service_date", "event__minutes",
        role=KeyTextTransform("role", KeyTransform("filing", "decision__trace")),
        worth=KeyTextTransform("amount", KeyTransform(-1, KeyTransform("steps", "decision__trace"))),
        adjusted=_DIFFERENCES, moving=Exists(_ADJUSTMENTS.filter(state=Piece.State.RESERVED)),
    )  # fmt: skip
    for row in values.iterator(chunk_size=5000):
        yield (
            (row["contract_id"], row["event__work_key"]),
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
                payer_id=row["bill_to_id"],
                percent=None if row["percent"] is None else row["percent"].normalize(),
                adjusts=row["adjusts_id"],
                adjusted=row["adjusted"] or ZERO,
                moving=row["moving"],
            ),
        )


def _decimal(text: Any) -> Decimal | None:
    """The exact amount a trace names; None where it has none."""
    try:
        return None if text is None else Decimal(text)
    except InvalidOperation:
        return None


def basis(terms: Terms) -> str:
    """What decides the price of work that is billed already and what becomes of a difference: lines, prices, the
    contract's days and its way with prices for the past, not its limits.
    """
    found = [terms.rate_precedence, terms.rate_order, terms.quotes is not None, terms.markup_base, terms.retro_mode]
    priced = [terms.currency, found, terms.starts_on, terms.ends_on, terms.rules_version]
    shared = [[asdict(split) for split in terms.splits]] if terms.splits else []
    return content_hash([priced, [asdict(line) for line in terms.lines], [_plain(row) for row in terms.rates], *shared])


def _plain(value: Any) -> dict[str, Any]:
    """The fields of a flat value: many times faster than `asdict`."""
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def to_compare(bases: Mapping[int, str]) -> dict[int, str]:
    """Of contracts with the basis of their prices, those whose posted work was not compared with exactly these yet.

    Their rows are locked: an invoice that the ERP confirms meanwhile is posted before the comparison, or overtaken by
    it.
    """
    rows = ComparedTerms.objects.select_for_update(no_key=True).filter(contract__in=list(bases))
    known = dict(rows.order_by("contract").values_list("contract_id", "basis"))
    return {contract: text for contract, text in bases.items() if known.get(contract) != text}


def note_compared(bases: Mapping[int, str]) -> None:
    """Remember that it was."""
    moment = now()
    ComparedTerms.objects.bulk_create(
        [ComparedTerms(contract_id=contract, basis=text, at=moment) for contract, text in sorted(bases.items())],
        update_conflicts=True,
        unique_fields=["contract"],
        update_fields=["basis", "at"],
    )


def overtaken(candidate: Candidate) -> bool:
    """Whether posted work was compared with other prices after a candidate was built and before it is posted.

    What was on its way was not part of that, so all of the contract is to be compared once more. Waits for a comparison
    that is going on.
    """
    known = ComparedTerms.objects.select_for_update(no_key=True).filter(contract=candidate.contract_id).first()
    if known is None or known.at < candidate.created_at:
        return False
    ComparedTerms.objects.filter(pk=known.pk).update(basis="")
    return True
