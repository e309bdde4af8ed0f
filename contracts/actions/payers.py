"""Agree who pays for the work of a contract: shares that add up to 100, from a service date on (billing.md R15)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import transaction

from contracts import events, policies
from contracts.actions import parties
from contracts.models import Contract, ContractLine, Customer, Method, PayerShare, PayerSplit
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import BadInput, Problem, Stale
from integration_hub.people.models import User
from integration_hub.trail.record import event

PLACES = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class ShareIn:
    """A customer, the percentage it is billed, and whether it takes what rounding leaves."""

    customer: Customer
    percent: Decimal
    takes_rest: bool = False


@transaction.atomic
def agree(
    *,
    contract_id: int,
    line_id: int | None,
    effective_on: date,
    shares: Sequence[ShareIn],
    reason: str,
    by: User,
    seen_version: int,
) -> PayerSplit:
    """Have work from a day on billed to these customers, each by the contract's legal entity and in its currency.

    One for the same line and day takes the place of the former. What is posted otherwise is credited and billed anew.
    Raises Denied, Stale, or BadInput where shares do not add up to 100 or say nothing new.
    """
    contract = Contract.objects.select_for_update(of=("self",), no_key=True).select_related("legal_entity").get(
        pk=contract_id
    )  # fmt: skip
    policies.can_agree_payers(contract, by).or_raise()
    if contract.version != seen_version:
        raise Stale
    line = None if line_id is None else ContractLine.objects.filter(contract=contract, pk=line_id).first()
    if problems := [*_problems(shares, reason), *_line_problems(line, line_id)]:
        raise BadInput(f"Payers of {contract.number}", problems)
    split = _stored(contract, line, effective_on, shares, reason, by)
    Contract.objects.transition(contract.pk, seen_version=seen_version)
    told = {one.customer.code: str(one.percent) for one in shares}
    event(
        "contracts.payers.agreed",
        by=by,
        object_type="contracts.contract",
        object_id=contract.pk,
        label=contract.number,
        legal_entity=contract.legal_entity.code,
        reason=reason,
        line=line.number if line else None,
        effective_on=effective_on,
        shares=told,
    )
    events.agreement_changed(contract, "payers")
    return split


def payer(code: str) -> Customer:
    """The customer of a number. Raises BadInput."""
    row = Customer.objects.filter(code=code).exclude(status=Customer.Status.MERGED).first()
    if row is None:
        raise BadInput("Payers", [Problem("shares", f"name {code!r}, which is no customer.", "State its number.")])
    return row


def _stored(
    contract: Contract, line: ContractLine | None, on: date, shares: Sequence[ShareIn], reason: str, by: User
) -> PayerSplit:
    PayerSplit.objects.filter(contract=contract, line=line, effective_on=on, withdrawn_at=None).update(
        withdrawn_at=now()
    )
    split = PayerSplit.objects.create(
        contract=contract, line=line, effective_on=on, agreed_by=by.username, reason=reason.strip()
    )
    PayerShare.objects.bulk_create(
        [
            PayerShare(
                split=split,
                bill_to=parties.bill_to_of(contract=contract, customer=one.customer),
                percent=one.percent,
                takes_rest=one.takes_rest,
            )
            for one in shares
        ]
    )
    return split


def _problems(shares: Sequence[ShareIn], reason: str) -> list[Problem]:
    """What keeps shares from being agreed; every message names the remedy."""
    found = []
    total = sum((one.percent for one in shares), Decimal(0))
    if any(one.percent <= 0 or one.percent != one.percent.quantize(PLACES) for one in shares):
        found.append(Problem("shares", "hold a percentage that is nought or too fine.", "State each above 0."))
    if total != 100:
        found.append(Problem("shares", f"add up to {total.normalize():f} %, not to 100 %.", "Correct the percentages."))
    if len({one.customer.pk for one in shares}) != len(shares):
        found.append(Problem("shares", "name a customer twice.", "Give each customer one share."))
    if sum(one.takes_rest for one in shares) != 1:
        found.append(Problem("shares", "must have one payer who takes what rounding leaves.", "Tick exactly one."))
    if not reason.strip():
        found.append(Problem("reason", "is empty.", "Say where it was agreed, e.g. the amendment and its clause."))
    return found


def _line_problems(line: ContractLine | None, asked: int | None) -> list[Problem]:
    if asked is not None and line is None:
        return [Problem("line", "is none of this contract.", "Pick one of its lines, or none for all of them.")]
    if line is not None and line.method == Method.RETAINER_PREPAID:
        remedy = "Split the lines whose work it pays for."
        return [Problem("line", "is paid in advance by the contract's own bill-to.", remedy)]
    return []
