"""The hint relay: signed by the public standard, duplicated and shuffled on demand, never in a vendor's way."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from integration_hub.sandbox import Landscape

pytestmark = pytest.mark.landscape

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Hub:
    """A hub that writes down what reaches it, and refuses the first `refuse` deliveries."""

    def __init__(self) -> None:
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.refuse = 0
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                hub.received.append(({k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(503 if len(hub.received) <= hub.refuse else 202)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks"

    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.received]


@pytest.fixture
def hub() -> Iterator[Hub]:
    hub = Hub()
    thread = threading.Thread(target=hub.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield hub
    hub.server.shutdown()
    hub.server.server_close()


def until(condition: Callable[[], object], seconds: float = 8) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def role(http: httpx.Client, name: str = "Architect") -> str:
    return str(http.post("/roles", json={"role": {"name": name}}).json()["results"][0]["id"])


def test_hints_say_that_something_changed_and_are_signed(land: Landscape, kantata: httpx.Client, hub: Hub) -> None:
    land.relay("kantata", url=hub.url, secret=SECRET, enabled=True)
    key = role(kantata)
    until(lambda: hub.received)
    headers, body = hub.received[0]
    assert Webhook(SECRET).verify(body, headers)
    message = json.loads(body)
    assert (message["type"], message["data"]) == ("role.created", {"entity": "roles", "id": key})
    assert set(message) == {"type", "data", "timestamp"}
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 32).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body.replace(b"roles", b"rules"), headers)


def test_duplicates_keep_their_id(land: Landscape, kantata: httpx.Client, hub: Hub) -> None:
    land.relay("kantata", url=hub.url, secret=SECRET, enabled=True, duplicate_probability=1.0)
    role(kantata)
    until(lambda: len(hub.received) == 2)
    first, second = (headers["webhook-id"] for headers, _ in hub.received)
    assert first == second


def test_order_is_lost_on_demand_and_nothing_else(land: Landscape, kantata: httpx.Client, hub: Hub) -> None:
    land.relay("kantata", url=hub.url, secret=SECRET, enabled=True, shuffle=True, delay_ms=100)
    keys = [role(kantata, f"R{n}") for n in range(12)]
    until(lambda: len(hub.received) == 12)
    arrived = [message["data"]["id"] for message in hub.messages()]
    assert sorted(arrived) == sorted(keys)
    assert arrived != keys


def test_deliveries_are_repeated_until_the_hub_takes_them(land: Landscape, kantata: httpx.Client, hub: Hub) -> None:
    hub.refuse = 2
    land.relay("kantata", url=hub.url, secret=SECRET, enabled=True)
    role(kantata)
    until(lambda: land.relay()["kantata"]["delivered"] == 1)
    tally = land.relay()["kantata"]
    assert (tally["offered"], tally["failed_attempts"], tally["waiting"]) == (1, 2, 0)
    assert len({headers["webhook-id"] for headers, _ in hub.received}) == 1


def test_a_dead_hub_never_holds_up_the_vendor(land: Landscape, kantata: httpx.Client) -> None:
    land.relay("kantata", url="http://127.0.0.1:9/hooks", secret=SECRET, enabled=True)
    started = time.monotonic()
    role(kantata)
    assert time.monotonic() - started < 1
    until(lambda: land.relay()["kantata"]["failed_attempts"] >= 1)
    land.relay("kantata", enabled=False)
    until(lambda: land.relay()["kantata"]["given_up"] == 1)


def test_only_what_was_really_written_is_announced(land: Landscape, kantata: httpx.Client, hub: Hub) -> None:
    land.relay("kantata", url=hub.url, secret=SECRET, enabled=True)
    land.fault("kantata", "lying_200", count=1)
    role(kantata, "Lie")
    assert kantata.post("/roles", json={"role": {}}).status_code == 422
    land.fault("kantata", "commit_then_timeout", count=1, params={"close": True})
    with pytest.raises(httpx.RemoteProtocolError):
        role(kantata, "Silence")
    until(lambda: hub.received)
    listed = kantata.get("/roles").json()["results"]
    assert [message["data"]["id"] for message in hub.messages()] == [row["id"] for row in listed]


def test_every_vendor_has_its_own_line(
    land: Landscape, salesforce: httpx.Client, netsuite: httpx.Client, avatax: httpx.Client, hub: Hub
) -> None:
    for vendor in ("salesforce", "netsuite", "avatax"):
        land.relay(vendor, url=f"{hub.url}/{vendor}", secret=SECRET, enabled=True)
    account = salesforce.post("/sobjects/Account", json={"Name": "Acme"}).json()["id"]
    netsuite.post("/record/v1/customer", json={"companyName": "Acme", "subsidiary": {"id": "1"}})
    sent = {
        "type": "SalesInvoice", "code": "I-1", "customerCode": "C", "date": "2026-05-01",
        "addresses": {"shipTo": {"country": "GB"}}, "lines": [{"amount": 1}],
    }  # fmt: skip
    avatax.post("/transactions/create", json=sent)
    until(lambda: len(hub.received) == 3)
    seen = {message["type"]: message["data"]["entity"] for message in hub.messages()}
    assert seen == {
        "account.created": "Account",
        "customer.created": "customer",
        "transaction.created": "transaction",
    }
    assert account in {message["data"]["id"] for message in hub.messages()}


@pytest.mark.parametrize(
    ("target", "complaint"),
    [
        ({"url": "ftp://x", "secret": SECRET, "enabled": True}, "http"),
        ({"url": "http://127.0.0.1:9", "secret": "", "enabled": True}, "whsec_"),
        ({"speed": 5}, "unknown keys"),
    ],
)
def test_targets_that_make_no_sense_are_refused(land: Landscape, target: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        land.relay("kantata", **target)
