"""Every hour in one bucket: delivered time by what was decided about it, per legal entity, against what came in."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, F, Q, QuerySet, Sum

from billing.models import BillableEvent, Piece
from contracts.models import LegalEntity
from integration_hub.intake.models import SourceVersion

ZERO = Decimal(0)
MINUTES = Decimal(60)
TIME = ("time_entry", "time_approval")
UNRESOLVED = ("parked", "refused", "conflict")


@dataclass(frozen=True, slots=True)
class Bucket:
    """Hours in one state for one reason, and their money where they have a price. `code` joins several by +."""

    state: str
    code: str
    currency: str
    entries: int
    minutes: Decimal
    amount: Decimal

    @property
    def hours(self) -> Decimal:
        """To the hundredth, for people; sums are compared in minutes."""
        return to_hours(self.minutes)


@dataclass(frozen=True, slots=True)
class Account:
    """The hours of one legal entity (empty: of work without a contract). `astray` entries have other hours in buckets
    than they came with; they count even where they cancel each other out in the sum.
    """

    legal_entity: str
    entries: int
    minutes: Decimal
    buckets: tuple[Bucket, ...]
    astray: int

    @property
    def in_buckets(self) -> Decimal:
        """Minutes in all buckets."""
        return sum((bucket.minutes for bucket in self.buckets), ZERO)

    @property
    def agrees(self) -> bool:
        """Whether every entry is in buckets with exactly its own hours."""
        return self.astray == 0 and self.minutes == self.in_buckets


def to_hours(minutes: Decimal) -> Decimal:
    """Minutes as hours to the hundredth."""
    return (minutes / MINUTES).quantize(Decimal("0.01"))


def accounts(legal_entity: str = "") -> list[Account]:
    """Accounts of all legal entities with time, work without a contract last; or of one. Raises LookupError."""
    rows = LegalEntity.objects.order_by("code")
    if legal_entity:
        rows = rows.filter(code=legal_entity)
        if not rows:
            known = ", ".join(LegalEntity.objects.values_list("code", flat=True)) or "none"
            raise LookupError(f"No legal entity {legal_entity!r}. There are: {known}.")
    entities: list[LegalEntity | None] = [*rows, *([] if legal_entity else [None])]
    found = [_account(entity) for entity in entities]
    return [account for account in found if account.entries or account.buckets]


def _account(entity: LegalEntity | None) -> Account:
    events = BillableEvent.objects.filter(legal_entity=entity, kind="time", is_current=True, is_deleted=False)
    sums = events.aggregate(entries=Count("pk"), minutes=Sum("minutes"))
    placed = events.annotate(placed=Sum("pieces__minutes", filter=Q(pieces__is_current=True)))
    astray = placed.filter(Q(placed__isnull=True) | ~Q(placed=F("minutes"))).count()
    code = entity.code if entity is not None else ""
    return Account(code, sums["entries"], sums["minutes"] or ZERO, tuple(_buckets(events)), astray)


def _buckets(events: "QuerySet[BillableEvent]") -> list[Bucket]:
    order = {state: number for number, state in enumerate(Piece.State.values)}
    rows = (
        Piece.objects.filter(event__in=events, is_current=True)
        .order_by()
        .values("state", "codes", "currency")
        .annotate(entries=Count("event", distinct=True), minutes=Sum("minutes"), amount=Sum("amount"))
    )
    found = [
        Bucket(
            row["state"],
            " + ".join(row["codes"]),
            row["currency"],
            row["entries"],
            row["minutes"] or ZERO,
            row["amount"] or ZERO,
        )
        for row in rows
    ]
    return sorted(found, key=lambda bucket: (order[bucket.state], bucket.code, bucket.currency))


def at_intake() -> dict[str, int]:
    """Time records that are in no account yet, because a person or another record must come first: by status."""
    rows = SourceVersion.objects.filter(entity__in=TIME, status__in=UNRESOLVED)
    return dict(rows.order_by("status").values_list("status").annotate(Count("pk")))
