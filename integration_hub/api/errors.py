"""Errors as RFC 9457 problems: what went wrong, on which field, and what to do about it."""

import logging
from http import HTTPStatus
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.core.exceptions import ValidationError as ModelInvalid
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from integration_hub.kernel.errors import BadInput, Denied, Problem, Stale, ThroughlineError
from integration_hub.kernel.failures import Failed, FailureClass

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
TITLES = {
    "invalid": "The request is not valid",
    "unreadable": "The body cannot be read",
    "unauthenticated": "A valid token is needed",
    "denied": "Not allowed",
    "not_found": "Not found",
    "method_not_allowed": "This address does not take this method",
    "not_acceptable": "Not available in this form",
    "unsupported_media_type": "Send JSON",
    "stale": "Somebody changed it meanwhile",
    "not_ready": "Not possible in this state",
    "key_reused": "The idempotency key was used for another request",
    "too_large": "The body is too large",
    "bad_input": "The input was refused",
    "throttled": "Too many requests",
    "upstream": "The other system did not do it",
    "failed": "Something went wrong here",
}
STALE_REMEDY = "Read it again and decide on its new version."
_RETRYABLE = {FailureClass.TRANSIENT, FailureClass.RATE}


class PayloadTooLarge(exceptions.APIException):
    """The body is larger than this installation takes."""

    status_code = 413
    default_code = "too_large"


class KeyReused(exceptions.APIException):
    """The same Idempotency-Key with another request."""

    status_code = 409
    default_code = "key_reused"
    default_detail = "This Idempotency-Key was used for a different request. Use a new key for a new request."


def problem_json(error: Exception, context: dict[str, Any]) -> Response:
    """The answer to an error in a view. An unexpected one is logged and told without its inside."""
    set_rollback()
    status, kind, detail, problems = describe(error)
    request = context["request"]
    if status >= 500:
        log.error("API request failed: %s %s", request.method, request.path, exc_info=error)
    body = document(request, status, kind, detail, problems)
    response = Response(body, status=status, content_type=MEDIA_TYPE)
    for name, value in _headers(error).items():
        response[name] = value
    return response


def describe(error: Exception) -> tuple[int, str, str, list[Problem]]:
    """Status, kind, detail and field problems of an error."""
    if isinstance(error, Denied):
        return 403, "denied", str(error), []
    if isinstance(error, Stale):
        return 409, "stale", str(error), [Problem("version", "is no longer the latest.", STALE_REMEDY)]
    if isinstance(error, BadInput):
        return 422, "bad_input", str(error), error.problems
    if isinstance(error, ThroughlineError):
        return 409, "not_ready", str(error), []
    if isinstance(error, Failed):
        return _of_failure(error)
    if isinstance(error, Http404 | ObjectDoesNotExist):
        return 404, "not_found", "There is nothing here under this id, or it is outside your scope.", []
    if isinstance(error, PermissionDenied):
        return 403, "denied", str(error) or "You may not do this.", []
    if isinstance(error, ModelInvalid):
        return 400, "invalid", "Some fields are not valid.", [Problem("", text) for text in error.messages]
    if isinstance(error, exceptions.APIException):
        return _of_framework(error)
    return 500, "failed", "It was recorded with this request's id; tell an administrator.", []


def document(
    request: HttpRequest | Any, status: int, kind: str, detail: str, problems: list[Problem]
) -> dict[str, object]:
    """The problem document."""
    body: dict[str, object] = {
        "type": f"urn:throughline:problem:{kind}",
        "title": TITLES.get(kind) or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": request.path,
        "request_id": getattr(getattr(request, "_request", request), "correlation_id", ""),
        "errors": [{"field": item.field, "message": item.message, "remedy": item.remedy} for item in problems],
    }
    return body


def not_found(request: HttpRequest) -> JsonResponse:
    """The answer for an address below /api/ that does not exist."""
    detail = f"There is no address {request.path} in this API."
    if not request.path.endswith("/"):
        detail += " Addresses end with a slash."
    return JsonResponse(document(request, 404, "not_found", detail, []), status=404, content_type=MEDIA_TYPE)


def _of_failure(error: Failed) -> tuple[int, str, str, list[Problem]]:
    status = 503 if error.kind in _RETRYABLE else 502
    problems = [Problem(error.field, error.message, error.remedy)] if error.field or error.remedy else []
    return status, "upstream", error.message, problems


def _of_framework(error: exceptions.APIException) -> tuple[int, str, str, list[Problem]]:
    status = error.status_code
    if isinstance(error, exceptions.ValidationError):
        problems = flatten(error.detail)
        named = ", ".join(dict.fromkeys(item.field for item in problems if item.field))
        return status, "invalid", f"Check {named}." if named else "The request is not valid.", problems
    kinds = {
        exceptions.ParseError: "unreadable",
        exceptions.AuthenticationFailed: "unauthenticated",
        exceptions.NotAuthenticated: "unauthenticated",
        exceptions.PermissionDenied: "denied",
        exceptions.NotFound: "not_found",
        exceptions.MethodNotAllowed: "method_not_allowed",
        exceptions.NotAcceptable: "not_acceptable",
        exceptions.UnsupportedMediaType: "unsupported_media_type",
        exceptions.Throttled: "throttled",
        PayloadTooLarge: "too_large",
        KeyReused: "key_reused",
    }
    kind = next((name for cls, name in kinds.items() if isinstance(error, cls)), "failed")
    return status, kind, str(error.detail), []


def flatten(detail: Any, path: str = "") -> list[Problem]:
    """Validation errors as a flat list; nested fields are dotted, list positions are numbers."""
    if isinstance(detail, dict):
        return [
            problem
            for name, inner in detail.items()
            for problem in flatten(inner, _join(path, "" if name == "non_field_errors" else str(name)))
        ]
    if isinstance(detail, list):
        found = []
        for index, inner in enumerate(detail):
            nested = isinstance(inner, dict | list)
            found += flatten(inner, _join(path, str(index)) if nested else path)
        return found
    return [Problem(path, str(detail))]


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path and name else path or name


def _headers(error: Exception) -> dict[str, str]:
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    if isinstance(error, Failed) and error.retry_after is not None:
        headers["Retry-After"] = str(int(error.retry_after.total_seconds()))
    return headers
