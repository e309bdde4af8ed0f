"""Filters of the effects."""

import django_filters
from django.db.models import QuerySet
from django.http import HttpRequest

from integration_hub.connectors.models import Connection
from integration_hub.console import filter_kinds
from integration_hub.effects.models import Correction, Effect


def connections(request: HttpRequest) -> "QuerySet[Connection]":
    """Connections, without their secrets."""
    return Connection.objects.defer("sealed_credentials", "sealed_webhook_secret")


class EffectFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which effects."""

    state = filter_kinds.any_of("State", Effect.State)
    connection = filter_kinds.one_of("Connection", connections)
    effect_type = filter_kinds.contains("What")
    business_key = filter_kinds.contains("Our reference")
    remote_number = filter_kinds.exactly("Number there")
    key = filter_kinds.exactly("Key")
    legal_entity = filter_kinds.exactly("Legal entity")
    created_at = filter_kinds.days("Planned")

    class Meta:
        model = Effect
        fields: tuple[str, ...] = ()


class CorrectionFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which corrections."""

    state = filter_kinds.any_of("State", Correction.State)
    business_key = filter_kinds.contains("Our reference", "effect__business_key")
    legal_entity = filter_kinds.exactly("Legal entity", "effect__legal_entity")
    created_at = filter_kinds.days("Proposed")

    class Meta:
        model = Correction
        fields: tuple[str, ...] = ()
