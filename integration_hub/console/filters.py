"""The filter bar: a FilterSet's form, the active filters as removable chips, and the filters in one sentence."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet

from integration_hub.console.http import Request
from integration_hub.console.query import PAGING, edited, without_value

NOT_STATE = ("format", *PAGING)
EVERYTHING = "everything"
"""The parameter that takes a list's standing filter away."""
COUNTED = 1000
"""As far as is counted what a standing filter leaves out."""
# Widgets of ranges post their ends under these suffixes.
_ENDS = {"": "", "_after": "from", "_before": "until", "_min": "from", "_max": "up to"}


@dataclass(frozen=True, slots=True)
class Chip:
    """One active filter and the address of the list without it."""

    label: str
    value: str
    url: str


@dataclass(frozen=True, slots=True)
class Standing:
    """The filter a list has unless the reader chooses: what it leaves out, and the parameters that take its place.

    It is said like any other filter, with how much it leaves out, and is taken away by a click.
    """

    label: str
    value: str
    left_out: Q
    unless: tuple[str, ...] = ()


class FilterBar:
    """A FilterSet bound to the request. Without a FilterSet it lets everything through and shows nothing."""

    def __init__(
        self,
        filterset_class: type[Any] | None,
        rows: "QuerySet[Any]",
        request: Request,
        standing: Standing | None = None,
    ) -> None:
        self.request = request
        self._declared = standing
        self.standing = standing if self._stands(standing) else None
        self._unfiltered = rows
        self._all = rows.exclude(self.standing.left_out) if self.standing is not None else rows
        self._class = filterset_class
        self.filterset = self._set(self._all)

    def _set(self, rows: "QuerySet[Any]") -> Any:
        return self._class(self.request.GET, queryset=rows, request=self.request) if self._class else None

    def _stands(self, standing: Standing | None) -> bool:
        given = [EVERYTHING, *(standing.unless if standing is not None else ())]
        return standing is not None and not any(self.request.GET.get(name) for name in given)

    @cached_property
    def left_out(self) -> str:
        """How many rows the standing filter leaves out of what the other filters let through: `94`, `1,000+`."""
        if self.standing is None or self.errors:
            return ""
        rows = self._unfiltered.filter(self.standing.left_out)
        filterset = self._set(rows)
        count = (filterset.qs if filterset is not None else rows).order_by()[: COUNTED + 1].count()
        return f"{COUNTED:,}+" if count > COUNTED else f"{count:,}" if count else ""

    @property
    def everything_url(self) -> str:
        """The list without its standing filter."""
        return edited(self.request.GET, drop=NOT_STATE, **{EVERYTHING: "1"})

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
            *self._lifted(),
            *(
                Chip(
                    f"{field.label} {end}".strip(),
                    words(field, value),
                    without_value(query, name, value, drop=NOT_STATE),
                )
                for name, (field, end) in self.parameters.items()
                for value in query.getlist(name)
                if value
            ),
        ]

    def _lifted(self) -> Iterator[Chip]:
        """That the reader has taken the standing filter away; without this chip it is back."""
        if self.request.GET.get(EVERYTHING) and self._declared is not None:
            yield Chip(self._declared.label, "all", edited(self.request.GET, drop=NOT_STATE, **{EVERYTHING: None}))

    @property
    def clear_url(self) -> str:
        """The list without any filter."""
        return edited(self.request.GET, drop=[*self.parameters, *NOT_STATE, EVERYTHING])

    @property
    def kept(self) -> list[tuple[str, str]]:
        """Parameters the filter form carries along: order and columns, not the page."""
        gone = {*self.parameters, *NOT_STATE}
        return [(name, value) for name, values in self.request.GET.lists() for value in values if name not in gone]

    @property
    def sentence(self) -> str:
        """The active filters in words, for exports and the trail."""
        told = [f"{self.standing.label}: {self.standing.value}"] if self.standing is not None else []
        return ", ".join([*told, *(f"{chip.label}: {chip.value}" for chip in self.chips)])


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
