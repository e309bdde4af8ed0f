"""Selling and signing: opportunities, contracts with their lines, prices and milestones, amendments."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from ..model import Amendment, Contract
from ..stage import Stage
from ..troubles import BY_SLUG
from ..vendors.http import Json


def starting(stage: Stage, month: date) -> list[Contract]:
    """The contracts whose work starts in a month."""
    return [contract for contract in stage.world.contracts if contract.start.replace(day=1) == month]


def prepare(stage: Stage, month: date) -> None:
    """Opportunities in negotiation and contracts as drafts, complete with lines, prices and milestones."""
    contracts = starting(stage, month)
    customers = _by(stage, "Account", "AccountNumber")
    deals = _ensure(stage, "Opportunity", ("Name",), [_opportunity(c, customers) for c in contracts])
    rows = [_contract(c, customers, deals[(c.name,)]) for c in contracts]
    ids = _ensure(stage, "Contract", ("Name",), rows)
    lines = _ensure(
        stage,
        "Contract_Line__c",
        ("Contract__c", "Line_Number__c"),
        [r for c in contracts for r in _lines(c, ids[(c.name,)])],
    )
    keys = ("Contract__c", "Role__c", "Resource__c", "Effective_From__c")
    _ensure(stage, "Rate_Item__c", keys, [r for c in contracts for r in _rates(c, ids[(c.name,)])])
    terms = [r for c in contracts for r in _terms(c, ids[(c.name,)], lines)]
    _ensure(stage, "Milestone_Term__c", ("Contract_Line__c", "Sequence__c"), terms)


def sign(stage: Stage, month: date) -> None:
    """The client signs: the opportunity is won, the contract activated."""
    names = {contract.name: contract for contract in starting(stage, month)}
    _make_activation_fail(stage, month)
    won = [
        {"Id": row["Id"], "StageName": "Closed Won"}
        for row in stage.salesforce.query("SELECT Id, Name, IsWon FROM Opportunity")
        if row["Name"] in names and not row["IsWon"]
    ]
    stage.salesforce.update("Opportunity", won)
    drafts = [
        row
        for row in stage.salesforce.query("SELECT Id, Name, Status FROM Contract")
        if row["Name"] in names and row["Status"] != "Activated"
    ]
    stage.salesforce.update("Contract", [{"Id": row["Id"], "Status": "In Approval Process"} for row in drafts])
    signed = [
        {"Id": row["Id"], "Status": "Activated", "CustomerSignedDate": _day(names[row["Name"]].signed)}
        for row in drafts
    ]
    stage.salesforce.update("Contract", signed)
    stage.count("contracts signed", len(signed))


def _make_activation_fail(stage: Stage, month: date) -> None:
    """The ERP refuses the job of one contract for good, and says why."""
    trouble = BY_SLUG["activation-fails"]
    if month.month != trouble.month:
        return
    number = stage.contract_numbers()[trouble.contract]
    pattern = f"/record/v1/job/eid(:|%3A)[^/]*{number}$"
    if any(fault["path_regex"] == pattern for fault in stage.control.faults()):
        return
    detail = "Invalid value for the resource or sub-resource field 'currency': CHF is not a currency of the subsidiary."
    refusal = {
        "type": "https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html#sec10.4.1",
        "title": "Bad Request",
        "status": 400,
        "o:errorDetails": [{"detail": detail, "o:errorPath": "currency", "o:errorCode": "INVALID_CONTENT"}],
    }
    params = {"status": 400, "body": refusal}
    stage.control.fault("netsuite", "status", method="PUT", path_regex=pattern, params=params)


# -- amendments ---------------------------------------------------------------------------------------------------


def amendments_of(stage: Stage, month: date) -> list[tuple[Contract, Amendment]]:
    """Change orders drafted or signed in a month."""
    return [
        (contract, amendment)
        for contract in stage.world.contracts
        for amendment in contract.amendments
        if month.month in {amendment.drafted.month, amendment.signed.month if amendment.signed else 0}
    ]


def amend(stage: Stage, month: date) -> None:
    """Draft the month's change orders, and sign those that are signed."""
    wanted = amendments_of(stage, month)
    if not wanted:
        return
    contracts = _by(stage, "Contract", "Name")
    found = stage.salesforce.query("SELECT Id, Contract__c, Line_Number__c FROM Contract_Line__c")
    lines = {(row["Contract__c"], int(row["Line_Number__c"])): row["Id"] for row in found}
    rows = [_amendment(contract, amendment, contracts[contract.name], lines) for contract, amendment in wanted]
    ids = _ensure(stage, "Contract_Amendment__c", ("Contract__c", "Amendment_Number__c"), rows)
    signed = [
        {
            "Id": ids[(contracts[contract.name], float(amendment.number))],
            "Status__c": "Signed",
            "Signed_Date__c": _day(amendment.signed),
        }
        for contract, amendment in wanted
        if amendment.signed and amendment.signed.month == month.month
    ]
    stage.salesforce.update("Contract_Amendment__c", signed)


