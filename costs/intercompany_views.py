"""Screens of what legal entities charge each other: the list, and what each side makes of a charge."""

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from contracts.lineage import link
from contracts.models import TransferPrice
from costs.between import charges_for, views_of
from costs.models import IntercompanyCharge
from integration_hub.console import filter_kinds
from integration_hub.console.badges import Badge, badge
from integration_hub.console.http import Request, find_or_404
from integration_hub.console.screens import Empty, ListScreen, screen
from integration_hub.console.tables import Column, Table
from integration_hub.console.wording import money_html

SEE = "costs.view_intercompanycharge"


def _state(row: IntercompanyCharge) -> Badge:
    if row.reverses_id:
        return badge("reversed", "Reversal")
    return badge("in_force", "Charged") if row.is_current else badge("superseded", "Reversed")


class IntercompanyTable(Table):
    """What legal entities charge each other."""

    caption = "Charges between legal entities"
    default_sort = "-service_date"
    columns = [
        Column("service_date", "Day", kind="date", sortable=True),
        Column("month", "Service month", kind="text", accessor=lambda row: f"{row.service_date:%b %Y}", hideable=True),
        Column("lender.code", "Lender"),
        Column("borrower.code", "Borrower"),
        Column("resource.name", "Person"),
        Column("project.code", "Project", url=lambda row: link("contracts:project-detail", row.project_id)),
        Column("hours", "Hours", kind="hours", accessor=lambda row: row.minutes / 60),
        Column("terms", "Transfer price", kind="text", accessor="transfer_price.terms"),
        Column("amount", "Charge", kind="money"),
        Column("state", "State", kind="badge", accessor=_state),
        Column("caused_by", "Because of", hideable=True),
        Column("recorded_at", "Recorded", kind="datetime", sortable=True, hideable=True, hidden=True),
    ]

    def row_url(self, row: Any) -> str:
        return link("costs:intercompany-detail", row.pk)

    def row_tone(self, row: Any) -> str:
        return "" if row.is_current or row.reverses_id else "muted"


class IntercompanyFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which charges."""

    q = filter_kinds.contains("Person, project or work", method="of_whom")
    lender = filter_kinds.exactly("Lender", "lender__code")
    borrower = filter_kinds.exactly("Borrower", "borrower__code")
    service_date = filter_kinds.days("Day")
    kind = filter_kinds.any_of("Kind of price", TransferPrice.Kind)
    current = filter_kinds.yes_or_no("In force", method="current_ones")

    def of_whom(self, rows: "QuerySet[Any]", name: str, value: str) -> "QuerySet[Any]":
        """Of a person, project or piece of work with this in its name."""
        return rows.filter(
            Q(resource__name__icontains=value) | Q(project__code__icontains=value) | Q(work_key__icontains=value)
        )

    def current_ones(self, rows: "QuerySet[Any]", name: str, value: bool) -> "QuerySet[Any]":
        """Those that hold, or what was reversed and its reversals."""
        return rows.filter(is_current=value)


class IntercompanyList(ListScreen):
    """What legal entities charge each other, newest day first; what was reversed stays beside its reversal."""

    permission = SEE
    scope = None
    title = "Between legal entities"
    lead = "What people work for another legal entity than their own is charged to it at the transfer price of the day."
    template_name = "contracts/list.html"
    table_class = IntercompanyTable
    filterset_class = IntercompanyFilter
    empty = Empty("No charge yet", "Nobody works under a contract of another legal entity, or no price is agreed.")

    def rows(self) -> "QuerySet[Any]":
        return charges_for(self.request.user)


@screen(permission=SEE)
def detail(request: Request, pk: int) -> HttpResponse:
    """A charge, and what the borrower, the lender and the group make of it."""
    row = find_or_404(charges_for(request.user), request.user, scope=None, pk=pk)
    return render(
        request,
        "costs/intercompany_detail.html",
        {
            "title": f"{row.lender.code} charges {row.borrower.code} for {row.service_date:%-d %b %Y}",
            "breadcrumbs": [("Between legal entities", reverse("costs:intercompany-list"))],
            "facts": _facts(row),
            "sides": _sides(row),
        },
    )


def _facts(row: IntercompanyCharge) -> list[tuple[str, Any]]:
    hours = f"{(row.minutes / 60).normalize():f} h"
    rate = f"{row.rate.normalize():f} {row.currency}" if row.rate is not None else "A part of the bill"
    facts: list[tuple[str, Any]] = [
        ("Charge", money_html(row.amount, row.currency)),
        ("Work", f"{row.resource.name}, {hours} on {row.project.code}"),
        ("Transfer price", row.transfer_price.terms),
        ("Per hour", rate),
        ("Agreed because", row.transfer_price.reason),
        ("Approved by", row.transfer_price.approved_by),
        ("Charged because of", row.caused_by),
    ]
    if row.reverses_id:
        facts.append(("Reverses", f"The charge {row.reverses_id}, at its original price"))
    return facts


def _sides(row: IntercompanyCharge) -> list[tuple[str, list[tuple[str, Any]]]]:
    found = views_of(row)
    if found is None:
        return []
    bill, lent, group = row.event.contract, row.lender.currency, row.borrower.currency
    currency = bill.currency if bill else row.borrower.currency
    return [
        (
            f"{row.borrower.name}",
            [
                ("Value at the bill rate", money_html(found.customer_revenue, currency)),
                ("Charged by the lender", money_html(-found.borrowing_cost, currency)),
                ("Margin", money_html(found.borrowing_margin, currency)),
            ],
        ),
        (
            f"{row.lender.name}",
            [
                ("Charged to the borrower", money_html(found.lending_revenue, lent)),
                ("Cost", money_html(-found.lending_cost, lent)),
                ("Margin", money_html(found.lending_margin, lent)),
            ],
        ),
        (
            "The group",
            [
                ("Value at the bill rate", money_html(found.group_revenue, group)),
                ("Cost", money_html(-found.group_cost, group)),
                ("Eliminated on both sides", money_html(found.eliminated, group)),
                ("Margin", money_html(found.group_margin, group)),
            ],
        ),
    ]
