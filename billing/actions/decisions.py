"""Decide what may be billed: load terms and work, ask the engine, store what changed, open or heal cases."""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Max, QuerySet

from billing import billed, terms
from billing.actions import exceptions
from billing.bulk import copy_in
from billing.engine.decide import decide
from billing.engine.values import RULES_VERSION, DecisionResult, PieceResult
from billing.models import BillableEvent, Decision, Piece
from contracts.models import Contract, ContractVersion
from contracts.queries import current_version
from integration_hub.trail.record import event

BY = "system:billing"


@transaction.atomic
def decide_contract(*, contract_id: int, caused_by: str) -> int:
    """Decide all open work of one contract under its current terms. Returns how many decisions changed.

    Posted work that its terms or its source price otherwise now is credited and charged anew (R8); where the prices are
    those of the last time, only posted work that moved itself is looked at.

    Serialised per contract by a row lock, so that two callers cannot give the same cap room twice.
    """
    contract = (
        Contract.objects.select_for_update(of=("self",)).select_related("legal_entity", "customer").get(pk=contract_id)
    )
    events = _current().filter(contract=contract)
    agreed = terms.load(contract)
    compare = not billed.is_compared(contract, agreed)
    works = terms.open_work(events, contract=contract, compare=compare)
    results = decide(agreed, works)
    if compare:
        billed.note_compared(contract, agreed)
    changed = _store(results, contract, current_version(contract), caused_by)
    exceptions.sync_contract(contract)
    if changed:
        event(
            "billing.work.decided",
            by=BY,
            object_type="contracts.contract",
            object_id=contract.pk,
            label=contract.number,
            legal_entity=contract.legal_entity.code,
            changed=changed,
            of=len(works),
            because=caused_by,
        )
    return changed


@transaction.atomic
def decide_project(*, project_id: int, caused_by: str) -> int:
    """Decide the work of a project that has no contract: all of it is blocked until one is linked."""
    events = _current().filter(project=project_id, contract__isnull=True)
    changed = _store(decide(None, terms.open_work(events)), None, None, caused_by)
    exceptions.sync_project(project_id)
    return changed


def _current() -> QuerySet[BillableEvent]:
    return (
        BillableEvent.objects.filter(is_current=True, is_deleted=False)
        .select_related("resource")
        .order_by("service_date", "id")
    )


def _store(
    results: Sequence[DecisionResult], contract: Contract | None, version: ContractVersion | None, caused_by: str
) -> int:
    """Write only what differs from the current decision; locked pieces stay and keep their numbers."""
    ids = [result.event_id for result in results]
    known = dict(Decision.objects.filter(event__in=ids, is_current=True).values_list("event_id", "content_hash"))
    changed = [result for result in results if known.get(result.event_id) != result.content_hash]
    changed = _worth_storing(changed)
    if not changed:
        return 0
    changed_ids = [result.event_id for result in changed]
    Decision.objects.filter(event__in=changed_ids, is_current=True).update(is_current=False)
    Piece.objects.filter(event__in=changed_ids, is_current=True).exclude(state__in=Piece.LOCKED).update(
        is_current=False
    )
    last = dict(
        Piece.objects.filter(event__in=changed_ids, is_current=True).values_list("event_id").annotate(Max("number"))
    )
    decisions = copy_in(
        [
            Decision(
                event_id=result.event_id,
                contract_version=version,
                rules=RULES_VERSION,
                trace=result.trace,
                content_hash=result.content_hash,
                caused_by=caused_by[:120],
            )
            for result in changed
        ]
    )
    pieces = [
        _piece(piece, decision, number, contract)
        for decision, result in zip(decisions, changed, strict=True)
        for number, piece in enumerate(result.pieces, start=last.get(result.event_id, 0) + 1)
    ]
    copy_in(pieces)
    return len(changed)


def _worth_storing(changed: list[DecisionResult]) -> list[DecisionResult]:
    """Without what says that all of a work stays as it is posted, where nothing else was said of it before."""
    silent = [result.event_id for result in changed if not result.pieces]
    if not silent:
        return changed
    rows = Piece.objects.filter(event__in=silent, is_current=True).exclude(state__in=Piece.LOCKED)
    spoken = set(rows.values_list("event_id", flat=True))
    return [result for result in changed if result.pieces or result.event_id in spoken]


def _piece(piece: PieceResult, decision: Decision, number: int, contract: Contract | None) -> Piece:
    return Piece(
        decision=decision,
        event_id=decision.event_id,
        number=number,
        state=piece.state,
        codes=list(piece.codes),
        legal_entity_id=contract.legal_entity_id if contract else None,
        contract=contract,
        line_id=piece.line_id,
        cap_id=piece.cap_id,
        minutes=piece.minutes,
        rate=piece.rate,
        amount=piece.amount,
        currency=piece.currency if piece.amount is not None else "",
        corrects_id=piece.corrects,
    )
