"""Tables of holds and billing runs."""

from typing import Any

from django.urls import reverse

from billing import policies
from billing.tables.words import contract_url, role_name
from integration_hub.console.buttons import Button
from integration_hub.console.tables import Column, Table
from integration_hub.kernel.clock import today


class HoldTable(Table):
    """Holds, open ones first, the one to look at soonest on top."""

    caption = "Holds"
    default_sort = "rank"
    has_buttons = True
    columns = [
        Column("target", "On", accessor=lambda row: f"{row.get_scope_display()} {row.target_label or row.target_id}"),
        Column("code", "Why", accessor="get_code_display", sortable=True, order_by="code"),
        Column("contract.number", "Contract", url=contract_url, sortable=True, hideable=True, hidden=True),
        Column("effect", "Stops", accessor="get_effect_display", hideable=True),
        Column("placed_by", "Placed by", sortable=True, hideable=True),
        Column("placed_at", "Since", kind="ago", sortable=True),
        Column("review_on", "Review", kind="date", sortable=True),
        Column("status", "Status", kind="badge", sortable=True),
        Column("owner_role", "Whose", accessor=lambda row: role_name(row.owner_role), hideable=True, hidden=True),
        Column("legal_entity.code", "Entity", hideable=True, hidden=True),
    ]

    def row_url(self, row: Any) -> str:
        return reverse("billing:hold-detail", args=[row.pk])

    def row_tone(self, row: Any) -> str:
        if row.status != "open":
            return "muted"
        return "warning" if row.review_on <= today() else ""

    def row_buttons(self, row: Any) -> list[Button]:
        return [release_button(row, self.request.user)] if row.status == "open" else []


def release_button(hold: Any, user: Any, *, tone: Any = "default") -> Button:
    """Release a hold, with the policy's reason when it may not be."""
    url = reverse("billing:hold-release", args=[hold.pk])
    return Button("Release", url, policies.can_release_hold(hold, user), tone, "lock-open", "a")


class RunTable(Table):
    """Billing runs, newest first."""

    caption = "Billing runs"
    columns = [
        Column("pk", "Run", accessor=lambda row: f"Run {row.pk}"),
        Column("legal_entity.code", "Entity", sortable=True),
        Column("through", "Work through", kind="date", sortable=True),
        Column("invoice_date", "Invoice date", kind="date", sortable=True),
        Column("made", "Candidates", kind="number"),
        Column("started_by", "Started by", accessor="started_by.label"),
        Column("started_at", "Started", kind="datetime", sortable=True),
        Column("state", "State", kind="badge", sortable=True),
    ]

    def row_url(self, row: Any) -> str:
        return reverse("billing:run-detail", args=[row.pk])

    def row_tone(self, row: Any) -> str:
        return "danger" if row.state == "failed" else ""
