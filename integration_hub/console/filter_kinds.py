"""The kinds of filters that lists use, so that the same question looks the same on every screen."""

from collections.abc import Callable, Iterable
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from django_filters.widgets import RangeWidget

Choices = Iterable[tuple[Any, str]] | type[Any]


class Range(RangeWidget):  # type: ignore[misc]
    """Two ends of a range side by side, each with its own name for screen readers."""

    template_name = "console_widgets/range.html"

    def __init__(self, kind: str, label: str, suffixes: tuple[str, str]) -> None:
        super().__init__()
        self.suffixes = list(suffixes)
        for widget, end in zip(self.widgets, ("from", "to"), strict=True):
            widget.input_type = kind
            widget.attrs["step"] = "any"
            widget.attrs["aria-label"] = f"{label} {end}"


def any_of(label: str, choices: Choices, field: str = "", **more: Any) -> Any:
    """One or more of a few choices, as checkboxes."""
    listed = getattr(choices, "choices", choices)
    widget = forms.CheckboxSelectMultiple
    return django_filters.MultipleChoiceFilter(field or None, label=label, choices=listed, widget=widget, **more)


def one_of(label: str, rows: Callable[[HttpRequest], "QuerySet[Any]"], field: str = "", **more: Any) -> Any:
    """One row of another table; `rows(request)` must be scoped to the person who asks."""
    return django_filters.ModelChoiceFilter(field or None, label=label, queryset=rows, empty_label="Any", **more)


def contains(label: str, field: str = "", **more: Any) -> Any:
    """Part of a text, upper and lower case alike."""
    return django_filters.CharFilter(field or None, lookup_expr="icontains", label=label, **more)


def exactly(label: str, field: str = "", **more: Any) -> Any:
    """A number or id as it is written."""
    return django_filters.CharFilter(field or None, lookup_expr="exact", label=label, **more)


def days(label: str, field: str = "", **more: Any) -> Any:
    """From one day to another, both included."""
    widget = Range("date", label, ("after", "before"))
    return django_filters.DateFromToRangeFilter(field or None, label=label, widget=widget, **more)


def numbers(label: str, field: str = "", **more: Any) -> Any:
    """From one number to another, both included."""
    return django_filters.RangeFilter(field or None, label=label, widget=Range("number", label, ("min", "max")), **more)


def yes_or_no(label: str, field: str = "", **more: Any) -> Any:
    """Yes, no, or both."""
    choices = [("", "Both"), ("true", "Yes"), ("false", "No")]
    return django_filters.BooleanFilter(field or None, label=label, widget=forms.Select(choices=choices), **more)
