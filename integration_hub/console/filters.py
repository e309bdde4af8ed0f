"""The filter bar: a FilterSet's form, the active filters as removable chips, and the filters in one sentence."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from integration_hub.console.http import Request
from integration_hub.console.query import PAGING, edited, without_value

NOT_STATE = ("format", *PAGING)
# Widgets of ranges post their ends under these suffixes.
_ENDS = {"": "", "_after": "from", "_before": "until", "_min": "from", "_max": "up to"}


@dataclass(frozen=True, slots=True)
class Chip:
    """One active filter and the address of the list without it."""

    label: str
    value: str
    url: str


class FilterBar:
    """A FilterSet bound to the request. Without a FilterSet it lets everything through and shows nothing."""

    def __init__(self, filterset_class: type[Any] | None, rows: "QuerySet[Any]", request: Request) -> None:
        self.request = request
        self._all = rows
        self.filterset = filterset_class(request.GET, queryset=rows, request=request) if filterset_class else None

    @cached_property
    def rows(self) -> "QuerySet[Any]":
        """The filtered rows; none when a filter is wrong, for showing all would answer another question."""
        if self.filterset is None:
            return self._all
        if not self.filterset.is_valid():
            return self._all.none()
        filtered: QuerySet[Any] = self.filterset.qs
        return filtered

    @property
    def form(self) -> Any:
        """The form, or None."""
        return self.filterset.form if self.filterset is not None else None

    @property
    def errors(self) -> list[str]:
        """What is wrong with the filters, in sentences."""
        fields = self.form.fields if self.form else {}
        wrong = self.form.errors.items() if self.form else ()
        return [f"{fields[name].label or name}: {errors[0]}" for name, errors in wrong if name in fields]

    @cached_property
    def parameters(self) -> dict[str, tuple[Any, str]]:
        """Query parameters that are filters: their field and the end of the range they set."""
        fields = self.form.fields if self.form else {}
        ranged = {f"{name}{end}": (field, word) for name, field in fields.items() for end, word in _ENDS.items()}
        return ranged | {name: (field, "") for name, field in fields.items()}

    @cached_property
    def chips(self) -> list[Chip]:
        """The active filters, one chip per value."""
        query = self.request.GET
        return [
            Chip(f"{field.label} {end}".strip(), words(field, value), without_value(query, name, value, drop=NOT_STATE))
            for name, (field, end) in self.parameters.items()
            for value in query.getlist(name)
            if value
        ]

    @property
    def clear_url(self) -> str:
        """The list without any filter."""
        return edited(self.request.GET, drop=[*self.parameters, *NOT_STATE])

    @property
    def kept(self) -> list[tuple[str, str]]:
        """Parameters the filter form carries along: order and columns, not the page."""
        gone = {*self.parameters, *NOT_STATE}
        return [(name, value) for name, values in self.request.GET.lists() for value in values if name not in gone]

    @property
    def sentence(self) -> str:
        """The active filters in words, for exports and the trail."""
        return ", ".join(f"{chip.label}: {chip.value}" for chip in self.chips)


def words(field: Any, value: str) -> str:
    """The label of a choice, the name of a chosen row, or the value itself."""
    rows = getattr(field, "queryset", None)
    if rows is not None:
        try:
            return str(rows.filter(**{field.to_field_name or "pk": value}).first() or value)
        except (ValueError, ValidationError):
            return value
    labels: dict[str, str] = {}
    for code, label in getattr(field, "choices", None) or ():
        group = label if isinstance(label, list | tuple) else [(code, label)]
        labels.update({str(key): str(text) for key, text in group})
    return labels.get(value) or {"true": "Yes", "false": "No"}.get(value, value)
