"""Filters of processes."""

import django_filters

from integration_hub.console import filter_kinds
from integration_hub.processes.models import Process
from integration_hub.processes.registry import DEFINITIONS


def definitions() -> list[tuple[str, str]]:
    """Every kind of process there is."""
    return [(name, definition.title) for name, definition in DEFINITIONS]


class ProcessFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which processes."""

    state = filter_kinds.any_of("State", Process.State)
    definition = django_filters.ChoiceFilter(label="What", choices=definitions, empty_label="Any")
    label = filter_kinds.contains("For")
    business_key = filter_kinds.exactly("Business key")
    legal_entity = filter_kinds.exactly("Legal entity")
    started_at = filter_kinds.days("Started")

    class Meta:
        model = Process
        fields: tuple[str, ...] = ()