def _amendment(contract: Contract, amendment: Amendment, contract_id: str, lines: dict[tuple[str, int], str]) -> Json:
    return {
        "Contract__c": contract_id,
        "Amendment_Number__c": float(amendment.number),
        "Kind__c": amendment.kind,
        "Status__c": "Draft",
        "Effective_Date__c": _day(amendment.effective),
        "Contract_Line__c": lines[(contract_id, amendment.line)] if amendment.line else None,
        "Role__c": amendment.role or None,
        "New_Rate__c": _number(amendment.new_rate),
        "New_Limit__c": _number(amendment.new_limit),
        "New_End_Date__c": _day(amendment.new_end),
        "Description__c": amendment.description,
    }


# -- rows ---------------------------------------------------------------------------------------------------------


def _opportunity(contract: Contract, customers: dict[str, str]) -> Json:
    return {
        "Name": contract.name,
        "AccountId": customers[contract.customer],
        "Amount": _number(contract.value),
        "CurrencyIsoCode": contract.currency,
        "StageName": "Negotiation/Review",
        "CloseDate": _day(contract.signed),
    }


def _contract(contract: Contract, customers: dict[str, str], opportunity: str) -> Json:
    return {
        "Name": contract.name,
        "AccountId": customers[contract.customer],
        "Opportunity__c": opportunity,
        "Status": "Draft",
        "StartDate": _day(contract.start),
        "EndDate": _day(contract.end),
        "CurrencyIsoCode": contract.currency,
        "Legal_Entity__c": contract.entity,
        "Payment_Terms__c": contract.terms,
        "Tax_Jurisdiction__c": contract.tax,
        "PO_Number__c": contract.po or None,
        "PO_Amount__c": _number(contract.po_amount),
        "PO_Expires__c": _day(contract.po_expires),
        "Delivery_Manager__c": contract.manager,
    }


def _lines(contract: Contract, contract_id: str) -> list[Json]:
    return [
        {
            "Name": line.name,
            "Contract__c": contract_id,
            "Line_Number__c": float(line.number),
            "Method__c": line.method,
            "Amount__c": _number(line.amount),
            "Included_Hours__c": _number(line.hours),
            "Overage_Rate__c": _number(line.overage),
            "Unused_Policy__c": line.unused or None,
            "Cap_Amount__c": _number(line.cap),
            "Billing_Frequency__c": line.frequency or None,
            "Expense_Rule__c": line.expense_rule or None,
            "Markup_Percent__c": _number(line.markup),
        }
        for line in contract.lines
    ]


def _rates(contract: Contract, contract_id: str) -> list[Json]:
    return [
        {
            "Contract__c": contract_id,
            "Role__c": rate.role or None,
            "Resource__c": f"{rate.person}@meridian.example" if rate.person else None,
            "Rate__c": _number(rate.rate),
            "Unit__c": rate.unit,
            "CurrencyIsoCode": contract.currency,
            "Effective_From__c": _day(contract.start),
        }
        for rate in contract.rates
    ]


def _terms(contract: Contract, contract_id: str, lines: dict[tuple[Any, ...], str]) -> list[Json]:
    return [
        {
            "Name": term.name,
            "Contract_Line__c": lines[(contract_id, float(line.number))],
            "Sequence__c": float(term.sequence),
            "Amount__c": _number(term.amount),
            "Due_Date__c": _day(term.due),
        }
        for line in contract.lines
        for term in line.terms
    ]


# -- looking before writing ---------------------------------------------------------------------------------------


def _by(stage: Stage, sobject: str, field: str) -> dict[str, str]:
    rows = stage.salesforce.query(f"SELECT Id, {field} FROM {sobject}")  # noqa: S608 — names from this module
    return {row[field]: row["Id"] for row in rows}


def _ensure(stage: Stage, sobject: str, key: tuple[str, ...], rows: list[Json]) -> dict[tuple[Any, ...], str]:
    """Create the rows that are not there yet; ids of all rows of the object by their key."""
    identify: Callable[[Json], tuple[Any, ...]] = lambda row: tuple(row.get(name) for name in key)  # noqa: E731
    found = stage.salesforce.query(f"SELECT Id, {', '.join(key)} FROM {sobject}")  # noqa: S608
    known = {identify(row): row["Id"] for row in found}
    new = [row for row in rows if identify(row) not in known]
    ids = stage.salesforce.create(sobject, new)
    stage.count(sobject, len(new))
    return known | dict(zip(map(identify, new), ids, strict=True))


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _day(value: date | None) -> str | None:
    return value.isoformat() if value else None
