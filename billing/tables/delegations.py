"""Table of delegations."""

from typing import Any

from django.urls import reverse

from billing import policies
from billing.models import Delegation
from integration_hub.console.badges import Badge
from integration_hub.console.buttons import Button
from integration_hub.console.tables import Column, Table
from integration_hub.kernel.clock import today


def state(row: Delegation) -> Badge:
    """Whether it counts today."""
    if row.ended_at is not None:
        return Badge("Ended", "neutral", "ban")
    if row.starts_on > today():
        return Badge("To come", "info", "calendar")
    return Badge("Over", "neutral", "history") if row.ends_on < today() else Badge("In force", "success", "user-check")


class DelegationTable(Table):
    """Who lent whom the right to approve."""

    caption = "Delegations"
    has_buttons = True
    columns = [
        Column("giver", "Lent by", accessor="giver.label"),
        Column("taker", "To", accessor="taker.label"),
        Column("state", "State", kind="badge", accessor=state),
        Column("starts_on", "From", kind="date", sortable=True),
        Column("ends_on", "Last day", kind="date", sortable=True),
        Column("acts", "For", accessor=lambda row: ", ".join(row.acts) or "everything"),
        Column("legal_entities", "Legal entities", accessor=lambda row: ", ".join(row.legal_entities) or "all theirs"),
        Column("limit", "Up to", kind="number", accessor="limit"),
        Column("reason", "Why", hideable=True),
    ]

    def row_buttons(self, row: Any) -> list[Button]:
        user: Any = self.request.user
        allowed = policies.can_end_delegation(row, user)
        return [Button("End", reverse("billing:delegation-end", args=[row.pk]), allowed, icon="ban")] if allowed else []
