"""What people do with a case. Each act states the version the person saw and is refused when that is old."""

from datetime import datetime
from typing import Any

from django.db import transaction

from integration_hub.cases import policies
from integration_hub.cases.models import CASE_MOVES, Case, Comment
from integration_hub.cases.registry import KINDS
from integration_hub.kernel.clock import now
from integration_hub.kernel.decision import Decision
from integration_hub.kernel.errors import BadInput, NotReady, Problem
from integration_hub.people.models import User
from integration_hub.trail import record
from integration_hub.trail.record import Actor

Status = Case.Status
_ALONE: dict[str, Any] = {"delegate": None, "delegate_until": None}
"""Nobody stands in any more: the owner is another one, or nothing is left to do."""


@transaction.atomic
def assign(*, case_id: int, to: User, by: Actor, seen_version: int) -> Case:
    """Give a case to somebody who may handle it. Raises Denied, Stale."""
    case = _get(case_id)
    allowed = policies.can_assign(case, by, to)
    return _move(
        case, allowed, by, seen_version, Status.ASSIGNED, "assigned", assigned_to=to, snoozed_until=None, **_ALONE
    )


@transaction.atomic
def claim(*, case_id: int, by: User, seen_version: int) -> Case:
    """Take a case oneself. Raises Denied, Stale."""
    return assign(case_id=case_id, to=by, by=by, seen_version=seen_version)


@transaction.atomic
def unassign(*, case_id: int, by: Actor, seen_version: int) -> Case:
    """Put a case back into the queue of its role. Raises Denied, NotReady, Stale."""
    case = _get(case_id)
    return _move(case, policies.can_handle(case, by), by, seen_version, Status.OPEN, "unassigned", assigned_to=None,
                 **_ALONE)  # fmt: skip


@transaction.atomic
def start(*, case_id: int, by: Actor, seen_version: int) -> Case:
    """Begin, or go on after waiting. Raises Denied, NotReady, Stale."""
    case = _get(case_id)
    return _move(case, policies.can_handle(case, by), by, seen_version, Status.IN_PROGRESS, "started")


@transaction.atomic
def wait(*, case_id: int, by: Actor, seen_version: int, reason: str = "") -> Case:
    """Wait for somebody's answer. Raises Denied, NotReady, Stale."""
    case = _get(case_id)
    return _move(case, policies.can_handle(case, by), by, seen_version, Status.WAITING, "waiting", reason=reason)


@transaction.atomic
def snooze(*, case_id: int, until: datetime, reason: str, by: Actor, seen_version: int) -> Case:
    """Leave a case alone until an instant; the clock goes on. Raises Denied, BadInput, NotReady, Stale."""
    case = _get(case_id)
    if until <= now():
        raise BadInput(str(case), [Problem("until", "lies in the past.", "Choose a later moment.")])
    allowed = policies.can_snooze(case, by, reason)
    return _move(case, allowed, by, seen_version, Status.SNOOZED, "snoozed", reason=reason, snoozed_until=until)


@transaction.atomic
def wake(*, case_id: int, by: Actor, seen_version: int) -> Case:
    """End a snooze: back to its assignee, or to the queue. Raises Denied, NotReady, Stale."""
    case = _get(case_id)
    if case.status != Status.SNOOZED:
        raise NotReady(f"This case is not snoozed: it is {case.get_status_display().lower()}.")
    status = Status.ASSIGNED if case.assigned_to_id else Status.OPEN
    return _move(case, policies.can_handle(case, by), by, seen_version, status, "woken", snoozed_until=None)


def wake_due() -> int:
    """The tick: wake the cases whose snooze is over; how many."""
    due = Case.objects.filter(status=Status.SNOOZED, snoozed_until__lte=now())
    woken = 0
    for case in due.order_by("snoozed_until")[:500]:
        woken += _wake_one(case)
    return woken


@transaction.atomic
def _wake_one(case: Case) -> int:
    locked = (
        Case.objects.select_for_update(skip_locked=True, no_key=True).filter(pk=case.pk, status=Status.SNOOZED).first()
    )
    if locked is None:
        return 0
    wake(case_id=locked.pk, by="system:cases", seen_version=locked.version)
    return 1


@transaction.atomic
def comment(*, case_id: int, text: str, by: User) -> Comment:
    """Write something on a case, open or resolved. Raises Denied, BadInput."""
    case = _get(case_id)
    policies.can_comment(case, by).or_raise()
    if not text.strip():
        raise BadInput(str(case), [Problem("text", "is empty.", "Write what others should know.")])
    written = Comment.objects.create(case=case, author=by, text=text.strip())
    told("cases.case.commented", case, by, text.strip())
    return written


@transaction.atomic
def resolve(*, case_id: int, outcome: str, text: str, by: Actor, seen_version: int) -> Case:
    """Resolve a case: `manual` when it is mended, `override` when it is accepted as it is.

    A manual resolve is refused while the kind's own check says that it still holds. Raises Denied, NotReady, Stale.
    """
    case = _get(case_id)
    policies.can_resolve(case, by, outcome, text).or_raise()
    moment = now()
    case.members.filter(is_open=True).update(is_open=False, closed_at=moment)
    return _move(
        case,
        policies.can_handle(case, by),
        by,
        seen_version,
        Status.RESOLVED,
        "resolved",
        reason=text,
        outcome=outcome,
        resolved_at=moment,
        resolution=text,
        **_ALONE,
    )


@transaction.atomic
def retry(*, case_id: int, by: Actor, seen_version: int) -> int:
    """Work the affected lanes again; returns how many items were rung. Raises Denied, Stale.

    Takes a new version of the case, so that the same click sent twice retries once.
    """
    case = _get(case_id)
    policies.can_retry(case, by).or_raise()
    Case.objects.transition(case.pk, seen_version=seen_version)
    again = KINDS.get(case.code).retry
    rung = again(case.root_cause) if again is not None else 0
    told("cases.case.retried", case, by, items=rung)
    return rung


def _get(case_id: int) -> Case:
    return Case.objects.get(pk=case_id)


def _move(
    case: Case,
    allowed: Decision,
    by: Actor,
    seen_version: int,
    status: str,
    verb: str,
    *,
    reason: str = "",
    **changes: Any,
) -> Case:
    allowed.or_raise()
    if case.status != status:
        CASE_MOVES.check(case.status, status)
    before = case.status
    standing = _for_whom(case, by)
    Case.objects.transition(case.pk, seen_version=seen_version, status=status, **changes)
    case.refresh_from_db()
    person = case.assigned_to.username if case.assigned_to else ""
    told(f"cases.case.{verb}", case, by, reason, before=before, after=case.status, assigned_to=person, **standing)
    return case


def told(action: str, case: Case, by: Actor, reason: str = "", **data: Any) -> None:
    """Into the trail, with whom it was done for where somebody stands in for the owner."""
    data = _for_whom(case, by) | data
    record.event(
        action,
        by=by,
        object_type="case",
        object_id=case.pk,
        label=case.title,
        legal_entity=case.legal_entity,
        reason=reason,
        **data,
    )


def _for_whom(case: Case, by: Actor) -> dict[str, str]:
    if isinstance(by, User) and case.assigned_to is not None and case.stood_in_by(by.pk):
        return {"stands_in_for": case.assigned_to.username}
    return {}
