"""What a payer of a contract states: the order its invoices name, the limit of its share (billing.md R15)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import transaction

from contracts import events, policies
from contracts.models import BillTo, Cap, Contract, PurchaseOrder
from contracts.queries import payers_of
from integration_hub.kernel.errors import BadInput, Problem, Stale
from integration_hub.kernel.money import ZERO, show
from integration_hub.people.models import User
from integration_hub.trail.record import event


@dataclass(frozen=True, slots=True)
class OrderIn:
    """A purchase order; None where it has no amount or no last day."""

    number: str
    amount: Decimal | None = None
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class LimitIn:
    """The most that a payer is billed as its share, in the contract's currency."""

    amount: Decimal
    includes_expenses: bool = False


@transaction.atomic
def state(
    *,
    contract_id: int,
    payer_id: int,
    order: OrderIn | None,
    limit: LimitIn | None,
    reason: str,
    by: User,
    seen_version: int,
) -> None:
    """Record the order of a payer (a bill-to), the hard limit of its share, or both; what was stated before is changed.

    A limit counts what goes into candidates from then on. Raises Denied, Stale, or BadInput with field and remedy.
    """
    rows = Contract.objects.select_for_update(of=("self",), no_key=True).select_related("legal_entity")
    contract = rows.get(pk=contract_id)
    policies.can_agree_payers(contract, by).or_raise()
    if contract.version != seen_version:
        raise Stale
    payer = payers_of(contract).filter(pk=payer_id).first()
    if payer is None:
        problem = Problem("payer", "has no share of this contract.", "Agree its share first.")
        raise BadInput(f"Payers of {contract.number}", [problem])
    cap = _standing(contract, payer)
    problems = [*_missing(order, limit, reason), *_of_another(contract, payer, order), *_too_low(cap, limit)]
    if problems:
        raise BadInput(f"Payers of {contract.number}", problems)
    if order is not None:
        _record_order(contract, payer, order)
    if limit is not None:
        _set_limit(cap, limit)
    Contract.objects.transition(contract.pk, seen_version=seen_version)
    event(
        "contracts.payers.stated",
        by=by,
        object_type="contracts.contract",
        object_id=contract.pk,
        label=contract.number,
        legal_entity=contract.legal_entity.code,
        reason=reason,
        payer=payer.customer.code,
        order=order.number if order else None,
        limit=limit.amount if limit else None,
    )
    events.agreement_changed(contract, "payers")


def _standing(contract: Contract, payer: BillTo) -> Cap:
    """The hard limit of the payer's whole share, locked; a new one where there is none."""
    which = {"contract": contract, "line": None, "bill_to": payer, "kind": Cap.Kind.HARD, "period": Cap.Period.TOTAL}
    found = Cap.objects.select_for_update(no_key=True).filter(**which).first()
    return found or Cap(**which, currency=contract.currency)


def _record_order(contract: Contract, payer: BillTo, order: OrderIn) -> None:
    PurchaseOrder.objects.update_or_create(
        contract=contract,
        number=order.number.strip(),
        defaults={
            "bill_to": payer,
            "amount": order.amount,
            "currency": contract.currency,
            "expires_on": order.expires_on,
        },
    )


def _set_limit(cap: Cap, limit: LimitIn) -> None:
    cap.limit, cap.includes_expenses = limit.amount, limit.includes_expenses
    cap.save()


def _missing(order: OrderIn | None, limit: LimitIn | None, reason: str) -> Sequence[Problem]:
    found = []
    if order is None and limit is None:
        found.append(Problem("order", "and limit are both empty.", "State one of them."))
    if not reason.strip():
        found.append(Problem("reason", "is empty.", "Say where it was agreed, e.g. the order itself."))
    return found


def _of_another(contract: Contract, payer: BillTo, order: OrderIn | None) -> Sequence[Problem]:
    """An order has one payer: the one whose invoices name it."""
    if order is None:
        return ()
    known = PurchaseOrder.objects.filter(contract=contract, number=order.number.strip())
    if all((one or contract.bill_to_id) == payer.pk for one in known.values_list("bill_to", flat=True)):
        return ()
    return [Problem("order", f"{order.number} is another payer's on this contract.", "State this payer's own number.")]


def _too_low(cap: Cap, limit: LimitIn | None) -> Sequence[Problem]:
    """A hard limit never falls below what is billed or in candidates under it."""
    taken = max(cap.reserved + cap.committed, ZERO)
    if limit is None or limit.amount >= taken:
        return ()
    remedy = f"State {show(taken, cap.currency)} or more, or credit what is too much first."
    return [Problem("limit", f"is below the {show(taken, cap.currency)} billed or in candidates.", remedy)]
