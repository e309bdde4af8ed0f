"""Somebody who works in Tryton: a client of its JSON-RPC apart from the connector that is tried."""

import base64
from datetime import date
from decimal import Decimal
from types import TracebackType
from typing import Any, Self

import httpx


class Refused(Exception):
    """Tryton said no, in its words."""

    def __init__(self, error: list[Any]) -> None:
        super().__init__(error)
        self.error = error


class Clerk:
    """Signed in as one user; `context` goes with every call.

    Values are plain: Decimal and date both ways. A call that raises what Tryton calls a user error raises Refused.
    """

    def __init__(self, url: str, database: str, login: str, password: str, context: dict[str, Any] | None = None):
        self._http = httpx.Client(base_url=url, timeout=60, trust_env=False)
        self._database = database
        self.context = {"language": "en", **(context or {})}
        user, session, _ = self._post("common.db.login", [login, {"password": password}, "en"], {})
        self.user = user
        signed = base64.b64encode(f"{login}:{user}:{session}".encode()).decode()
        self._headers = {"Authorization": f"Session {signed}"}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def __call__(self, method: str, *params: Any, **context: Any) -> Any:
        """Call `method`; keywords are added to the context of this call. Who works there answers warnings with yes."""
        while True:
            try:
                return self._post(method, [*params, {**self.context, **context}], self._headers)
            except Refused as refusal:
                if refusal.error[0] != "UserWarning":
                    raise
                skip = [refusal.error[1][0], False, self.context]
                self._post("model.res.user.warning.skip", skip, self._headers)

    def create(self, model: str, **values: Any) -> int:
        """One record; its id."""
        (key,) = self(f"model.{model}.create", [values])
        return int(key)

    def _post(self, method: str, params: list[Any], headers: dict[str, str]) -> Any:
        body = {"id": 1, "method": method, "params": _out(params)}
        answer = self._http.post(f"/{self._database}/rpc/", json=body, headers=headers).raise_for_status().json()
        if "error" in answer:
            raise Refused(answer["error"])
        return _in(answer["result"])


def _out(value: Any) -> Any:
    match value:
        case dict():
            return {name: _out(item) for name, item in value.items()}
        case list() | tuple():
            return [_out(item) for item in value]
        case Decimal():
            return {"__class__": "Decimal", "decimal": str(value)}
        case date():
            return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
    return value


def _in(value: Any) -> Any:
    match value:
        case {"__class__": "Decimal", "decimal": amount}:
            return Decimal(amount)
        case {"__class__": "date", "year": year, "month": month, "day": day}:
            return date(year, month, day)
        case dict():
            return {name: _in(item) for name, item in value.items()}
        case list():
            return [_in(item) for item in value]
    return value
