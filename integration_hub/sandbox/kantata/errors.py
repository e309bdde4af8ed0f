"""Kantata's error body: a list of messages with a type and, for validations, a field; no machine-readable code."""

from __future__ import annotations

from ..messages import Json, Refusal, Reply


def errors(status: int, kind: str, message: str, field: str = "") -> Reply:
    error: Json = {"type": kind, "message": message}
    if field:
        error["field"] = field
    return Reply(status, {"errors": [error]})


def invalid(message: str, field: str = "") -> Refusal:
    """422: the record is not acceptable."""
    return Refusal(errors(422, "validation", message, field))


def bad(message: str) -> Refusal:
    """400: the request makes no sense."""
    return Refusal(errors(400, "system", message))


def missing() -> Refusal:
    return Refusal(errors(404, "system", "The requested resource could not be found."))
