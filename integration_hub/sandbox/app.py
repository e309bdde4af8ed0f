"""The front door of every vendor: read the call, ask the faults, do the work in one transaction, answer.

The order matters. State, call log and fault counts are committed together and before the first byte of the answer, so
whatever a client was told, or was not told, the landscape's books show what really happened.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from . import stamps, wire
from .faults import Faults, Plan
from .messages import JSON_TYPE, Call, Event, Refusal, Reply, dump
from .relay import Relay
from .settings import Settings
from .store import Store
from .vendor import Vendor

logger = logging.getLogger(__name__)

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]


@dataclass(slots=True)
class World:
    """What all vendors of one landscape share."""

    store: Store
    settings: Settings
    faults: Faults
    relay: Relay
    vendors: dict[str, Vendor]
    closing: asyncio.Event


class Silence(Exception):
    """The client gets no answer."""

    def __init__(self, close: bool) -> None:
        super().__init__("no answer")
        self.close = close


class FrontDoor:
    """One vendor over HTTP."""

    def __init__(self, world: World, vendor: Vendor) -> None:
        self._world = world
        self._vendor = vendor

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/{path:path}", self.serve, methods=METHODS)])

    async def serve(self, request: Request) -> Response:
        try:
            call = await read(request)
        except ClientDisconnect:
            return Response(status_code=400)
        vendor = self._vendor
        vendor.in_flight += 1
        try:
            plan, crowded = self._plan(call), vendor.crowded(call)
            pause = plan.latency + vendor.setting("work_ms") / 1000
            if pause and crowded is None:
                await asyncio.sleep(pause)
            reply = self._perform(call, plan, crowded)
            if reply.delay:
                await asyncio.sleep(reply.delay)
            return render(call, reply)
        except Silence as silence:
            return await self._say_nothing(request, silence.close)
        finally:
            vendor.in_flight -= 1

    def _plan(self, call: Call) -> Plan:
        vendor = self._vendor
        if not self._world.faults.any:
            return Plan(shape=call.shape)
        with self._world.store.transaction():
            plan = self._world.faults.plan(
                vendor.name, call, write=vendor.writes(call), sign_in=vendor.signs_in(call.path)
            )
        call.shape = plan.shape
        return plan

    def _perform(self, call: Call, plan: Plan, crowded: Reply | None) -> Reply:
        """Do the work, decide what the client hears, and write both down in one transaction."""
        store, vendor = self._world.store, self._vendor
        kept: list[Event] = []
        told: Reply | None = None
        outcome: Reply | None = None
        silence: Silence | None = None
        with store.transaction():
            try:
                done = crowded or self._instead(call, plan) or self._do(call, lying=plan.kind == "lying_200")
            except Silence as held:
                silence = held
            else:
                outcome = done
                undone = (done.failed and not done.kept) or plan.kind == "lying_200"
                kept = [] if undone else call.events
                told, silence = self._tell(plan, done)
                if told:
                    vendor.finish(call, told)
            self._log(call, plan, told, outcome)
        for event in kept:
            self._world.relay.offer(vendor.name, event, late_ms=call.shape.late_events_ms)
        if silence or told is None:
            raise silence or Silence(close=False)
        return told

    def _instead(self, call: Call, plan: Plan) -> Reply | None:
        """The answer of a fault that strikes before any work is done."""
        params = plan.ending.params if plan.ending else {}
        match plan.kind:
            case "timeout_before":
                raise Silence(bool(params.get("close")))
            case "status":
                return self._status(params.get("status", 500), params)
            case "rate_limit" | "quota_403":
                reply = self._vendor.throttled() if plan.kind == "rate_limit" else self._vendor.over_quota()
                if "retry_after" in params:
                    reply.headers["Retry-After"] = str(params["retry_after"])
                return reply
            case "auth_expired":
                self._vendor.expire(call)
        return None

    def _do(self, call: Call, *, lying: bool) -> Reply:
        """The vendor's own answer; its writes are undone when it refuses, and when it lies."""
        reply = Reply()
        try:
            with self._world.store.attempt():
                reply = self._vendor.respond(call)
                if lying:
                    raise Refusal(reply)
        except Refusal as refusal:
            return refusal.reply
        except Exception:
            logger.exception("%s %s %s broke the simulator", self._vendor.name, call.method, call.path)
            return self._vendor.failure(500, "An unexpected error occurred in the simulator.")
        return reply

    def _tell(self, plan: Plan, outcome: Reply) -> tuple[Reply | None, Silence | None]:
        """What the client hears of an outcome."""
        params = plan.ending.params if plan.ending else {}
        if plan.kind == "commit_then_timeout" and not outcome.failed:
            return None, Silence(bool(params.get("close")))
        if plan.kind == "status_after_commit" and not outcome.failed:
            return self._status(params.get("status", 502), params), None
        return outcome, None

    def _status(self, status: int, params: dict[str, object]) -> Reply:
        reply = self._vendor.failure(int(status), str(params.get("message", "")))
        if "body" in params:
            reply.body = params["body"] if isinstance(params["body"], str) else dump(params["body"])
        if "retry_after" in params:
            reply.headers["Retry-After"] = str(params["retry_after"])
        return reply

    def _log(self, call: Call, plan: Plan, told: Reply | None, outcome: Reply | None) -> None:
        clock = self._world.store.clock
        query = "&".join(f"{key}={value}" for key, value in call.query.items())
        self._world.store.log_call(
            (
                stamps.zulu(clock.now()),
                self._vendor.name,
                call.method,
                call.path,
                query,
                told.status if told else None,
                outcome.status if outcome else None,
                plan.kind or None,
            ),
            self._world.settings.get("landscape", "call_log_keep"),
        )

    async def _say_nothing(self, request: Request, close: bool) -> Response:
        """Hold the connection until the client gives up or the landscape stops; or cut it off at once."""
        if close:
            return Abort()
        gone = asyncio.ensure_future(_disconnected(request))
        stop = asyncio.ensure_future(self._world.closing.wait())
        _, pending = await asyncio.wait({gone, stop}, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        return Abort()


class Abort(Response):
    """Cuts the connection without a word."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await wire.cut(scope)


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def read(request: Request) -> Call:
    """The call as vendors see it."""
    raw = request.scope.get("raw_path") or request.url.path.encode()
    return Call(
        method="GET" if request.method == "HEAD" else request.method,
        path=raw.split(b"?")[0].decode("latin-1"),
        query=dict(request.query_params),
        headers=request.headers,
        body=await request.body(),
        origin=f"{request.url.scheme}://{request.headers.get('host', request.url.netloc)}",
    )


def render(call: Call, reply: Reply) -> Response:
    """The reply on the wire."""
    if call.shape.bends_fields and not reply.failed and reply.body is not None:
        body = reply.body if not isinstance(reply.body, str) else Call("", "", {}, {}, reply.body.encode(), "").json()
        reply.body = call.shape.bend(body)
    return Response(
        reply.payload(), reply.status, reply.headers, media_type=JSON_TYPE if reply.body is not None else None
    )
