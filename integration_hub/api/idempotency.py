"""A request sent twice is done once: `Idempotency-Key` on requests that create something."""

import json
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.db import transaction
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from integration_hub.api.errors import KeyReused
from integration_hub.api.models import ApiToken, IdempotentRequest
from integration_hub.api.views import person
from integration_hub.kernel.clock import now
from integration_hub.kernel.ids import content_hash

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
KEPT = timedelta(days=30)
_SWEPT_AT_ONCE = 100

PARAMETER = OpenApiParameter(
    HEADER,
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="Any text of yours, up to 200 characters, new for each new request. Sent again with the same body, the "
    "first answer comes back and nothing is done twice.",
)

Args = ParamSpec("Args")
Method = Callable[Concatenate[Any, Request, Args], Response]


def idempotent(method: "Method[Args]") -> "Method[Args]":
    """Make a view method answer a repeated request with what it answered first.

    Key, act and answer are committed together: a request that failed leaves no key behind and may be sent again, and
    one that arrives while the first is still being done waits for it.
    """

    @wraps(method)
    def once(view: Any, request: Request, *args: Args.args, **kwargs: Args.kwargs) -> Response:
        key = request.headers.get(HEADER, "").strip()
        if not key:
            return method(view, request, *args, **kwargs)
        if len(key) > 200:
            raise ValidationError({HEADER: ["is longer than 200 characters."]})
        wanted = _hash(request)
        with transaction.atomic():
            known, fresh = IdempotentRequest.objects.get_or_create(
                user=person(request),
                key=key,
                defaults={
                    "request_hash": wanted,
                    "token": request.auth if isinstance(request.auth, ApiToken) else None,
                },
            )
            if not fresh:
                return _again(known, wanted)
            response = method(view, request, *args, **kwargs)
            known.status, known.body = response.status_code, _stored(view, response)
            known.save(update_fields=["status", "body"])
            _sweep()
        return response

    return cast("Method[Args]", once)


def _hash(request: Request) -> str:
    try:
        return content_hash([request.method, request.path, request.data])
    except UnicodeEncodeError as error:
        raise ParseError("The body contains characters that are no text.") from error


def _again(known: IdempotentRequest, wanted: str) -> Response:
    if known.request_hash != wanted:
        raise KeyReused
    return Response(known.body, status=known.status, headers={REPLAYED: "true"})


def _stored(view: Any, response: Response) -> Any:
    """The answer as it is sent, so that the second one is the same to the letter."""
    renderer = view.renderer_classes[0]()
    return json.loads(renderer.render(response.data))


def _sweep() -> None:
    """Forget some keys that nobody will send again."""
    old = IdempotentRequest.objects.filter(created_at__lt=now() - KEPT).order_by("pk").values("pk")[:_SWEPT_AT_ONCE]
    IdempotentRequest.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()
