"""Billable events: our immutable copy of each version of delivered work (billing.md §0.1, R21)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from operator import attrgetter

from django.db import transaction
from django.db.models import F, Q

from billing import events
from billing.actions import exceptions, late
from billing.credited import is_conceded
from billing.models import BillableEvent, Decision, LateChange, Piece
from contracts.models import Contract, Milestone, Project
from integration_hub.kernel.bulk import copy_values
from integration_hub.kernel.clock import now
from integration_hub.trail.record import Actor, correlation, event
from integration_hub.work.actions import items


@dataclass(slots=True, kw_only=True)  # one for every record that comes in: freezing it would cost more than all else
class Draft:
    """Delivered work as a source states it now; becomes a new event version when it differs from the current one."""

    work_key: str
    kind: str
    service_date: date
    approval: str
    source_version_id: int | None = None
    legal_entity_id: int | None = None
    contract_id: int | None = None
    project_id: int | None = None
    line_id: int | None = None
    milestone_id: int | None = None
    schedule_item_id: int | None = None
    resource_id: int | None = None
    role: str = ""
    task_code: str = ""
    category: str = ""
    minutes: Decimal | None = None
    quantity: Decimal | None = None
    amount: Decimal | None = None
    includes_tax: bool = False
    currency: str = ""
    chargeable: bool = True
    has_evidence: bool = True
    description: str = ""
    is_deleted: bool = False


_CURRENT = "SELECT * FROM billing_billableevent WHERE is_current AND work_key = ANY(%s)"
DRAFTED = tuple(field.name for field in fields(Draft))
_values_of = attrgetter(*DRAFTED)
COMPARED = tuple(name for name in DRAFTED if name not in {"work_key", "source_version_id"})


def deleted(row: BillableEvent) -> Draft:
    """The draft that says of work that it was not delivered."""
    return Draft(**{name: getattr(row, name) for name in DRAFTED} | {"is_deleted": True})


@transaction.atomic
def record(*, drafts: Sequence[Draft], by: Actor, caused_by: str, correct_posted: bool = False) -> int:
    """Store new versions of delivered work and have their contracts decided again. Returns how many were new.

    Work of which an earlier version is posted is not replaced: the change is kept, and a person asked about it. With
    `correct_posted` it is: what is posted is credited and billed anew (R9, R11). What is being posted, or of which
    something was conceded, asks in any case.
    """
    latest = {draft.work_key: draft for draft in drafts}
    current, known = _current(latest), late.standing(latest)
    if known or any(_differs(current.get(key), draft) for key, draft in latest.items() if key in current):
        _lock(current.values())
        current, known = _current(latest), late.standing(latest)
    changed = [draft for key, draft in latest.items() if _differs(current.get(key), draft)]
    how_far = stages([current[draft.work_key] for draft in changed if draft.work_key in current])
    fresh: list[tuple[Draft, int]] = []
    replaced: list[BillableEvent] = []
    asked: list[tuple[BillableEvent, late.Said]] = []
    for draft in changed:
        old = current.get(draft.work_key)
        stage = how_far.get(draft.work_key, "")
        if old is not None and (stage in SETTLED or (stage == "posted" and not correct_posted)):
            asked.append((old, {name: getattr(draft, name) for name in DRAFTED}))
            continue
        if old is not None:
            replaced.append(old)
        fresh.append((draft, old.version + 1 if old is not None else 1))
    if known:
        _end_changes(known, changed, replaced, by)
    late.ask(asked=asked, known=known, by=by)
    retire(events=replaced, by=by)
    _add(fresh)
    touched: list[Draft | BillableEvent] = [*(draft for draft, _ in fresh), *replaced]
    decide_soon(((row.contract_id, row.project_id) for row in touched), caused_by=caused_by)
    if projects := {row.project_id for row in touched if row.project_id}:
        events.work_recorded(projects, caused_by=caused_by)
    if fresh:
        event(
            "billing.work.recorded",
            by=by,
            object_type="billing.batch",
            object_id=caused_by,
            count=len(fresh),
            replaced=len(replaced),
        )
    return len(fresh)


def _current(keys: Iterable[str]) -> dict[str, BillableEvent]:
    """The versions in force; the keys go as one parameter, however many they are."""
    return {row.work_key: row for row in BillableEvent.objects.raw(_CURRENT, [list(keys)])}


def _lock(rows: Iterable[BillableEvent]) -> None:
    """Take the rows of the contracts whose work is replaced: no run reserves it and nobody decides it meanwhile."""
    contracts = {row.contract_id for row in rows if row.contract_id}
    list(Contract.objects.select_for_update(no_key=True).filter(pk__in=contracts).order_by("pk").values_list("pk"))


def _end_changes(
    known: Mapping[str, LateChange], changed: Sequence[Draft], replaced: Sequence[BillableEvent], by: Actor
) -> None:
    """Changes that their source took back, or that are stored by now, are not asked about any more."""
    differing = {draft.work_key for draft in changed}
    if back := [row for key, row in known.items() if key not in differing]:
        late.withdraw(known=back, by=by)
    if stored := [known[row.work_key] for row in replaced if row.work_key in known]:
        late.overtake(known=stored, by=by)


def _differs(row: BillableEvent | None, draft: Draft) -> bool:
    return row is None or any(getattr(row, name) != getattr(draft, name) for name in COMPARED)


def _add(fresh: Sequence[tuple[Draft, int]]) -> None:
    """Store work under its version numbers, in this order."""
    if fresh:
        moment = now()
        rows = [(version, True, moment, *_values_of(draft)) for draft, version in fresh]
        copy_values(BillableEvent, ("version", "is_current", "recorded_at", *DRAFTED), rows)


def stages(rows: Collection[BillableEvent]) -> dict[str, str]:
    """How far works are billed, over all their versions, by key: `posting` where a piece is on its way to the ERP,
    `conceded` where something of it was, `posted` where one stands there, `reserved` where a
    candidate can still let it go. What is credited is not billed any more.
    """
    states: dict[str, str] = {}
    pieces = Piece.objects.filter(event__work_key__in=[row.work_key for row in rows], is_current=True)
    pieces = pieces.filter(state__in=Piece.LOCKED, corrects__isnull=True).exclude(state=Piece.State.CORRECTED)
    asked = pieces.annotate(conceded=is_conceded())
    values = asked.values_list("event__work_key", "state", "candidate_line__candidate__status", "conceded")
    for key, state, candidate, conceded in values:
        found = "conceded" if conceded else "posted"
        if state == Piece.State.RESERVED:
            found = "posting" if candidate in {"posting", "posted"} else "reserved"
        if _FURTHEST.index(found) > _FURTHEST.index(states.get(key, "")):
            states[key] = found
    return states


_FURTHEST = ("", "reserved", "posted", "conceded", "posting")
SETTLED = ("conceded", "posting")
"""Stages at which nobody can change a work, not even a person."""


def retire(*, events: Sequence[BillableEvent], by: Actor) -> None:
    """Take superseded versions out of force; pieces in unposted candidates leave them, which lapses their approvals."""
    from billing.actions import candidates

    if not events:
        return
    ids = [row.pk for row in events]
    candidates.let_go(event_ids=ids, by=by)
    Piece.objects.filter(event__in=ids, is_current=True).exclude(state__in=Piece.LOCKED).update(is_current=False)
    Decision.objects.filter(event__in=ids, is_current=True).update(is_current=False)
    BillableEvent.objects.filter(pk__in=ids).update(is_current=False)


def decide_soon(targets: Iterable[tuple[int | None, int | None]], *, caused_by: str) -> None:
    """Ring the lanes of the contracts (or of projects without one) that have to be decided again."""
    unique = sorted({(contract or 0, 0 if contract else project or 0) for contract, project in targets})
    entities = dict(
        Contract.objects.filter(pk__in=[contract for contract, _ in unique]).values_list("pk", "legal_entity__code")
    )
    items.enqueue_many(
        [
            items.ItemIn(
                "billing.decide",
                lane=f"contract:{contract}" if contract else f"project:{project}",
                stage="ingest",
                payload={"contract": contract or None, "project": project or None, "caused_by": caused_by[:120]},
                dedupe="decide",
                legal_entity=entities.get(contract, ""),
            )
            for contract, project in unique
        ]
    )


def decide_converted(*, currencies: Collection[str]) -> None:
    """Decide again the contracts with unbilled work in another currency than theirs, where one of the two is named."""
    amounts = Q(event__amount__isnull=False) & ~Q(event__currency=F("contract__currency"))
    prices = Q(codes__overlap=["FX_MISSING", "FX_STALE"]) | Q(contract__policy__has_key="rate_currency_fallback")
    prices |= Q(contract__legal_entity__policy__has_key="rate_currency_fallback")
    foreign = Piece.objects.filter(
        Q(event__currency__in=currencies) | Q(contract__currency__in=currencies),
        amounts | prices,
        is_current=True,
        contract__isnull=False,
    ).exclude(state__in=Piece.LOCKED)
    contracts = foreign.order_by().values_list("contract", flat=True).distinct()
    decide_soon([(pk, None) for pk in contracts], caused_by="exchange rates")


def decide_priced(*, legal_entity: int) -> None:
    """Decide again the contracts of a legal entity with unbilled time or usage: its price may be another one now."""
    unbilled = Piece.objects.filter(
        contract__legal_entity=legal_entity, is_current=True, event__kind__in=["time", "usage"]
    ).exclude(state__in=Piece.LOCKED)
    contracts = unbilled.order_by().values_list("contract", flat=True).distinct()
    decide_soon([(pk, None) for pk in contracts], caused_by="standard prices")


def record_milestone(*, milestone: Milestone, by: Actor) -> None:
    """An accepted milestone is delivered work; a withdrawn acceptance takes it back, and what is posted of it (R9)."""
    contract = milestone.line.contract
    accepted = milestone.status == Milestone.Status.ACCEPTED
    record(
        drafts=[
            Draft(
                work_key=f"milestone:{milestone.pk}",
                kind="milestone",
                service_date=milestone.accepted_on or milestone.due_on or contract.starts_on or date.min,
                approval="approved" if accepted else "draft",
                legal_entity_id=contract.legal_entity_id,
                contract_id=contract.pk,
                line_id=milestone.line_id,
                milestone_id=milestone.pk,
                amount=milestone.amount,
                currency=milestone.currency,
                has_evidence=bool(milestone.evidence) or not accepted,
                description=milestone.name,
                is_deleted=not accepted,
            )
        ],
        by=by,
        caused_by=f"milestone {milestone.pk} {milestone.status}",
        correct_posted=True,
    )


@transaction.atomic
def adopt(*, contract: Contract, by: Actor) -> int:
    """Give the work of a contract's projects to the contract, once the project is linked."""
    loose = BillableEvent.objects.filter(project__contract=contract, contract__isnull=True, is_current=True)
    projects = list(Project.objects.filter(pk__in=set(loose.values_list("project_id", flat=True))).order_by("pk"))
    moved = loose.update(contract=contract, legal_entity=contract.legal_entity)
    if moved:
        Piece.objects.filter(event__contract=contract, contract__isnull=True, is_current=True).update(
            contract=contract, legal_entity=contract.legal_entity
        )
        exceptions.sync_projects(projects, acts={project.pk: correlation() for project in projects})
        events.work_recorded([project.pk for project in projects], caused_by=f"contract {contract.number}")
        event(
            "billing.work.adopted",
            by=by,
            object_type="contracts.contract",
            object_id=contract.pk,
            label=contract.number,
            legal_entity=contract.legal_entity.code,
            count=moved,
        )
    return moved
