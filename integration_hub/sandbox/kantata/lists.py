"""Lists: filters with their traps, sorting, paging, side-loading.

Stored bodies are spliced into the envelope as text, because a feed of a few hundred thousand time entries should be
limited by the hub that reads it, not by the simulator.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import stamps
from ..messages import Call, Json, Reply, dump
from ..store import Records, Row
from .errors import bad
from .events import Events
from .schema import SUBJECTS
from .shapes import Collection, Filter, Include

LARGEST_PAGE = 200
_REFERENCE_FILTERS = {
    "external_reference_service_name": "service_name",
    "external_reference_service_model": "service_model",
    "external_reference_status": "status",
    "external_reference_external_status": "external_status",
    "external_reference_external_message": "external_message",
}


class Condition:
    """A WHERE clause under construction."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.params: list[Any] = []

    def add(self, sql: str, *params: Any) -> None:
        self.parts.append(f"({sql})")
        self.params += params

    def add_list(self, sql: str, values: list[Any]) -> None:
        self.add(sql.replace("(?)", f"({','.join('?' * len(values))})"), *values)

    @property
    def sql(self) -> str:
        return " AND ".join(self.parts)


class Lists:
    """Reads of all collections."""

    def __init__(self, records: dict[str, Records], events: Events, setting: Callable[[str], Any]) -> None:
        self._records = records
        self._events = events
        self._setting = setting

    def index(self, call: Call, of: Collection) -> Reply:
        """GET on a collection."""
        if (
            of.name == "external_references"
            and self._setting("require_subject_type")
            and not call.query.keys() & {"subject_type", "only"}
        ):
            raise bad("subject_type is required")
        condition = self.condition(call, of)
        size, offset = self._window(call)
        rows, total = self._records[of.name].page(
            condition.sql, condition.params, order=self._order(call, of), limit=size, offset=offset
        )
        rows, total = call.shape.page(rows, total)
        return self.envelope(call, of, rows, total, size, offset)

    def show(self, call: Call, of: Collection, record_id: str) -> Row | None:
        """One record as the default filters let it be seen."""
        condition = Condition()
        condition.add("id = ?", record_id)
        self._defaults(call, of, condition)
        return self._records[of.name].first(condition.sql, condition.params)

    # -- filters ------------------------------------------------------------------------------------------------

    def condition(self, call: Call, of: Collection) -> Condition:
        condition = Condition()
        self._defaults(call, of, condition)
        query = call.query
        if "only" in query:
            condition.add_list("id IN (?)", _list(query["only"]))
        for name, sql in (
            ("created_after", "created_ms > ?"),
            ("created_before", "created_ms < ?"),
            ("updated_after", "changed_ms > ?"),
            ("updated_before", "changed_ms < ?"),
        ):
            if query.get(name):
                condition.add(sql, _instant(name, query[name]))
        for name, filter_ in of.filters.items():
            if name in query:
                _apply(condition, name, filter_, query[name])
        if of.includes.get("external_references"):
            self._by_reference(call, of, condition)
        return condition

    def _defaults(self, call: Call, of: Collection, condition: Condition) -> None:
        if of.hidden and not call.flag(of.shown_by):
            condition.add(of.hidden)
        if of.name == "subscribed_events":
            sql, params = self._events.visible()
            condition.add(sql, *params)

    def _by_reference(self, call: Call, of: Collection, condition: Condition) -> None:
        query = call.query
        held = "SELECT subject_id FROM kantata_external_references WHERE subject_type = ?"
        inner, params = [held], [of.subject]
        for name, column in _REFERENCE_FILTERS.items():
            if name in query:
                inner.append(f"{column} = ?")
                params.append(query[name])
        if single := query.get("external_reference_service_model_ref"):
            if of.name in {"time_entries", "timesheet_submissions"} and not single.isdigit():
                raise bad("external_reference_service_model_ref must be an integer")
            inner.append("service_model_ref = ?")
            params.append(single)
        if several := query.get("external_reference_service_model_refs"):
            refs = _list(several)
            if len(refs) > LARGEST_PAGE:
                raise bad("external_reference_service_model_refs takes up to 200 ids")
            inner.append(f"service_model_ref IN ({','.join('?' * len(refs))})")
            params += refs
        if len(inner) > 1:
            condition.add(f"id IN ({' AND '.join(inner)})", *params)
        if "has_external_references" in query:
            negation = "" if call.flag("has_external_references") else "NOT "
            condition.add(f"id {negation}IN ({held})", of.subject)
        if without := query.get("without_external_reference_service_name"):
            condition.add(f"id NOT IN ({held} AND service_name = ?)", of.subject, without)

    # -- order and window ---------------------------------------------------------------------------------------

    def _order(self, call: Call, of: Collection) -> str:
        asked = call.query.get("order", of.order)
        name, _, direction = asked.partition(":")
        known = of.orders if self._setting("strict_orders") else {*of.orders, "created_at", "updated_at"}
        if name not in known or direction not in {"asc", "desc", ""}:
            raise bad(f"{asked} is not a valid order")
        column = {"created_at": "created_ms", "updated_at": "changed_ms", "last_synced_at": "changed_ms"}.get(
            name, name
        )
        if name == "date" and of.name != "expenses":
            column = "start_date"
        way = direction or "asc"
        return f'"{column}" {way}, id {way}'

    @staticmethod
    def _window(call: Call) -> tuple[int, int]:
        """Page size and offset; limit and offset win over page and per_page."""
        try:
            if "limit" in call.query or "offset" in call.query:
                size, offset = int(call.query.get("limit", 20)), int(call.query.get("offset", 0))
            else:
                size = int(call.query.get("per_page", 20))
                offset = (int(call.query.get("page", 1)) - 1) * min(size, LARGEST_PAGE)
        except ValueError:
            raise bad("page and per_page must be numbers") from None
        if size < 1 or offset < 0:
            raise bad("page and per_page must be positive")
        return min(size, LARGEST_PAGE), offset

    # -- answers ------------------------------------------------------------------------------------------------

    def envelope(
        self, call: Call, of: Collection, rows: list[Row], total: int | None = None, size: int = 20, offset: int = 0
    ) -> Reply:
        """The side-loaded envelope around some rows."""
        count = len(rows) if total is None else total
        meta = {
            "count": count,
            "page_count": max(1, -(-count // size)) if count else 0,
            "page_number": offset // size + 1,
            "page_size": size,
        }
        pairs = [(self._public_id(of, row), row.text) for row in rows]
        results = ",".join(f'{{"key":"{of.name}","id":"{key}"}}' for key, _ in pairs)
        maps: dict[str, dict[str, str]] = {of.name: dict(pairs)}
        for name in _list(call.query.get("include", "")):
            self._side_load(maps, of, name, rows)
        sections = [
            f'"{name}":{{{",".join(f"{dump(key)}:{text}" for key, text in entries.items())}}}'
            for name, entries in maps.items()
        ]
        return Reply(200, f'{{"count":{count},"meta":{dump(meta)},"results":[{results}],{",".join(sections)}}}')

    @staticmethod
    def _public_id(of: Collection, row: Row) -> str:
        return str(row.body["id"]) if of.name == "subscribed_events" else str(row.id)

    def _side_load(self, maps: dict[str, dict[str, str]], of: Collection, name: str, rows: list[Row]) -> None:
        include = of.includes.get(name)
        if include is None:
            raise bad(f"{name} is not a valid include")
        bodies = [row.body for row in rows]
        if include.back == "subject_of":
            for body in bodies:
                target = SUBJECTS.get(str(body["subject_type"]))
                if target:
                    self._put(maps, target.name, "id = ?", [body["subject_id"]])
        elif include.back == "subject":
            keys = [body["id"] for body in bodies]
            self._put(
                maps, include.collection, f"subject_type = ? AND subject_id IN ({_marks(keys)})", [of.subject, *keys]
            )
        elif include.back:
            keys = [body["id"] for body in bodies]
            self._put(maps, include.collection, f"{include.back} IN ({_marks(keys)})", keys)
        else:
            keys = _referenced(include, bodies)
            self._put(maps, include.collection, f"id IN ({_marks(keys)})", keys)

    def _put(self, maps: dict[str, dict[str, str]], name: str, where: str, params: list[Any]) -> None:
        section = maps.setdefault(name, {})
        section |= {str(row.id): row.text for row in self._records[name].find(where, params)}


def _marks(keys: list[Any]) -> str:
    return ",".join("?" * len(keys))


def _referenced(include: Include, bodies: list[Json]) -> list[Any]:
    keys: dict[Any, None] = {}
    for body in bodies:
        value = body.get(include.field)
        keys |= dict.fromkeys(value if isinstance(value, list) else [value] if value is not None else [])
    return list(keys)


def _list(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _instant(name: str, text: str) -> int:
    try:
        return stamps.parse(text)
    except ValueError:
        raise bad(f"{name} must be an ISO 8601 datetime") from None


def _apply(condition: Condition, name: str, filter_: Filter, value: str) -> None:
    match filter_.takes:
        case "always":
            condition.add(filter_.sql)
        case "bool":
            condition.add(filter_.sql, int(value.lower() not in {"false", "0", "f", "no"}))
        case "ids" | "texts":
            condition.add_list(filter_.sql, _list(value))
        case "like":
            condition.add(filter_.sql, f"%{value}%")
        case "range":
            first, _, last = value.partition(":")
            if not last:
                raise bad(f"{name} must be two dates joined by a colon")
            condition.add(filter_.sql, first, last)
        case _:
            condition.add(filter_.sql, value)
