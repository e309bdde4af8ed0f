"""Work that was decided, decided again by a draft of the rules of chargeability: what would be charged, on what.

Work that nobody approved the billing of is decided as the next billing run would after the publication: its candidates
are taken apart first. Work that is billed, or approved to be, keeps its charge when rules change; here it is taken as
if it had never been billed, under the terms of today, by the rules in force and by the draft. Where those in force do
not charge what was billed, something else has changed since, and nothing is said of it. All is done by the code that
decides, inside a transaction that is taken back.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from billing import billed, open_work, terms
from billing.actions import candidates
from billing.actions.decisions import standing_of
from billing.engine.decide import decide
from billing.engine.unbilled import as_unbilled, without
from billing.engine.values import BilledPart, DecisionResult, Kind, PieceResult, Terms, Work
from billing.models import BillableEvent, Candidate, Piece
from billing.naming import work_title
from billing.undone import undone
from contracts.models import BillTo, Contract
from contracts.queries import current_versions
from integration_hub.kernel.ids import content_hash
from integration_hub.kernel.money import ZERO, round_money
from integration_hub.rules.history import Document, Found, Otherwise, Period
from integration_hub.rules.tables import Answer, Table

MOVED = "Credited, adjusted, written off or changed after it was billed"
OTHER_TERMS = "Rules and terms of today charge another amount than was billed: more than the draft would change"
NOT_CHARGED = ("included", "non_billable", "over_cap", "written_off")
"""States of work whose value is on no document, and will not be."""
Payer = int | None
"""The bill-to that has a share of the work; None where the contract's own pays all of it."""
Charged = dict[Payer, Decimal]


class Chargeability:
    """The history of the rules of chargeability: current work, contract by contract."""

    noun = "contracts"

    def legal_entities(self) -> list[str]:
        """Those that have contracts."""
        return list(
            Contract.objects.order_by("legal_entity__code").values_list("legal_entity__code", flat=True).distinct()
        )

    def count(self, period: Period) -> int:
        """How many contracts have work of these days."""
        return _contracts(period).count()

    def following(self, period: Period, after: int) -> int | None:
        """The next of them."""
        return _contracts(period).filter(pk__gt=after).order_by("pk").values_list("pk", flat=True).first()

    def examine(self, unit: int, period: Period, draft: Table) -> Found:
        """What the draft makes of the work of a contract. Raises NotReady while somebody works on it."""
        return undone(lambda: _Contract(unit, period, draft).found())


def _contracts(period: Period) -> QuerySet[Contract]:
    work = BillableEvent.objects.filter(
        contract=OuterRef("pk"), is_current=True, is_deleted=False, service_date__range=(period.first, period.last)
    )
    return Contract.objects.filter(Exists(work), legal_entity__code=period.legal_entity)


@dataclass(frozen=True, slots=True)
class _Compared:
    """A work decided by the rules in force and by the draft; `on` are the candidates it is on, by payer."""

    was: DecisionResult
    would_be: DecisionResult
    on: Mapping[Payer, int]

    @property
    def changed(self) -> bool:
        return _pieces(self.was) != _pieces(self.would_be)


def _pieces(result: DecisionResult) -> list[tuple[Any, ...]]:
    """What of a decision is seen outside it."""
    return [(p.state, p.codes, p.line_id, p.minutes, p.amount, p.payer_id, p.corrects) for p in result.pieces]


def _charged(pieces: Iterable[PieceResult]) -> Charged:
    """What is or will be charged, by payer; exact."""
    found: Charged = {}
    for piece in pieces:
        if piece.state not in NOT_CHARGED and piece.amount is not None:
            found[piece.payer_id] = found.get(piece.payer_id, ZERO) + piece.amount
    return {payer: amount for payer, amount in found.items() if amount}


