"""Which cases wait, for whom, and what they hold up."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import (
    Count,
    DateTimeField,
    DecimalField,
    DurationField,
    ExpressionWrapper,
    F,
    IntegerField,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    TextField,
    Value,
)
from django.db.models.functions import Cast, Coalesce, ExtractDay, Greatest, JSONObject

from integration_hub.cases.models import Case, Member
from integration_hub.cases.policies import PERMISSION
from integration_hub.kernel.clock import now
from integration_hub.kernel.money import Money
from integration_hub.people import roles
from integration_hub.people.models import User
from integration_hub.people.scope import scoped

Amounts = dict[str, Decimal]
"""Per currency; amounts are never summed across currencies."""
Key = tuple[str, str]
"""(code, root cause): there is at most one case of each."""
NEAR = timedelta(hours=4)
"""So long before its deadline a case is marked, and its owner told."""

_IS_OPEN = "SELECT EXISTS (SELECT 1 FROM hub_cases_case WHERE code = %s AND root_cause = %s AND status = ANY(%s))"

_CONCERNED = """
SELECT EXISTS (SELECT 1 FROM hub_cases_member WHERE target_type = %s AND target_id = %s AND is_open)
    OR EXISTS (SELECT 1 FROM unnest(%s::text[], %s::text[]) AS asked (code, root_cause)
                 JOIN hub_cases_case AS found USING (code, root_cause) WHERE found.status = ANY(%s))
"""


def visible_to(user: User) -> QuerySet[Case]:
    """Every case of the user's legal entities, resolved ones too."""
    return scoped(Case.objects.all(), user, "legal_entity")


def open_for(user: User) -> QuerySet[Case]:
    """Open cases of the user's legal entities."""
    return visible_to(user).filter(status__in=Case.OPEN_STATES)


def of_keys(keys: Iterable[Key]) -> Q:
    """The cases of these codes and root causes."""
    by_code: dict[str, list[str]] = {}
    for code, root_cause in keys:
        by_code.setdefault(code, []).append(root_cause)
    which = Q(pk__in=[])
    for code, root_causes in by_code.items():
        which |= Q(code=code, root_cause__in=root_causes)
    return which


def is_open(*, code: str, root_cause: str) -> bool:
    """Whether the case of a cause is open, by one cheap statement: asked with every webhook."""
    with connection.cursor() as cursor:
        cursor.execute(_IS_OPEN, [code, root_cause, list(Case.OPEN_STATES)])
        return bool(cursor.fetchone()[0])


def is_concerned(target_type: str, target_id: object, keys: Iterable[Key] = ()) -> bool:
    """Whether an open case holds a thing up, or one of these cases is open; one cheap statement, for each good end."""
    codes, root_causes = map(list, zip(*keys, strict=True)) if (keys := list(keys)) else ([], [])
    with connection.cursor() as cursor:
        cursor.execute(_CONCERNED, [target_type, str(target_id), codes, root_causes, list(Case.OPEN_STATES)])
        return bool(cursor.fetchone()[0])


def open_among(keys: Iterable[Key]) -> set[Key]:
    """Which of these cases are open; one query."""
    rows = Case.objects.filter(of_keys(keys), status__in=Case.OPEN_STATES)
    return set(rows.order_by().values_list("code", "root_cause"))


def scopes_with_members(*, codes: Iterable[str], scopes: Iterable[str]) -> set[str]:
    """Which of these passes have open members in cases of these codes."""
    rows = Member.objects.filter(scope__in=list(scopes), is_open=True, case__code__in=list(codes))
    return set(rows.order_by().values_list("scope", flat=True).distinct())


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


def with_money(cases: QuerySet[Any]) -> QuerySet[Any]:
    """Annotates `held_by_currency`: [{"currency", "basis", "total" as text}], exact, per currency and basis."""
    members = Member.objects.filter(case=OuterRef("pk"), is_open=True).exclude(amount=None)
    sums = members.order_by("currency", "basis").values("currency", "basis").annotate(total=Sum("amount"))
    as_rows = sums.values(row=JSONObject(currency="currency", basis="basis", total=Cast("total", TextField())))
    annotated: QuerySet[Any] = cases.annotate(held_by_currency=ArraySubquery(as_rows))
    return annotated


