"""Screens of transfer prices: what is agreed between legal entities, proposing, approving and withdrawing a price."""

from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.urls import reverse

from contracts import policies
from contracts.actions import transfer_prices
from contracts.models import TransferPrice
from contracts.transfer_tables import TransferPriceTable
from contracts.transferring import prices_for
from integration_hub.console import filter_kinds
from integration_hub.console.buttons import Button
from integration_hub.console.decisions import Confirm, decide
from integration_hub.console.forms import DayInput, NoteForm, ReasonForm, day, posted
from integration_hub.console.http import Request, find_or_404
from integration_hub.console.screens import Empty, ListScreen, screen
from integration_hub.kernel.clock import today

SEE = "contracts.view_transferprice"
LIST = "contracts:transfer-price-list"


class TransferPriceForm(forms.Form):
    """What one legal entity charges another from a day on."""

    lender = forms.CharField(label="Lender", max_length=16, help_text="Code of the legal entity whose people work")
    borrower = forms.CharField(label="Borrower", max_length=16, help_text="Code of the one that has the contract")
    kind = forms.ChoiceField(label="Kind of price", choices=TransferPrice.Kind.choices)
    value = forms.DecimalField(
        label="Percent or price", max_digits=24, decimal_places=10,
        help_text="Percent on top of the cost, percent of the bill, or the price of an hour",
    )  # fmt: skip
    currency = forms.CharField(label="Currency", min_length=3, max_length=3, help_text="Of the agreement, such as EUR")
    valid_from = day("From", help_text="Work of this day and later")
    valid_to = day("To (optional)", required=False, help_text="The last day; empty: until another one follows")
    reason = forms.CharField(
        label="Reason", max_length=2000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Why so much, and by which agreement: an auditor asks.",
    )  # fmt: skip

    def clean_currency(self) -> str:
        """Currency codes are upper case."""
        return str(self.cleaned_data["currency"]).upper()


class TransferPriceFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which transfer prices."""

    q = filter_kinds.contains("Legal entity", method="of_entity")
    on = django_filters.DateFilter(label="Holds on", method="holding_on", widget=DayInput())

    def of_entity(self, rows: "QuerySet[Any]", name: str, value: str) -> "QuerySet[Any]":
        """That a legal entity with this in its code lends or borrows at."""
        return rows.filter(Q(lender__code__icontains=value) | Q(borrower__code__icontains=value))

    def holding_on(self, rows: "QuerySet[Any]", name: str, value: Any) -> "QuerySet[Any]":
        """That hold on a day, as it is known now."""
        return rows.filter(TransferPrice.IN_FORCE, validity__contains=value)


class TransferPriceList(ListScreen):
    """Transfer prices of the legal entities a person works for, newest first; those withdrawn stay in the list."""

    permission = SEE
    scope = None
    title = "Transfer prices"
    lead = "What a legal entity charges another for work it lends. One person proposes a price, another approves it."
    template_name = "contracts/list.html"
    table_class = TransferPriceTable
    filterset_class = TransferPriceFilter
    empty = Empty("No transfer price yet", "Propose what one legal entity charges another.")

    def rows(self) -> "QuerySet[Any]":
        return prices_for(self.request.user)

    def buttons(self) -> list[Button]:
        allowed = policies.may_propose_transfer_prices(self.request.user)
        return [Button("Propose a price", reverse("contracts:transfer-price-enter"), allowed, "primary", "plus")]


@screen(permission=SEE, methods=["GET", "POST"])
def propose(request: Request) -> HttpResponse:
    """Propose a transfer price."""
    confirm = Confirm(
        title="Propose a transfer price",
        verb="Propose",
        form=TransferPriceForm(posted(request), initial={"valid_from": today()}),
        back=reverse(LIST),
        consequence="Nothing is charged at it until somebody else approves it.",
        decision=policies.may_propose_transfer_prices(request.user),
    )

    def act(data: Any) -> TransferPrice:
        return transfer_prices.propose(given=transfer_prices.TransferPriceIn(**data), by=request.user)

    return decide(request, confirm, act, done="The transfer price is proposed.", back=lambda _new: reverse(LIST))


def _facts(row: TransferPrice) -> list[tuple[str, Any]]:
    return [
        ("Lender", row.lender),
        ("Borrower", row.borrower),
        ("Price", row.terms),
        ("From", row.validity.lower),
        ("Before", row.validity.upper or "Until another one follows"),
        ("Reason", row.reason),
        ("Proposed by", row.proposed_by),
        ("Approved by", row.approved_by or "Nobody yet"),
    ]


@screen(permission=SEE, methods=["GET", "POST"])
def approve(request: Request, pk: int) -> HttpResponse:
    """Approve a transfer price that somebody else proposed."""
    row = find_or_404(prices_for(request.user), request.user, scope=None, pk=pk)
    confirm = Confirm(
        title=f"Approve the transfer price {row}?",
        verb="Approve",
        form=NoteForm(posted(request), initial={"version": row.version}),
        back=reverse(LIST),
        facts=_facts(row),
        consequence="On its days it takes the place of the price that held. What is charged for work of these days is "
        "reversed at its original price and charged anew, and nothing else.",
        decision=policies.can_approve_transfer_price(row, request.user),
    )

    def act(data: Any) -> TransferPrice:
        return transfer_prices.approve(price_id=pk, by=request.user, seen_version=data["version"])

    return decide(request, confirm, act, done="The transfer price is in force.", back=lambda _row: reverse(LIST))


@screen(permission=SEE, methods=["GET", "POST"])
def withdraw(request: Request, pk: int) -> HttpResponse:
    """Take back a transfer price that was wrong."""
    row = find_or_404(prices_for(request.user), request.user, scope=None, pk=pk)
    confirm = Confirm(
        title=f"Withdraw the transfer price {row}",
        verb="Withdraw",
        form=ReasonForm(posted(request), initial={"version": row.version}),
        back=reverse(LIST),
        facts=_facts(row),
        consequence="No price holds on its days until another one is approved: what is charged at it is reversed, and "
        "work of these days waits for a price.",
        decision=policies.can_withdraw_transfer_price(row, request.user),
        tone="danger",
    )

    def act(data: Any) -> TransferPrice:
        return transfer_prices.withdraw(
            price_id=pk, by=request.user, seen_version=data["version"], reason=data["reason"]
        )

    return decide(request, confirm, act, done="The transfer price is withdrawn.", back=lambda _row: reverse(LIST))
