"""Filters of what came in."""

import django_filters

from integration_hub.connectors.filters import connections
from integration_hub.console import filter_kinds
from integration_hub.intake.models import Delivery, FeedDay, FileDrop, Run, SourceVersion


class RunFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which runs."""

    state = filter_kinds.any_of("State", Run.State)
    connection = filter_kinds.one_of("Connection", connections, "feed__connection")
    entity = filter_kinds.exactly("Entity", "feed__entity")
    refused = filter_kinds.numbers("Refused")
    started_at = filter_kinds.days("Started")

    class Meta:
        model = Run
        fields: tuple[str, ...] = ()


class DayFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which certificates."""

    verdict = filter_kinds.any_of("Verdict", FeedDay.Verdict)
    connection = filter_kinds.one_of("Connection", connections, "feed__connection")
    entity = filter_kinds.exactly("Entity", "feed__entity")
    day = filter_kinds.days("Day")

    class Meta:
        model = FeedDay
        fields: tuple[str, ...] = ()


class SourceFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which source versions."""

    status = filter_kinds.any_of("Became", SourceVersion.Status)
    connection = filter_kinds.one_of("Connection", connections)
    entity = filter_kinds.exactly("Entity")
    source_id = filter_kinds.exactly("Id there")
    run = django_filters.NumberFilter(label="Run")
    root_cause = filter_kinds.exactly("Root cause")
    received_at = filter_kinds.days("Received")

    class Meta:
        model = SourceVersion
        fields: tuple[str, ...] = ()


class DeliveryFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which webhooks."""

    status = filter_kinds.any_of("Status", Delivery.Status)
    connection = filter_kinds.one_of("Connection", connections)
    delivery_id = filter_kinds.exactly("Delivery id")
    received_at = filter_kinds.days("Received")

    class Meta:
        model = Delivery
        fields: tuple[str, ...] = ()


class FileFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which files."""

    state = filter_kinds.any_of("State", FileDrop.State)
    connection = filter_kinds.one_of("Connection", connections)
    name = filter_kinds.contains("Name")
    dropped_at = filter_kinds.days("Dropped")

    class Meta:
        model = FileDrop
        fields: tuple[str, ...] = ()