class _Contract:
    """One contract, whose row is held until all is taken back."""

    def __init__(self, pk: int, period: Period, draft: Table) -> None:
        rows = Contract.objects.select_for_update(of=("self",), no_key=True)
        self._contract = rows.select_related("legal_entity", "customer", "bill_to__customer").get(pk=pk)
        self._period = period
        self._draft = draft
        self._undecidable: Counter[str] = Counter()
        self._inputs: list[Any] = []

    def found(self) -> Found:
        on, charged = self._stored()
        candidates.clear(contract=self._contract, because="Tried by a draft run")
        billed_still = self._locked()
        compared = self._open(on, billed_still) + self._billed({pk: on.get(pk, {}) for pk in billed_still}, charged)
        changed = [row for row in compared if row.changed]
        rows = BillableEvent.objects.select_related("resource", "milestone", "line")
        events = rows.in_bulk([row.was.event_id for row in changed])
        return Found(
            examined=len(compared) + self._undecidable.total(),
            undecidable=dict(self._undecidable),
            documents=tuple(self._documents(compared)),
            decisions=tuple(self._otherwise(events[row.was.event_id], row) for row in changed),
            digest=content_hash([self._inputs, sorted(self._undecidable.items())]),
        )

    def _open(self, on: Mapping[int, Mapping[Payer, int]], billed_still: set[int]) -> list[_Compared]:
        """Work that the next run decides anew, as it would after a publication."""
        pk = self._contract.pk
        standing = standing_of([self._contract])
        works = [row.work for row in standing.works.get(pk, ())]
        mine = {work.event_id for work in works if not work.withdrawn} - billed_still
        return self._compare(standing.terms_of(pk), works, mine, on)

    def _billed(self, on: Mapping[int, Mapping[Payer, int]], charged: Mapping[int, Charged]) -> list[_Compared]:
        """Work that stays billed, as if it had never been; with it all that shares its limits."""
        if not on:
            return []
        pk = self._contract.pk
        parts = self._let_go()
        known = terms.load([self._contract], current_versions([pk]))[pk]
        works: list[Work] = []
        freed: list[tuple[Kind, BilledPart]] = []
        mine: set[int] = set()
        for row in open_work.of_contracts([pk], compare=[pk], shared=[pk] if known.splits else ()):
            bare = as_unbilled(row.work) if row.work.event_id in on else None
            works.append(row.work if bare is None else bare)
            if bare is not None:
                mine.add(bare.event_id)
                freed += [(bare.kind, part) for part in (*row.work.billed, *parts.get(bare.work_key, ()))]
        self._undecidable[MOVED] += len(on.keys() - mine)
        compared = self._compare(without(known, freed), works, mine, on)
        told = [row for row in compared if _charged(row.was.pieces) == charged.get(row.was.event_id, {})]
        self._undecidable[OTHER_TERMS] += len(compared) - len(told)
        self._undecidable = +self._undecidable
        return told

    def _compare(
        self, known: Terms, works: Sequence[Work], mine: set[int], on: Mapping[int, Mapping[Payer, int]]
    ) -> list[_Compared]:
        first, last = self._period.first, self._period.last
        asked = {work.event_id for work in works if work.event_id in mine and first <= work.service_date <= last}
        was = {result.event_id: result for result in decide(known, works)}
        would_be = decide(replace(known, charging=self._draft), works)
        compared = [
            _Compared(was[result.event_id], result, on.get(result.event_id, {}))
            for result in would_be
            if result.event_id in asked
        ]
        self._inputs.append(sorted((row.was.event_id, row.was.content_hash) for row in compared))
        return compared

    def _pieces(self) -> QuerySet[Piece]:
        return Piece.objects.filter(
            contract=self._contract, is_current=True, event__is_current=True, event__is_deleted=False,
            event__service_date__range=(self._period.first, self._period.last),
        ).order_by("event_id", "number")  # fmt: skip

    def _stored(self) -> tuple[dict[int, dict[Payer, int]], dict[int, Charged]]:
        """By work: the candidates it is on, and what of it is charged, both by payer."""
        on: dict[int, dict[Payer, int]] = defaultdict(dict)
        charged: dict[int, Charged] = defaultdict(dict)
        fields = ("event_id", "state", "bill_to_id", "amount", "candidate_line__candidate_id")
        for event, state, payer, amount, candidate in self._pieces().values_list(*fields):
            if candidate is not None:
                on[event][payer] = candidate
            if state not in NOT_CHARGED and amount:
                charged[event][payer] = charged[event].get(payer, ZERO) + amount
        return dict(on), dict(charged)

    def _locked(self) -> set[int]:
        return set(self._pieces().filter(state__in=Piece.LOCKED).order_by().values_list("event_id", flat=True))

    def _let_go(self) -> dict[str, tuple[BilledPart, ...]]:
        """Take work out of approved candidates too; what of limits it took there, by work key."""
        rows = self._pieces().filter(state=Piece.State.RESERVED, corrects__isnull=True, adjusts__isnull=True)
        found: dict[str, tuple[BilledPart, ...]] = {}
        for (_, key), part in billed.read(rows):
            found[key] = (*found.get(key, ()), part)
        rows.order_by().update(state=Piece.State.BILLABLE, candidate_line=None, net=None)
        return found

    def _documents(self, compared: Sequence[_Compared]) -> Iterable[Document]:
        """Documents with other work on them, as they are and as they would be; and what is on none yet."""
        apart: dict[int, Decimal] = defaultdict(Decimal)
        moved: Counter[int] = Counter()
        before: dict[Payer, Decimal] = defaultdict(Decimal)
        after: dict[Payer, Decimal] = defaultdict(Decimal)
        waiting: Counter[Payer] = Counter()
        for row in compared:
            was, would_be = _charged(row.was.pieces), _charged(row.would_be.pieces)
            for payer in {*was, *would_be, *row.on}:
                candidate = row.on.get(payer)
                if candidate is None:
                    before[payer] += was.get(payer, ZERO)
                    after[payer] += would_be.get(payer, ZERO)
                    waiting[payer] += row.changed
                elif row.changed:
                    apart[candidate] += self._rounded(would_be.get(payer, ZERO)) - self._rounded(was.get(payer, ZERO))
                    moved[candidate] += 1
        rows = Candidate.objects.select_related("bill_to__customer", "invoice").in_bulk(list(moved))
        for pk, document in sorted(rows.items()):
            if apart[pk]:
                yield _document(document, document.net + apart[pk], moved[pk])
        for payer in sorted(waiting, key=lambda payer: payer or 0):
            if before[payer] != after[payer]:
                yield self._waiting(payer, before[payer], after[payer], waiting[payer])

    def _waiting(self, payer: Payer, before: Decimal, after: Decimal, decisions: int) -> Document:
        contract = self._contract
        bill_to = BillTo.objects.select_related("customer").get(pk=payer) if payer else contract.bill_to
        return Document(
            subject=("contracts.contract", str(contract.pk)),
            label=f"Not billed yet, {contract.number}",
            customer=(bill_to.customer if bill_to else contract.customer).name,
            currency=contract.currency,
            before=self._rounded(before),
            after=self._rounded(after),
            decisions=decisions,
        )

    def _otherwise(self, event: BillableEvent, row: _Compared) -> Otherwise:
        was, would_be = (sum(_charged(side.pieces).values(), ZERO) for side in (row.was, row.would_be))
        return Otherwise(
            subject=("billing.billableevent", str(event.pk)),
            label=f"{work_title(event)} · {self._contract.number}",
            was=_told(row.was),
            would_be=_told(row.would_be),
            currency=self._contract.currency,
            before=self._rounded(was),
            after=self._rounded(would_be),
        )

    def _rounded(self, amount: Decimal) -> Decimal:
        contract = self._contract
        return round_money(amount, contract.currency, contract.legal_entity.rounding)  # type: ignore[arg-type]


def document_of(candidate: Candidate) -> tuple[tuple[str, str], str]:
    """What a candidate is now, as (type, id), and what it is called: its invoice, once it is posted."""
    invoice = getattr(candidate, "invoice", None)
    if invoice is not None:
        return ("billing.invoice", str(invoice.pk)), f"Invoice {invoice.number}"
    return ("billing.candidate", str(candidate.pk)), f"Candidate {candidate.number}"


def _document(candidate: Candidate, after: Decimal, decisions: int) -> Document:
    subject, label = document_of(candidate)
    return Document(
        subject=subject,
        label=label,
        customer=candidate.bill_to.customer.name,
        currency=candidate.currency,
        before=candidate.net,
        after=after,
        decisions=decisions,
    )


def _told(result: DecisionResult) -> str:
    """The answer of the table about a work, and by which rule."""
    said = result.trace["charge"]
    answer = Answer({}, said.get("table") or "", said.get("version", 0), said.get("rule", 0))
    return f"{said['answer'].replace('_', ' ')} ({answer.told()})"
