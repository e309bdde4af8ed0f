"""Salesforce's two error shapes: `errorCode` in an array for single calls, `statusCode` per row in collections."""

from __future__ import annotations

from collections.abc import Sequence

from ..messages import Json, Refusal, Reply


class RowError(Exception):
    """One record is refused."""

    def __init__(self, code: str, message: str, fields: Sequence[str] = (), status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.fields = list(fields)
        self.status = status

    def row(self) -> Json:
        """As an element of a collection's answer."""
        return {
            "success": False,
            "errors": [{"statusCode": self.code, "message": self.message, "fields": self.fields}],
        }

    def refusal(self) -> Refusal:
        """As the answer of a single call."""
        return Refusal(errors(self.status, self.code, self.message, self.fields))


def errors(status: int, code: str, message: str, fields: Sequence[str] | None = None) -> Reply:
    """The usual array; `fields` only where Salesforce sends it."""
    error: Json = {"message": message, "errorCode": code}
    if fields is not None:
        error["fields"] = list(fields)
    return Reply(status, [error])


def no_resource() -> Refusal:
    return Refusal(errors(404, "NOT_FOUND", "The requested resource does not exist"))


def deleted() -> RowError:
    return RowError("ENTITY_IS_DELETED", "entity is deleted", status=404)
