"""AvaTax's error body: one outer error, and details with a number, a severity and a help link."""

from __future__ import annotations

from ..messages import Refusal, Reply

_NUMBERS = {
    "ValueRequiredError": 5,
    "ModelStateInvalid": 57,
    "EntityNotFoundError": 4,
    "CompanyNotFoundError": 28,
    "AuthenticationException": 30,
    "InvalidAddress": 309,
    "TransactionAlreadyExists": 1303,
    "TransactionIsCommitted": 1313,
    "TransactionAlreadyCancelled": 1314,
    "CannotModifyLockedTransaction": 1315,
    "DocumentCodeConflict": 304,
    "RateLimitExceededError": 2003,
    "RequestLimitExceeded": 2002,
    "ServerError": 1,
    "TimeoutError": 1003,
}


def errors(status: int, code: str, message: str, target: str = "Unknown", refers_to: str = "") -> Reply:
    detail = {
        "code": code,
        "number": _NUMBERS.get(code, 1),
        "message": message,
        "description": message,
        "faultCode": "Client" if status < 500 else "Server",
        "helpLink": f"http://developer.avalara.com/avatax/errors/{code}",
        "severity": "Error",
    }
    if refers_to:
        detail["refersTo"] = refers_to
    return Reply(status, {"error": {"code": code, "message": message, "target": target, "details": [detail]}})


def invalid(code: str, message: str, target: str = "IncorrectData", refers_to: str = "") -> Refusal:
    return Refusal(errors(400, code, message, target, refers_to))


def required(field: str) -> Refusal:
    return invalid("ValueRequiredError", f"Field {field} is required.", refers_to=field)


def missing(what: str) -> Refusal:
    return Refusal(errors(404, "EntityNotFoundError", f"{what} not found.", "HttpRequest"))
