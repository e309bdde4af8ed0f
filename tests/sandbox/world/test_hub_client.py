"""The hub client against a hub that only remembers what it was told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from integration_hub.sandbox.world.hub import Candidate, HubClient, HubRefused, Tokens

ROW = {
    "id": 5, "number": "US01-26-0005", "status": "ready", "version": 3, "content_hash": "abc", "legal_entity": "US01",
    "contract_number": "00000001", "invoice_date": "2026-05-31", "net": "1200.00",
}  # fmt: skip


class Teller(BaseHTTPRequestHandler):
    """Answers from a script, writes down what was asked."""

    asked: list[tuple[str, str, str, Any]] = []
    answers: dict[tuple[str, str], list[tuple[int, Any]]] = {}

    def _answer(self) -> None:
        size = int(self.headers.get("content-length") or 0)
        body = json.loads(self.rfile.read(size)) if size else None
        self.asked.append((self.command, self.path, str(self.headers["authorization"]), body))
        status, answer = self.answers[(self.command, self.path.partition("?")[0])].pop(0)
        text = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = _answer

    def log_message(self, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def teller() -> Iterator[tuple[HubClient, type[Teller]]]:
    Teller.asked, Teller.answers = [], {}
    server = ThreadingHTTPServer(("127.0.0.1", 0), Teller)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    client = HubClient(f"http://127.0.0.1:{server.server_port}", Tokens("ana", "fin", "con", "pmo"))
    yield client, Teller
    client.close()
    server.shutdown()
    server.server_close()


def _candidate() -> Candidate:
    return Candidate("5", "US01-26-0005", "ready", 3, "abc", "00000001", "US01", "2026-05-31", "1200.00")


def test_candidates_come_from_all_pages(teller: tuple[HubClient, type[Teller]]) -> None:
    client, told = teller
    pages: list[Any] = [{"results": [ROW], "next": f"{client.base_url}/api/v1/candidates/?cursor=x&status=ready"}]
    pages.append({"results": [ROW | {"id": 4, "number": "US01-26-0004"}], "next": None})
    told.answers[("GET", "/api/v1/candidates/")] = [(200, page) for page in pages]
    assert [row.number for row in client.candidates("ready")] == ["US01-26-0004", "US01-26-0005"]
    assert told.asked[1][1] == "/api/v1/candidates/?cursor=x&status=ready"
    assert told.asked[0][2] == "Bearer fin"


def test_a_second_person_approves_what_one_may_not_alone(teller: tuple[HubClient, type[Teller]]) -> None:
    client, told = teller
    told.answers[("POST", "/api/v1/candidates/5/approve/")] = [
        (200, ROW | {"version": 4}),
        (200, ROW | {"version": 5, "status": "approved"}),
    ]
    assert client.approve(_candidate()).status == "approved"
    assert [(who, body) for _, _, who, body in told.asked] == [
        ("Bearer fin", {"version": 3, "content_hash": "abc"}),
        ("Bearer con", {"version": 4, "content_hash": "abc"}),
    ]


def test_one_approval_is_enough_when_the_hub_says_so(teller: tuple[HubClient, type[Teller]]) -> None:
    client, told = teller
    told.answers[("POST", "/api/v1/candidates/5/approve/")] = [(200, ROW | {"status": "approved"})]
    assert client.approve(_candidate()).status == "approved"
    assert len(told.asked) == 1


def test_a_problem_is_told_in_the_hubs_words(teller: tuple[HubClient, type[Teller]]) -> None:
    client, told = teller
    told.answers[("POST", "/api/v1/candidates/5/post/")] = [(409, {"title": "Stale", "detail": "It moved."})]
    with pytest.raises(HubRefused, match=r"409: It moved\."):
        client.post(_candidate())


def test_a_hold_names_the_contract_by_its_row(teller: tuple[HubClient, type[Teller]]) -> None:
    client, told = teller
    told.answers[("GET", "/api/v1/contracts/")] = [(200, {"results": [{"id": 20}], "next": None})]
    told.answers[("POST", "/api/v1/holds/")] = [(409, {"detail": "open already"})]
    client.hold_contract(number="00000018", code="CLIENT_QUERY", reason="Why?", review_on=date(2026, 10, 15))
    assert told.asked[-1] == (
        "POST", "/api/v1/holds/", "Bearer pmo",
        {"scope": "contract", "target": "20", "code": "CLIENT_QUERY", "reason": "Why?", "review_on": "2026-10-15"},
    )  # fmt: skip


def test_a_hold_on_an_unknown_contract_is_refused(teller: tuple[HubClient, type[Teller]]) -> None:
    client, told = teller
    told.answers[("GET", "/api/v1/contracts/")] = [(200, {"results": [], "next": None})]
    with pytest.raises(HubRefused, match="no contract 00000099"):
        client.hold_contract(number="00000099", code="CLIENT_QUERY", reason="Why?", review_on=date(2026, 10, 15))


def test_a_run_is_started_by_the_analyst(teller: tuple[HubClient, type[Teller]]) -> None:
    client, told = teller
    told.answers[("POST", "/api/v1/billing-runs/")] = [(201, {"id": 1})]
    client.start_run(legal_entity="UK01", through=date(2026, 5, 31), invoice_date=date(2026, 5, 31))
    body = {"legal_entity": "UK01", "through": "2026-05-31", "invoice_date": "2026-05-31"}
    assert told.asked == [("POST", "/api/v1/billing-runs/", "Bearer ana", body)]


def test_rates_are_recorded_by_finance(teller: tuple[HubClient, type[Teller]]) -> None:
    client, told = teller
    told.answers[("POST", "/api/v1/exchange-rates/")] = [(201, {"recorded": 1})]
    rate = {"base": "EUR", "quote": "USD", "day": "2026-05-04", "rate": "1.0850", "note": "Treasury"}
    client.record_rates([rate])
    assert told.asked == [("POST", "/api/v1/exchange-rates/", "Bearer fin", {"rates": [rate]})]
