"""Lending the right to approve, and taking it back."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from django.db import transaction

from billing import policies
from billing.models import Delegation
from contracts.models import LegalEntity
from integration_hub.kernel.clock import now, today
from integration_hub.kernel.errors import BadInput, Problem
from integration_hub.people.models import User
from integration_hub.trail.record import event

OBJECT = "billing.delegation"


@transaction.atomic
def give(
    *,
    by: User,
    taker: User,
    starts_on: date,
    ends_on: date,
    reason: str,
    acts: Sequence[str] = (),
    legal_entities: Sequence[str] = (),
    limit: Decimal | None = None,
) -> Delegation:
    """Lend one's own right to approve. Raises Denied, or BadInput that names every field that cannot be."""
    policies.can_delegate(by).or_raise()
    problems = [
        *_who(by, taker),
        *_when(starts_on, ends_on),
        *_what(by, taker, acts, legal_entities, limit),
        *([] if reason.strip() else [Problem("reason", "is empty.", "Say why.")]),
    ]
    if problems:
        raise BadInput("Delegation", problems)
    row = Delegation.objects.create(
        giver=by,
        taker=taker,
        acts=sorted(set(acts)),
        legal_entities=sorted(set(legal_entities)),
        limit=limit,
        starts_on=starts_on,
        ends_on=ends_on,
        reason=reason.strip(),
    )
    _told("given", row, by, reason=row.reason)
    return row


@transaction.atomic
def end(*, delegation_id: int, by: User, seen_version: int) -> Delegation:
    """Take it back before its last day; what was approved by it stays approved. Raises Denied, Stale."""
    row = Delegation.objects.select_for_update(no_key=True).get(pk=delegation_id)
    policies.can_end_delegation(row, by).or_raise()
    Delegation.objects.transition(row.pk, seen_version=seen_version, ended_at=now(), ended_by=by)
    row.refresh_from_db()
    _told("ended", row, by)
    return row


def _who(by: User, taker: User) -> list[Problem]:
    if taker.pk == by.pk:
        return [Problem("taker", "is you.", "Choose somebody else.")]
    return [] if taker.is_active else [Problem("taker", "cannot sign in any more.", "Choose somebody else.")]


def _when(starts_on: date, ends_on: date) -> list[Problem]:
    problems = []
    if ends_on < starts_on:
        problems.append(Problem("ends_on", "is before the first day.", "Give a later one."))
    elif ends_on - starts_on >= Delegation.LONGEST:
        days = Delegation.LONGEST.days
        problems.append(Problem("ends_on", f"is more than {days} days away.", f"{days} days are the most."))
    elif ends_on < today():
        problems.append(Problem("ends_on", "is past.", "Give a day to come."))
    return problems


def _what(
    by: User, taker: User, acts: Sequence[str], legal_entities: Sequence[str], limit: Decimal | None
) -> list[Problem]:
    problems = []
    if unknown := sorted(set(acts) - set(Delegation.Act.values)):
        problems.append(Problem("acts", f"{unknown[0]!r} is no act.", f"Use {', '.join(Delegation.Act.values)}."))
    known = set(LegalEntity.objects.filter(code__in=legal_entities).values_list("code", flat=True))
    for code in sorted(set(legal_entities)):
        if code not in known or not by.may_see(code):
            problems.append(Problem("legal_entities", f"{code} is not one of yours.", "Lend only what is yours."))
        elif not taker.may_see(code):
            problems.append(Problem("legal_entities", f"{taker.label} does not see {code}.", "Choose somebody else."))
    if limit is not None and limit <= 0:
        problems.append(Problem("limit", "is not above nought.", "Leave it empty for your own."))
    return problems


def _told(verb: str, row: Delegation, by: User, reason: str = "") -> None:
    event(
        f"billing.delegation.{verb}",
        by=by,
        object_type=OBJECT,
        object_id=row.pk,
        label=str(row),
        reason=reason,
        giver=row.giver.username,
        taker=row.taker.username,
        acts=row.acts,
        legal_entities=row.legal_entities,
        limit=row.limit,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
    )
