"""A stand-in for the hub, for tests of the player only: it activates contracts and posts invoices, and decides nothing.

It works through the vendors' APIs with the player's own clients, so the player finds what a hub would have left there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import httpx

from integration_hub.sandbox.world.hub import Candidate, Hook
from integration_hub.sandbox.world.model import World
from integration_hub.sandbox.world.stage import SERVICE, LandscapeUrls
from integration_hub.sandbox.world.vendors.http import Json, VendorRefused
from integration_hub.sandbox.world.vendors.kantata import Kantata
from integration_hub.sandbox.world.vendors.netsuite import NetSuite
from integration_hub.sandbox.world.vendors.salesforce import Salesforce


@dataclass
class StandIn:
    """Activates on `settle`, makes one candidate per contract and run, posts it to the ERP when told to."""

    urls: LandscapeUrls
    world: World
    hooks: dict[str, Hook] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    rates: list[Json] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.salesforce = Salesforce(self.urls.salesforce)
        self.kantata = Kantata(self.urls.kantata)
        self.netsuite = NetSuite(self.urls.netsuite)
        self._candidates: dict[str, Candidate] = {}

    def close(self) -> None:
        for client in (self.salesforce, self.kantata, self.netsuite):
            client.close()

    # -- activation ------------------------------------------------------------------------------------------------

    def settle(self, why: str) -> None:
        self.reasons.append(why)
        done = self.kantata.referenced("Workspace", SERVICE)
        rows = self.salesforce.query("SELECT Name, ContractNumber FROM Contract WHERE Status = 'Activated'")
        for row in rows:
            if row["ContractNumber"] not in done and row["ContractNumber"] not in self.refused:
                self._activate(row["Name"], row["ContractNumber"])

    def _activate(self, name: str, number: str) -> None:
        contract = next(contract for contract in self.world.contracts if contract.name == name)
        customer = self.netsuite.get("customer", f"eid:{contract.customer}")
        if customer is None:
            self.refused[number] = f"customer {contract.customer} is not in the ERP"
            return
        try:
            job = {"companyName": f"{number} {name}", "parent": {"externalId": contract.customer}}
            self.netsuite.put("job", number, job)
        except VendorRefused as refusal:
            self.refused[number] = refusal.text
            return
        reference = {"service_name": SERVICE, "service_model": "Contract", "service_model_ref": number}
        shell = {"title": name, "creator_role": "maven", "currency": contract.currency, "external_reference": reference}
        workspace = self.kantata.create("workspaces", [shell])[0]
        stories = [
            {"workspace_id": workspace, "title": term.name, "story_type": "milestone"}
            for line in contract.lines
            for term in line.terms
        ]
        self.kantata.create("stories", stories)

    # -- billing ---------------------------------------------------------------------------------------------------

    def start_run(self, *, legal_entity: str, through: date, invoice_date: date) -> None:
        numbers = {
            row["Name"]: row["ContractNumber"]
            for row in self.salesforce.query("SELECT Name, ContractNumber FROM Contract")
        }
        for contract in self.world.contracts:
            if contract.entity == legal_entity and contract.activates and contract.start <= through:
                number = f"C-{contract.key}-{through:%Y%m}"
                found = Candidate(
                    number, number, "ready", 1, "hash", numbers[contract.name], legal_entity, invoice_date.isoformat()
                )
                self._candidates.setdefault(number, found)

    def candidates(self, status: str) -> list[Candidate]:
        return [
            self._candidates[number] for number in sorted(self._candidates) if self._candidates[number].status == status
        ]

    def approve(self, candidate: Candidate) -> Candidate:
        self._candidates[candidate.id] = replace(candidate, status="approved", version=candidate.version + 1)
        return self._candidates[candidate.id]

    def post(self, candidate: Candidate) -> None:
        """Once, whatever happens to the answer: after a lost one, look before trying again."""
        invoice = {
            "entity": {"externalId": candidate.contract},
            "tranDate": candidate.invoice_date,
            "taxDetailsOverride": True,
            "item": {"items": [{"item": {"id": "1"}, "amount": 10000, "quantity": 1, "taxDetailsReference": "L1"}]},
            "taxDetails": {"items": [{"taxDetailsReference": "L1", "taxAmount": 2000}]},
        }
        try:
            self.netsuite.put("invoice", candidate.id, invoice)
        except VendorRefused as refusal:
            self.refused[candidate.id] = refusal.text
            self._candidates[candidate.id] = replace(candidate, status="rejected")
            return
        except httpx.TransportError:
            self._probe(candidate)
        self._candidates[candidate.id] = replace(candidate, status="posted")

    def _probe(self, candidate: Candidate) -> None:
        self.lost.append(candidate.id)
        assert self.netsuite.get("invoice", f"eid:{candidate.id}") is not None

    def record_rates(self, rates: Sequence[Json]) -> None:
        self.rates += rates

    def hold_contract(self, *, number: str, code: str, reason: str, review_on: date) -> None:
        self.held.append(f"{code} {number}")
