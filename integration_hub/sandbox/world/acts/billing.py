"""A month's billing through the hub's API: holds, runs, approvals, postings, and the troubles on the way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date

from .. import calendar
from ..hub import Candidate, HubRefused
from ..stage import Stage
from ..troubles import BY_SLUG, TROUBLES, Trouble

QUERY_REASON = "Client asks for the test protocols behind the analysts' hours; answer promised for the 15th."
TAX_DIFFERENCE = "0.37"
"""What the tax engine commits beyond its quote."""
_POSTING_TROUBLES = ("lost-answer", "tax-mismatch", "closed-period")


def holds(stage: Stage, month: date) -> None:
    """The PMO stops what a client has questions about."""
    trouble = BY_SLUG["client-query"]
    if month.month != trouble.month:
        return
    number = stage.contract_numbers()[trouble.contract]
    review = date(month.year, month.month + 1, 15)
    try:
        stage.hub.hold_contract(number=number, code=trouble.code, reason=QUERY_REASON, review_on=review)
    except HubRefused as refusal:
        stage.note(f"the hold on {number} was refused: {refusal}")


def runs(stage: Stage, month: date) -> None:
    """One billing run per company, through the month's end."""
    through = calendar.month_end(month)
    for entity in stage.world.entities:
        try:
            stage.hub.start_run(legal_entity=entity.code, through=through, invoice_date=through)
        except HubRefused as refusal:
            stage.note(f"the billing run of {entity.code} through {through} was refused: {refusal}")


def approvals(stage: Stage, month: date) -> None:
    """Finance approves what is ready; in the last month it has not got through all of it yet."""
    ready = [candidate for candidate in stage.hub.candidates("ready") if _of(month, candidate)]
    left = _left_for_later(stage) if month == stage.world.months[-1] else set()
    for candidate in ready:
        if candidate.contract in left - _special_contracts(stage, month).keys():
            continue
        try:
            stage.hub.approve(candidate)
            stage.count("approvals", 1)
        except HubRefused as refusal:
            stage.note(f"{candidate.number} was not approved: {refusal}")


def _left_for_later(stage: Stage) -> set[str]:
    """Numbers of every third contract; their last invoices wait for whoever opens the console."""
    numbers = stage.contract_numbers()
    keys = [contract.key for contract in stage.world.contracts if contract.activates]
    return {numbers[key] for key in keys[2::3] if key in numbers}


def postings(stage: Stage, month: date) -> None:
    """Post what is approved: the ordinary ones together, the troubled ones each under its own bad star."""
    special = _special_contracts(stage, month)
    approved = [candidate for candidate in stage.hub.candidates("approved") if _of(month, candidate)]
    ordinary = [candidate for candidate in approved if candidate.contract not in special]
    if month == stage.world.months[-1]:
        ordinary = ordinary[:-1]
    for candidate in ordinary:
        _post(stage, candidate)
    stage.settle(f"invoices of {calendar.month_name(month)} posted")
    for candidate in approved:
        trouble = special.get(candidate.contract)
        if trouble is not None:
            with _misfortune(stage, trouble, month):
                _post(stage, candidate)
                stage.settle(f"{trouble.title.lower()}: {candidate.number}")


def _of(month: date, candidate: Candidate) -> bool:
    """Whether the candidate is this month's; older ones wait for a person."""
    return candidate.invoice_date in {"", calendar.month_end(month).isoformat()}


def _post(stage: Stage, candidate: Candidate) -> None:
    try:
        stage.hub.post(candidate)
        stage.count("postings", 1)
    except HubRefused as refusal:
        stage.note(f"{candidate.number} was not posted: {refusal}")


def _special_contracts(stage: Stage, month: date) -> dict[str, Trouble]:
    """Number of the contract whose invoice of this month is to meet trouble → that trouble."""
    due = [t for t in TROUBLES if t.slug in _POSTING_TROUBLES and t.month == month.month]
    numbers = stage.contract_numbers() if due else {}
    return {numbers[trouble.contract]: trouble for trouble in due if trouble.contract in numbers}


@contextmanager
def _misfortune(stage: Stage, trouble: Trouble, month: date) -> Iterator[None]:
    """What goes wrong in the landscape while one invoice is posted."""
    with ExitStack() as bad_luck:
        if trouble.slug == "lost-answer":
            for method in ("PUT", "POST"):
                rule = {"method": method, "path_regex": "/record/v1/invoice", "count": 1, "params": {"close": True}}
                bad_luck.enter_context(stage.control.misbehaving("netsuite", "commit_then_timeout", **rule))
        elif trouble.slug == "tax-mismatch":
            bad_luck.enter_context(stage.control.tax_variance(TAX_DIFFERENCE))
        elif trouble.slug == "closed-period":
            entity = stage.world.contract(trouble.contract).entity
            stage.control.period(calendar.month_name(month), subsidiary=entity, ar_locked=True)
        yield
