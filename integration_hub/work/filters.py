"""Filters of lanes and of what overtook in them."""

import django_filters
from django.db.models import QuerySet

from integration_hub.console import filter_kinds
from integration_hub.work.models import Lane, Overtaking, Stage


class LaneFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which lanes."""

    key = filter_kinds.contains("Lane")
    stage = filter_kinds.any_of("Stage", Stage)
    blocked = filter_kinds.yes_or_no("Blocked")
    busy = django_filters.BooleanFilter(label="With work only", method="only_busy")
    legal_entity = filter_kinds.exactly("Legal entity")

    class Meta:
        model = Lane
        fields: tuple[str, ...] = ()

    def only_busy(self, rows: "QuerySet[Lane]", name: str, value: bool) -> "QuerySet[Lane]":
        """Lanes in which something waits."""
        return rows.filter(ready__gt=0) if value else rows


class OvertakingFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which proposals."""

    state = filter_kinds.any_of("State", Overtaking.State)
    key = filter_kinds.contains("Lane", "lane__key")
    legal_entity = filter_kinds.exactly("Legal entity", "lane__legal_entity")
    created_at = filter_kinds.days("Proposed")

    class Meta:
        model = Overtaking
        fields: tuple[str, ...] = ()
