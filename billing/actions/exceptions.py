"""Exception cases that follow from decisions: one per code and root cause, with the work and money it holds."""

from collections import defaultdict
from decimal import Decimal

from billing.models import Piece
from contracts.models import Contract, Project
from integration_hub.cases.actions import cases
from integration_hub.kernel.money import ZERO

BY = "system:billing"
QUIET = {"NOT_APPROVED", "REJECTED"}  # the approver's queue shows them; a case would repeat every open timesheet
OVER_CAP = "CAP_REACHED"

WHAT_TO_DO = {
    "RATE_MISSING": "Add the rate to the contract in the CRM, add it to a rate card, or mark the work not billable.",
    "ROLE_MISSING": "Give the person or the entry a role in the PSA.",
    "CONTRACT_MISSING": "Link the project to a contract, or mark it internal.",
    "CONTRACT_NOT_SIGNED": "Get the contract signed in the CRM.",
    "CONTRACT_EXPIRED": "Extend the contract by an amendment, move the work to another contract, or write it off.",
    "MAP_MISSING": "Say which contract line takes this work (Django admin, eligibility rules).",
    "MAP_AMBIGUOUS": "Remove or sharpen one of the eligibility rules that disagree.",
    "NEGATIVE_UNMATCHED": "Match the negative entry to its original in the PSA, or reject it.",
    "FX_MISSING": "Load the exchange rate, or agree a contract rate.",
    "RECEIPT_MISSING": "Attach the receipt in the PSA.",
    "LATE_CHANGE": "Credit and rebill what is posted, or withdraw the change in its source.",
    "RULE_ERROR": "Correct the record in its source; the trace of the decision says what is wrong with it.",
    "MILESTONE_EVIDENCE": "Attach the client's acceptance to the milestone.",
    OVER_CAP: "Raise the cap by an amendment, re-prioritise the work, or write it off.",
}


def sync_contract(contract: Contract) -> None:
    """Make the open cases of a contract exactly those its current decisions call for."""
    pieces = Piece.objects.filter(contract=contract, is_current=True, state__in=["blocked", "over_cap"]).select_related(
        "event", "event__resource"
    )
    found: dict[tuple[str, str], list[Piece]] = defaultdict(list)
    for piece in pieces:
        for code in [OVER_CAP] if piece.state == Piece.State.OVER_CAP else piece.codes:
            if code not in QUIET:
                found[code, _root_cause(code, piece, contract)].append(piece)
    _sync(
        found,
        f"contract:{contract.number}",
        contract.number,
        contract.legal_entity.code,
        ("contracts.contract", str(contract.pk), contract.number),
    )


def sync_project(project_id: int) -> None:
    """The one case of a project without a contract."""
    project = Project.objects.get(pk=project_id)
    pieces = list(
        Piece.objects.filter(
            event__project=project, contract__isnull=True, is_current=True, state="blocked"
        ).select_related("event")
    )
    found = {("CONTRACT_MISSING", f"project:{project.code}"): pieces} if pieces else {}
    _sync(found, f"project:{project.code}", project.code, "", ("contracts.project", str(project.pk), project.code))


def _root_cause(code: str, piece: Piece, contract: Contract) -> str:
    """The one thing to fix, scoped to its contract so that its cases can be reconciled together."""
    base = f"contract:{contract.number}"
    if code in {"RATE_MISSING", "RATE_AMBIGUOUS"}:
        role = piece.event.role or (piece.event.resource.role if piece.event.resource else "")
        return f"{base}:rate:{role or 'no role'}"
    if code == "ROLE_MISSING":
        return f"{base}:role:{piece.event.resource.code if piece.event.resource else 'nobody'}"
    if code == OVER_CAP:
        return f"{base}:cap:{piece.cap_id}"
    if code in {"NEGATIVE_UNMATCHED", "RECEIPT_MISSING", "MILESTONE_EVIDENCE", "LATE_CHANGE", "RULE_ERROR"}:
        return f"{base}:work:{piece.event.work_key}"
    if code == "FX_MISSING":
        return f"{base}:fx:{piece.event.currency}"
    return base


def _sync(
    found: dict[tuple[str, str], list[Piece]], scope: str, label: str, entity: str, subject: tuple[str, str, str]
) -> None:
    wanted = {
        (code, root_cause): cases.CaseIn(
            title=_title(code, root_cause, label, pieces),
            remedy=WHAT_TO_DO[code],
            legal_entity=entity,
            subject=subject,
            members=tuple(_member(piece) for piece in pieces),
        )
        for (code, root_cause), pieces in found.items()
        if code in WHAT_TO_DO
    }
    cases.reconcile(codes=list(WHAT_TO_DO), wanted=wanted, scope=scope, by=BY)


def _title(code: str, root_cause: str, label: str, pieces: list[Piece]) -> str:
    hours = sum((piece.minutes or ZERO for piece in pieces), ZERO) / Decimal(60)
    what = root_cause.rsplit(":", 1)[-1]
    texts = {
        "RATE_MISSING": f"No rate for {what} on {label}",
        "ROLE_MISSING": f"No role for {what} on {label}",
        "CONTRACT_MISSING": f"Work without a contract on {label}",
        "CONTRACT_NOT_SIGNED": f"Work on {label}, which is not signed",
        "CONTRACT_EXPIRED": f"Work outside the dates of {label}",
        "MAP_MISSING": f"No line of {label} takes this work",
        "MAP_AMBIGUOUS": f"Several lines of {label} take this work",
        "NEGATIVE_UNMATCHED": f"Negative entry without an original on {label}",
        "FX_MISSING": f"No exchange rate for {what} on {label}",
        "RECEIPT_MISSING": f"Expense without a receipt on {label}",
        "LATE_CHANGE": f"Work on {label} changed below what is billed",
        "RULE_ERROR": f"A rule could not judge work on {label}",
        "MILESTONE_EVIDENCE": f"Milestone accepted without proof on {label}",
        OVER_CAP: f"Over the cap of {label}",
    }
    suffix = f": {hours.normalize():f} h" if hours else ""
    return texts[code] + suffix


def _member(piece: Piece) -> cases.MemberIn:
    event = piece.event
    who = event.resource.name if event.resource else event.get_kind_display()
    hours = f" {(piece.minutes / 60).normalize():f} h" if piece.minutes is not None else ""
    return cases.MemberIn(
        "billing.piece", str(piece.pk), f"{who} {event.service_date}{hours}", piece.amount, piece.currency
    )
