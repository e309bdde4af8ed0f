"""Place and release holds. A hold changes whether work is billed, never what it costs (R27)."""

from datetime import date, timedelta

from django.db import IntegrityError, transaction

from billing import policies
from billing.actions import work
from billing.models import BillableEvent, Hold, HoldCode, HoldEffect
from contracts.models import BillTo, Contract, ContractLine, Customer, Milestone, Project
from contracts.queries import billed_to
from integration_hub.kernel.clock import now, today
from integration_hub.kernel.errors import BadInput, NotReady, Problem
from integration_hub.people.models import User
from integration_hub.trail.record import Actor, actor_name, event

NO_POST = {"PO_AWAITED", "CREDIT_HOLD", "CONSOLIDATE", "TAX_REVIEW", "RUN_STOP"}
OWNER = {"CREDIT_HOLD": "finance", "TAX_REVIEW": "finance", "RUN_STOP": "finance", "PO_AWAITED": "billing_analyst"}
REVIEW_DAYS = {
    "CLIENT_QUERY": 5,
    "SCOPE_DISPUTE": 10,
    "QUALITY_REWORK": 10,
    "PO_AWAITED": 3,
    "LEGAL_HOLD": 30,
    "TAX_REVIEW": 3,
}

Target = BillableEvent | Milestone | Project | ContractLine | Contract | BillTo | Customer


def find_target(scope: str, target: str) -> Target:
    """The row a hold is placed on; BadInput when there is none. An entry is named by its work key."""
    kinds: dict[str, type[Target]] = {
        "milestone": Milestone,
        "project": Project,
        "line": ContractLine,
        "contract": Contract,
        "bill_to": BillTo,
        "customer": Customer,
    }
    row: Target | None
    if scope == "event":
        row = BillableEvent.objects.filter(work_key=target, is_current=True).first()
    else:
        row = kinds[scope].objects.filter(pk=target).first() if scope in kinds and target.isdecimal() else None
    if row is None:
        raise BadInput("Hold", [Problem("target", f"no {scope} {target!r} is known.", "Pick it from its own page.")])
    return row


@transaction.atomic
def place(*, scope: str, target: str, code: str, by: Actor, reason: str = "", review_on: date | None = None) -> Hold:
    """Put a hold on a target. Raises Denied, BadInput, or NotReady when the same hold is open already."""
    row = find_target(scope, target)
    contract = _contract_of(row)
    entity = contract.legal_entity if contract else getattr(row, "legal_entity", None)
    if isinstance(by, User):
        policies.can_place_hold(by, entity.code if entity else "", code, scope=scope).or_raise()
    if code not in HoldCode.values:
        raise BadInput(
            "Hold", [Problem("code", f"{code!r} is no hold code.", f"Use one of {', '.join(HoldCode.values)}.")]
        )
    if isinstance(by, User) and not reason.strip():
        raise BadInput(
            "Hold", [Problem("reason", "is empty.", "Say why, so that the person who releases it can judge.")]
        )
    hold = Hold(
        scope=scope,
        target_id=target,
        target_label=str(row)[:200],
        contract=contract,
        legal_entity=entity,
        code=code,
        effect=HoldEffect.NO_POST if code in NO_POST else HoldEffect.NO_BILL,
        reason=reason,
        owner_role=OWNER.get(code, "pmo"),
        placed_by=actor_name(by),
        placed_by_user=by if isinstance(by, User) else None,
        review_on=review_on or today() + timedelta(days=REVIEW_DAYS.get(code, 7)),
    )
    try:
        with transaction.atomic():
            hold.save()
    except IntegrityError as error:
        raise NotReady(f"There is an open hold “{hold.get_code_display()}” on {hold.target_label} already.") from error
    event(
        "billing.hold.placed",
        by=by,
        object_type="billing.hold",
        object_id=hold.pk,
        label=str(hold),
        legal_entity=entity.code if entity else "",
        reason=reason,
        code=code,
        effect=hold.effect,
    )
    _reconsider(hold, row, by)
    return hold


@transaction.atomic
def release(*, hold_id: int, by: Actor, seen_version: int, note: str = "") -> Hold:
    """Release a hold. Raises Denied, or Stale if the person was looking at an old copy."""
    hold = Hold.objects.select_related("legal_entity", "contract").get(pk=hold_id)
    if isinstance(by, User):
        policies.can_release_hold(hold, by).or_raise()
    Hold.objects.transition(
        hold.pk,
        seen_version=seen_version,
        status=Hold.Status.RELEASED if isinstance(by, User) else Hold.Status.EXPIRED,
        decided_by=actor_name(by),
        decided_at=now(),
        decision_note=note,
    )
    hold.refresh_from_db()
    event(
        "billing.hold.released",
        by=by,
        object_type="billing.hold",
        object_id=hold.pk,
        label=str(hold),
        legal_entity=hold.legal_entity.code if hold.legal_entity else "",
        reason=note,
        code=hold.code,
    )
    _reconsider(hold, find_target(hold.scope, hold.target_id), by)
    return hold


def _contract_of(row: Target) -> Contract | None:
    if isinstance(row, Contract):
        return row
    if isinstance(row, Milestone):
        return row.line.contract
    if isinstance(row, BillableEvent | Project | ContractLine):
        return row.contract
    return None


def _reconsider(hold: Hold, row: Target, by: Actor) -> None:
    """Have everything the hold touches decided again, and candidates it stops checked again."""
    from billing.actions import candidates

    contracts = [hold.contract] if hold.contract else []
    if isinstance(row, (Customer, BillTo)):
        contracts = list(billed_to(row))
    for contract in sorted(contracts, key=lambda contract: contract.pk):
        if hold.status == Hold.Status.OPEN and hold.effect == HoldEffect.NO_BILL:
            candidates.let_go_held(contract=contract, hold=hold, by=by)
    work.decide_soon(((contract.pk, None) for contract in contracts), caused_by=f"hold {hold.pk} {hold.status}")
    candidates.check_soon(contract_ids=[contract.pk for contract in contracts])
