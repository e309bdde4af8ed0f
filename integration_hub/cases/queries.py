"""Which cases wait, for whom, and what they hold up."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, DecimalField, F, IntegerField, Min, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from integration_hub.cases.models import Case, Member
from integration_hub.people.models import User
from integration_hub.people.scope import scoped

Amounts = dict[str, Decimal]
"""Per currency; amounts are never summed across currencies."""


def visible_to(user: User) -> QuerySet[Case]:
    """Every case of the user's legal entities, resolved ones too."""
    return scoped(Case.objects.all(), user, "legal_entity")


def open_for(user: User) -> QuerySet[Case]:
    """Open cases of the user's legal entities."""
    return visible_to(user).filter(status__in=Case.OPEN_STATES)


def with_held(cases: QuerySet[Case]) -> QuerySet[Any]:
    """Annotates `held`, the largest open sum in one currency (to order by), its currency, and `held_count`."""
    members = Member.objects.filter(case=OuterRef("pk"), is_open=True)
    sums = members.exclude(amount=None).values("currency").annotate(total=Sum("amount")).order_by("-total", "currency")
    counted = members.order_by().values("case").annotate(count=Count("pk")).values("count")
    zero = Value(Decimal(0), output_field=DecimalField(max_digits=24, decimal_places=6))
    return cases.annotate(
        held=Coalesce(Subquery(sums.values("total")[:1]), zero),
        held_currency=Subquery(sums.values("currency")[:1]),
        held_count=Coalesce(Subquery(counted), Value(0), output_field=IntegerField()),
    )


def queue(user: User, *, mine: bool = False, role: str = "", code: str = "") -> QuerySet[Any]:
    """The work queue: most money first, then worst, then oldest. Snoozed ones are left out."""
    rows = open_for(user).exclude(status=Case.Status.SNOOZED)
    if mine:
        rows = rows.filter(assigned_to=user)
    if role:
        rows = rows.filter(owner_role=role)
    if code:
        rows = rows.filter(code=code)
    return with_held(rows).select_related("assigned_to").order_by("-held", "severity", "first_seen_at", "pk")


def money_of(case_ids: Iterable[int]) -> dict[int, Amounts]:
    """What each case holds up, per currency; one query."""
    rows = Member.objects.filter(case__in=list(case_ids), is_open=True).exclude(amount=None)
    held: dict[int, Amounts] = {}
    for row in rows.values("case_id", "currency").annotate(total=Sum("amount")).order_by("case_id", "currency"):
        held.setdefault(row["case_id"], {})[row["currency"]] = row["total"]
    return held


def for_target(target_type: str, target_id: object) -> QuerySet[Case]:
    """Open cases that hold up one thing."""
    members = Member.objects.filter(target_type=target_type, target_id=str(target_id), is_open=True)
    return Case.objects.filter(pk__in=members.values("case"), status__in=Case.OPEN_STATES).order_by("severity", "pk")


def for_targets(target_type: str, target_ids: Iterable[object]) -> dict[str, list[Case]]:
    """Open cases per target, for lists; one query."""
    ids = [str(target_id) for target_id in target_ids]
    members = Member.objects.filter(target_type=target_type, target_id__in=ids, is_open=True).select_related("case")
    found: dict[str, list[Case]] = {}
    for member in members.order_by("case__severity", "case_id"):
        found.setdefault(member.target_id, []).append(member.case)
    return found


@dataclass(frozen=True, slots=True)
class CodeTotal:
    """Open cases of one code with what they hold up."""

    code: str
    count: int
    oldest: datetime
    members: int
    money: Amounts


def totals_by_code(user: User | None = None) -> list[CodeTotal]:
    """Open cases by code, worst first; `None` counts all legal entities."""
    rows = Case.objects.filter(status__in=Case.OPEN_STATES) if user is None else open_for(user)
    members = Member.objects.filter(case_id__in=rows.values("pk"), is_open=True)
    counts = {row["case__code"]: row["n"] for row in members.values("case__code").annotate(n=Count("pk"))}
    money: dict[str, Amounts] = {}
    sums = members.exclude(amount=None).values("currency", code=F("case__code")).annotate(total=Sum("amount"))
    for row in sums.order_by("code", "currency"):
        money.setdefault(row["code"], {})[row["currency"]] = row["total"]
    grouped = rows.order_by().values("code", "severity").annotate(count=Count("pk"), oldest=Min("first_seen_at"))
    return [
        CodeTotal(row["code"], row["count"], row["oldest"], counts.get(row["code"], 0), money.get(row["code"], {}))
        for row in grouped.order_by("severity", "code")
    ]
