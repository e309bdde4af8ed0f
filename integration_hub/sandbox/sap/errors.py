"""The error body of the SAP Gateway, and the header in which an error may come with a success."""

from __future__ import annotations

from ..messages import Json, Refusal, Reply, dump


def problem(status: int, code: str, message: str) -> Reply:
    """An error with this status."""
    detail = {"code": code, "message": message, "severity": "error", "target": ""}
    inner = {"transactionid": "4A2F6C0E2B1E0050E0068C5C", "errordetails": [detail]}
    said = {"lang": "en", "value": message}
    return Reply(status, {"error": {"code": code, "message": said, "innererror": inner}})


def bad(message: str) -> Refusal:
    """400: the request itself is wrong."""
    return Refusal(problem(400, "/IWBEP/CM_MGW_RT/022", message))


def business(code: str, message: str) -> Refusal:
    """400: a business rule says no."""
    return Refusal(problem(400, code, message))


def missing(what: str) -> Refusal:
    return Refusal(problem(404, "/IWBEP/CM_MGW_RT/020", f"Resource not found for {what}."))


def in_header(reply: Reply) -> Reply:
    """The same refusal as a success that carries it in its `sap-message` header."""
    error: Json = reply.body["error"]
    said = {"code": error["code"], "message": error["message"]["value"], "severity": "error", "target": ""}
    return Reply(204, None, {"sap-message": dump({**said, "details": []})})
