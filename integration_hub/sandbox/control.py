"""The control port: how a rehearsal, a test or the demo turns the landscape's knobs and reads its books."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .app import World
from .faults import BENDINGS, ENDINGS
from .messages import Json, Refusal, dump
from .netsuite import NetSuite
from .salesforce import Salesforce


class Control:
    """The endpoints under /_control. Every change is one transaction."""

    def __init__(self, world: World, urls: Json) -> None:
        self._world = world
        self._urls = urls

    def app(self) -> Starlette:
        routes: list[tuple[str, str, Callable[[Request, Json], Any]]] = [
            ("GET", "/health", self.health),
            ("GET", "/faults", self.faults),
            ("POST", "/faults", self.add_fault),
            ("DELETE", "/faults", self.remove_faults),
            ("DELETE", "/faults/{id}", self.remove_faults),
            ("GET", "/ledger/{vendor}", self.ledger),
            ("GET", "/records/{vendor}/{kind}", self.records),
            ("GET", "/calls", self.calls),
            ("POST", "/reset", self.reset),
            ("GET", "/settings", self.settings),
            ("POST", "/settings", self.change_settings),
            ("GET", "/periods", self.periods),
            ("POST", "/periods", self.change_period),
            ("GET", "/relay", self.relay),
            ("POST", "/relay", self.configure_relay),
            ("POST", "/load", self.load),
            ("POST", "/tokens", self.token_action),
            ("POST", "/certificates", self.register_certificate),
            ("POST", "/merge", self.merge),
        ]
        return Starlette(
            routes=[
                Route(f"/_control{path}", self._endpoint(handler), methods=[method]) for method, path, handler in routes
            ]
        )

    def _endpoint(self, handler: Callable[[Request, Json], Any]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            raw = await request.body()
            try:
                body = json.loads(raw) if raw else {}
                if not isinstance(body, dict):
                    raise ValueError("send a JSON object")
                with self._world.store.transaction():
                    answer = handler(request, body)
            except Refusal as refusal:
                return _json(refusal.reply.body, refusal.reply.status)
            except (KeyError, TypeError, ValueError) as problem:
                return _json({"error": f"missing {problem}" if isinstance(problem, KeyError) else str(problem)}, 400)
            return _json(answer)

        return endpoint

    # -- reading ------------------------------------------------------------------------------------------------

    def health(self, request: Request, body: Json) -> Json:
        calls = dict(self._world.store.query("SELECT vendor, count(*) FROM calls GROUP BY vendor"))
        return {"status": "ok", "seed": self._world.faults.seed, "urls": self._urls, "calls": calls}

    def faults(self, request: Request, body: Json) -> Json:
        return {"faults": self._world.faults.listed(), "kinds": ENDINGS | BENDINGS}

    def ledger(self, request: Request, body: Json) -> Json:
        books: Json = self._vendor(request.path_params["vendor"]).ledger()
        return books

    def records(self, request: Request, body: Json) -> Json:
        """Every record of one kind as the vendor keeps it, the deleted ones it remembers too."""
        vendor = self._vendor(request.path_params["vendor"]).name
        return {"records": self._world.store.bodies(f"{vendor}_{request.path_params['kind']}")}

    def calls(self, request: Request, body: Json) -> Json:
        """The call log, oldest first: `vendor`, `method`, `path` (substring), `after` (a number), `limit`."""
        where, params = ["n > ?"], [request.query_params.get("after", "0")]
        for key, clause in (("vendor", "vendor = ?"), ("method", "method = ?")):
            if key in request.query_params:
                where.append(clause)
                params.append(request.query_params[key])
        if "path" in request.query_params:
            where.append("instr(path, ?) > 0")
            params.append(request.query_params["path"])
        names = ["n", "at", "vendor", "method", "path", "query", "status", "outcome", "fault"]
        rows = self._world.store.query(
            f"SELECT {', '.join(names)} FROM calls WHERE {' AND '.join(where)} ORDER BY n LIMIT ?",  # noqa: S608
            (*params, int(request.query_params.get("limit", "10000"))),
        )
        return {"calls": [dict(zip(names, row, strict=True)) for row in rows]}

    def settings(self, request: Request, body: Json) -> Json:
        return self._world.settings.all()

    def periods(self, request: Request, body: Json) -> Json:
        return {"periods": self._netsuite().periods.listed()}

    def relay(self, request: Request, body: Json) -> Json:
        return self._world.relay.listed()

    # -- turning knobs ------------------------------------------------------------------------------------------

    def add_fault(self, request: Request, body: Json) -> Json:
        if body.get("vendor") not in {None, "*", *self._world.vendors}:
            raise ValueError(f"unknown vendor {body['vendor']!r}")
        fault = self._world.faults.add(body)
        return {"id": fault.id, "kind": fault.kind}

    def remove_faults(self, request: Request, body: Json) -> Json:
        fault_id = request.path_params.get("id")
        return {"removed": self._world.faults.remove(fault_id, request.query_params.get("vendor"))}

    def reset(self, request: Request, body: Json) -> Json:
        """Back to the seeded state: records, faults, settings, call log and relay; `vendor` limits it to one.

        Tokens stay valid unless `tokens` is true, so that clients need not sign in again between two tests.
        """
        world = self._world
        chosen = [body["vendor"]] if body.get("vendor") else list(world.vendors)
        for name in chosen:
            world.settings.restore(name)
            world.faults.remove(vendor=name)
        if not body.get("vendor"):
            world.settings.restore("landscape")
            world.faults.remove()
            world.relay.forget()
            self._apply_clock()
            world.store.clock.last = 0  # nothing is left that an earlier stamp could contradict
        for name in chosen:
            vendor = self._vendor(name)
            if body.get("tokens"):
                vendor.tokens.revoke()
            vendor.clear()
            world.store.query("DELETE FROM calls WHERE vendor = ?", (name,))
        return {"reset": chosen}

    def change_settings(self, request: Request, body: Json) -> Json:
        """`{"kantata": {"allow_negative_time": false}, …}`"""
        for vendor, values in body.items():
            self._world.settings.change(vendor, values)
        self._apply_clock()
        return self._world.settings.all()

    def _apply_clock(self) -> None:
        offset = self._world.settings.get("landscape", "clock_offset_seconds")
        self._world.store.clock.offset_ms = offset * 1000

    def change_period(self, request: Request, body: Json) -> Json:
        """`{subsidiary?, name, closed?, ar_locked?}`; without a subsidiary for all of them."""
        return self._netsuite().periods.change(
            str(body["name"]),
            subsidiary=None if body.get("subsidiary") is None else str(body["subsidiary"]),
            closed=body.get("closed"),
            ar_locked=body.get("ar_locked"),
        )

    def configure_relay(self, request: Request, body: Json) -> Json:
        self._world.relay.configure(str(body["vendor"]), {k: v for k, v in body.items() if k != "vendor"})
        return self._world.relay.listed()

    def load(self, request: Request, body: Json) -> Json:
        """`{vendor, entity, rows}`: many records in one go, through the vendor's own validation."""
        ids = self._vendor(str(body["vendor"])).load(str(body["entity"]), body["rows"])
        return {"ids": ids}

    def token_action(self, request: Request, body: Json) -> Json:
        """`{vendor, action: "revoke"|"restore"}`: sign everybody out, or put the default credential back."""
        vendor = self._vendor(str(body["vendor"]))
        if body.get("action") == "revoke":
            vendor.tokens.revoke()
        vendor.seed()
        if body.get("action") == "revoke":
            vendor.tokens.revoke()
        return {"vendor": vendor.name, "action": body.get("action", "restore")}

    def register_certificate(self, request: Request, body: Json) -> Json:
        """`{vendor, id, public_key}`: a key for signed assertions (NetSuite `kid`, Salesforce consumer key)."""
        vendor = self._vendor(str(body["vendor"]))
        self._world.store.remember(f"certificates:{vendor.name}", str(body["id"]), str(body["public_key"]))
        return {"vendor": vendor.name, "id": body["id"]}

    def merge(self, request: Request, body: Json) -> Json:
        """`{master, merged}`: merge two Salesforce accounts, as a user does in the browser."""
        salesforce = self._world.vendors["salesforce"]
        if not isinstance(salesforce, Salesforce):
            raise TypeError("no Salesforce in this landscape")
        return salesforce.merge_accounts(str(body["master"]), str(body["merged"]))

    def _vendor(self, name: str) -> Any:
        if name not in self._world.vendors:
            raise ValueError(f"unknown vendor {name!r}; there are {', '.join(self._world.vendors)}")
        return self._world.vendors[name]

    def _netsuite(self) -> NetSuite:
        netsuite = self._world.vendors["netsuite"]
        if not isinstance(netsuite, NetSuite):
            raise TypeError("no NetSuite in this landscape")
        return netsuite


def _json(value: Any, status: int = 200) -> Response:
    return Response(dump(value), status, media_type="application/json")
