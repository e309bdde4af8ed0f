"""Filters of the lists of costs."""

from typing import Any

import django_filters
from django.db.models import Q, QuerySet

from contracts.filters import entity
from costs.models import Cost, CostPosting, Purchase, Reimbursement
from integration_hub.console import filter_kinds


class CostFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which costs."""

    q = filter_kinds.contains("Person, project or work", method="of_whom")
    entity = entity()
    posting = filter_kinds.exactly("Journal", "posting__number")
    service_date = filter_kinds.days("Day")
    to_post = filter_kinds.yes_or_no("To post", method="open_ones")

    def of_whom(self, rows: "QuerySet[Any]", name: str, value: str) -> "QuerySet[Any]":
        """Of a person, subcontractor, project or piece of work with this in its name."""
        return rows.filter(
            Q(resource__name__icontains=value)
            | Q(vendor__icontains=value)
            | Q(project__code__icontains=value)
            | Q(work_key__icontains=value)
        )

    def open_ones(self, rows: "QuerySet[Any]", name: str, value: bool) -> "QuerySet[Any]":
        """Those the next journal takes, or the others."""
        return rows.filter(Cost.OPEN) if value else rows.exclude(Cost.OPEN)


class CostPostingFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which journals."""

    q = filter_kinds.contains("Number or project", method="of_number")
    entity = entity()
    status = filter_kinds.any_of("Status", CostPosting.Status)

    def of_number(self, rows: "QuerySet[Any]", name: str, value: str) -> "QuerySet[Any]":
        """With this in our number, the ERP's, or the project's code."""
        return rows.filter(
            Q(number__icontains=value) | Q(remote_number__icontains=value) | Q(project__code__icontains=value)
        )


class PurchaseFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which purchases."""

    q = filter_kinds.contains("Bill or vendor", method="of_bill")
    entity = entity()
    project = filter_kinds.exactly("Project code", "project__code")
    delivered_on = filter_kinds.days("Day")
    handling = filter_kinds.any_of("What becomes of it", Purchase.Handling)

    def of_bill(self, rows: "QuerySet[Any]", name: str, value: str) -> "QuerySet[Any]":
        """With this in the number of the bill or the vendor."""
        return rows.filter(Q(bill_number__icontains=value) | Q(vendor__icontains=value))


class ReimbursementFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which reimbursements."""

    q = filter_kinds.contains("Person, number or report", method="of_whom")
    entity = entity()
    status = filter_kinds.any_of("State", Reimbursement.Status)
    approved = filter_kinds.days("Approved", "approved_at")
    paid = filter_kinds.days("Paid", "paid_on")

    def of_whom(self, rows: "QuerySet[Any]", name: str, value: str) -> "QuerySet[Any]":
        """Of a person, under a number of ours or of the ERP, or of a report."""
        found = Q(resource__name__icontains=value) | Q(number__icontains=value) | Q(report__iexact=value)
        in_erp = Reimbursement.objects.filter(journals__remote_number__icontains=value)
        return rows.filter(found | Q(pk__in=in_erp.values("pk")))
