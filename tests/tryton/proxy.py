"""What stands between a client and Tryton, and misbehaves when told to, in the landscape's words for it.

Tryton itself does no wrong here: what the proxy passes on is done, and what it keeps to itself is not.
"""

import json
import socket
import threading
from collections import Counter
from collections.abc import Callable
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from integration_hub.sandbox.faults import Faults, Plan
from integration_hub.sandbox.messages import Call

VENDOR = "tryton"
_QUESTIONS = {"search", "search_read", "search_count", "read", "login", "version"}
_LISTS = {"search", "search_read"}
_NOBODY = 2_000_000_000
"""An id that no record has."""


class Notes:
    """The faults' memory, for as long as the proxy lives."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def facts(self, space: str) -> dict[str, Any]:
        return {}

    def next(self, name: str) -> int:
        self._counts[name] += 1
        return self._counts[name]

    def remember(self, space: str, key: str, value: Any) -> None:
        """Nothing is kept: the rules themselves count."""

    def forget(self, space: str, key: str | None = None) -> None:
        """Nothing was kept."""


class Proxy:
    """One listener on loopback in front of one server; `expire` ends every session there."""

    def __init__(self, upstream: str, expire: Callable[[], None]) -> None:
        self.faults = Faults(Notes(), seed=7)  # type: ignore[arg-type]
        self.asked: list[str] = []
        """Methods that were called, in order."""
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self, urlsplit(upstream), expire))
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self) -> None:
        self._closing.set()
        self._http.shutdown()
        self._http.server_close()

    @property
    def written(self) -> int:
        """How many calls that may change something were heard."""
        return sum(method.rpartition(".")[2] not in _QUESTIONS for method in self.asked)

    def plan(self, method: str) -> Plan:
        """Note a call, and what is in store for it."""
        name = method.rpartition(".")[2]
        call = Call("POST", f"/{method}", {}, {}, b"", "")
        with self._lock:
            self.asked.append(method)
            return self.faults.plan(VENDOR, call, write=name not in _QUESTIONS, sign_in=name == "login")

    def held(self, connection: socket.socket) -> None:
        """Say nothing until the client gives up."""
        connection.settimeout(0.1)
        while not self._closing.is_set():
            try:
                if not connection.recv(1, socket.MSG_PEEK):
                    return
            except TimeoutError:
                continue
            except OSError:
                return


def _handler(proxy: Proxy, upstream: Any, expire: Callable[[], None]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: Any) -> None:
            """Tests say what went wrong themselves."""

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            method = str(json.loads(body)["method"])
            plan = proxy.plan(method)
            params = plan.ending.params if plan.ending else {}
            match plan.kind:
                case "timeout_before":
                    return self.silent(params)
                case "status":
                    said = str(params.get("body", "<html>It went wrong</html>")).encode()
                    return self.say(int(params.get("status", 500)), said, params)
                case "rate_limit":
                    return self.say(429, b"<html>Too many requests</html>", params)
                case "lying_200":
                    result = [_NOBODY] if method.endswith(".create") else None
                    return self.say(200, json.dumps({"id": 1, "result": result}).encode(), {})
                case "auth_expired":
                    expire()
            answer, told = self.passed_on(body)
            done = answer.status == 200 and b'"error"' not in told[:40]
            if done and plan.kind == "commit_then_timeout":
                return self.silent(params)
            if done and plan.kind == "status_after_commit":
                return self.say(int(params.get("status", 502)), b"<html>Bad gateway</html>", params)
            if done:
                told = _bent(told, method, plan)
            return self.say(answer.status, told, {}, answer)

        def passed_on(self, body: bytes) -> tuple[HTTPResponse, bytes]:
            there = HTTPConnection(upstream.hostname, upstream.port, timeout=60)
            kept = ("content-type", "authorization")
            there.request("POST", self.path, body, {name: self.headers[name] for name in kept if self.headers[name]})
            answer = there.getresponse()
            told = answer.read()
            there.close()
            return answer, told

        def say(self, status: int, body: bytes, params: dict[str, Any], answer: HTTPResponse | None = None) -> None:
            self.send_response(status)
            kind = answer.getheader("content-type") if answer else "application/json"
            self.send_header("content-type", kind or "text/html")
            self.send_header("content-length", str(len(body)))
            if "retry_after" in params:
                self.send_header("retry-after", str(params["retry_after"]))
            self.end_headers()
            self.wfile.write(body)

        def silent(self, params: dict[str, Any]) -> None:
            self.close_connection = True
            if not params.get("close"):
                proxy.held(self.connection)
            self.connection.shutdown(socket.SHUT_RDWR)

    return Handler


def _bent(told: bytes, method: str, plan: Plan) -> bytes:
    """The answer as the faults bend it."""
    shape, answer = plan.shape, json.loads(told)
    if method.rpartition(".")[2] in _LISTS:
        rows, _ = shape.page(answer["result"], len(answer["result"]))
        answer["result"] = shape.bend(rows) if shape.bends_fields else rows
    return json.dumps(answer).encode()
