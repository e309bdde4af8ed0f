"""Filters of the exceptions."""

from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest

from integration_hub.cases.models import Case
from integration_hub.cases.queries import handlers
from integration_hub.cases.registry import KINDS
from integration_hub.cases.tables import SEVERITY
from integration_hub.console import filter_kinds
from integration_hub.kernel.clock import now
from integration_hub.people.models import Role, User


def codes() -> list[tuple[str, str]]:
    """Every code there is, with what finance calls it."""
    return [(code, f"{kind.title} · {code}") for code, kind in KINDS]


def people(request: HttpRequest) -> "QuerySet[User]":
    """People who may own an exception."""
    return handlers()


class CaseFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which exceptions."""

    search = filter_kinds.contains("Words in the title", "title")
    code = django_filters.ChoiceFilter(label="Kind", choices=codes, empty_label="Any")
    severity = filter_kinds.any_of("Severity", [(str(key), text) for key, text in SEVERITY.items()])
    owner_role = django_filters.ChoiceFilter(label="Owner role", choices=Role.choices, empty_label="Any")
    assigned_to = filter_kinds.one_of("Owner", people)
    legal_entity = filter_kinds.exactly("Legal entity")
    overdue = django_filters.BooleanFilter(
        label="Overdue",
        method="only_overdue",
        widget=forms.Select(choices=[("", "Both"), ("true", "Yes"), ("false", "No")]),
    )

    class Meta:
        model = Case
        fields: tuple[str, ...] = ()

    def only_overdue(self, rows: "QuerySet[Any]", name: str, value: bool) -> "QuerySet[Any]":
        """Past its due time and still open."""
        late = rows.filter(due_at__lt=now(), status__in=Case.OPEN_STATES)
        return late if value else rows.exclude(pk__in=late.values("pk"))
