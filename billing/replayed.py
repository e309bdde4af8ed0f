"""Make past decisions again from what was known when each was made, and compare byte for byte with what is stored.

Known then: the terms kept with the decision, the version of the contract recorded last by then, the event (immutable),
the exchange rate recorded by then, the holds, and where limits and retainers stood when its turn came. Nothing of today
is read, and nothing is written. Decisions are read in pages, so that memory does not grow with their number.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Literal

from django.db import connection
from django.db.models import QuerySet

from billing import billed
from billing.compared import Path, first_difference
from billing.engine import again, recorded
from billing.engine.decide import decide
from billing.engine.notation import encode
from billing.engine.values import RULES_VERSION, BilledPart, DecisionResult, HoldTerm, Terms, Work
from billing.models import AgreedTerms, BillableEvent, Decision, Hold, Piece
from billing.terms import hold_term
from contracts.models import ContractVersion
from contracts.queries import LATEST_RATE
from integration_hub.kernel.money import Quote

PAGE = 2000
NOT_KEPT = "made before terms were kept with decisions"

Outcome = Literal["identical", "explained", "unexplained"]

_RATES = f"""
SELECT asked.decision, fx.rate, fx.day, fx.divides
  FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::date[], %s::timestamptz[])
       AS asked (decision, base, quote, day, known)
  JOIN LATERAL ({
    LATEST_RATE.format(base="asked.base", quote="asked.quote", on="asked.day", when="quoted.recorded_at <= asked.known")
}) AS fx ON true
"""  # noqa: S608 the statement has no values in it


@dataclass(frozen=True, slots=True)
class Verdict:
    """One decision made again. `because` explains a difference; `difference` is where it begins, stored and now."""

    decision: int
    work_key: str
    decided_at: datetime
    outcome: Outcome
    because: str = ""
    difference: Path | None = None


def replay(which: QuerySet[Decision]) -> Iterator[Verdict]:
    """A verdict on each decision, in the order in which they were made."""
    kept_since = Decision.objects.filter(agreed__isnull=False).order_by("pk").values_list("pk", flat=True).first()
    terms_of = lru_cache(maxsize=64)(_terms)
    after = 0
    rows = which.select_related("event").order_by("pk")
    while page := list(rows.filter(pk__gt=after)[:PAGE]):
        yield from _Page(page, kept_since, terms_of).verdicts()
        after = page[-1].pk


class _Page:
    """Some decisions, with what was known of each; as many statements however many they are."""

    def __init__(self, decisions: Sequence[Decision], kept_since: int | None, terms_of: "TermsOf") -> None:
        self._decisions = decisions
        self._kept_since = kept_since
        self._agreed = {row.agreed_id: terms_of(row.agreed_id) for row in decisions if row.agreed_id}
        self._pieces = _pieces(decisions)
        self._billed = _billed(decisions)
        self._holds = _holds(decisions)
        self._rates = _rates(decisions, self._agreed)
        self._versions = _versions(decisions)

    def verdicts(self) -> Iterator[Verdict]:
        made = self._made_again()
        for row in self._decisions:
            yield self._verdict(row, made.get(row.pk))

    def _verdict(self, row: Decision, made: "DecisionResult | str | None") -> Verdict:
        difference = self._difference(row, made)
        if difference is None:
            return Verdict(row.pk, row.event.work_key, row.decided_at, "identical")
        because = ""
        if _has_contract(row) and row.agreed_id is None and (self._kept_since or row.pk + 1) > row.pk:
            because, difference = NOT_KEPT, None
        elif row.rules != RULES_VERSION:
            because = f"rules {row.rules} then, {RULES_VERSION} now"
        outcome: Outcome = "explained" if because else "unexplained"
        return Verdict(row.pk, row.event.work_key, row.decided_at, outcome, because, difference)

    def _difference(self, row: Decision, made: "DecisionResult | str | None") -> Path | None:
        if row.agreed_id is None and _has_contract(row):
            return Path("agreed", None, "terms")
        if not isinstance(made, DecisionResult):
            return Path("decision", "made", made)
        known = self._versions.get(row.pk)
        if known != row.contract_version_id:
            return Path("contract_version", row.contract_version_id, known)
        if row.agreed_id and self._agreed[row.agreed_id][1]:
            return Path("agreed.terms", "as they were kept", "changed since")
        return first_difference(row, self._pieces[row.pk], made)

    def _made_again(self) -> dict[int, "DecisionResult | str"]:
        """Results by decision, or what went wrong. What stands alone is decided together, the rest one by one."""
        found: dict[int, DecisionResult | str] = {}
        together: dict[tuple[int | None, int], dict[int, tuple[int, Work]]] = defaultdict(dict)
        seen: dict[int, int] = defaultdict(int)
        for row in self._decisions:
            if row.agreed_id is None and _has_contract(row):
                continue
            work = self._work(row)
            if isinstance(work, str):
                found[row.pk] = work
            elif again.stands_alone(row.trace):
                turn = seen[row.event_id] = seen[row.event_id] + 1
                together[row.agreed_id, turn][row.event_id] = (row.pk, work)
            else:
                found |= _decided(self._terms_for(row, work), {row.event_id: (row.pk, work)})
        for (agreed_id, _), works in together.items():
            found |= _decided(self._agreed[agreed_id][0] if agreed_id else None, works)
        return found

    def _work(self, row: Decision) -> Work | str:
        try:
            parts = tuple(self._billed[pk] for pk in row.trace["facts"].get("billed", ()))
            return again.work(_delivered(row.event), row.trace, parts, self._rates.get(row.pk))
        except _MALFORMED as error:
            return f"{type(error).__name__}: {error}"

    def _terms_for(self, row: Decision, work: Work) -> Terms | None:
        if row.agreed_id is None:
            return None
        holds = [self._holds[fact["id"]] for fact in row.trace.get("holds", ()) if fact["id"] in self._holds]
        return again.terms(self._agreed[row.agreed_id][0], row.trace, work, holds)


_MALFORMED = (KeyError, TypeError, ValueError, ArithmeticError)


def _decided(terms: Terms | None, works: Mapping[int, tuple[int, Work]]) -> dict[int, "DecisionResult | str"]:
    try:
        results = decide(terms, [work for _, work in works.values()])
    except _MALFORMED as error:
        return {pk: f"{type(error).__name__}: {error}" for pk, _ in works.values()}
    return {works[result.event_id][0]: result for result in results}


def _has_contract(row: Decision) -> bool:
    return row.trace.get("contract", {}).get("id") is not None


Kept = tuple[Terms, bool]
"""Kept terms, and whether they are not what they were when they were kept."""
TermsOf = Callable[[int], Kept]


def _terms(agreed_id: int) -> Kept:
    row = AgreedTerms.objects.get(pk=agreed_id)
    return recorded.load(row.terms), sha256(encode(row.terms).encode()).hexdigest() != row.content_hash


def _delivered(event: BillableEvent) -> again.Delivered:
    return again.Delivered(
        event_id=event.pk,
        work_key=event.work_key,
        kind=event.kind,
        service_date=event.service_date,
        project_id=event.project_id,
        milestone_id=event.milestone_id,
        task_code=event.task_code,
        category=event.category,
        minutes=event.minutes,
        amount=event.amount,
        currency=event.currency,
        approval=event.approval,
        chargeable=event.chargeable,
        evidence=event.has_evidence,
    )


def _pieces(decisions: Sequence[Decision]) -> Mapping[int, list[Piece]]:
    """The pieces a decision made, in their order; not the credits that a person asked for of them later."""
    found: dict[int, list[Piece]] = defaultdict(list)
    rows = Piece.objects.filter(decision__in=[row.pk for row in decisions]).select_related("corrects")
    for piece in rows.order_by("decision_id", "number"):
        if piece.corrects is None or piece.corrects.decision_id != piece.decision_id:
            found[piece.decision_id].append(piece)
    return found


def _billed(decisions: Iterable[Decision]) -> dict[int, BilledPart]:
    ids = {pk for row in decisions for pk in row.trace.get("facts", {}).get("billed", ())}
    rows = Piece.objects.filter(pk__in=ids) if ids else Piece.objects.none()
    return {part.piece_id: part for _, part in billed.read(rows)}


def _holds(decisions: Iterable[Decision]) -> dict[int, HoldTerm]:
    """Holds that traces name and that were placed by then."""
    named = {fact["id"] for row in decisions for fact in row.trace.get("holds", ())}
    return {hold.pk: hold_term(hold) for hold in Hold.objects.filter(pk__in=named)} if named else {}


def _rates(decisions: Iterable[Decision], agreed: Mapping[int, Kept]) -> dict[int, Quote]:
    """For work in another currency than its contract's the rate of its day, of those recorded when it was decided."""
    asked = [
        (row.pk, row.event.currency, agreed[row.agreed_id][0].currency, row.event.service_date, row.decided_at)
        for row in decisions
        if row.agreed_id and row.event.amount is not None
    ]
    foreign = [one for one in asked if one[1] != one[2]]
    if not foreign:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_RATES, [list(column) for column in zip(*foreign, strict=True)])
        return {pk: Quote(rate, day, divides) for pk, rate, day, divides in cursor.fetchall()}


def _versions(decisions: Sequence[Decision]) -> dict[int, int]:
    """The version of its contract that was recorded last when each decision was made."""
    contracts = {row.trace.get("contract", {}).get("id") for row in decisions} - {None}
    known: dict[int, list[tuple[datetime, int]]] = defaultdict(list)
    rows = ContractVersion.objects.filter(contract__in=contracts).order_by("contract_id", "number")
    for contract, at, pk in rows.values_list("contract_id", "recorded_at", "pk"):
        known[contract].append((at, pk))
    found: dict[int, int] = {}
    for row in decisions:
        for at, pk in known[row.trace["contract"]["id"]] if _has_contract(row) else ():
            if at <= row.decided_at:
                found[row.pk] = pk
    return found
