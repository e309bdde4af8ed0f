"""Running queries: pages, locators, and records shaped as the API sends them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from ..messages import Call, Json, Refusal, Reply
from ..store import Store
from . import ids
from .errors import errors
from .fields import SObject
from .soql import Parser, Query

_BATCH = re.compile(r"batchSize=(\d+)")
_LOCATORS_KEPT = 200


class Queries:
    """`query`, `queryAll` and the pages that follow."""

    def __init__(self, store: Store, setting: Callable[[str], Any]) -> None:
        self._store = store
        self._setting = setting

    def first_page(self, call: Call) -> Reply:
        """Run a query. What does not fit a page is kept under a locator, in the order and extent of this moment."""
        version = call.params["version"]
        soql = call.query.get("q", "")
        with_deleted = call.path.rstrip("/").endswith("queryAll")
        query = Parser(soql, self._store.clock.now(), packages=self._setting("psa_installed")).parse()
        found = [row[0] for row in self._store.query(query.ids_sql(with_deleted=with_deleted), query.params)]
        if query.counts:
            return Reply(200, {"totalSize": len(found), "done": True, "records": []})
        if call.shape.empty:
            found = []
        size = self._page_size(call)
        answer = self._page(query, found[:size], version) | {"totalSize": len(found)}
        if len(found) > size:
            name = f"0r8{ids.make('000', self._store.next('salesforce:locator'))[3:]}"
            self._store.remember("salesforce:locators", name, [soql, "".join(found)])
            self._prune_locators()
            answer |= {"done": False, "nextRecordsUrl": f"/services/data/v{version}/query/{name}-{size}"}
        return Reply(
            200, {key: answer[key] for key in ("totalSize", "done", "nextRecordsUrl", "records") if key in answer}
        )

    def next_page(self, call: Call) -> Reply:
        """The next page of a result that was fixed when the query ran."""
        version = call.params["version"]
        name, _, start = call.params["locator"].rpartition("-")
        kept = self._store.fact("salesforce:locators", name)
        if kept is None or not start.isdigit():
            raise Refusal(errors(400, "INVALID_QUERY_LOCATOR", "invalid query locator"))
        soql, joined = kept
        total, first, size = len(joined) // 18, int(start), self._page_size(call)
        part = joined[first * 18 : (first + size) * 18]
        page = [part[n : n + 18] for n in range(0, len(part), 18)]
        answer: Json = {"totalSize": total, "done": first + size >= total}
        if not answer["done"]:
            answer["nextRecordsUrl"] = f"/services/data/v{version}/query/{name}-{first + size}"
        query = Parser(soql, self._store.clock.now()).parse()
        return Reply(200, answer | {"records": self._page(query, page, version)["records"]})

    def _page_size(self, call: Call) -> int:
        """The setting, or what the header asks for within 200 to 2000; the smaller one, as in an org under load."""
        size: int = self._setting("page_size")
        if match := _BATCH.search(call.headers.get("sforce-query-options", "")):
            size = min(size, max(200, min(2000, int(match[1]))))
        return max(1, size if call.shape.keep is None else min(size, call.shape.keep))

    def _prune_locators(self) -> None:
        self._store.query(
            "DELETE FROM facts WHERE space = 'salesforce:locators' AND key NOT IN"
            " (SELECT key FROM facts WHERE space = 'salesforce:locators' ORDER BY key DESC LIMIT ?)",
            (_LOCATORS_KEPT,),
        )

    def _page(self, query: Query, wanted: list[str], version: str) -> Json:
        rows: dict[str, list[Any]] = {}
        for start in range(0, len(wanted), 500):
            chunk = wanted[start : start + 500]
            for record_id, *bodies in self._store.query(query.bodies_sql(len(chunk)), chunk):
                rows[record_id] = [json.loads(body) if body else None for body in bodies]
        records = [_projected(query, rows[record_id], version) for record_id in wanted if record_id in rows]
        return {"done": True, "records": records}


def attributes(target: SObject, record_id: str, version: str) -> Json:
    """The head of every record: its type and its address."""
    url = f"/services/data/v{version}/sobjects/{target.name}/{record_id}"
    return {"attributes": {"type": target.name, "url": url}}


def _projected(query: Query, bodies: list[Any], version: str) -> Json:
    """The record with the selected fields, parents nested as in the API."""
    own, *joined = bodies
    parents = dict(zip(query.joins, joined, strict=True))
    record = attributes(query.target, own["Id"], version)
    for path in query.paths:
        place: Json = record
        walked: tuple[str, ...] = ()
        for step in path.parents:
            walked = (*walked, step)
            body = parents[walked]
            if body is None:
                place[step] = None
                break
            place = place.setdefault(step, attributes(query.joins[walked][1], body["Id"], version))
        else:
            source = parents[path.parents] if path.parents else own
            place[path.field.name] = source.get(path.field.name)
    return record
