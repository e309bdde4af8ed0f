"""Decide what may be billed: load terms and work, ask the engine, store what changed, open or heal cases.

Contracts are decided in sets: a page of a feed touches many, and the statements are the same for one and for fifty.
Only those that cases hold up cost some each.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import connection, transaction

from billing import billed, events, open_work, terms
from billing.actions import buckets, exceptions, kept_terms
from billing.engine.decide import decide
from billing.engine.values import RULES_VERSION, DecisionResult, PieceResult, Terms
from billing.models import Decision, Piece
from billing.open_work import Open
from contracts.models import Contract, ContractVersion, Project
from contracts.queries import current_versions
from integration_hub.kernel.bulk import copy_values, new_ids
from integration_hub.kernel.clock import now
from integration_hub.trail import record

BY = "system:billing"

_RETIRE = """
WITH decisions AS (
    UPDATE billing_decision SET is_current = false WHERE event_id = ANY(%(events)s) AND is_current
)
UPDATE billing_piece SET is_current = false
 WHERE event_id = ANY(%(events)s) AND is_current AND NOT state = ANY(%(locked)s)
"""
_DECISION = (
    "id", "event_id", "contract_version_id", "agreed_id", "rules", "trace", "content_hash", "is_current", "decided_at",
    "caused_by",
)  # fmt: skip
_PIECE = (
    "id", "decision_id", "event_id", "number", "is_current", "state", "codes", "legal_entity_id", "contract_id",
    "line_id", "cap_id", "minutes", "rate", "amount", "currency", "corrects_id", "adjusts_id",
    "bill_to_id", "percent",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cause:
    """What has work decided: in words, and the act (correlation id) that it belongs to."""

    text: str
    act: str


@dataclass(frozen=True, slots=True)
class _Place:
    """What the decisions of one contract, or of one project without a contract, have in common."""

    contract_id: int | None
    legal_entity_id: int | None
    version_id: int | None
    cause: Cause


@dataclass(frozen=True, slots=True)
class _Change:
    """A decision that differs from the current one."""

    place: _Place
    standing: Open
    result: DecisionResult


@dataclass(frozen=True, slots=True)
class Standing:
    """What contracts are decided on: their terms and versions by contract, and the work there is to decide.

    `compare` are those of which all posted work is looked at, with the basis of their prices.
    """

    agreed: dict[int, Terms]
    versions: Mapping[int, ContractVersion]
    compare: dict[int, str]
    works: Mapping[int, Sequence[Open]]

    def terms_of(self, contract: int) -> Terms:
        """The terms that the work of a contract is decided under."""
        return terms.with_settled(self.agreed[contract], [row.work for row in self.works.get(contract, ())])


def standing_of(contracts: Sequence[Contract]) -> Standing:
    """What is to be decided of contracts, whose rows the caller holds; a few statements however many they are."""
    ids = [contract.pk for contract in contracts]
    versions = current_versions(ids)
    agreed = terms.load(contracts, versions)
    compare = billed.to_compare({contract: billed.basis(known) for contract, known in agreed.items()})
    works: dict[int, list[Open]] = defaultdict(list)
    shared = [pk for pk, known in agreed.items() if known.splits]
    for row in open_work.of_contracts(ids, compare=compare, shared=shared):
        works[row.contract_id or 0].append(row)
    return Standing(agreed, versions, compare, works)


def decide_contract(*, contract_id: int, caused_by: str) -> int:
    """Decide all open work of one contract under its current terms. Returns how many decisions changed."""
    return decide_contracts(causes={contract_id: Cause(caused_by, record.correlation())})[contract_id]


@transaction.atomic
def decide_contracts(*, causes: Mapping[int, Cause]) -> dict[int, int]:
    """Decide all open work of contracts, each for its cause; how many decisions changed, by contract.

    Posted work that its terms or its source price otherwise now is credited and charged anew (R8); where the prices are
    those of the last time, only posted work that moved itself is looked at.

    Serialised per contract by a row lock, so that two callers cannot give the same cap room twice; the locks are taken
    in the order in which billing runs and holds take them. Raises Contract.DoesNotExist.
    """
    if not causes:
        return {}
    contracts = _locked(causes)
    found = standing_of(contracts)
    agreed = found.agreed
    changed: list[_Change] = []
    for contract in contracts:
        version = found.versions.get(contract.pk)
        place = _Place(contract.pk, contract.legal_entity_id, version.pk if version else None, causes[contract.pk])
        changed += _changes(place, found.terms_of(contract.pk), found.works.get(contract.pk, ()))
    changed = _worth_storing(changed)
    billed.note_compared(found.compare)
    _store(changed, kept_terms.keep(_terms_of(changed, agreed)))
    buckets.settle(agreed, causes={pk: cause.text for pk, cause in causes.items()})
    limited = [pk for pk, known in agreed.items() if known.caps]
    exceptions.sync_contracts(contracts, acts={pk: cause.act for pk, cause in causes.items()}, limited=limited)
    counts = Counter(change.place.contract_id for change in changed)
    record.events(
        _decided(contract, causes[contract.pk], changed=counts[contract.pk], of=len(found.works.get(contract.pk, ())))
        for contract in contracts
        if counts[contract.pk]
    )
    if counts:
        events.work_decided([pk for pk in counts if pk is not None], caused_by="decided work")
    return {contract.pk: counts[contract.pk] for contract in contracts}


def _terms_of(changed: Iterable[_Change], agreed: Mapping[int, Terms]) -> list[Terms]:
    """The terms that changed decisions rest on, those of each contract once."""
    contracts = {change.place.contract_id for change in changed}
    return [known for pk, known in agreed.items() if pk in contracts]


def _decided(contract: Contract, cause: Cause, *, changed: int, of: int) -> record.Draft:
    with record.correlated(cause.act):
        return record.draft(
            "billing.work.decided",
            by=BY,
            object_type="contracts.contract",
            object_id=contract.pk,
            label=contract.number,
            legal_entity=contract.legal_entity.code,
            changed=changed,
            of=of,
            because=cause.text,
        )


def _locked(ids: Iterable[int]) -> list[Contract]:
    wanted = set(ids)
    rows = Contract.objects.select_for_update(of=("self",), no_key=True).select_related("legal_entity", "customer")
    contracts = list(rows.filter(pk__in=wanted).order_by("pk"))
    if missing := wanted - {contract.pk for contract in contracts}:
        raise Contract.DoesNotExist(f"There is no contract {', '.join(map(str, sorted(missing)))}.")
    return contracts


@transaction.atomic
def decide_projects(*, causes: Mapping[int, Cause]) -> dict[int, int]:
    """Decide the work of projects that has no contract: all of it is blocked until one is linked.

    How many decisions changed, by project. Raises Project.DoesNotExist.
    """
    if not causes:
        return {}
    projects = list(Project.objects.filter(pk__in=list(causes)).order_by("pk"))
    if missing := set(causes) - {project.pk for project in projects}:
        raise Project.DoesNotExist(f"There is no project {', '.join(map(str, sorted(missing)))}.")
    works: dict[int | None, list[Open]] = defaultdict(list)
    for row in open_work.of_projects(causes):
        works[row.work.project_id].append(row)
    changed: list[_Change] = []
    for project in projects:
        changed += _changes(_Place(None, None, None, causes[project.pk]), None, works[project.pk])
    changed = _worth_storing(changed)
    _store(changed, {})
    exceptions.sync_projects(projects, acts={pk: cause.act for pk, cause in causes.items()})
    counts = Counter(change.standing.work.project_id for change in changed)
    return {project.pk: counts[project.pk] for project in projects}


def _changes(place: _Place, agreed: Terms | None, works: Sequence[Open]) -> list[_Change]:
    """The decisions that differ from the current ones."""
    standing = {row.work.event_id: row for row in works}
    results = decide(agreed, [row.work for row in works])
    return [
        _Change(place, standing[result.event_id], result)
        for result in results
        if standing[result.event_id].decided != result.content_hash
    ]


def _worth_storing(changed: list[_Change]) -> list[_Change]:
    """Without what says that all of a work stays as it is posted, where nothing else was said of it before."""
    silent = [change.result.event_id for change in changed if not change.result.pieces]
    if not silent:
        return changed
    rows = Piece.objects.filter(event__in=silent, is_current=True).exclude(state__in=Piece.LOCKED)
    spoken = set(rows.values_list("event_id", flat=True))
    return [change for change in changed if change.result.pieces or change.result.event_id in spoken]


def _store(changed: Sequence[_Change], kept: Mapping[int, int]) -> None:
    """Write what differs from the current decisions; locked pieces stay and keep their numbers.

    `kept` are the ids of the terms that contracts were decided under.
    """
    if not changed:
        return
    _retire([change.result.event_id for change in changed])
    moment = now()
    pieces = [(place, piece) for place, change in enumerate(changed) for piece in change.result.pieces]
    decision_ids, piece_ids = new_ids((Decision, len(changed)), (Piece, len(pieces)))
    copy_values(
        Decision,
        _DECISION,
        [
            (
                pk, change.result.event_id, change.place.version_id, kept.get(change.place.contract_id or 0),
                RULES_VERSION, change.result.text, change.result.content_hash, True, moment,
                change.place.cause.text[:120],
            )
            for pk, change in zip(decision_ids, changed, strict=True)
        ],
    )  # fmt: skip
    numbered = zip(piece_ids, _numbers(changed), pieces, strict=True)
    copy_values(
        Piece,
        _PIECE,
        [_piece(pk, decision_ids[place], number, changed[place], piece) for pk, number, (place, piece) in numbered],
    )


def _piece(pk: int, decision_id: int, number: int, change: _Change, piece: PieceResult) -> Sequence[object]:
    """The values of `_PIECE`."""
    currency = piece.currency if piece.amount is not None else ""
    return (
        pk, decision_id, change.result.event_id, number, True, piece.state, list(piece.codes),
        change.place.legal_entity_id, change.place.contract_id, piece.line_id, piece.cap_id, piece.minutes, piece.rate,
        piece.amount, currency, piece.corrects, piece.adjusts, piece.payer_id, piece.percent,
    )  # fmt: skip


def _retire(events: Sequence[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_RETIRE, {"events": list(events), "locked": list(Piece.LOCKED)})


def _numbers(changed: Sequence[_Change]) -> list[int]:
    """The numbers of all new pieces: an event's count on from those of its locked ones."""
    return [change.standing.last + place for change in changed for place in range(1, len(change.result.pieces) + 1)]