def with_urgency(cases: QuerySet[Any]) -> QuerySet[Any]:
    """Annotates `urgency`: money × severity × age in days, the order of the queue. Needs `with_held`.

    Ages are counted up to the start of today, so that the order holds still while somebody pages through it.
    """
    midnight = Value(now().replace(hour=0, minute=0, second=0, microsecond=0), output_field=DateTimeField())
    waited = ExpressionWrapper(midnight - F("first_seen_at"), output_field=DurationField())
    days = Greatest(ExtractDay(waited), Value(0)) + Value(1)
    weight = ExpressionWrapper(
        (F("held") + Value(Decimal(1))) * (Value(5) - F("severity")) * days,
        output_field=DecimalField(max_digits=30, decimal_places=6),
    )
    annotated: QuerySet[Any] = cases.annotate(urgency=weight)
    return annotated


def handlers() -> QuerySet[User]:
    """People who may own a case, by name."""
    return roles.holders(PERMISSION).order_by("first_name", "last_name", "username")


def of_person(user: User) -> Q:
    """The cases a person has, or stands in for now."""
    return Q(assigned_to=user) | Q(delegate=user, delegate_until__gt=now())


VIEWS = {"mine": "Mine", "role": "My role's", "all": "All open", "waiting": "Waiting", "done": "Done"}
"""How the queue is split."""


def view_condition(view: str, user: User) -> Q:
    """Which cases a view of the queue shows."""
    at_work = Q(status__in=[Case.Status.OPEN, Case.Status.ASSIGNED, Case.Status.IN_PROGRESS])
    return {
        "mine": at_work & of_person(user),
        "role": at_work & Q(owner_role=user.role),
        "all": Q(status__in=Case.OPEN_STATES),
        "waiting": Q(status__in=[Case.Status.WAITING, Case.Status.SNOOZED]),
        "done": Q(status=Case.Status.RESOLVED),
    }[view]


def counts_by_view(user: User) -> dict[str, int]:
    """How many cases each view but the last shows; one query."""
    shown = [view for view in VIEWS if view != "done"]
    wanted = {view: Count("pk", filter=view_condition(view, user)) for view in shown}
    return open_for(user).aggregate(**wanted)


def queue(user: User, *, mine: bool = False, role: str = "", code: str = "") -> QuerySet[Any]:
    """The work queue: most money first, then worst, then oldest. Snoozed ones are left out."""
    rows = open_for(user).exclude(status=Case.Status.SNOOZED)
    if mine:
        rows = rows.filter(of_person(user))
    if role:
        rows = rows.filter(owner_role=role)
    if code:
        rows = rows.filter(code=code)
    return (
        with_held(rows).select_related("assigned_to", "delegate").order_by("-held", "severity", "first_seen_at", "pk")
    )


def money_of(case_ids: Iterable[int]) -> dict[int, list[Money]]:
    """What each case holds up, per currency and basis; one query."""
    rows = Member.objects.filter(case__in=list(case_ids), is_open=True).exclude(amount=None)
    held: dict[int, list[Money]] = {}
    sums = rows.values("case_id", "currency", "basis").annotate(total=Sum("amount"))
    for row in sums.order_by("case_id", "currency", "basis"):
        held.setdefault(row["case_id"], []).append(_money(row))
    return held


def money_behind(cases: QuerySet[Any]) -> list[Money]:
    """What some cases hold up together, per currency and basis: net and gross do not add up. One query."""
    rows = Member.objects.filter(case__in=cases.order_by().values("pk"), is_open=True).exclude(amount=None)
    sums = rows.values("currency", "basis").annotate(total=Sum("amount")).order_by("currency", "basis")
    return [_money(row) for row in sums]


def _money(row: Any) -> Money:
    return Money(row["total"], row["currency"], row["basis"])


def for_target(target_type: str, target_id: object) -> QuerySet[Case]:
    """Open cases that hold up one thing."""
    members = Member.objects.filter(target_type=target_type, target_id=str(target_id), is_open=True)
    return Case.objects.filter(pk__in=members.values("case"), status__in=Case.OPEN_STATES).order_by("severity", "pk")


def all_for_target(target_type: str, target_id: object) -> QuerySet[Case]:
    """Every case that holds up one thing or ever did, open ones first."""
    members = Member.objects.filter(target_type=target_type, target_id=str(target_id))
    return Case.objects.filter(pk__in=members.values("case")).order_by(F("resolved_at").asc(nulls_first=True), "-pk")


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
