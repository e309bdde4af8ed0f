"""Filters of billing's lists."""

from typing import Any

import django_filters
from django.db.models import Q, QuerySet

from billing import queries
from billing.models import (
    BillableEvent,
    BillingRun,
    Candidate,
    Hold,
    HoldCode,
    Invoice,
    LateChange,
    Piece,
    RevenuePosting,
    WriteDown,
    WriteDownReason,
)
from contracts.filters import ByCustomer, contract, customer, entity
from integration_hub.console import filter_kinds


class WorkFilter(ByCustomer):
    """Which work."""

    customer_path = "contract__customer"

    contract = contract()
    customer = customer()
    legal_entity = entity()
    currency = filter_kinds.exactly("Currency", method="priced_in")
    project = filter_kinds.exactly("Project code", "event__project__code")
    person = filter_kinds.contains("Person", "event__resource__name")
    service_date = filter_kinds.days("Service date", "event__service_date")
    code = filter_kinds.exactly("Code", method="coded")
    approval = filter_kinds.any_of("Approval", BillableEvent.Approval, "event__approval")
    kind = filter_kinds.any_of("Kind", BillableEvent.Kind, "event__kind")
    state = filter_kinds.any_of("State", Piece.State)

    def priced_in(self, rows: "QuerySet[Any]", name: str, value: str) -> "QuerySet[Any]":
        """Pieces in the currency; those without a price by that of their contract."""
        code = value.strip().upper()
        return rows.filter(Q(currency=code) | Q(currency="", contract__currency=code))

    def coded(self, rows: "QuerySet[Any]", name: str, value: str) -> "QuerySet[Any]":
        """Pieces that carry the code."""
        return rows.filter(codes__contains=[value.strip().upper()])


class HoldFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which holds."""

    contract = contract()
    legal_entity = entity()
    review_on = filter_kinds.days("Review")
    status = filter_kinds.any_of("Status", Hold.Status)
    scope = filter_kinds.any_of("On", Hold.Scope)
    code = filter_kinds.any_of("Code", HoldCode)


class LateChangeFilter(ByCustomer):
    """Which changes of billed work."""

    customer_path = "contract__customer"

    contract = contract()
    customer = customer()
    legal_entity = entity()
    is_deletion = filter_kinds.yes_or_no("Deleted in the source")
    created_at = filter_kinds.days("Since")
    status = filter_kinds.any_of("Status", LateChange.Status)


class WriteDownFilter(ByCustomer):
    """Which write-downs."""

    customer_path = "contract__customer"

    contract = contract()
    customer = customer()
    legal_entity = entity()
    status = filter_kinds.any_of("Status", WriteDown.Status)
    kind = filter_kinds.any_of("Kind", WriteDown.Kind)
    reason = filter_kinds.any_of("Reason", WriteDownReason)
    created_at = filter_kinds.days("Proposed")
    until = filter_kinds.days("Until")


class RunFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which billing runs."""

    legal_entity = entity()
    state = filter_kinds.any_of("State", BillingRun.State)
    through = filter_kinds.days("Through")


class RevenuePostingFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which revenue journals."""

    q = filter_kinds.contains("Number or contract", method="of_number")
    legal_entity = entity()
    status = filter_kinds.any_of("Status", RevenuePosting.Status)
    month = filter_kinds.days("Month")

    def of_number(self, rows: "QuerySet[Any]", name: str, value: str) -> "QuerySet[Any]":
        """With this in our number, the ERP's, or the contract's."""
        return rows.filter(
            Q(number__icontains=value) | Q(remote_number__icontains=value) | Q(contract__number__icontains=value)
        )


class CandidateFilter(ByCustomer):
    """Which candidates; the groups above the list choose the status."""

    customer_path = "bill_to__customer"

    group = django_filters.ChoiceFilter(
        label="Group", choices=[(key, label) for key, (label, _) in queries.GROUPS.items()], method="grouped"
    )
    number = filter_kinds.contains("Number")
    kind = filter_kinds.any_of("Kind", Candidate.Kind)
    is_supplemental = filter_kinds.yes_or_no("Supplemental")
    contract = contract()
    customer = customer()
    legal_entity = entity()
    code = filter_kinds.exactly("Code", method="coded")
    invoice_date = filter_kinds.days("Invoice date")
    status = filter_kinds.any_of("Status", Candidate.Status)

    def grouped(self, rows: "QuerySet[Any]", name: str, value: str) -> "QuerySet[Any]":
        """Candidates of one group of the work."""
        return rows.filter(status__in=queries.GROUPS[value][1])

    def coded(self, rows: "QuerySet[Any]", name: str, value: str) -> "QuerySet[Any]":
        """Candidates stopped by the code."""
        return rows.filter(codes__contains=[value.strip().upper()])


class InvoiceFilter(ByCustomer):
    """Which invoices."""

    customer_path = "bill_to__customer"

    number = filter_kinds.contains("ERP number")
    contract = contract()
    customer = customer()
    legal_entity = entity()
    currency = filter_kinds.exactly("Currency")
    invoice_date = filter_kinds.days("Invoice date")
    due_on = filter_kinds.days("Due")
    status = filter_kinds.any_of("Status", Invoice.Status)


class PaymentFilter(ByCustomer):
    """Which payments."""

    customer_path = "customer"

    number = filter_kinds.contains("Number")
    customer = customer()
    legal_entity = entity()
    received_on = filter_kinds.days("Received")
    is_reversed = filter_kinds.yes_or_no("Reversed")


class CreditMemoFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which credit memos."""

    number = filter_kinds.contains("Number")
    legal_entity = entity()
    issued_on = filter_kinds.days("Issued")
    linked = filter_kinds.yes_or_no("Without an invoice", "applications", lookup_expr="isnull")
