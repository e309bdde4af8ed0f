"""Filters of tie-outs."""

import django_filters

from integration_hub.console import filter_kinds
from reconciliation.models import TieOut


class TieOutFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which tie-outs."""

    agrees = filter_kinds.yes_or_no("Agrees everywhere")
    at = filter_kinds.days("At")
    started_by = filter_kinds.exactly("Run by")

    class Meta:
        model = TieOut
        fields: tuple[str, ...] = ()
