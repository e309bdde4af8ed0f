"""What passes through a vendor's front door: a call comes in, a reply or a refusal goes out, events follow."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, unquote

Json: TypeAlias = dict[str, Any]

JSON_TYPE = "application/json;charset=UTF-8"


def dump(value: Any) -> str:
    """JSON as the landscape writes it: compact, with real characters."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class Misshapen(ValueError):
    """A request says something of the wrong kind, such as text where an object belongs. Vendors refuse it as a 400."""


def mapping(value: Any, what: str = "the value") -> Json:
    """A JSON object, or Misshapen."""
    if not isinstance(value, dict):
        raise Misshapen(f"{what} must be an object")
    return value


def sequence(value: Any, what: str = "the value") -> list[Any]:
    """A JSON array, or Misshapen."""
    if not isinstance(value, list):
        raise Misshapen(f"{what} must be a list")
    return value


def scalar(value: Any, what: str = "the value") -> str:
    """A string or number as text, or Misshapen."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Misshapen(f"{what} must be a string")
    return str(value)


def _integer(text: str) -> int:
    value = int(text) if len(text) < 20 else 2**63
    if not -(2**63) <= value < 2**63:
        raise Misshapen(f"{text[:30]} is out of range")
    return value


def _real(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise Misshapen(f"{text[:30]} is out of range")
    return value


@dataclass(slots=True)
class Reply:
    """One answer. `body` is JSON-able, or text that is JSON already (lists are spliced from stored rows)."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    """Seconds the vendor takes before it says this (AvaTax's ForceTimeout)."""
    kept: bool = False
    """Whether the call's writes stay although it reports a failure."""

    @property
    def failed(self) -> bool:
        return self.status >= 400

    def payload(self) -> bytes:
        if self.body is None:
            return b""
        return (self.body if isinstance(self.body, str) else dump(self.body)).encode()


class Refusal(Exception):
    """A vendor says no. Nothing that the call wrote so far stays."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"{reply.status} {reply.body}")
        self.reply = reply


@dataclass(frozen=True, slots=True)
class Event:
    """Something changed in a vendor's account; the relay turns it into a hint."""

    type: str
    entity: str
    id: str
    body: Json | None = None
    """What the vendor itself sends, where it sends webhooks of its own."""


@dataclass(slots=True)
class Shape:
    """How a fault bends the answer of a call that otherwise goes well."""

    empty: bool = False
    keep: int | None = None
    duplicate_events: bool = False
    late_events_ms: int = 0
    dropped: tuple[str, ...] = ()
    replaced: dict[str, Any] = field(default_factory=dict)

    def page(self, rows: list[Any], total: int) -> tuple[list[Any], int]:
        """A page after empty_page (which denies that anything exists) or short_page (which loses the tail silently)."""
        if self.empty:
            return [], 0
        return (rows if self.keep is None else rows[: self.keep]), total

    @property
    def bends_fields(self) -> bool:
        return bool(self.dropped or self.replaced)

    def bend(self, value: Any) -> Any:
        """The same JSON with fields dropped and enum values replaced wherever they occur."""
        if isinstance(value, list):
            return [self.bend(item) for item in value]
        if isinstance(value, dict):
            return {
                key: self.replaced.get(key, self.bend(item)) for key, item in value.items() if key not in self.dropped
            }
        return value


@dataclass(slots=True)
class Call:
    """One request as a vendor sees it."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes
    origin: str
    """Scheme, host and port the client used, for the addresses that replies carry."""
    shape: Shape = field(default_factory=Shape)
    params: dict[str, str] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    def emit(self, event: Event) -> None:
        """Tell the world about a change, once the call is committed."""
        self.events.append(event)
        if self.shape.duplicate_events:
            self.events.append(event)

    def json(self) -> Any:
        """The body parsed; raises ValueError, which each vendor reports in its own words."""
        return json.loads(self.body, parse_int=_integer, parse_float=_real)

    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(errors="replace"), keep_blank_values=True))

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean query parameter."""
        value = self.query.get(name)
        return default if value is None else value.lower() not in {"false", "0", "f", "no"}


Handler: TypeAlias = Callable[[Call], Reply]


class Routes:
    """Path templates to handlers. Matching is on the raw path, so an encoded slash inside an id stays inside it."""

    def __init__(self, table: Iterable[tuple[str, str, Handler]], suffix: str = "") -> None:
        """`suffix` may end any path, such as Kantata's `.json`."""
        self._suffix = f"(?:{re.escape(suffix)})?" if suffix else ""
        self._table = [(method, self._compile(template), handler) for method, template, handler in table]

    def _compile(self, template: str) -> re.Pattern[str]:
        path = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+?)", template.replace(".", r"\."))
        return re.compile(f"{path}{self._suffix}/?")

    def find(self, call: Call) -> Handler | None:
        """The handler, with the call's params filled in; None when nothing matches method and path."""
        for method, pattern, handler in self._table:
            if method == call.method and (match := pattern.fullmatch(call.path)):
                call.params = {name: unquote(value) for name, value in match.groupdict().items()}
                return handler
        return None

    def knows(self, path: str) -> bool:
        """Whether some method answers on the path: the difference between 404 and 405."""
        return any(pattern.fullmatch(path) for _, pattern, _ in self._table)
