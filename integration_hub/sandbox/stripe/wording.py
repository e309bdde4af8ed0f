"""Stripe's error body: a type, mostly a code, the parameter that is meant, and a sentence."""

from __future__ import annotations

from ..messages import Json, Misshapen, Refusal, Reply


def error(status: int, message: str, *, code: str = "", param: str = "", kind: str = "invalid_request_error") -> Reply:
    body: Json = {"type": kind, "message": message}
    if code:
        body |= {"code": code, "doc_url": f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"}
    if param:
        body["param"] = param
    return Reply(status, {"error": body})


def refused(message: str, *, code: str = "", param: str = "", status: int = 400) -> Refusal:
    return Refusal(error(status, message, code=code, param=param))


def missing(what: str, key: object, param: str = "id") -> Refusal:
    return refused(f"No such {what}: '{key}'", code="resource_missing", param=param, status=404)


def needed(values: Json, name: str) -> object:
    """A parameter that must be there."""
    if values.get(name) in (None, ""):
        raise refused(f"Missing required param: {name}.", code="parameter_missing", param=name)
    return values[name]


def integer(value: object, param: str) -> int:
    """Amounts and times are whole numbers; there is nothing behind a point."""
    text = str(value)
    if isinstance(value, bool) or not text.lstrip("-").isdigit() or len(text) > 12:
        raise refused(f"Invalid integer: {text}", code="parameter_invalid_integer", param=param)
    return int(text)


def truth(value: object, param: str) -> bool:
    if str(value).lower() not in {"true", "false"}:
        raise refused(f"Invalid boolean: {value}", param=param)
    return str(value).lower() == "true"


def known(values: Json, names: set[str]) -> None:
    """Stripe takes no parameter that it does not know."""
    for name in values:
        if name not in names | {"expand"}:
            raise refused(f"Received unknown parameter: {name}", code="parameter_unknown", param=name)


def rows(value: object, param: str) -> list[Json]:
    """A list of objects, as forms carry them."""
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise refused(f"Invalid array: {param} must be a list of hashes", param=param)
    return value


def words(value: object) -> dict[str, str]:
    """Metadata: 50 keys, words only."""
    if value in (None, ""):
        return {}
    if not isinstance(value, dict):
        raise Misshapen("metadata must be a hash")
    if len(value) > 50:
        raise refused("Metadata can have up to 50 keys.", param="metadata")
    for name, text in value.items():
        if len(str(text)) > 500:
            raise refused("Metadata values can have up to 500 characters.", param=f"metadata[{name}]")
    return {str(name): str(text) for name, text in value.items()}
