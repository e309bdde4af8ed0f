"""Which streams."""

import django_filters

from integration_hub.console import filter_kinds
from integration_hub.downstream.models import Stream


class StreamFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """By name and by whether it runs."""

    title = filter_kinds.contains("Stream")
    state = filter_kinds.any_of("State", Stream.State)

    class Meta:
        model = Stream
        fields: tuple[str, ...] = ()
