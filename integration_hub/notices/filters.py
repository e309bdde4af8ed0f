"""Filters of the inbox."""

from typing import Any

import django_filters
from django.db.models import QuerySet

from integration_hub.cases.tables import SEVERITY
from integration_hub.console import filter_kinds
from integration_hub.notices.models import Kind, Notice
from integration_hub.people.models import Role


class NoticeFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which notices."""

    unread = filter_kinds.yes_or_no("Not read yet", method="only_unread")
    kind = filter_kinds.any_of("Why", Kind)
    role = django_filters.ChoiceFilter(
        label="Owner role", field_name="case__owner_role", choices=Role.choices, empty_label="Any"
    )
    severity = filter_kinds.any_of("Severity", [(str(key), text) for key, text in SEVERITY.items()])

    class Meta:
        model = Notice
        fields: tuple[str, ...] = ()

    def only_unread(self, rows: "QuerySet[Any]", name: str, value: bool) -> "QuerySet[Any]":
        """Read, or not."""
        return rows.filter(read_at__isnull=value)
