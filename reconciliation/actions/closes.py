"""Closes: opened when a month is over, findings accepted with a reason, signed by two people over the same figures."""

from datetime import date, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max, OuterRef, Subquery

from billing.models import BillableEvent
from contracts.models import Contract, LegalEntity
from integration_hub.kernel.clock import now, today
from integration_hub.kernel.errors import BadInput, NotReady, Problem, Stale
from integration_hub.people.models import User
from integration_hub.trail import record
from integration_hub.trail.record import Actor, actor_name
from reconciliation import policies
from reconciliation.closing import pack as packs
from reconciliation.closing import standing
from reconciliation.closing.checks import BY_NAME
from reconciliation.models import PACK_MOVES, Acceptance, ClosePack, PeriodClose

KIND = "reconciliation.close"
BY = "system:reconciliation"
DAYS = 5
"""Days between the end of a period and its cut-off, unless a person says otherwise."""


@transaction.atomic
def open_close(*, legal_entity: str, month: date, by: Actor, cut_off_on: date | None = None) -> PeriodClose:
    """Open the close of the month that `month` is in. Raises Denied, BadInput, NotReady where it is open already."""
    policies.can_open_close(by, legal_entity).or_raise()
    starts_on, ends_on = month_of(month)
    cut_off_on = cut_off_on or ends_on + timedelta(days=DAYS)
    problems = []
    if not LegalEntity.objects.filter(code=legal_entity).exists():
        problems.append(Problem("legal_entity", f"{legal_entity} is not known.", "Give the code of a legal entity."))
    if cut_off_on < ends_on:
        problems.append(Problem("cut_off_on", "is before the period is over.", f"Give {ends_on} or later."))
    if problems:
        raise BadInput("Close", problems)
    try:
        with transaction.atomic():
            close = PeriodClose.objects.create(
                legal_entity=legal_entity, starts_on=starts_on, ends_on=ends_on, cut_off_on=cut_off_on,
                opened_by=actor_name(by),
            )  # fmt: skip
    except IntegrityError as error:
        raise NotReady(f"{legal_entity} {starts_on:%Y-%m} is open already.") from error
    _told("opened", close, by, cut_off_on=str(cut_off_on))
    return close


def month_of(day: date) -> tuple[date, date]:
    """First and last day of the month a day is in."""
    first = day.replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def monthly() -> int:
    """The tick: open the close of the last finished month each legal entity worked in; how many were opened."""
    due = {
        (entity, month_of(day)[0])
        for entity, day in _last_worked(today().replace(day=1)).items()
        if not PeriodClose.objects.filter(legal_entity=entity, starts_on=month_of(day)[0]).exists()
    }
    for entity, starts_on in sorted(due):
        open_close(legal_entity=entity, month=starts_on, by=BY)
    return len(due)


def _last_worked(before: date) -> dict[str, date]:
    """The last day of work before a day, by legal entity; one step in an index for each contract."""
    events = BillableEvent.objects.filter(contract=OuterRef("pk"), is_current=True, service_date__lt=before)
    last = Contract.objects.annotate(last=Subquery(events.order_by("-service_date").values("service_date")[:1]))
    found = last.exclude(last=None).order_by().values_list("legal_entity__code").annotate(Max("last"))
    return dict(found)


@transaction.atomic
def accept(*, close_id: int, check: str, seen_version: int, seen: str, reason: str, by: User) -> Acceptance:
    """Say why the findings of a check, as they were seen, may stand. Raises Denied, Stale, NotReady, LookupError."""
    close, pack = _locked(close_id, seen_version)
    policies.can_accept_findings(close, pack, by).or_raise()
    if not BY_NAME[check].acceptable:
        raise NotReady(f"{BY_NAME[check].title}: this cannot be accepted, it has to be put right.")
    if not reason.strip():
        raise NotReady("Say why: it is signed with the period.")
    line = standing.of_check(close, check, now())
    if line.found.clear:
        raise NotReady(f"{line.check.title}: nothing stands in the way.")
    if line.found.digest != seen:
        raise Stale("The findings changed since you opened them. Look at them and decide again.")
    _withdraw(close, check, by)
    row = Acceptance.objects.create(close=close, check_name=check, content=seen, reason=reason.strip(), by=by.username)
    _touch(close)
    _told("accepted", close, by, check=line.check.title, reason=reason.strip(), found=line.found.told)
    return row


