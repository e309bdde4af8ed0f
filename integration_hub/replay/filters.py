"""Filters of replay plans and their items."""

import django_filters

from integration_hub.console import filter_kinds
from integration_hub.effects.actions.again import Prospect
from integration_hub.replay.models import Plan, PlanItem


class PlanFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which plans."""

    state = filter_kinds.any_of("State", Plan.State)
    kind = filter_kinds.any_of("Of", Plan.Kind)
    title = filter_kinds.contains("Title")
    created_at = filter_kinds.days("Planned")

    class Meta:
        model = Plan
        fields: tuple[str, ...] = ()


class ItemFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which items of a plan."""

    prospect = filter_kinds.any_of("Foreseen", Prospect)
    outcome = filter_kinds.any_of("Became", PlanItem.Outcome)
    legal_entity = filter_kinds.exactly("Legal entity")
    label = filter_kinds.contains("Item")

    class Meta:
        model = PlanItem
        fields: tuple[str, ...] = ()
