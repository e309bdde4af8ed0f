"""Filters of the lists of contracts, projects and customers.

Rows of other tables are named by number or name, never picked from a list: there may be thousands of them.
"""

from typing import Any

import django_filters
from django.db.models import Q, QuerySet

from contracts.models import Contract, Customer, Method, Project
from integration_hub.console import filter_kinds
from integration_hub.console.forms import DayInput


def entity(field: str = "legal_entity__code") -> Any:
    """A legal entity by its code."""
    return filter_kinds.exactly("Legal entity", field)


def contract(field: str = "contract__number") -> Any:
    """A contract by its number."""
    return filter_kinds.exactly("Contract number", field)


class ByCustomer(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Lists that can be narrowed to a customer: by number, or by part of the name."""

    customer_path = "customer"

    def of_customer(self, rows: "QuerySet[Any]", name: str, value: str) -> "QuerySet[Any]":
        """Of the customer with this number, or of customers whose name has this in it."""
        path = self.customer_path
        return rows.filter(Q(**{f"{path}__code__iexact": value}) | Q(**{f"{path}__name__icontains": value}))


def customer() -> Any:
    """A customer by number or name."""
    return filter_kinds.contains("Customer", method="of_customer")


class ContractFilter(ByCustomer):
    """Which contracts."""

    q = filter_kinds.contains("Number or name", method="named")
    customer = customer()
    legal_entity = entity()
    method = filter_kinds.any_of("Billed by", Method, method="billed_by")
    status = filter_kinds.any_of("Status", Contract.Status)
    ends_on = filter_kinds.days("Ends")

    def named(self, rows: "QuerySet[Any]", name: str, value: str) -> "QuerySet[Any]":
        """Part of the number or the name."""
        return rows.filter(Q(number__icontains=value) | Q(name__icontains=value))

    def billed_by(self, rows: "QuerySet[Any]", name: str, value: list[str]) -> "QuerySet[Any]":
        """With a line of one of these methods."""
        wanted = Contract.objects.filter(lines__method__in=value).values("pk")
        return rows.filter(pk__in=wanted) if value else rows


class ProjectFilter(ByCustomer):
    """Which projects."""

    customer_path = "contract__customer"

    q = filter_kinds.contains("Code or name", method="named")
    customer = customer()
    status = filter_kinds.any_of("Status", Project.Status)
    without_contract = filter_kinds.yes_or_no("Without a contract", "contract", lookup_expr="isnull")

    def named(self, rows: "QuerySet[Any]", name: str, value: str) -> "QuerySet[Any]":
        """Part of the code or the name."""
        return rows.filter(Q(code__icontains=value) | Q(name__icontains=value))


class CustomerFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which customers."""

    q = filter_kinds.contains("Number or name", method="named")
    status = filter_kinds.any_of("Status", Customer.Status)

    def named(self, rows: "QuerySet[Any]", name: str, value: str) -> "QuerySet[Any]":
        """Part of the number or the name."""
        return rows.filter(Q(code__icontains=value) | Q(name__icontains=value))


class ExchangeRateFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which exchange rates."""

    q = filter_kinds.contains("Currency", method="of_currency")
    day = filter_kinds.days("From")

    def of_currency(self, rows: "QuerySet[Any]", name: str, value: str) -> "QuerySet[Any]":
        """With the currency on either side."""
        return rows.filter(Q(base__istartswith=value) | Q(quote__istartswith=value))


class CostRateFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which cost rates."""

    q = filter_kinds.contains("Person, role or vendor", method="of_whom")
    entity = entity()
    on = django_filters.DateFilter(label="Holds on", method="holding_on", widget=DayInput())

    def of_whom(self, rows: "QuerySet[Any]", name: str, value: str) -> "QuerySet[Any]":
        """Of a person, role or subcontractor with this in its code."""
        return rows.filter(Q(resource__icontains=value) | Q(role__icontains=value) | Q(vendor__icontains=value))

    def holding_on(self, rows: "QuerySet[Any]", name: str, value: Any) -> "QuerySet[Any]":
        """That hold on a day, as it is known now."""
        return rows.filter(validity__contains=value, withdrawn_at__isnull=True)


class StandardPriceFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which standard prices."""

    q = filter_kinds.contains("Person or role", method="of_whom")
    entity = entity("card__legal_entity__code")
    on = django_filters.DateFilter(label="Holds on", field_name="validity", lookup_expr="contains", widget=DayInput())

    def of_whom(self, rows: "QuerySet[Any]", name: str, value: str) -> "QuerySet[Any]":
        """Of a person or role with this in its code."""
        return rows.filter(Q(resource__icontains=value) | Q(role__icontains=value))
