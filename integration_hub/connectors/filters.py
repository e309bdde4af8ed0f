"""Filters of connections and calls."""

import django_filters
from django.db.models import QuerySet
from django.http import HttpRequest

from integration_hub.connectors.models import Call, Connection
from integration_hub.console import filter_kinds


def connections(request: HttpRequest) -> "QuerySet[Connection]":
    """Connections, without their secrets."""
    return Connection.objects.defer("sealed_credentials", "sealed_webhook_secret")


class ConnectionFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which connections."""

    health = filter_kinds.any_of("Health", Connection.Health)
    vendor = filter_kinds.exactly("Vendor")
    is_paused = filter_kinds.yes_or_no("Paused")

    class Meta:
        model = Connection
        fields: tuple[str, ...] = ()


class CallFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which calls."""

    connection = filter_kinds.one_of("Connection", connections)
    correlation_id = filter_kinds.exactly("Act (correlation id)")
    method = filter_kinds.exactly("Method")
    path = filter_kinds.contains("Path")
    status = filter_kinds.numbers("HTTP status")
    milliseconds = filter_kinds.numbers("Milliseconds")
    failed = django_filters.BooleanFilter(label="Only failed", method="only_failed")
    at = filter_kinds.days("At")

    class Meta:
        model = Call
        fields: tuple[str, ...] = ()

    def only_failed(self, rows: "QuerySet[Call]", name: str, value: bool) -> "QuerySet[Call]":
        """Calls without an answer, or with one of 400 and more."""
        good = rows.filter(status__lt=400)
        return rows.exclude(pk__in=good.values("pk")) if value else rows
