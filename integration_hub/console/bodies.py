"""How large what a browser sends may be: refused by its length, before a byte of it is read or kept."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from integration_hub.console.decisions import refusal


class BodyLimit:
    """413 for a body that says it is larger than `MAX_BODY_BYTES`, with the files in it.

    Django's own limit leaves files out, and the CSRF check reads the form before it knows whether anybody is signed in:
    so this comes before that check. Views the check leaves alone (REST, webhooks) keep the limit themselves, for they
    answer programs. A body that states no length is empty to WSGI.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """The refusal, or None to go on."""
        if getattr(view, "csrf_exempt", False) or not is_too_large(request):
            return None
        return refusal(request, 413, f"At most {settings.MAX_BODY_BYTES:,} bytes are taken at once. Nothing was done.")


def is_too_large(request: HttpRequest) -> bool:
    """Whether the stated length is over the limit, or no length at all."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    return not (length.isascii() and length.isdigit()) or int(length) > settings.MAX_BODY_BYTES
