"""Ironclad's words: one object with a code, a message and the parameter that is meant."""

from __future__ import annotations

from ..messages import Refusal, Reply


def error(status: int, code: str, message: str, param: str = "") -> Reply:
    """An answer that says no."""
    return Reply(status, {"code": code, "message": message, **({"param": param} if param else {})})


def refused(message: str, param: str = "", *, code: str = "INVALID_PARAM", status: int = 400) -> Refusal:
    """The same, to be raised."""
    return Refusal(error(status, code, message, param))
