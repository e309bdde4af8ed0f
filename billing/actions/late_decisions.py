"""What people decide about a change of billed work: accept it, and it is credited and billed anew; or refuse it.

Accepting does what billing does by itself for terms that move: the work takes the version its source states, its
contract is decided, and a billing run makes the credit memo and the invoice of it, which others approve.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction

from billing import policies
from billing.actions import decisions, late, work
from billing.actions.work import Draft
from billing.models import LATE_CHANGE_MOVES, BillableEvent, CreditOrder, LateChange, Piece
from contracts.models import Contract
from integration_hub.cases.actions import cases
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import BadInput, NotReady, Problem, Stale
from integration_hub.kernel.money import ZERO
from integration_hub.people.models import User
from integration_hub.trail.record import Actor, correlation, event

PARTS = ("event__resource", "event__legal_entity", "event__contract", "event__project", "legal_entity", "contract")
"""What is read with a change that is decided."""
_DONE = ("posted", "corrected", "written_off")
_DAYS, _FIGURES = {"service_date"}, {"minutes", "quantity", "amount"}


@dataclass(frozen=True, slots=True)
class Brought:
    """What an acceptance brings to the work: credits of what is billed, and what of it is decided anew."""

    credits: tuple[Piece, ...]
    charges: tuple[Piece, ...]

    @property
    def credited(self) -> Decimal:
        """What is credited, net and exact; not positive."""
        return sum((row.amount or ZERO for row in self.credits), ZERO)

    @property
    def charged(self) -> Decimal:
        """What can be billed anew, net and exact, or waits for a hold only."""
        due = (row for row in self.charges if row.state in ("billable", "reserved", "held"))
        return sum((row.amount or ZERO for row in due), ZERO)


@transaction.atomic
def accept(
    *,
    change_id: int,
    by: User,
    seen_version: int,
    reason: str = "",
    credited: Decimal | None = None,
    charged: Decimal | None = None,
) -> LateChange:
    """Let what the source states take the place of what is billed.

    `credited` and `charged` are the figures that were shown: where it would be others now, nothing is done. Raises
    Denied, Stale, and NotReady while what is billed of it is on its way, or being credited by somebody.
    """
    change = _locked(change_id)
    policies.can_accept_change(change, by).or_raise()
    LateChange.objects.transition(
        change.pk, seen_version=seen_version, status=LateChange.Status.ACCEPTED, decided_by=by.username,
        decided_at=now(), reason=reason.strip(),
    )  # fmt: skip
    found = bring(change, by=by)
    if (credited, charged) != (None, None) and (credited, charged) != (found.credited, found.charged):
        raise Stale("What it would credit and bill moved since you opened it. Look at it again.")
    LateChange.objects.filter(pk=change.pk).update(credited=found.credited, charged=found.charged)
    _close(change, f"{by.label} accepted it: what is billed is credited and billed anew", by)
    _told("accepted", change, by, reason, credited=found.credited, charged=found.charged)
    change.refresh_from_db()
    return change


@transaction.atomic
def refuse(*, change_id: int, by: User, seen_version: int, reason: str) -> LateChange:
    """What is billed stands. The difference stays on record, and its source asks again only if it says something else.

    Raises Denied, Stale, and BadInput without a reason.
    """
    change = _locked(change_id)
    policies.can_refuse_change(change, by).or_raise()
    if not reason.strip():
        raise BadInput(f"Change of {change}", [Problem("reason", "it is empty.", "Say why what is billed stands.")])
    LATE_CHANGE_MOVES.check(change.status, LateChange.Status.REFUSED)
    LateChange.objects.transition(
        change.pk, seen_version=seen_version, status=LateChange.Status.REFUSED, decided_by=by.username,
        decided_at=now(), reason=reason.strip(),
    )  # fmt: skip
    _close(change, f"{by.label} refused it: {reason.strip()}", by)
    _told("refused", change, by, reason.strip(), billed=change.billed)
    change.refresh_from_db()
    return change


def bring(change: LateChange, *, by: Actor) -> Brought:
    """Store what the source states, decide the contracts it touches and find what that credits and charges.

    The caller holds the rows of these contracts. Raises NotReady.
    """
    hinder = hindrance(change.event)
    if hinder:
        raise NotReady(hinder)
    draft = draft_of(change.stated)
    work.record(drafts=[draft], by=by, caused_by=f"late change {change.pk}", correct_posted=True)
    cause = decisions.Cause(f"late change {change.pk}", correlation())
    decisions.decide_contracts(causes=dict.fromkeys(_contracts(change), cause))
    return brought(change.work_key)


def brought(work_key: str) -> Brought:
    """What of a work is to be credited, and what of its version in force is decided and not billed yet."""
    rows = Piece.objects.filter(event__work_key=work_key, is_current=True).exclude(state__in=_DONE)
    parts = ("line", "corrects__candidate_line__candidate__invoice", "event", "bill_to__customer")
    found = list(rows.select_related(*parts).order_by("event_id", "number"))
    return Brought(
        tuple(row for row in found if row.corrects_id), tuple(row for row in found if row.corrects_id is None)
    )


def hindrance(row: BillableEvent) -> str:
    """Why nobody can change a work now; empty where it can be."""
    stage = work.stages([row]).get(row.work_key, "")
    if stage == "posting":
        return "What is billed of it is on its way to the ERP. Decide once it is posted."
    if stage == "conceded":
        return "Something of its line was conceded to the client: credit the rest by hand, or refuse the change."
    asked = CreditOrder.objects.filter(
        rebillable=True, candidate__lines__pieces__in=_credits(row), candidate__status__in=_UNDER_WAY
    )
    if order := asked.select_related("candidate").first():
        return f"{order.candidate.number} credits it. Decide once that is posted, or dissolve it."
    return ""


_UNDER_WAY = ("building", "needs_attention", "ready", "returned", "approved", "posting", "rejected")


def _credits(row: BillableEvent) -> Any:
    return Piece.objects.filter(
        event__work_key=row.work_key, is_current=True, corrects__isnull=False, state=Piece.State.RESERVED
    )


def draft_of(stated: Mapping[str, Any]) -> Draft:
    """Work as it was stated, from the text it is kept as."""
    return Draft(**{name: _value(name, value) for name, value in stated.items()})


def _value(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in _FIGURES:
        return Decimal(value)
    return date.fromisoformat(value) if name in _DAYS else value


def lock(change: LateChange) -> None:
    """Take the rows of the contracts that the work is on and goes to, in the order of their ids."""
    rows = Contract.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=_contracts(change))
    list(rows.order_by("pk").values_list("pk"))


def _contracts(change: LateChange) -> Sequence[int]:
    touched = {change.event.contract_id, change.stated["contract_id"]}
    return sorted(pk for pk in touched if pk is not None)


def _locked(change_id: int) -> LateChange:
    """The change with its contracts locked: nobody bills, credits or decides its work meanwhile."""
    rows = LateChange.objects.select_related(*PARTS)
    lock(rows.get(pk=change_id))
    return rows.get(pk=change_id)


def _close(change: LateChange, because: str, by: User) -> None:
    cases.heal_all([(code, change.work_key) for code in late.CODES], because=because, by=by)


def _told(what: str, change: LateChange, by: User, reason: str, **data: Any) -> None:
    event(
        f"billing.late_change.{what}",
        by=by,
        object_type="billing.latechange",
        object_id=change.pk,
        label=change.work_key,
        legal_entity=change.legal_entity.code if change.legal_entity else "",
        reason=reason,
        currency=change.currency,
        **data,
    )
