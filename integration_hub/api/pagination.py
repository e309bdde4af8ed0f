"""Keyset paging of lists: a cursor names the last row seen, so the last page costs what the first one costs."""

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.core.exceptions import FieldError
from django.core.exceptions import ValidationError as ModelInvalid
from django.db.models import Q
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

if TYPE_CHECKING:
    from rest_framework.views import APIView

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
Row = Any


class KeysetPagination(BasePagination):
    """`?limit=` up to 200 and `?cursor=` from an earlier answer; no counting, no offsets.

    The order is the view's `keyset` (default `("-id",)`): ORM names that are never null, the last one unique.
    """

    def paginate_queryset(self, queryset: Any, request: Request, view: "APIView | None" = None) -> list[Row]:
        """The rows of this page, in order."""
        self.request = request
        self.order: Sequence[str] = getattr(view, "keyset", ("-id",))
        limit = _limit(request.query_params.get("limit"))
        backward, mark = _read(request.query_params.get("cursor"), self.order)
        order = _reversed(self.order) if backward else self.order
        try:
            if mark is not None:
                queryset = queryset.filter(_beyond(order, mark))
            found = list(queryset.order_by(*order)[: limit + 1])
        except (ModelInvalid, ValueError, TypeError, FieldError) as error:
            raise _unreadable() from error
        rows = found[:limit]
        more = len(found) > limit
        if backward:
            rows.reverse()
        self.has_next = bool(rows) and (more or backward)
        self.has_previous = bool(rows) and mark is not None and (more or not backward)
        self.rows = rows
        return rows

    def get_paginated_response(self, data: Any) -> Response:
        """`{"results", "next", "previous"}`; the links keep the filters."""
        return Response(
            {
                "results": data,
                "next": self._link(self.rows[-1], "n") if self.has_next else None,
                "previous": self._link(self.rows[0], "p") if self.has_previous else None,
            }
        )

    def _link(self, row: Row, direction: str) -> str:
        cursor = _write(direction, self.order, row)
        return str(replace_query_param(self.request.build_absolute_uri(), "cursor", cursor))

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """For the OpenAPI document."""
        link = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["results", "next", "previous"],
            "properties": {"results": schema, "next": link, "previous": link},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """For the OpenAPI document."""
        limit = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
        return [
            {"name": "cursor", "in": "query", "schema": {"type": "string"}, "description": "From an earlier answer."},
            {"name": "limit", "in": "query", "schema": limit, "description": "Rows per page."},
        ]


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    if text.isdecimal() and 1 <= int(text) <= MAX_LIMIT:
        return int(text)
    raise ValidationError({"limit": [f"Use a whole number from 1 to {MAX_LIMIT}."]})


def _reversed(order: Sequence[str]) -> list[str]:
    return [name.removeprefix("-") if name.startswith("-") else f"-{name}" for name in order]


def _beyond(order: Sequence[str], mark: Sequence[Any]) -> Q:
    """Rows after the mark: greater in the first key, or equal there and greater in the next, and so on."""
    condition, equal = Q(pk__in=[]), Q()
    for name, value in zip(order, mark, strict=True):
        path = name.removeprefix("-")
        further = Q(**{f"{path}__{'lt' if name.startswith('-') else 'gt'}": value})
        condition |= equal & further
        equal &= Q(**{path: value})
    return condition


def _write(direction: str, order: Sequence[str], row: Row) -> str:
    values = [_plain(getattr(row, name.removeprefix("-"))) for name in order]
    text = json.dumps([direction, list(order), values], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read(cursor: str | None, order: Sequence[str]) -> tuple[bool, list[Any] | None]:
    if not cursor:
        return False, None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        direction, made_for, values = json.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
    except (binascii.Error, ValueError, TypeError, UnicodeError, RecursionError) as error:
        raise _unreadable() from error
    fits = made_for == list(order) and isinstance(values, list) and len(values) == len(order)
    if not fits or direction not in {"n", "p"} or not all(_is_key(value) for value in values):
        raise _unreadable()
    return direction == "p", values


def _is_key(value: Any) -> bool:
    """Whether a value may be compared with a column: PostgreSQL refuses a text with NUL."""
    return not isinstance(value, list | dict | None) and "\0" not in str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _unreadable() -> ValidationError:
    return ValidationError({"cursor": ["This cursor is not from this list. Start again without it."]})
