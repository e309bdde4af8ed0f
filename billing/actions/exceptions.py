"""Exception cases that follow from decisions: one per code and root cause, with the work and money it holds."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal

from billing import outlooks
from billing.models import Piece
from contracts.models import Contract, Project
from integration_hub.cases.actions import cases
from integration_hub.cases.queries import Key, scopes_with_members
from integration_hub.kernel.clock import today
from integration_hub.kernel.money import ZERO
from integration_hub.trail import record

BY = "system:billing"
QUIET = {"NOT_APPROVED", "REJECTED"}  # the approver's queue shows them; a case would repeat every open timesheet
OVER_CAP = "CAP_REACHED"
NEAR = "CAP_NEAR"

Wanted = dict[str, dict[str, dict[Key, cases.CaseIn]]]
"""Cases by act and scope."""

WHAT_TO_DO = {
    "RATE_MISSING": "Add the rate to the contract in the CRM, add it to a rate card, or mark the work not billable.",
    "ROLE_MISSING": "Give the person or the entry a role in the PSA.",
    "CONTRACT_MISSING": "Link the project to a contract, or mark it internal.",
    "CONTRACT_NOT_SIGNED": "Get the contract signed in the CRM.",
    "CONTRACT_EXPIRED": "Extend the contract by an amendment, move the work to another contract, or write it off.",
    "MAP_MISSING": "Say which contract line takes this work (Django admin, eligibility rules).",
    "MAP_AMBIGUOUS": "Remove or sharpen one of the eligibility rules that disagree.",
    "NEGATIVE_UNMATCHED": "Match the negative entry to its original in the PSA, or reject it.",
    "FX_MISSING": "Record the exchange rate (Contracts, Exchange rates), or load it from the treasury's export.",
    "FX_STALE": "Record a rate that is fresh on the day of the expense (Contracts, Exchange rates).",
    "RECEIPT_MISSING": "Attach the receipt in the PSA.",
    "EXPENSE_POLICY": "Have the client agree, lower it in the PSA to what the contract allows, or do not bill it.",
    "TIME_BARRED": "Ask the client to take it all the same and waive the bar on the work's page, or do not bill it.",
    "WRITE_DOWN_MISFIT": "Reverse the write-down and propose it anew for what the work is worth now.",
    "LATE_CHANGE": "Credit and rebill what is posted, or withdraw the change in its source.",
    "RULE_ERROR": "Correct the record in its source; the trace of the decision says what is wrong with it.",
    "MILESTONE_EVIDENCE": "Attach the client's acceptance to the milestone.",
    NEAR: "Tell the client, as the contract may demand, and agree a higher limit or plan the work anew.",
    OVER_CAP: "Raise the cap by an amendment, re-prioritise the work, or write it off.",
}

OF_ONE_WORK = {
    "NEGATIVE_UNMATCHED",
    "RECEIPT_MISSING",
    "EXPENSE_POLICY",
    "TIME_BARRED",
    "MILESTONE_EVIDENCE",
    "LATE_CHANGE",
    "RULE_ERROR",
    "WRITE_DOWN_MISFIT",
}
"""What is mended in one piece of work, and in no other."""


def sync_contracts(contracts: Sequence[Contract], *, acts: Mapping[int, str], limited: Collection[int] = ()) -> None:
    """Make the open cases of each contract exactly those its current decisions call for, each in its own act.

    `limited` are those with limits, by id. Most contracts have no case and need none: two statements find that out for
    all of them, three more for those with limits. The others cost a handful of statements an act.
    """
    pieces = (
        Piece.objects.filter(contract__in=contracts, is_current=True, state__in=["blocked", "over_cap", "written_off"])
        .exclude(state="blocked", codes__contained_by=sorted(QUIET))
        .exclude(state="written_off", codes=[])
        .select_related("event", "event__resource")
    )
    stopped: dict[int | None, list[Piece]] = defaultdict(list)
    for piece in pieces:
        stopped[piece.contract_id].append(piece)
    standing, near = _standing(contracts), outlooks.near(limited, today=today())
    wanted: Wanted = defaultdict(dict)
    for contract in contracts:
        if stopped[contract.pk] or near.get(contract.pk) or _scope(contract) in standing:
            found = _of_contract(contract, stopped[contract.pk], near.get(contract.pk, ()))
            wanted[acts[contract.pk]][_scope(contract)] = found
    _reconcile(wanted)


def _of_contract(
    contract: Contract, pieces: Iterable[Piece], near: Iterable[outlooks.Ahead]
) -> dict[Key, cases.CaseIn]:
    """What stops work; and the limits that are nearly used up, before anything is over them."""
    found: dict[Key, list[Piece]] = defaultdict(list)
    for piece in pieces:
        for code in [OVER_CAP] if piece.state == Piece.State.OVER_CAP else piece.codes:
            if code in WHAT_TO_DO:
                found[code, _root_cause(code, piece, contract)].append(piece)
    subject = ("contracts.contract", str(contract.pk), contract.number)
    told = {key: _case(key, some, subject, contract.legal_entity.code) for key, some in found.items()}
    for row in near:
        root_cause = f"{_scope(contract)}:cap:{row.cap.pk}"
        if (OVER_CAP, root_cause) not in told:
            told[NEAR, root_cause] = _nearly_used(row, contract, subject)
    return told


def _nearly_used(row: outlooks.Ahead, contract: Contract, subject: tuple[str, str, str]) -> cases.CaseIn:
    left = row.cap.limit - row.used
    return cases.CaseIn(
        title=f"The limit on {row.name} of {contract.number} is used by {row.outlook.threshold} % and more",
        detail=row.words,
        remedy=WHAT_TO_DO[NEAR],
        legal_entity=contract.legal_entity.code,
        subject=subject,
        members=(cases.MemberIn("contracts.cap", str(row.cap.pk), row.name, left, row.cap.currency),),
    )


def sync_projects(projects: Sequence[Project], *, acts: Mapping[int, str]) -> None:
    """The one case of each project without a contract, each in its own act; the statements are those of contracts."""
    pieces = Piece.objects.filter(event__project__in=projects, contract__isnull=True, is_current=True, state="blocked")
    stopped: dict[int | None, list[Piece]] = defaultdict(list)
    for piece in pieces.select_related("event", "event__resource"):
        stopped[piece.event.project_id].append(piece)
    standing = _standing(projects)
    wanted: Wanted = defaultdict(dict)
    for project in projects:
        key, some = ("CONTRACT_MISSING", _scope(project)), stopped[project.pk]
        if some or _scope(project) in standing:
            subject = ("contracts.project", str(project.pk), project.code)
            wanted[acts[project.pk]][_scope(project)] = {key: _case(key, some, subject, "")} if some else {}
    _reconcile(wanted)


def _scope(of: Contract | Project) -> str:
    return f"contract:{of.number}" if isinstance(of, Contract) else f"project:{of.code}"


def _standing(of: Sequence[Contract] | Sequence[Project]) -> set[str]:
    """The scopes among them that hold something in an open case."""
    return scopes_with_members(codes=WHAT_TO_DO, scopes=[_scope(row) for row in of])


def _reconcile(wanted: Wanted) -> None:
    for act, some in wanted.items():
        with record.correlated(act):
            cases.reconcile_many(codes=list(WHAT_TO_DO), wanted=some, by=BY)


def _root_cause(code: str, piece: Piece, contract: Contract) -> str:
    """The one thing to fix, scoped to its contract so that its cases can be reconciled together."""
    base = _scope(contract)
    if code in {"RATE_MISSING", "RATE_AMBIGUOUS"}:
        role = piece.event.role or (piece.event.resource.role if piece.event.resource else "")
        return f"{base}:rate:{role or 'no role'}"
    if code == "ROLE_MISSING":
        return f"{base}:role:{piece.event.resource.code if piece.event.resource else 'nobody'}"
    if code == OVER_CAP:
        return f"{base}:cap:{piece.cap_id}"
    if code in OF_ONE_WORK:
        return f"{base}:work:{piece.event.work_key}"
    if code in {"FX_MISSING", "FX_STALE"}:
        return f"{base}:fx:{piece.event.currency or 'prices'}"
    return base


def _case(key: Key, pieces: list[Piece], subject: tuple[str, str, str], entity: str) -> cases.CaseIn:
    code, root_cause = key
    return cases.CaseIn(
        title=_title(code, root_cause, subject[2], pieces),
        remedy=WHAT_TO_DO[code],
        legal_entity=entity,
        subject=subject,
        members=tuple(_member(piece) for piece in pieces),
    )


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
        "FX_STALE": f"The exchange rate for {what} is too old on {label}",
        "RECEIPT_MISSING": f"Expense without a receipt on {label}",
        "EXPENSE_POLICY": f"Expense beyond the client's policy on {label}",
        "TIME_BARRED": f"Work on {label} too late for its client",
        "WRITE_DOWN_MISFIT": f"Work on {label} is worth otherwise than was written down",
        "LATE_CHANGE": f"Work on {label} changed below what is billed",
        "RULE_ERROR": f"A rule could not judge work on {label}",
        "MILESTONE_EVIDENCE": f"Milestone accepted without proof on {label}",
        OVER_CAP: f"Over the cap of {label}",
    }
    return texts[code] + (f": {_short(hours)} h" if hours else "")


def _short(hours: Decimal) -> str:
    """`16.5`: hours with two places at most, as a title has them; a share over a cap may have many."""
    return f"{hours.quantize(Decimal('0.01')).normalize():f}"


def _member(piece: Piece) -> cases.MemberIn:
    event = piece.event
    who = event.resource.name if event.resource else event.get_kind_display()
    hours = f" {_short(piece.minutes / 60)} h" if piece.minutes is not None else ""
    return cases.MemberIn(
        "billing.piece", str(piece.pk), f"{who} {event.service_date}{hours}", piece.amount, piece.currency, "net"
    )
