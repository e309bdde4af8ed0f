"""The error body of F&O: an empty code, a general message, and what matters inside the Infolog of the inner error."""

from __future__ import annotations

from ..messages import Refusal, Reply

_TYPE = "Microsoft.Dynamics.Platform.Integration.Services.OData.ODataArgumentException"


def problem(status: int, message: str, inner: str = "") -> Reply:
    """An error with this status. `inner` is what the vendor tells in words."""
    body: dict[str, object] = {"code": "", "message": message}
    if inner:
        body["innererror"] = {"message": inner, "type": _TYPE, "stacktrace": "   at landscape"}
    return Reply(status, {"error": body})


def bad(message: str) -> Refusal:
    """400: the request itself is wrong."""
    return Refusal(problem(400, "An error has occurred.", message))


def infolog(entity: str, *errors: str, status: int = 400) -> Refusal:
    """A business rule says no: its words are in the Infolog, parted by semicolons."""
    parts = [f"Error: {text}" for text in errors]
    parts.append(f"Warning: validateWrite failed on data source '{entity} ({entity})'.")
    said = f"Write failed for table row of type '{entity}Entity'. Infolog: {'; '.join(parts)}"
    return Refusal(problem(status, "An error has occurred.", said))


def missing(what: str) -> Refusal:
    return Refusal(problem(404, f"No resource was found for {what}."))
