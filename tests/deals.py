"""Contracts as they come in life: read from the CRM record by record, with what the ERP knows beside them."""

from datetime import date
from decimal import Decimal
from typing import Any

from contracts.models import Contract
from integration_hub import canonical
from integration_hub.processes.models import Process
from integration_hub.work.inprocess import drain_once
from tests.vendors import Landscape

ADDRESS = {"country": "US", "region": "NY", "city": "New York", "street": "1 Broadway", "postal_code": "10004"}
SIGNED: dict[str, Any] = {
    "status": "signed",
    "signed_on": date(2026, 1, 1),
    "starts_on": date(2026, 1, 1),
    "ends_on": date(2026, 12, 31),
    "payment_terms": "Net 30",
    "tax_jurisdiction": "US-NY",
}


def customer(code: str = "CUST-1", *, parent: str | None = None, **more: Any) -> canonical.Customer:
    return canonical.Customer(
        source_id=f"A-{code}", version="1", code=code, name=f"Client {code}", parent_id=parent, **{**ADDRESS, **more}
    )


def opportunity(number: str = "C-1", *, won: bool = True, client: str = "CUST-1") -> canonical.Opportunity:
    return canonical.Opportunity(
        source_id=f"O-{number}", version="1", name=f"Deal {number}", customer_id=f"A-{client}", stage="Closed Won",
        is_closed=won, is_won=won, amount=Decimal(1000), currency="USD",
    )  # fmt: skip


def contract(number: str = "C-1", *, client: str = "CUST-1", version: str = "1", **terms: Any) -> canonical.Contract:
    return canonical.Contract(
        source_id=f"K-{number}", version=version, number=number, name="Advisory", customer_id=f"A-{client}",
        opportunity_id=f"O-{number}", legal_entity="US01", currency="USD", **{**SIGNED, **terms},
    )  # fmt: skip


def line(number: str = "C-1", *, row: int = 1, method: str = "tm", **more: Any) -> canonical.ContractLine:
    return canonical.ContractLine(
        source_id=f"L-{number}-{row}", version="1", contract_id=f"K-{number}", number=row,
        name=more.pop("name", f"Line {row}"), method=method, **more,
    )  # fmt: skip


def rate(number: str = "C-1", value: str = "150", *, role: str = "", **more: Any) -> canonical.RateItem:
    known: dict[str, Any] = {"currency": "USD", "valid_from": date(2026, 1, 1), **more}
    return canonical.RateItem(
        source_id=f"R-{number}-{role}", version="1", contract_id=f"K-{number}", role=role, rate=Decimal(value), **known
    )


def term(number: str = "C-1", *, row: int = 1, sequence: int = 1, amount: str = "100") -> canonical.MilestoneTerm:
    return canonical.MilestoneTerm(
        source_id=f"M-{number}-{row}-{sequence}", version="1", line_id=f"L-{number}-{row}", name=f"Stage {sequence}",
        sequence=sequence, amount=Decimal(amount), due_on=date(2026, 2, 1),
    )  # fmt: skip


def amendment(number: str = "1", *, of: str = "C-1", kind: str = "rate", **terms: Any) -> canonical.Amendment:
    known: dict[str, Any] = {
        "status": "signed",
        "signed_on": date(2026, 6, 20),
        "effective_on": date(2026, 7, 1),
        **terms,
    }
    return canonical.Amendment(
        source_id=f"AM-{of}-{number}", version=known.pop("version", "1"), contract_id=f"K-{of}", number=number,
        kind=kind, **known,
    )  # fmt: skip


def account(code: str = "CUST-1", **more: Any) -> canonical.CustomerAccount:
    return canonical.CustomerAccount(source_id=f"E-{code}", version="1", code=code, name=f"Client {code}", **more)


def master_data(landscape: Landscape, *codes: str) -> None:
    """What the ERP knows before anything is signed: the entity, its terms, these customers."""
    known = {"source_id": landscape.erp.company, "version": "1"}
    landscape.arrive("erp", canonical.LegalEntity(code="US01", name="US01 Inc.", currency="USD", country="US", **known))
    landscape.arrive("erp", canonical.PaymentTerm(source_id="5", version="1", name="Net 30", days=30))
    for code in codes:
        landscape.arrive("erp", account(code))


def sign(
    landscape: Landscape, number: str = "C-1", *, client: str = "CUST-1", value: str = "150", **terms: Any
) -> None:
    """A won deal and its signed T&M contract, read in the order of the CRM's feeds; not worked yet."""
    landscape.arrive("crm", customer(client))
    landscape.arrive("crm", opportunity(number, client=client))
    landscape.arrive("crm", contract(number, client=client, **terms))
    landscape.arrive("crm", line(number))
    landscape.arrive("crm", rate(number, value))


def activated(landscape: Landscape, number: str = "C-1", *, client: str = "CUST-1", **terms: Any) -> Contract:
    """The same, activated in all systems."""
    master_data(landscape, client)
    sign(landscape, number, client=client, **terms)
    drain_once()
    found = Contract.objects.get(number=number)
    assert found.status == Contract.Status.ACTIVE, process(number)
    return found


def process(number: str = "C-1", *, definition: str = "contract.activation") -> Process:
    """The latest saga of a key."""
    return Process.objects.filter(definition=definition, business_key=number).latest("attempt")


def steps(number: str = "C-1", *, definition: str = "contract.activation") -> dict[str, str]:
    """State of each step of the latest saga of a key."""
    return dict(process(number, definition=definition).steps.values_list("name", "state"))
