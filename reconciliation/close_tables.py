"""Tables and filters of closes."""

from typing import Any

import django_filters
from django.db.models import OuterRef, QuerySet, Subquery
from django.urls import reverse

from integration_hub.console import filter_kinds
from integration_hub.console.badges import Badge
from integration_hub.console.tables import Column, Table
from integration_hub.people.models import User
from integration_hub.people.scope import scoped
from reconciliation.models import ClosePack, PeriodClose

STATES = {
    "": Badge("Open", "info", "point"),
    "proposed": Badge("Waits for the second signature", "progress", "clock"),
    "signed": Badge("Signed", "success", "circle-check"),
}


def visible_to(user: User) -> "QuerySet[Any]":
    """Closes of the person's legal entities, with `pack_state`: how far they are signed."""
    standing = ClosePack.objects.filter(close=OuterRef("pk"), state__in=ClosePack.STANDING)
    return scoped(PeriodClose.objects.annotate(pack_state=Subquery(standing.values("state")[:1])), user, "legal_entity")


def state_of(row: Any) -> Badge:
    """How far a close is signed."""
    return STATES[row.pack_state or ""]


class CloseTable(Table):
    """Closes, the newest period first."""

    caption = "Closes"
    columns = [
        Column("period", "Period", accessor=lambda row: row.period, sortable=True, order_by="starts_on"),
        Column("legal_entity", "Legal entity", sortable=True),
        Column("state", "State", kind="badge", accessor=state_of),
        Column("cut_off_on", "Cut-off", kind="date", sortable=True),
        Column("opened_by", "Opened by", hideable=True),
    ]

    def row_url(self, row: Any) -> str:
        """The cockpit."""
        return reverse("reconciliation:close-detail", args=[row.pk])


class CloseFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which closes."""

    legal_entity = filter_kinds.exactly("Legal entity")
    starts_on = filter_kinds.days("Period")

    class Meta:
        model = PeriodClose
        fields: tuple[str, ...] = ()
