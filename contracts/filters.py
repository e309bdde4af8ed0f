"""Filters of the lists of contracts, projects and customers."""

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from contracts import queries
from contracts.models import Contract, Customer, LegalEntity, Method, Project
from integration_hub.console import filter_kinds
from integration_hub.console.http import signed_in


def entities(request: HttpRequest) -> QuerySet[LegalEntity]:
    """The legal entities of whoever asks."""
    return queries.entities_for(signed_in(request).user)


def customers(request: HttpRequest) -> QuerySet[Customer]:
    """The customers of whoever asks."""
    return queries.customers_for(signed_in(request).user)


def contracts(request: HttpRequest) -> QuerySet[Contract]:
    """The contracts of whoever asks."""
    return queries.contracts_for(signed_in(request).user).order_by("number")


def projects(request: HttpRequest) -> QuerySet[Project]:
    """The projects of whoever asks."""
    return queries.projects_for(signed_in(request).user).order_by("code")


class ContractFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which contracts."""

    q = filter_kinds.contains("Number or name", method="named")
    customer = filter_kinds.one_of("Customer", customers)
    legal_entity = filter_kinds.one_of("Legal entity", entities)
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


class ProjectFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which projects."""

    q = filter_kinds.contains("Code or name", method="named")
    customer = filter_kinds.one_of("Customer", customers, "contract__customer")
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
