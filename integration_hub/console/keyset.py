"""Keyset paging: the next page starts after the last row seen, so page 5,000 costs what page 1 costs.

No OFFSET and no COUNT(*). Rows are ordered by one key with the primary key as tie-breaker, both in the same
direction; rows without a key come last in either direction.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import F, Field, Model, Q, QuerySet

KEY = "_sort_key"


@dataclass(frozen=True, slots=True)
class Page:
    """One page of rows with the cursors of its neighbours; an empty cursor means there is no neighbour."""

    rows: list[Any]
    next: str = ""
    previous: str = ""

    @property
    def only(self) -> bool:
        """Whether everything fits on this page."""
        return not self.next and not self.previous


def page(rows: "QuerySet[Any]", sort: str, *, size: int, after: str = "", before: str = "") -> Page:
    """The page of `rows` after or before a cursor, ordered by `sort` (an ORM path, `-` for descending).

    A cursor that cannot be read, or belongs to another order, gives the first page.
    """
    order = _Order(rows.model, sort)
    rows = rows.order_by().annotate(**{KEY: F(order.path)})
    try:
        if before and (mark := _read(before, sort)):
            return _backward(rows, order, mark, size)
        mark = _read(after, sort) if after else None
        return _forward(rows, order, mark, size)
    except (ValidationError, ValueError, TypeError):
        return _forward(rows, order, None, size)


def ordered(rows: "QuerySet[Any]", sort: str) -> "QuerySet[Any]":
    """All rows in the order of the pages, for exports."""
    return rows.order_by(*_Order(rows.model, sort).columns())


class _Order:
    """The order and its conditions, for a key that may be missing."""

    def __init__(self, model: type[Model], sort: str) -> None:
        self.sort = sort
        self.path = sort.removeprefix("-")
        self.descending = sort.startswith("-")
        self.nullable = _nullable(model, self.path)

    def columns(self, *, reverse: bool = False) -> list[Any]:
        descending = self.descending != reverse
        tie = "-pk" if descending else "pk"
        if self.path in {"pk", "id"}:
            return [tie]
        if not self.nullable:
            return [("-" if descending else "") + self.path, tie]
        nulls: dict[str, bool] = {"nulls_first": True} if reverse else {"nulls_last": True}
        key = F(self.path)
        return [key.desc(**nulls) if descending else key.asc(**nulls), tie]

    def beyond(self, mark: tuple[Any, Any], *, reverse: bool = False) -> Q:
        """Rows after the mark in reading direction (`reverse`: before it)."""
        key, pk = mark
        up = self.descending == reverse
        tie = Q(pk__gt=pk) if up else Q(pk__lt=pk)
        if self.path in {"pk", "id"}:
            return tie
        missing = Q(**{f"{self.path}__isnull": True})
        if key is None:
            return ~missing | (missing & tie) if reverse else missing & tie
        further = Q(**{f"{self.path}__{'gt' if up else 'lt'}": key})
        # The outer condition is implied by the inner one; it lets the database enter the index at the key.
        reach = Q(**{f"{self.path}__{'gte' if up else 'lte'}": key}) & (further | tie)
        return reach | missing if self.nullable and not reverse else reach


def _forward(rows: "QuerySet[Any]", order: _Order, mark: tuple[Any, Any] | None, size: int) -> Page:
    if mark:
        rows = rows.filter(order.beyond(mark))
    found = list(rows.order_by(*order.columns())[: size + 1])
    shown = found[:size]
    return Page(
        rows=shown,
        next=_cursor(shown[-1], order.sort) if len(found) > size else "",
        previous=_cursor(shown[0], order.sort) if mark and shown else "",
    )


def _backward(rows: "QuerySet[Any]", order: _Order, mark: tuple[Any, Any], size: int) -> Page:
    found = list(rows.filter(order.beyond(mark, reverse=True)).order_by(*order.columns(reverse=True))[: size + 1])
    if len(found) <= size:  # the beginning is reached: show a full first page, not a stub
        return _forward(rows, order, None, size)
    shown = found[:size][::-1]
    return Page(rows=shown, next=_cursor(shown[-1], order.sort), previous=_cursor(shown[0], order.sort))


def _nullable(model: type[Model], path: str) -> bool:
    """Whether the key may be missing; what is not a plain field (an annotation) may."""
    current: type[Model] = model
    for part in path.split("__"):
        if part == "pk":
            return False
        try:
            field = current._meta.get_field(part)
        except FieldDoesNotExist:
            return True
        if getattr(field, "null", True) or not isinstance(field, Field):
            return True
        if field.is_relation and field.related_model and not isinstance(field.related_model, str):
            current = field.related_model
    return False


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    return value


def _cursor(row: Any, sort: str) -> str:
    text = json.dumps([sort, _plain(getattr(row, KEY)), _plain(row.pk)], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read(cursor: str, sort: str) -> tuple[Any, Any] | None:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        made_for, key, pk = json.loads(base64.urlsafe_b64decode(padded.encode()))
    except (binascii.Error, ValueError, TypeError, RecursionError):
        return None
    if made_for != sort or isinstance(key, list | dict) or isinstance(pk, list | dict | None):
        return None
    if "\0" in f"{key}{pk}":  # PostgreSQL refuses to compare with such a text
        return None
    return key, pk
