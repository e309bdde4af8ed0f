"""The request as screens see it: signed in, with htmx details and a correlation id."""

from collections.abc import Iterable
from typing import Any, TypeVar, cast

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django_htmx.middleware import HtmxDetails

from integration_hub.people.models import User
from integration_hub.people.scope import scoped

Row = TypeVar("Row", bound=Model)


class Request(HttpRequest):
    """A request that passed sign-in and the console's middleware. For annotations: it is never built."""

    user: User
    htmx: HtmxDetails
    correlation_id: str


def signed_in(request: HttpRequest) -> Request:
    """The same request, typed: `LoginRequiredMiddleware` has made sure of the user."""
    return cast(Request, request)


def wants_partial(request: HttpRequest) -> bool:
    """Whether htmx asks for a piece of the page; boosted links and restored history want the whole page."""
    htmx: HtmxDetails | None = getattr(request, "htmx", None)
    return htmx is not None and bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def find_or_404(rows: "QuerySet[Row]", user: User, *, scope: str | None = "legal_entity__code", **lookup: Any) -> "Row":
    """One row within the user's legal entities, else 404: what a person may not see does not exist for them."""
    return get_object_or_404(scoped(rows, user, scope) if scope else rows, **lookup)


def selection(values: Iterable[str]) -> list[tuple[int, int | None]]:
    """Ticked rows as (id, version seen), from the `selected` values a table posts. Unreadable ones are left out."""
    chosen: list[tuple[int, int | None]] = []
    for value in values:
        key, _, version = value.partition(":")
        if key.isdecimal() and (not version or version.isdecimal()):
            chosen.append((int(key), int(version) if version else None))
    return chosen
