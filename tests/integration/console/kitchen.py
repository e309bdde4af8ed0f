"""A kitchen of screens made of every part of the console: for tests and for looking at, not for the product.

Run it with `python -m tests.integration.console.look`.
"""

from datetime import timedelta
from decimal import Decimal

import django_filters
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import include, path, reverse

from integration_hub.console import decisions, filter_kinds, home
from integration_hub.console.badges import Badge
from integration_hub.console.buttons import Button
from integration_hub.console.forms import ReasonForm
from integration_hub.console.screens import SIGNED_IN, Empty, ListScreen, screen
from integration_hub.console.tables import Column, Table
from integration_hub.kernel.clock import now
from integration_hub.kernel.decision import ALLOW, deny
from integration_hub.kernel.errors import BadInput, Denied, NotReady, Problem, Stale
from integration_hub.kernel.money import Money
from integration_hub.trail.models import Event

FAILURES = {
    "stale": Stale(),
    "denied": Denied("You raised this hold, so someone else must release it."),
    "not-ready": NotReady("The period is closed."),
    "bad": BadInput("Hold 1", [Problem("reason", "is too vague.", "Name the contract.")]),
}


class EventFilter(django_filters.FilterSet):
    """Filters of the list."""

    actor_kind = filter_kinds.any_of("Actor", Event.ActorKind)
    action = filter_kinds.contains("Action")
    caused_by = filter_kinds.numbers("Cause")
    recorded_at = filter_kinds.days("Recorded")
    legal_entity = filter_kinds.exactly("Entity")

    class Meta:
        model = Event
        fields = ["actor_kind", "action"]


class EventTable(Table):
    """Every kind of column."""

    caption = "Events of the kitchen"
    default_sort = "-recorded_at"
    page_size = 25
    selectable = True
    has_buttons = True
    columns = [
        Column("object_label", "Hold", sortable=True),
        Column("customer", "Customer", accessor=lambda row: row.data.get("customer"), hideable=True),
        Column("object_id", "Line", kind="code", hideable=True, hidden=True),
        Column(
            "amount",
            "Held",
            kind="money",
            accessor=lambda row: Decimal(row.data["amount"]) if "amount" in row.data else None,
            currency=lambda row: row.data.get("currency", ""),
        ),
        Column("hours", "Hours", kind="hours", accessor=lambda row: row.data.get("hours")),
        Column("caused_by", "Cause", kind="number", sortable=True, hint="The event that led to this one"),
        Column("status", "Status", kind="badge", accessor="data.status"),
        Column("legal_entity", "Entity", sortable=True, hideable=True),
        Column("recorded_at", "Raised", kind="ago", sortable=True),
    ]

    def row_url(self, row):
        return reverse("kitchen:detail", args=[row.pk])

    def row_tone(self, row):
        return "warning" if row.data.get("status") == "overdue" else ""

    def row_buttons(self, row):
        refused = deny("You raised this hold.") if row.data.get("status") == "released" else ALLOW
        return [Button("Release", reverse("kitchen:release", args=[row.pk]), refused, key="a")]


class EventList(ListScreen):
    """The list."""

    permission = "hub_trail.view_event"
    scope = "legal_entity"
    title = "Holds"
    lead = "What may not be billed until somebody decides."
    table_class = EventTable
    filterset_class = EventFilter
    empty = Empty("Nothing is held", "Every line may be billed.", kind="done")

    def rows(self):
        return Event.objects.filter(object_type="kitchen")

    def buttons(self):
        return [Button("New hold", reverse("kitchen:list"), tone="primary", icon="plus", link=True)]

    def bulk_buttons(self):
        return [Button("Release…", reverse("kitchen:list"), icon="circle-check")]


@screen(permission=SIGNED_IN)
def detail(request, pk: int) -> HttpResponse:
    """Every part that is not a list."""
    from tests.integration.console import kitchen_parts

    context = kitchen_parts.context(request)
    return render(request, "kitchen/detail.html", context)


@screen(permission="hub_trail.view_event", methods=["GET", "POST"])
def release(request, pk: int) -> HttpResponse:
    """A decision that fails as asked: `?fail=stale`."""
    event = Event.objects.get(pk=pk)
    confirm = decisions.Confirm(
        title=f"Release {event.object_label}",
        verb="Release",
        form=ReasonForm(request.POST or None, initial={"version": 3}),
        back=reverse("kitchen:list"),
        facts=[("Customer", event.data.get("customer")), ("Held", "3 days")],
        consequence="The line goes into the next candidate. Nothing is sent to NetSuite yet.",
    )

    def act(data):
        if failure := FAILURES.get(request.GET.get("fail", data["reason"])):
            raise failure
        return event

    return decisions.decide(
        request,
        confirm,
        act,
        done=f"{event.object_label} released.",
        row=lambda outcome: EventTable(Event.objects.none(), request).row_html(event, outcome=outcome),
    )


def waiting(user) -> home.Waiting:
    """A panel with three rows."""
    rows = [
        home.WaitingRow(
            title=f"H-10{index} · Rate above the contract",
            detail="Northwind · Data platform",
            money=Money(Decimal(12_400 - 3000 * index), "USD"),
            url=reverse("kitchen:list"),
            when=now() - timedelta(days=5 - index),
            badge=["overdue", "open", Badge("Second signature", "info", "user-check")][index],
        )
        for index in range(3)
    ]
    amounts = {"EUR": Decimal("8120.50"), "USD": Decimal("31240.00")}
    return home.Waiting(12, now() - timedelta(days=5), amounts, reverse("kitchen:list"), rows)


def nothing(user) -> home.Waiting:
    """A panel without rows."""
    return home.Waiting(0)


kitchen = (
    [
        path("list/", EventList.as_view(), name="list"),
        path("detail/<int:pk>/", detail, name="detail"),
        path("release/<int:pk>/", release, name="release"),
    ],
    "kitchen",
)
urlpatterns = [path("kitchen/", include(kitchen)), path("", include("integration_hub.urls"))]
handler400 = "integration_hub.console.views.bad_request"
handler403 = "integration_hub.console.views.forbidden"
handler404 = "integration_hub.console.views.not_found"
handler500 = "integration_hub.console.views.failed"
