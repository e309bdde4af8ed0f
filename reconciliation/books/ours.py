"""Our own rows as one side of a pair: one query, so that the database moves them by itself."""

from typing import Any

from django.db.models import CharField, DateField, DateTimeField, DecimalField, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce, Concat

from integration_hub.kernel.money import ZERO
from reconciliation.matching.pairs import COLUMNS, Item, Reading

_DECIMAL = DecimalField(max_digits=24, decimal_places=6)
_TYPES: dict[str, Any] = {"on_date": DateField(), "at": DateTimeField()} | dict.fromkeys(
    ("amount", "net", "tax", "was"), _DECIMAL
)
_EMPTY = Item("", "", "")


def reading(rows: "QuerySet[Any]", **columns: Combinable) -> Reading:
    """Rows as items: an expression for each column that is not empty. The scope is the caller's."""
    named = {f"item_{name}": _cast(name, columns.get(name)) for name in COLUMNS}
    query = rows.order_by().annotate(**named).values_list(*named)
    return Reading(sql=query.query.sql_with_params())


def _cast(name: str, given: Combinable | None) -> Combinable:
    kind = _TYPES.get(name, CharField())
    if given is None:
        return Cast(Value(getattr(_EMPTY, name)), kind)
    if kind is _TYPES["on_date"] or kind is _TYPES["at"] or name in ("net", "tax", "was"):
        return Cast(given, kind)
    empty = Value(ZERO, _DECIMAL) if name == "amount" else Value("")
    return Coalesce(Cast(given, kind), empty, output_field=kind)


def link(object_type: str, pk: str = "pk") -> Combinable:
    """The row itself, as `Item.link` keeps it."""
    return Concat(Value(f"{object_type}:"), Cast(pk, CharField()), output_field=CharField())


def joined(*parts: str | Combinable) -> Combinable:
    """Texts of columns and expressions, one after the other."""
    return Concat(*parts, output_field=CharField())


def text(column: str) -> Combinable:
    """A column as text."""
    return Cast(column, CharField())
