"""Cases: raise them, keep their members exact, let them heal; what people do with them is in `handling`.

There is one case per (code, root cause), whoever raises it and however often. Members say what it holds up.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet

from integration_hub.cases import deadlines
from integration_hub.cases.actions.handling import (
    assign,
    claim,
    comment,
    resolve,
    retry,
    snooze,
    start,
    unassign,
    wait,
    wake,
)
from integration_hub.cases.deadlines import Reckon
from integration_hub.cases.models import Case, Member
from integration_hub.cases.queries import Key, of_keys
from integration_hub.cases.registry import KINDS
from integration_hub.kernel.clock import now
from integration_hub.kernel.money import Basis
from integration_hub.trail import record
from integration_hub.trail.record import Actor

__all__ = [
    "CaseIn",
    "MemberIn",
    "assign",
    "claim",
    "comment",
    "drop_members",
    "heal",
    "raise_case",
    "reconcile",
    "resolve",
    "retry",
    "set_members",
    "snooze",
    "start",
    "sync",
    "unassign",
    "wait",
    "wake",
]

Subject = tuple[str, object] | tuple[str, object, str]
"""(type, id) or (type, id, label) of the row the case is about."""
Target = tuple[str, str]  # (type, id)


@dataclass(frozen=True, slots=True)
class MemberIn:
    """One thing a case holds up, with its money (unrounded is fine) where it has any, and what that is: net, gross."""

    target_type: str
    target_id: str
    label: str = ""
    amount: Decimal | None = None
    currency: str = ""
    basis: Basis = ""

    @property
    def target(self) -> Target:
        """Its identity within a case."""
        return (self.target_type, str(self.target_id))


@dataclass(frozen=True, slots=True)
class CaseIn:
    """One case as a pass over the data wants it to be."""

    title: str
    detail: str = ""
    remedy: str = ""
    legal_entity: str = ""
    subject: Subject | None = None
    members: tuple[MemberIn, ...] = ()


@transaction.atomic
def raise_case(
    *,
    code: str,
    root_cause: str,
    title: str,
    detail: str = "",
    remedy: str = "",
    legal_entity: str = "",
    subject: Subject | None = None,
    members: Iterable[MemberIn] = (),
    by: Actor,
) -> Case:
    """Raise the case of this root cause, or add to it: reopens it when it was resolved, adds members it lacks.

    The clock of a new or reopened case starts now and lasts what the kind's severity gives in the working time of its
    legal entity. Raises LookupError for a
    code nobody registered.
    """
    wanted = CaseIn(title, detail, remedy, legal_entity, subject, tuple(members))
    case = _upsert({(code, root_cause): wanted}, by)[(code, root_cause)]
    if case.is_open:
        _write_members([(case, member, "") for member in wanted.members])
    return case


@transaction.atomic
def set_members(
    *,
    code: str,
    root_cause: str,
    members: Iterable[MemberIn],
    title: str,
    detail: str = "",
    remedy: str = "",
    legal_entity: str = "",
    subject: Subject | None = None,
    by: Actor,
    because: str = "Nothing is held up by it any more.",
) -> Case | None:
    """Make the open members of one case exactly this set; heals it when the set is empty. The case while open."""
    wanted = CaseIn(title, detail, remedy, legal_entity, subject, tuple(members))
    if not wanted.members:
        heal(code=code, root_cause=root_cause, because=because, by=by)
        return None
    case = _upsert({(code, root_cause): wanted}, by)[(code, root_cause)]
    if not case.is_open:
        return None
    open_now = {(member.target_type, member.target_id): member for member in case.members.filter(is_open=True)}
    targets = {member.target for member in wanted.members}
    _write_members([(case, m, "") for m in wanted.members if _differs(open_now.get(m.target), m)])
    _close(Member.objects.filter(pk__in=[open_now[target].pk for target in open_now.keys() - targets]))
    return case


@transaction.atomic
def sync(
    *,
    code: str,
    wanted: Mapping[str, CaseIn],
    scope: str,
    by: Actor,
    because: str = "It was checked again and no longer holds.",
) -> None:
    """Reconcile all root causes of one code within one scope: `{root cause: case}` is what holds now, all of it."""
    reconcile(
        codes=[code], wanted={(code, root): case for root, case in wanted.items()}, scope=scope, by=by, because=because
    )


@transaction.atomic
def reconcile(
    *,
    codes: Collection[str],
    wanted: Mapping[Key, CaseIn],
    scope: str,
    by: Actor,
    because: str = "It was checked again and no longer holds.",
) -> None:
    """Make the members that `scope` put into cases of these codes exactly the wanted ones, in a handful of queries.

    `scope` names the pass, e.g. `contract:17`. Members that other scopes put into the same case stay; a case left
    without any open member heals. A wanted case without members counts as not wanted. A case that a person overrode
    stays resolved while it would hold nothing that he did not see.
    """
    reconcile_many(codes=codes, wanted={scope: wanted}, by=by, because=because)


@transaction.atomic
def reconcile_many(
    *,
    codes: Collection[str],
    wanted: Mapping[str, Mapping[Key, CaseIn]],
    by: Actor,
    because: str = "It was checked again and no longer holds.",
) -> None:
    """`reconcile` for several scopes, in the same handful of queries. Raises ValueError where two want one case."""
    if not all(wanted):
        raise ValueError("A reconciliation names its scope, e.g. 'contract:17'.")
    found = [(scope, key, case) for scope, some in wanted.items() for key, case in some.items() if case.members]
    merged = {key: case for _, key, case in found}
    if len(merged) < len(found):
        raise ValueError("Two scopes want the same case: reconcile them one after the other.")
    standing = _standing(codes, wanted)
    if not merged and not standing:
        return
    cases = _upsert(merged, by, also=[member.case_id for member in standing.values()])
    changed, keep = [], set()
    for scope, key, case_in in found:
        if not cases[key].is_open:
            continue
        for member in case_in.members:
            place = (scope, *key, *member.target)
            keep.add(place)
            if _differs(standing.get(place), member):
                changed.append((cases[key], member, scope))
    _write_members(changed)
    gone = [member for place, member in standing.items() if place not in keep]
    if gone:
        _close(Member.objects.filter(pk__in=[member.pk for member in gone]))
        _heal_empty({member.case_id for member in gone}, because, by)


@transaction.atomic
def drop_members(*, code: str, root_cause: str, targets: Iterable[Target], because: str, by: Actor) -> None:
    """Take some members out of a case; heals it when no open one is left."""
    case = (
        Case.objects.select_for_update(no_key=True)
        .filter(code=code, root_cause=root_cause, status__in=Case.OPEN_STATES)
        .first()
    )
    if case is None:
        return
    for target_type, target_id in targets:
        _close(case.members.filter(target_type=target_type, target_id=str(target_id), is_open=True))
    _heal_empty({case.pk}, because, by)


@transaction.atomic
def heal(*, code: str, root_cause: str, because: str, by: Actor) -> bool:
    """Resolve a case that no longer holds; False when there was none open."""
    return heal_all([(code, root_cause)], because=because, by=by) > 0


@transaction.atomic
def heal_all(keys: Iterable[Key], *, because: str, by: Actor) -> int:
    """Resolve those of these cases that are open: they no longer hold. How many there were."""
    rows = Case.objects.select_for_update(no_key=True).filter(of_keys(keys), status__in=Case.OPEN_STATES)
    found = list(rows.order_by("pk"))
    if found:
        _close(Member.objects.filter(case__in=found, is_open=True))
        _resolve_by_itself(found, because, by)
    return len(found)


def _standing(codes: Collection[str], scopes: Iterable[str]) -> dict[tuple[str, str, str, str, str], Member]:
    rows = Member.objects.filter(scope__in=list(scopes), is_open=True, case__code__in=codes).select_related("case")
    return {(row.scope, row.case.code, row.case.root_cause, row.target_type, row.target_id): row for row in rows}


def _upsert(wanted: Mapping[Key, CaseIn], by: Actor, also: Iterable[int] = ()) -> dict[Key, Case]:
    """The wanted cases, created or brought up to date, locked in one order together with those in `also`."""
    known = {(code, cause) for code, cause in Case.objects.filter(of_keys(wanted)).values_list("code", "root_cause")}
    reckon = deadlines.reckoner()
    fresh = [_new(key, wanted[key], reckon) for key in sorted(wanted.keys() - known)]
    Case.objects.bulk_create(fresh, ignore_conflicts=True)
    which = of_keys(wanted) | Q(pk__in=list(also))
    locked = {
        (case.code, case.root_cause): case
        for case in Case.objects.select_for_update(no_key=True).filter(which).order_by("pk")
    }
    for key, case_in in wanted.items():
        case = locked[key]
        if key not in known:
            _event("cases.case.raised", case, by, severity=case.severity)
        elif not case.is_open and not _overridden(case, case_in):
            _reopen(case, by, reckon)
        _refresh_text(case, case_in)
    return locked


def _new(key: Key, wanted: CaseIn, reckon: Reckon) -> Case:
    kind = KINDS.get(key[0])
    seen = now()
    subject = wanted.subject or ("", "")
    return Case(
        code=key[0],
        root_cause=key[1],
        title=wanted.title[:250],
        detail=wanted.detail,
        remedy=wanted.remedy,
        severity=kind.severity,
        owner_role=kind.owner_role,
        legal_entity=wanted.legal_entity,
        first_seen_at=seen,
        due_at=reckon(wanted.legal_entity, kind.severity, seen),
        subject_type=subject[0],
        subject_id=str(subject[1]),
        subject_label=str(subject[2])[:200] if len(subject) == 3 else "",
    )


def _refresh_text(case: Case, wanted: CaseIn) -> None:
    """The newest wording, without a new version: nothing anybody decides on has changed."""
    new = (wanted.title[:250], wanted.detail, wanted.remedy)
    if (case.title, case.detail, case.remedy) != new:
        case.title, case.detail, case.remedy = new
        Case.objects.filter(pk=case.pk).update(title=case.title, detail=case.detail, remedy=case.remedy)


def _overridden(case: Case, wanted: CaseIn) -> bool:
    """Whether a person accepted exactly this: overridden, and nothing new would be held."""
    if case.outcome != Case.Outcome.OVERRIDE or not wanted.members:
        return False
    seen = set(case.members.values_list("target_type", "target_id"))
    return {member.target for member in wanted.members} <= seen


def _reopen(case: Case, by: Actor, reckon: Reckon) -> None:
    moment = now()
    severity = KINDS.get(case.code).severity
    Case.objects.filter(pk=case.pk).update(
        status=Case.Status.OPEN,
        outcome="",
        resolved_at=None,
        resolution="",
        assigned_to=None,
        delegate=None,
        delegate_until=None,
        snoozed_until=None,
        reopened=F("reopened") + 1,
        due_at=reckon(case.legal_entity, severity, moment),
        version=F("version") + 1,
        updated_at=moment,
    )
    case.refresh_from_db()
    _event("cases.case.reopened", case, by, reopened=case.reopened)


def _differs(standing: Member | None, wanted: MemberIn) -> bool:
    if standing is None:
        return True
    stands = (standing.label, standing.amount, standing.currency, standing.basis)
    return stands != (wanted.label[:200], wanted.amount, wanted.currency, wanted.basis)


def _write_members(rows: list[tuple[Case, MemberIn, str]]) -> None:
    """Members of cases, each with its scope."""
    members = {
        (case.pk, *member.target): Member(
            case=case,
            target_type=member.target_type,
            target_id=str(member.target_id),
            label=member.label[:200],
            amount=member.amount,
            currency=member.currency,
            basis=member.basis,
            scope=scope,
        )
        for case, member, scope in rows
    }
    Member.objects.bulk_create(
        list(members.values()),
        batch_size=1000,
        update_conflicts=True,
        unique_fields=["case", "target_type", "target_id"],
        update_fields=["label", "amount", "currency", "basis", "scope", "is_open", "closed_at"],
    )


def _close(members: QuerySet[Member]) -> None:
    members.update(is_open=False, closed_at=now())


def _heal_empty(case_ids: Collection[int], because: str, by: Actor) -> None:
    left = set(Member.objects.filter(case__in=case_ids, is_open=True).values_list("case_id", flat=True))
    empty = Case.objects.filter(pk__in=set(case_ids) - left, status__in=Case.OPEN_STATES).order_by("pk")
    _resolve_by_itself(list(empty), because, by)


def _resolve_by_itself(cases: list[Case], because: str, by: Actor) -> None:
    moment = now()
    Case.objects.filter(pk__in=[case.pk for case in cases]).update(
        status=Case.Status.RESOLVED,
        outcome=Case.Outcome.AUTO,
        resolved_at=moment,
        delegate=None,
        delegate_until=None,
        resolution=because,
        version=F("version") + 1,
        updated_at=moment,
    )
    for case in cases:
        _event("cases.case.healed", case, by, reason=because)


def _event(action: str, case: Case, by: Actor, reason: str = "", **data: Any) -> None:
    record.event(
        action,
        by=by,
        object_type="case",
        object_id=case.pk,
        label=case.title,
        legal_entity=case.legal_entity,
        reason=reason,
        code=case.code,
        root_cause=case.root_cause,
        **data,
    )
