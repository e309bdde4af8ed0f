"""Tables of exceptions and of what they hold up."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.urls import reverse

from integration_hub.cases.models import Case
from integration_hub.cases.policies import can_assign
from integration_hub.cases.queries import NEAR
from integration_hub.cases.registry import KINDS
from integration_hub.console import links, wording
from integration_hub.console.badges import Badge
from integration_hub.console.buttons import Button
from integration_hub.console.tables import Column, Table
from integration_hub.console.titled import Titled
from integration_hub.kernel.clock import now
from integration_hub.kernel.money import Money
from integration_hub.people.models import Role

SEVERITY = {1: "S1 critical", 2: "S2 high", 3: "S3 medium", 4: "S4 low"}
SHORT = {1: "S1", 2: "S2", 3: "S3", 4: "S4"}
ROLES = dict(Role.choices)


def severity(case: Case) -> Badge:
    """The severity as a badge."""
    tone = {1: "danger", 2: "warning"}.get(case.severity, "neutral")
    icon = {1: "alert-octagon", 2: "alert-triangle"}.get(case.severity, "point")
    return Badge(SHORT.get(case.severity, str(case.severity)), tone, icon)  # type: ignore[arg-type]


def clock(case: Case) -> Badge:
    """How the clock of a case stands: overdue, due soon, due later, or stopped."""
    if not case.is_open:
        return Badge("Resolved", "success", "circle-check")
    left = (case.due_at - now()).total_seconds()
    if left < 0:
        return Badge(f"Overdue {wording.age(-left)}", "danger", "alert-octagon")
    return Badge(f"Due in {wording.age(left)}", "warning" if left < NEAR.total_seconds() else "neutral", "clock")


def held(case: Any) -> list[Money]:
    """What a case holds up per currency and basis, as `queries.with_money` has annotated it."""
    rows = getattr(case, "held_by_currency", None) or []
    return [Money(Decimal(row["total"]), row["currency"], row["basis"]) for row in rows]


def owner(case: Case) -> str:
    """Who has it: the person, else the role that should take it."""
    if case.assigned_to is not None:
        return case.assigned_to.label
    return ROLES.get(case.owner_role, case.owner_role)


class CaseTable(Table):
    """Exceptions: what, how much money, whose, until when."""

    caption = "Exceptions"
    default_sort = "-urgency"
    selectable = True
    has_buttons = True
    columns = [
        Column("title", "Exception", accessor=lambda row: Titled(row.title, kind_title(row))),
        Column("code", "Code", sortable=True, hideable=True, hidden=True),
        Column("severity", "Severity", kind="badge", accessor=severity, sortable=True, order_by="severity",
               hint="S1 critical to S4 low"),
        Column("held", "Held", kind="money", accessor=lambda row: held(row) or None, sortable=True, order_by="held",
               hint="Sorted by the largest sum in one currency"),
        Column("held_count", "Records", kind="number", sortable=True, hideable=True),
        Column("owner", "Owner", accessor=owner, hideable=True),
        Column("due_at", "Due", kind="badge", accessor=clock, sortable=True, order_by="due_at"),
        Column("first_seen_at", "Raised", kind="ago", sortable=True),
        Column("legal_entity", "Entity", sortable=True, hideable=True),
        Column("status", "Status", kind="badge", sortable=True, hideable=True, hidden=True),
    ]  # fmt: skip

    def row_url(self, row: Case) -> str:
        """The case page."""
        return reverse("cases:case-detail", args=[row.pk])

    def row_tone(self, row: Case) -> str:
        """Overdue cases are marked; their clock says it in words."""
        return "danger" if row.is_open and row.due_at < now() else ""

    def row_buttons(self, row: Case) -> list[Button]:
        """Taking a case is harmless and can be undone, so it acts at once."""
        if not row.is_open or row.assigned_to_id:
            return []
        allowed = can_assign(row, self.request.user, self.request.user)  # type: ignore[arg-type]
        return [Button("Take it", reverse("cases:case-claim", args=[row.pk]), allowed, key="a", version=row.version)]


def resolved_at(case: Case) -> datetime | None:
    """When a case was resolved."""
    return case.resolved_at


class DoneTable(CaseTable):
    """Resolved exceptions, newest first."""

    caption = "Resolved exceptions"
    default_sort = "-resolved_at"
    selectable = False
    has_buttons = False
    columns = [
        Column("title", "Exception", accessor=lambda row: Titled(row.title, kind_title(row))),
        Column("code", "Code", sortable=True, hideable=True, hidden=True),
        Column("severity", "Severity", kind="badge", accessor=severity, sortable=True, order_by="severity"),
        Column("outcome", "How", kind="badge"),
        Column("resolution", "What was said"),
        Column("first_seen_at", "Raised", kind="date", sortable=True, hideable=True),
        Column("resolved_at", "Resolved", kind="ago", sortable=True),
        Column("legal_entity", "Entity", sortable=True, hideable=True),
    ]


class MemberTable(Table):
    """What one case holds up."""

    caption = "What this holds up"
    default_sort = "-amount"
    page_size = 25
    columns = [
        Column("label", "Record", accessor=str),
        Column("target_type", "Kind", accessor=lambda row: _noun(row.target_type)),
        Column("amount", "Money", kind="money", accessor="money", order_by="amount", sortable=True),
        Column("is_open", "State", kind="badge", accessor=lambda row: Badge("Held up", "warning", "hand-stop")
               if row.is_open else Badge("Free", "success", "circle-check")),
        Column("added_at", "Since", kind="ago", sortable=True),
    ]  # fmt: skip

    def row_url(self, row: Any) -> str:
        """The screen of the record, or its trace."""
        return links.address(row.target_type, row.target_id)


def _noun(target_type: str) -> str:
    """What a record is, as its table is called; a type without a table by its last word."""
    try:
        return str(apps.get_model(target_type)._meta.verbose_name)
    except (LookupError, ValueError):
        return target_type.rpartition(".")[2].replace("_", " ")


def kind_title(case: Case) -> str:
    """What finance would say: the title of the kind."""
    kind = KINDS.find(case.code)
    return kind.title if kind else case.code
