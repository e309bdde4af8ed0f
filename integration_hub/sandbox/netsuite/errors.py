"""NetSuite's error body: RFC-style title and status, and any number of `o:errorDetails`."""

from __future__ import annotations

from ..messages import Json, Refusal, Reply

_TITLES = {
    400: ("Bad Request", "sec10.4.1"),
    401: ("Unauthorized", "sec10.4.2"),
    403: ("Forbidden", "sec10.4.4"),
    404: ("Not Found", "sec10.4.5"),
    405: ("Method Not Allowed", "sec10.4.6"),
    429: ("Too Many Requests", "sec10.4"),
    500: ("Internal Server Error", "sec10.5.1"),
    503: ("Service Unavailable", "sec10.5.4"),
}


def errors(status: int, code: str, detail: str, **place: str) -> Reply:
    """One detail; `path`, `header`, `query` or `url` say where it is."""
    title, section = _TITLES.get(status, ("Error", "sec10"))
    names = {"path": "o:errorPath", "header": "o:errorHeader", "query": "o:errorQueryParam", "url": "o:urlPath"}
    entry: Json = {"detail": detail} | {names[key]: value for key, value in place.items()} | {"o:errorCode": code}
    return Reply(
        status,
        {
            "type": f"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html#{section}",
            "title": title,
            "status": status,
            "o:errorDetails": [entry],
        },
    )


def invalid(detail: str, path: str = "") -> Refusal:
    """400 INVALID_CONTENT: a field or value is not acceptable."""
    return Refusal(errors(400, "INVALID_CONTENT", detail, **({"path": path} if path else {})))


def bad_value(field: str) -> Refusal:
    return invalid(f"Invalid value for the resource or sub-resource field '{field}'.", field)


def user_error(detail: str) -> Refusal:
    """400 USER_ERROR: a business rule says no, in words only."""
    return Refusal(errors(400, "USER_ERROR", f"Error while accessing a resource. {detail}"))


def missing() -> Refusal:
    return Refusal(
        errors(
            404,
            "NONEXISTENT_ID",
            "The record instance does not exist. Provide a valid record instance ID.",
        )
    )
