"""What every answer of the console carries: the right `Vary`, no copies in caches, a correlation id."""

import re
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils.cache import patch_vary_headers
from django_htmx.http import HttpResponseClientRedirect

from integration_hub.console.http import wants_partial
from integration_hub.kernel.ids import correlation_id
from integration_hub.trail.record import correlated

_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{8,40}")


class ConsoleMiddleware:
    """Runs last, closest to the view."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        identifier = given if _GIVEN_ID.fullmatch(given) else correlation_id()
        request.correlation_id = identifier  # type: ignore[attr-defined]
        with correlated(identifier):
            response = self.get_response(request)
        response = _whole_page_sign_in(request, response)
        patch_vary_headers(response, ["HX-Request"])  # added to what is there, never assigned
        response["X-Request-ID"] = identifier
        if request.user.is_authenticated and "Cache-Control" not in response:
            response["Cache-Control"] = "no-store"
        return response


def _whole_page_sign_in(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """When the session has ended, an htmx request must not swap the sign-in form into a table row."""
    sign_in = resolve_url(settings.LOGIN_URL)
    if response.status_code == 302 and response["Location"].startswith(sign_in) and "X-Polled" in request.headers:
        return HttpResponse(status=204)  # nobody asked for it: what a person is writing on the page must stay
    if wants_partial(request) and response.status_code == 302 and response["Location"].startswith(sign_in):
        return HttpResponseClientRedirect(f"{sign_in}?expired=1")
    return response
