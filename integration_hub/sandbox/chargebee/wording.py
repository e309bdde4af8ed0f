"""Chargebee's error body, flat: a sentence, a type, a code, the parameter that is meant. And how forms carry values."""

from __future__ import annotations

import uuid
from typing import Any

from ..messages import Json, Misshapen, Refusal, Reply


def error(status: int, message: str, *, code: str, param: str = "", kind: str = "invalid_request") -> Reply:
    body: Json = {"message": message, "type": kind, "api_error_code": code, "http_status_code": status}
    body |= {"error_code": code, "error_msg": message, "error_cause_id": uuid.uuid4().hex}
    if param:
        body |= {"param": param, "error_param": param}
    return Reply(status, body)


def wrong(param: str, message: str, *, code: str = "param_wrong_value", status: int = 400) -> Refusal:
    return Refusal(error(status, f"{param} : {message}", code=code, param=param))


def state(message: str) -> Refusal:
    """Something that is not possible any more, or not yet."""
    return Refusal(error(409, message, code="invalid_state_for_request"))


def missing(what: str, key: object) -> Refusal:
    return Refusal(error(404, f"Sorry, we couldn't find that resource: {what} {key}", code="resource_not_found"))


def known(values: Json, names: set[str]) -> None:
    """Parameters it does not know are refused; those of an administrator begin with `cf_`."""
    for name in values:
        if name not in names and not name.startswith("cf_"):
            raise wrong(name, "unknown parameter")


def needed(values: Json, name: str, longest: int = 250) -> str:
    """A text that must be there."""
    text = values.get(name)
    if not isinstance(text, str) or not text:
        raise wrong(name, "cannot be blank")
    if len(text) > longest:
        raise wrong(name, f"cannot be longer than {longest} characters")
    return text


def integer(value: object, param: str, least: int = 0) -> int:
    """Amounts and times are whole numbers."""
    text = str(value)
    if not (text.isascii() and text.lstrip("-").isdigit()) or len(text) > 14 or int(text) < least:
        raise wrong(param, f"should be a whole number of at least {least}")
    return int(text)


def rows(values: Json, name: str, names: set[str]) -> list[Json]:
    """A list of objects: `line_items[amount][0]=100` is the amount of the first."""
    told = values.get(name) or {}
    if not isinstance(told, dict):
        raise Misshapen(f"{name} must be a list of objects")
    found: dict[int, Json] = {}
    for field, by_number in told.items():
        if field not in names:
            raise wrong(f"{name}[{field}]", "unknown parameter")
        if not isinstance(by_number, dict) or not all(key.isascii() and key.isdigit() for key in by_number):
            raise Misshapen(f"{name}[{field}] must be numbered")
        for key, value in by_number.items():
            found.setdefault(int(key), {})[field] = _text(value, f"{name}[{field}][{key}]")
    return [found[key] for key in sorted(found)]


def _text(value: Any, param: str) -> str:
    if not isinstance(value, str):
        raise wrong(param, "should be a value")
    return value
