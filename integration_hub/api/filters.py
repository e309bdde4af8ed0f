"""Filters of lists. A filter nobody knows is refused: ignored, it would answer with everything."""

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

PAGING = {"cursor", "limit", "format"}


class IdOrName(django_filters.CharFilter):  # type: ignore[misc]  # untyped library
    """Matches a related row by its id or by the name people use (`number`, `code`)."""

    def __init__(self, *args: Any, field_name: str, name: str, **kwargs: Any) -> None:
        self.name_path = f"{field_name}__{name}"
        self.id_path = f"{field_name}__pk"
        kwargs.setdefault("help_text", f"Its {name}, or its id.")
        super().__init__(*args, field_name=field_name, **kwargs)

    def filter(self, qs: "QuerySet[Any]", value: str) -> "QuerySet[Any]":
        """Rows of that related row."""
        if not value:
            return qs
        which = Q(**{self.name_path: value})
        if value.isdecimal() and len(value) < 19:
            which |= Q(**{self.id_path: int(value)})
        return qs.filter(which)


def refuse_unknown(request: Request, known: set[str]) -> None:
    """Raise ValidationError for query parameters that are none of the known ones."""
    allowed = known | PAGING
    unknown = [name for name in request.query_params if name not in allowed]
    if unknown:
        listed = ", ".join(sorted(allowed - {"format"}))
        raise ValidationError({name: [f"This filter is not known. Known are {listed}."] for name in unknown})