@transaction.atomic
def withdraw(*, close_id: int, check: str, seen_version: int, by: User) -> PeriodClose:
    """Take an acceptance back. Raises Denied, Stale, NotReady, LookupError."""
    close, pack = _locked(close_id, seen_version)
    policies.can_accept_findings(close, pack, by).or_raise()
    if not _withdraw(close, check, by):
        raise NotReady(f"{BY_NAME[check].title}: nothing is accepted.")
    _touch(close)
    _told("withdrawn", close, by, check=BY_NAME[check].title)
    return close


@transaction.atomic
def sign(*, close_id: int, seen_version: int, by: User) -> ClosePack:
    """Sign: the first signature freezes the pack, the second is over the same findings.

    Raises Denied (also while a check stands in the way, and for the second signature of one person), Stale, NotReady
    when the findings are others now than the first person signed.
    """
    close, pack = _locked(close_id, seen_version)
    found = standing.at(close, now())
    policies.can_sign(close, pack, len(found.blockers), by).or_raise()
    if pack is not None and (changed := packs.changed(pack.content, found)):
        raise NotReady(f"Changed since {pack.first_by} signed: {', '.join(changed)}. Reopen it and sign anew.")
    pack = _second(pack, by) if pack is not None else _first(close, found, by)
    _touch(close)
    _told("signed" if pack.state == ClosePack.State.SIGNED else "proposed", close, by, digest=pack.digest,
          pack=pack.number)  # fmt: skip
    return pack


@transaction.atomic
def reopen(*, close_id: int, seen_version: int, reason: str, by: User) -> PeriodClose:
    """Void what was signed, with a reason; the pack is kept. Raises Denied, Stale, NotReady without a reason."""
    close, pack = _locked(close_id, seen_version)
    policies.can_reopen_close(close, pack, by).or_raise()
    if not reason.strip():
        raise NotReady("Say why: the pack that was signed is kept with it.")
    if pack is not None:
        PACK_MOVES.check(pack.state, ClosePack.State.VOID)
        pack.state, pack.void_by, pack.void_at = ClosePack.State.VOID, by.username, now()
        pack.void_reason = reason.strip()
        pack.save()
        _touch(close)
        _told("reopened", close, by, reason=reason.strip(), digest=pack.digest, pack=pack.number)
    return close


def _first(close: PeriodClose, found: standing.Standing, by: User) -> ClosePack:
    kept = packs.content(found)
    return ClosePack.objects.create(
        close=close, number=close.packs.count() + 1, content=kept, digest=packs.digest(kept), first_by=by.username
    )


def _second(pack: ClosePack, by: User) -> ClosePack:
    PACK_MOVES.check(pack.state, ClosePack.State.SIGNED)
    pack.state, pack.second_by, pack.second_at = ClosePack.State.SIGNED, by.username, now()
    pack.save()
    return pack


def _withdraw(close: PeriodClose, check: str, by: User) -> int:
    BY_NAME[check]  # LookupError for one that does not exist
    standing_ones = close.acceptances.filter(check_name=check, withdrawn_at=None)
    return standing_ones.update(withdrawn_at=now(), withdrawn_by=by.username)


def _locked(close_id: int, seen_version: int) -> tuple[PeriodClose, ClosePack | None]:
    close = PeriodClose.objects.select_for_update(no_key=True).get(pk=close_id)
    if close.version != seen_version:
        raise Stale
    return close, packs.of(close)


def _touch(close: PeriodClose) -> None:
    """Whoever decides next must have seen this decision."""
    close.version += 1
    close.save()


def _told(verb: str, close: PeriodClose, by: Actor, **data: Any) -> None:
    record.event(
        f"reconciliation.close.{verb}",
        by=by,
        object_type="reconciliation.periodclose",
        object_id=close.pk,
        label=str(close),
        legal_entity=close.legal_entity,
        **data,
    )
