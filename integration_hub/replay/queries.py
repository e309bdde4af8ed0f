"""Replay plans read: which a person may see, totals per legal entity and currency, how far one is."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Count, Q, QuerySet, Sum

from integration_hub.effects.actions.again import Prospect
from integration_hub.people.models import User
from integration_hub.replay.models import Plan, PlanItem


@dataclass(slots=True)
class Total:
    """Items of one legal entity and currency, by what is foreseen or became of them."""

    legal_entity: str
    currency: str
    counts: dict[str, int] = field(default_factory=dict)
    amounts: dict[str, Decimal] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """All of them."""
        return sum(self.counts.values())

    @property
    def amount(self) -> Decimal | None:
        """Their money; None where items carry none."""
        return sum(self.amounts.values(), Decimal(0)) if self.amounts else None


def visible_to(user: User) -> QuerySet[Plan]:
    """Plans all of whose items are of the person's legal entities."""
    rows = Plan.objects.select_related("planned_by", "approved_by")
    if user.all_legal_entities:
        return rows
    return rows.filter(legal_entities__contained_by=list(user.legal_entities))


def items_of(plan: Plan) -> QuerySet[PlanItem]:
    """The items in the order they are taken."""
    return plan.items.order_by("number")


def totals(plan: Plan, by: str) -> list[Total]:
    """Totals per legal entity and currency; `by` is "prospect" or "outcome". One query."""
    rows = plan.items.exclude(**{by: ""}).order_by("legal_entity", "currency", by)
    found: dict[tuple[str, str], Total] = {}
    for row in rows.values("legal_entity", "currency", by).annotate(count=Count("pk"), money=Sum("amount")):
        key = (row["legal_entity"], row["currency"])
        total = found.setdefault(key, Total(*key))
        total.counts[row[by]] = row["count"]
        if row["money"] is not None:
            total.amounts[row[by]] = row["money"]
    return list(found.values())


def counts(totals: Iterable[Total]) -> dict[str, int]:
    """How many items per prospect or outcome."""
    found: dict[str, int] = {}
    for total in totals:
        for name, count in total.counts.items():
            found[name] = found.get(name, 0) + count
    return found


FULFILLED: dict[str, tuple[str, ...]] = {
    Prospect.CREATE: ("created",),
    Prospect.ASK: ("created", "noop"),
    Prospect.NOOP: ("noop",),
    Prospect.WINDOW: ("window", "created"),
    Prospect.WAITS: ("waits", "unknown", "created", "noop"),
    Prospect.APPROVAL: ("approval",),
    Prospect.CONFLICT: ("conflict",),
    Prospect.REFUSED: ("refused",),
    Prospect.CHANGED: ("changed",),
}
"""Outcomes that prove a prospect right; what had to wait may have been let go since."""


def hits(plan: Plan) -> tuple[int, int]:
    """(items that became what was foreseen, items of which the end is known)."""
    right = Q(pk__in=[])
    for prospect, outcomes in FULFILLED.items():
        right |= Q(prospect=prospect, outcome__in=outcomes)
    known = plan.items.exclude(outcome__in=["", PlanItem.Outcome.UNDER_WAY])
    found = known.aggregate(right=Count("pk", filter=right), known=Count("pk"))
    return found["right"], found["known"]


def waiting_for(user: User) -> QuerySet[Plan]:
    """Plans that wait for an approval this person may give, or stand still."""
    return visible_to(user).filter(state__in=[Plan.State.READY, Plan.State.PAUSED]).order_by("pk")
