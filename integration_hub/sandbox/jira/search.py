"""The part of JQL the simulator understands, and how its results are paged."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from .worklogs import refused

_ORDER = re.compile(r"\s+order\s+by\s+", re.IGNORECASE)
_AND = re.compile(r"\s+and\s+", re.IGNORECASE)
_IN = re.compile(r"(\w+)\s+in\s*\(([^)]*)\)", re.IGNORECASE)
_CLAUSE = re.compile(r"(\w+)\s*(>=|<=|=|<|>)\s*(\"[^\"]*\"|'[^']*'|[\w-]+)")
_FIELDS = {"id": "id", "issue": "id", "key": "key", "issuekey": "key", "project": "project"}


@dataclass(slots=True)
class Query:
    """A search as SQL over the issues."""

    where: list[str] = field(default_factory=list)
    params: list[Any] = field(default_factory=list)
    column: str = "id"
    descending: bool = False

    @property
    def order(self) -> str:
        way = "DESC" if self.descending else "ASC"
        return f"{self.column} {way}, id {way}"

    def after(self, token: str, now: int, lives_ms: int) -> None:
        """Go on behind the last issue of the page a token came with. A token is refused once it is too old."""
        try:
            value, key, made = json.loads(base64.urlsafe_b64decode(token))
            row = (int(value), int(key))
        except (ValueError, TypeError):
            raise refused(400, "The next page token is invalid.") from None
        if now - made > lives_ms:
            raise refused(400, "The next page token has expired.")
        self.where.append(f"({self.column}, id) {'<' if self.descending else '>'} (?, ?)")
        self.params += row


def token(value: int, key: int, now: int) -> str:
    """Leads behind an issue for seven days."""
    return base64.urlsafe_b64encode(json.dumps([value, key, now]).encode()).decode()


def parse(jql: str, zone: str, projects: dict[str, int]) -> Query:
    """A search; refused when it is malformed or has no bound. Instants are of the wall clock of `zone`."""
    condition, *orders = _ORDER.split(f" {jql.strip()}" if jql.strip().lower().startswith("order") else jql.strip())
    query = Query()
    if not condition.strip():
        raise refused(400, "Unbounded JQL queries are not allowed here. Please add a search restriction to your query.")
    for part in _AND.split(condition.strip()):
        _add(query, part.strip(), zone, projects)
    if orders:
        name, _, way = orders[0].split(",")[0].strip().partition(" ")
        if name.lower() not in {"updated", "id", "key", "issuekey"}:
            raise refused(400, f"Not able to sort using field '{name}'.")
        query.column = "changed_ms" if name.lower() == "updated" else "id"
        query.descending = way.strip().lower() == "desc"
    return query


def _add(query: Query, part: str, zone: str, projects: dict[str, int]) -> None:
    if found := _IN.fullmatch(part):
        name, values = found[1].lower(), [value.strip().strip("\"'") for value in found[2].split(",")]
        op = "in"
    elif found := _CLAUSE.fullmatch(part):
        name, op, values = found[1].lower(), found[2], [found[3].strip("\"'")]
    else:
        raise refused(400, f"Error in the JQL Query: Expecting operator before '{part[:40]}'.")
    if name == "updated" and op in {">=", "<=", ">", "<"}:
        query.where.append(f"changed_ms {op} ?")
        query.params.append(_minute(values[0], zone))
        return
    if name not in _FIELDS or op not in {"in", "="}:
        raise refused(400, f"Field '{name}' does not exist or this field cannot be viewed by anonymous users.")
    if name == "project":
        values = [str(projects.get(value, value)) for value in values]
    query.where.append(f"CAST({_FIELDS[name]} AS TEXT) IN ({','.join('?' * len(values))})")
    query.params += values


def _minute(text: str, zone: str) -> int:
    for shape in ("%Y/%m/%d %H:%M", "%Y-%m-%d %H:%M", "%Y/%m/%d", "%Y-%m-%d"):
        try:
            wall = datetime.strptime(text, shape)  # noqa: DTZ007
        except ValueError:
            continue
        return int(wall.replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)
    raise refused(400, f"Date value '{text}' for field 'updated' is invalid.")
