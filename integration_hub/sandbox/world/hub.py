"""The hub as its users' scripts see it: REST API v1 and one token per person.

All shapes of the API that the player depends on are in this file. Everything else speaks `Hub`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

import httpx

from .vendors.http import Json

API = "/api/v1"
PAGE = 200


@dataclass(frozen=True, slots=True)
class Hook:
    """Where a vendor's hints go, and the Standard Webhooks secret (`whsec_…`) they are signed with."""

    url: str
    secret: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """An invoice candidate as the API shows it."""

    id: str
    number: str
    status: str
    version: int
    content_hash: str
    contract: str
    legal_entity: str
    invoice_date: str = ""
    net: str = ""


@dataclass(frozen=True, slots=True)
class Tokens:
    """API tokens of the demo's people, by what they do."""

    analyst: str
    """Prepares billing runs."""
    finance: str
    """Approves and posts."""
    controller: str
    """The second approver where two are needed."""
    pmo: str
    """Places holds."""


class HubRefused(RuntimeError):
    """The hub said no: an RFC 9457 problem."""

    def __init__(self, method: str, url: str, status: int, problem: Json) -> None:
        detail = problem.get("detail") or problem.get("title") or problem
        super().__init__(f"{method} {url} answered {status}: {detail}")
        self.status = status
        self.problem = problem


class Hub(Protocol):
    """What the player needs of a hub."""

    @property
    def hooks(self) -> Mapping[str, Hook]:
        """By vendor name; vendors without one send no hints."""
        ...

    def start_run(self, *, legal_entity: str, through: date, invoice_date: date) -> None: ...

    def candidates(self, status: str) -> list[Candidate]: ...

    def approve(self, candidate: Candidate) -> Candidate:
        """By as many people as it takes; the candidate afterwards."""
        ...

    def post(self, candidate: Candidate) -> None: ...

    def hold_contract(self, *, number: str, code: str, reason: str, review_on: date) -> None: ...

    def record_rates(self, rates: Sequence[Json]) -> None:
        """Exchange rates: base, quote, day, rate, note."""
        ...


@dataclass
class HubClient:
    """The hub over HTTP. `base_url` without a path, e.g. `http://127.0.0.1:8000`."""

    base_url: str
    tokens: Tokens
    hooks: Mapping[str, Hook] = field(default_factory=dict)
    scheme: str = "Bearer"
    """Word before the token in the Authorization header."""
    timeout: float = 60

    def __post_init__(self) -> None:
        self._http = httpx.Client(base_url=f"{self.base_url}{API}", timeout=self.timeout, trust_env=False)

    def close(self) -> None:
        self._http.close()

    # -- what the player asks ------------------------------------------------------------------------------------

    def start_run(self, *, legal_entity: str, through: date, invoice_date: date) -> None:
        """Build candidates; a hub that finds nothing new to bill makes none."""
        body = {"legal_entity": legal_entity, "through": through.isoformat(), "invoice_date": invoice_date.isoformat()}
        self._ask(self.tokens.analyst, "POST", "/billing-runs/", body)

    def candidates(self, status: str) -> list[Candidate]:
        """All candidates with this status, ordered by number."""
        rows = [_candidate(row) for row in self._list("/candidates/", {"status": status, "limit": PAGE})]
        return sorted(rows, key=lambda candidate: candidate.number)

    def approve(self, candidate: Candidate) -> Candidate:
        """First by finance; if that was not enough, by the controller."""
        for token in (self.tokens.finance, self.tokens.controller):
            body = {"version": candidate.version, "content_hash": candidate.content_hash}
            candidate = _candidate(self._ask(token, "POST", f"/candidates/{candidate.id}/approve/", body))
            if candidate.status != "ready":
                break
        return candidate

    def record_rates(self, rates: Sequence[Json]) -> None:
        """All or none; what is known is not recorded again."""
        self._ask(self.tokens.finance, "POST", "/exchange-rates/", {"rates": list(rates)})

    def post(self, candidate: Candidate) -> None:
        self._ask(self.tokens.finance, "POST", f"/candidates/{candidate.id}/post/", {"version": candidate.version})

    def hold_contract(self, *, number: str, code: str, reason: str, review_on: date) -> None:
        """Hold a whole contract; one that is open already stays as it is."""
        found = list(self._list("/contracts/", {"number": number}))
        if not found:
            raise HubRefused("GET", "/contracts/", 404, {"detail": f"there is no contract {number}"})
        target = {"scope": "contract", "target": str(found[0]["id"])}
        body = target | {"code": code, "reason": reason, "review_on": review_on.isoformat()}
        try:
            self._ask(self.tokens.pmo, "POST", "/holds/", body)
        except HubRefused as refusal:
            if refusal.status != 409:
                raise

    # -- how it is said ------------------------------------------------------------------------------------------

    def _ask(
        self, token: str, method: str, path: str, body: Json | None = None, *, query: Mapping[str, Any] | None = None
    ) -> Json:
        headers = {"authorization": f"{self.scheme} {token}"}
        answer = self._http.request(method, path, json=body, params=query, headers=headers)
        if answer.is_error:
            try:
                problem = answer.json()
            except ValueError:
                problem = {"detail": answer.text[:400]}
            raise HubRefused(method, str(answer.url), answer.status_code, problem)
        parsed: Json = answer.json() if answer.content else {}
        return parsed

    def _list(self, path: str, query: Mapping[str, Any]) -> Iterator[Json]:
        """All pages of a list: `{"next": url or null, "results": […]}`."""
        page = self._ask(self.tokens.finance, "GET", path, query=query)
        while True:
            yield from page["results"]
            if not page.get("next"):
                return
            more: dict[str, Any] = dict(httpx.URL(page["next"]).params)
            page = self._ask(self.tokens.finance, "GET", path, query=more)


def _candidate(row: Json) -> Candidate:
    return Candidate(
        id=str(row["id"]),
        number=str(row["number"]),
        status=str(row["status"]),
        version=int(row["version"]),
        content_hash=str(row["content_hash"]),
        contract=str(row["contract_number"]),
        legal_entity=str(row["legal_entity"]),
        invoice_date=str(row["invoice_date"]),
        net=str(row["net"]),
    )
