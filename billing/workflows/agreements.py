"""Whether a signed contract says all that its activation needs, and who is told when the rest does not come."""

from datetime import timedelta

from django.db.models import Q, QuerySet

from contracts.models import Contract, Method
from integration_hub.cases.actions import cases
from integration_hub.cases.models import Case
from integration_hub.kernel.clock import now
from integration_hub.processes.models import Process

BY = "system:activation"
NAME = "contract.activation"
"""The process that activates a contract."""
CODE = "AGREEMENT_INCOMPLETE"
PATIENCE = timedelta(minutes=30)
"""A contract, its lines and its prices are records of their own and come one after the other."""


def lacking(contract: Contract) -> list[str]:
    """What has to come before the contract can be activated, in words; empty when nothing has."""
    lines = list(contract.lines.order_by("number").prefetch_related("milestones"))
    wants = [] if lines else ["It has no lines."]
    if any(line.method == Method.TIME_AND_MATERIALS for line in lines) and not _priced(contract):
        wants.append("It is billed by time and has no price.")
    wants += [
        f"Line {line.number} ({line.name}) is billed by milestones and has none."
        for line in lines
        if line.method == Method.MILESTONE and not line.milestones.all()
    ]
    wants += [
        f"Line {line.number} ({line.name}) is billed by progress and has no price."
        for line in lines
        if line.method == Method.PROGRESS and not line.amount
    ]
    if contract.opportunity is not None and not contract.opportunity.is_won:
        wants.append(f"Its opportunity {contract.opportunity.name} is not won.")
    return wants


def _priced(contract: Contract) -> bool:
    return hasattr(contract, "rate_card") and contract.rate_card.rows.exists()


def is_stuck(root_cause: str) -> bool:
    """Whether the contract `contract:<number>` is signed and still lacks something."""
    contract = _waiting().filter(number=root_cause.removeprefix("contract:")).first()
    return contract is not None and bool(lacking(contract))


def _waiting() -> QuerySet[Contract]:
    """Signed contracts that no activation took up."""
    taken_up = Process.objects.filter(definition=NAME).values("business_key")
    rows = Contract.objects.filter(status=Contract.Status.SIGNED).exclude(number__in=taken_up)
    return rows.select_related("opportunity", "legal_entity").order_by("pk")


def watch() -> int:
    """The tick: raise an exception for signed contracts whose missing terms do not come, and close those that have
    all. How many are incomplete.
    """
    before = now() - PATIENCE
    stuck = {contract: wants for contract in _waiting().filter(updated_at__lt=before) if (wants := lacking(contract))}
    for contract, wants in stuck.items():
        cases.raise_case(
            code=CODE,
            root_cause=_key(contract),
            title=f"{contract.number} is signed and cannot be activated",
            detail=" ".join(wants),
            remedy="Complete the contract in the CRM: it is activated by itself when the terms arrive.",
            legal_entity=contract.legal_entity.code,
            subject=("contracts.contract", str(contract.pk), contract.number),
            members=[cases.MemberIn("contracts.contract", str(contract.pk), f"{contract.number} {contract.name}")],
            by=BY,
        )
    standing = {_key(contract) for contract in stuck}
    over = Case.objects.filter(Q(code=CODE, status__in=Case.OPEN_STATES) & ~Q(root_cause__in=standing))
    for root_cause in over.values_list("root_cause", flat=True):
        if not is_stuck(root_cause):
            cases.heal(code=CODE, root_cause=root_cause, because="Nothing is missing any more.", by=BY)
    return len(stuck)


def _key(contract: Contract) -> str:
    return f"contract:{contract.number}"
