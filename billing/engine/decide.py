"""The decision: what may be charged for delivered work, under which terms, and why (billing.md §1.7, §2, §3.1).

All open work of one contract is decided together, in order of service date, start and event id, because caps and hour
buckets are used up in that order. The same terms and works give the same bytes, in whatever order they are handed in.
"""

from bisect import bisect_right
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from billing.engine import charging
from billing.engine.caps import CapBook, minutes_within
from billing.engine.corrections import (
    Correction,
    as_billed,
    charged_before,
    correction,
    correction_facts,
    credit_pieces,
    kept,
    reopened,
    withdrawal,
)
from billing.engine.eligibility import Map, Place
from billing.engine.facts import contract_facts, filing, place_facts, rate_facts, work_facts
from billing.engine.holds import HoldBook, hold_facts, stopping
from billing.engine.notation import Part, seal
from billing.engine.pricing import Price, price_amount, price_time, time_value
from billing.engine.rates import Card, RateAnswer
from billing.engine.retainers import BucketBook
from billing.engine.schedule import DAY
from billing.engine.values import (
    RULES_VERSION,
    ZERO,
    DecisionResult,
    HoldTerm,
    Line,
    PieceResult,
    State,
    Terms,
    Work,
)

UNSIGNED = ("draft", "in_review")
_NO_CONTRACT = Place(None, "", "CONTRACT_MISSING", "none", ())


def decide(terms: Terms | None, works: Iterable[Work]) -> list[DecisionResult]:
    """Decide all open work of one contract; results come in the order of decision.

    Without terms everything chargeable is blocked with `CONTRACT_MISSING`. Raises ValueError if an event comes twice.
    """
    ordered = sorted(map(as_billed, works), key=lambda work: (work.service_date, work.start_order, work.event_id))
    if len({work.event_id for work in ordered}) != len(ordered):
        raise ValueError("An event must be decided once: the same event id was given twice.")
    if terms is None:
        return [_without_contract(work) for work in ordered]
    decider = _Decider(terms)
    decider.correct(ordered)
    return [decider.decide(work) for work in ordered]


class _Route:
    """What is the same for all work of one shape in one stretch of days: where it belongs and what an hour costs."""

    __slots__ = ("charge", "code", "parts", "place", "rate")

    def __init__(self, code: str, place: Place, charge: str, rate: RateAnswer | None, parts: dict[str, Part]) -> None:
        self.code = code
        self.charge = charge
        self.place = place
        self.rate = rate
        self.parts = parts


class _Decider:
    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._map = Map(terms.eligibility, terms.lines)
        self._card = Card(terms.rates, currency=terms.currency, precedence=terms.rate_precedence)
        self._holds = HoldBook(terms.holds, terms.contract_id)
        self._caps = CapBook(terms.caps)
        self._buckets = BucketBook(terms.lines, terms.retainer_use, terms.starts_on)
        self._turns = _turning_days(terms)
        self._contract = Part(contract_facts(terms))
        self._rounding = Part(f"{terms.rounding}, once, at the printed line; amounts here are exact")
        self._routes: dict[tuple[object, ...], _Route] = {}
        self._corrections: dict[int, Correction] = {}

    def correct(self, works: Iterable[Work]) -> None:
        """Find what is billed otherwise than it should be: all of it gives its room back before anything is charged."""
        for work in works:
            if not work.billed or (found := self._correction(work)) is None:
                continue
            self._corrections[work.event_id] = found
            if not stopping(self._holds_on(work, self._route(work).place.line)):
                for part in found.parts:
                    line = self._map.lines.get(part.line_id)
                    self._caps.give_back(line, part.amount, part.service_date, expense=work.kind == "expense")

    def decide(self, work: Work) -> DecisionResult:
        route = self._route(work)
        parts = {**route.parts, "facts": Part(work_facts(work))}
        found = self._corrections.get(work.event_id)
        if found is not None:
            pieces = self._corrected(work, found, route, parts)
        else:
            pieces = () if _all_billed(work) else self._pieces(work, route, parts)
        return seal(work.event_id, pieces, parts)

    def _route(self, work: Work) -> _Route:
        key = (
            work.kind, work.project_id, work.line_id, work.resource, work.role, work.resource_default_role,
            work.task_code, work.category, work.chargeable, bisect_right(self._turns, work.service_date),
            charged_before(work),
        )  # fmt: skip
        route = self._routes.get(key)
        if route is None:
            route = self._routes[key] = self._find_route(work)
        return route

    def _find_route(self, work: Work) -> _Route:
        role = work.role or work.resource_default_role
        place = self._place(work, role)
        charge, said = self._charge(work, role, place)
        rate = self._rate(work, role, place, charge) if work.kind == "time" and not place.code else None
        parts = {
            "contract": self._contract,
            "rounding": self._rounding,
            "filing": Part(filing(work, role)),
            "eligibility": Part(place_facts(place)),
            "charge": Part(said),
        }
        if rate is not None:
            parts["rate"] = Part(rate_facts(rate))
        return _Route(_contract_code(self._terms, work), place, charge, rate, parts)

    def _charge(self, work: Work, role: str, place: Place) -> tuple[str, dict[str, object]]:
        """Whether it is charged, and what the trace says of it: by the table in force, or as it was billed already.

        A change of the table leaves billed work alone; a line that came to cover it does not.
        """
        line = place.line
        asked = {
            "kind": work.kind,
            "source_charges": work.chargeable,
            "agreed": place.chargeability,
            "method": line.method if line else "",
            "expense_rule": line.expense_rule if line else "",
            "role": role,
            "task": work.task_code,
            "category": work.category,
            "resource": work.resource,
            "service_date": work.service_date.isoformat(),
        }
        before = charged_before(work)
        if before is not None and charging.DELIVERED.decide(asked)["answer"] == "chargeable":
            return before, {"answer": before, "table": None, "note": "as it was billed"}
        answer = self._terms.charging.decide(asked)
        return answer["answer"], answer.facts()

    def _place(self, work: Work, role: str) -> Place:
        if work.kind in ("milestone", "fee") or kept(work) is not None:
            return self._map.named(work.line_id)
        return self._map.find(
            kind=work.kind, project_id=work.project_id, task_code=work.task_code, role=role,
            category=work.category, on=work.service_date, line_id=work.line_id,
        )  # fmt: skip

    def _rate(self, work: Work, role: str, place: Place, charge: str) -> RateAnswer | None:
        line = place.line
        if charge == "non_chargeable":
            return None
        if line is not None and line.method == "retainer_hours" and line.overage_rate is not None:
            return RateAnswer(None, line.overage_rate, "", ())
        items = (work.task_code, work.category)
        return self._card.resolve(resource=work.resource, role=role, items=items, on=work.service_date)

    def _correction(self, work: Work) -> Correction | None:
        """What is posted of a work and has to be credited; nothing while anything about it is not known."""
        if work.withdrawn:
            return withdrawal(work)
        route = self._route(work)
        line = route.place.line
        if answer := _uncharged(work, route.charge):
            return correction(work, Price(ZERO, free=answer[0]), None) if answer[0] == "non_billable" else None
        if _malformed(work) or work.approval != "approved" or route.code or route.place.code:
            return None
        price = self._price_of_all(work, route)
        negative = (work.minutes or ZERO) < 0 or (work.amount or ZERO) < 0
        if price.code or negative or (line is None and not price.free):
            return None
        return correction(work, price, line.id if line else None)

    def _holds_on(self, work: Work, line: Line | None) -> list[HoldTerm]:
        """The holds on a work; where it is corrected, those on the lines it was billed under count for it as well."""
        found = self._corrections.get(work.event_id)
        lines = {line.id if line else None, *(part.line_id for part in found.parts)} if found else None
        if lines is None:
            return self._holds.touching(work, line.id if line else None)
        holds = {hold.id: hold for line_id in lines for hold in self._holds.touching(work, line_id)}
        return [holds[pk] for pk in sorted(holds)]

    def _corrected(
        self, work: Work, found: Correction, route: _Route, parts: dict[str, Part]
    ) -> tuple[PieceResult, ...]:
        """The credits of what is posted, and the same work charged as if it had never been."""
        parts["correction"] = Part(correction_facts(found))
        stops = stopping(self._holds_on(work, route.place.line))
        credited = credit_pieces(found, "held" if stops else "billable", stops, self._terms.currency)
        return credited if work.withdrawn else credited + self._pieces(reopened(work, found), route, parts)

    def _pieces(self, work: Work, route: _Route, parts: dict[str, Part]) -> tuple[PieceResult, ...]:
        line = route.place.line
        if answer := _uncharged(work, route.charge):
            return (self._whole(work, line, *answer, Price(ZERO)),)
        if _malformed(work):
            return (self._whole(work, line, "blocked", ("RULE_ERROR",), Price(None)),)
        price = self._price(work, route, parts)
        code = ("NOT_APPROVED" if work.approval != "approved" else "") or route.code or route.place.code
        if not code and price.free:
            return self._free(work, line, price)
        code = code or _price_code(price, line) or _sign_code(work, price)
        if code or line is None:
            return (self._whole(work, line, "blocked", (code or "MAP_MISSING",), price),)
        if _wholly_locked(work, price):
            return ()
        if stops := self._stops(work, line, parts):
            return (self._whole(work, line, "held", stops, price),)
        if price.gratis:
            return (self._whole(work, line, "billable", (), price),)
        if work.kind == "time" and line.method == "retainer_hours":
            return self._from_bucket(work, line, price, parts)
        return self._within_caps(work, line, _open_minutes(work), price.hourly, price.value or ZERO, parts)

    def _price(self, work: Work, route: _Route, parts: dict[str, Part]) -> Price:
        price = self._price_of_all(work, route)
        if work.kind == "time":
            return price
        if price.steps:
            parts["steps"] = Part(list(price.steps))
        if price.value is None or price.free:
            return price
        return Price(price.value - work.locked_amount, code=price.code, steps=price.steps)

    def _price_of_all(self, work: Work, route: _Route) -> Price:
        """The price of time; the value of an expense, a milestone or a fee, whatever is locked of it."""
        if work.kind == "time":
            return price_time(work, route.place, route.rate, route.charge)
        return price_amount(work, route.place, self._terms, route.charge)

    def _whole(self, work: Work, line: Line | None, state: State, codes: tuple[str, ...], price: Price) -> PieceResult:
        line_id = line.id if line else None
        minutes = _open_minutes(work)
        return PieceResult(state, codes, line_id, None, minutes, price.hourly, price.value, self._terms.currency)

    def _free(self, work: Work, line: Line | None, price: Price) -> tuple[PieceResult, ...]:
        if price.free == "non_billable":
            return (self._whole(work, line, "non_billable", ("NON_BILLABLE",), price),)
        return (self._whole(work, line, "included", (), price),)

    def _stops(self, work: Work, line: Line, parts: dict[str, Part]) -> tuple[str, ...]:
        holds = self._holds_on(work, line)
        if not holds:
            return ()
        parts["holds"] = Part([hold_facts(hold) for hold in holds])
        return stopping(holds)

    def _from_bucket(self, work: Work, line: Line, price: Price, parts: dict[str, Part]) -> tuple[PieceResult, ...]:
        split = self._buckets.take(line.id, work.service_date, _open_minutes(work) or ZERO)
        parts["retainer"] = Part(split.step)
        pieces: tuple[PieceResult, ...] = ()
        if split.included or not split.overage:
            currency = self._terms.currency
            pieces = (PieceResult("included", (), line.id, None, split.included, price.hourly, ZERO, currency),)
        if not split.overage:
            return pieces
        if price.hourly is None:
            code = price.code
            return (
                *pieces,
                PieceResult("blocked", (code,), line.id, None, split.overage, None, None, self._terms.currency),
            )
        value = time_value(split.overage, price.hourly)
        return pieces + self._within_caps(work, line, split.overage, price.hourly, value, parts)

    def _within_caps(
        self, work: Work, line: Line, minutes: Decimal | None, rate: Decimal | None, value: Decimal,
        parts: dict[str, Part],
    ) -> tuple[PieceResult, ...]:  # fmt: skip
        currency, line_id = self._terms.currency, line.id
        caps = self._caps.over(line, expense=work.kind == "expense")
        if not caps:
            return (PieceResult("billable", (), line_id, None, minutes, rate, value, currency),)
        cut = self._caps.take(caps, value, work.service_date)
        parts["caps"] = Part(list(cut.steps))
        if cut.warnings:
            parts["warnings"] = Part(list(cut.warnings))
        if cut.binding is None:
            return (PieceResult("billable", (), line_id, None, minutes, rate, value, currency),)
        over = ("CAP_REACHED",)
        if not cut.allowed:
            return (PieceResult("over_cap", over, line_id, cut.binding, minutes, rate, value, currency),)
        inside = minutes_within(minutes, cut.allowed, value)
        beyond = None if minutes is None or inside is None else minutes - inside
        return (
            PieceResult("billable", (), line_id, cut.binding, inside, rate, cut.allowed, currency),
            PieceResult("over_cap", over, line_id, cut.binding, beyond, rate, value - cut.allowed, currency),
        )


def _without_contract(work: Work) -> DecisionResult:
    answer = _uncharged(work, "chargeable" if work.chargeable else "non_chargeable")
    state, codes = answer or ("blocked", ("NOT_APPROVED" if work.approval != "approved" else "CONTRACT_MISSING",))
    amount = ZERO if answer else work.amount
    piece = PieceResult(state, codes, None, None, _open_minutes(work), None, amount, work.currency)
    parts = {
        "contract": Part({"id": None, "rules": RULES_VERSION}),
        "eligibility": Part(place_facts(_NO_CONTRACT)),
        "facts": Part(work_facts(work)),
        "filing": Part(filing(work, work.role or work.resource_default_role)),
    }
    return seal(work.event_id, (piece,), parts)


def _uncharged(work: Work, charge: str) -> tuple[State, tuple[str, ...]] | None:
    """Work that its approver refused, or that is not charged as its source says; the latter once it is approved (R19).

    Until then nobody has confirmed what it is, not even that it is for free: it waits like all the rest, worth nothing.
    """
    if work.approval == "rejected":
        return "non_billable", ("REJECTED",)
    if work.chargeable or charge != "non_chargeable":
        return None
    return ("non_billable", ("NON_BILLABLE",)) if work.approval == "approved" else ("blocked", ("NOT_APPROVED",))


def _malformed(work: Work) -> bool:
    return work.minutes is None if work.kind == "time" else work.amount is None


def _contract_code(terms: Terms, work: Work) -> str:
    """Whether the contract covers the day. Fees and milestones come from the contract itself and may fall after it."""
    if terms.signed_on is None or terms.status in UNSIGNED:
        return "CONTRACT_NOT_SIGNED"
    if work.kind in ("milestone", "fee"):
        return ""
    if terms.starts_on is not None and work.service_date < terms.starts_on:
        return "CONTRACT_MISSING"
    if terms.ends_on is not None and work.service_date > terms.ends_on:
        return "CONTRACT_EXPIRED"
    return ""


def _price_code(price: Price, line: Line | None) -> str:
    """Why there is no price; on a retainer that matters only beyond the bucket."""
    return "" if line is not None and line.method == "retainer_hours" and price.code in _RATE_CODES else price.code


_RATE_CODES = ("RATE_MISSING", "ROLE_MISSING")


def _sign_code(work: Work, price: Price) -> str:
    """Negative work needs its original; a fall below what is already billed is a correction, not a new charge."""
    if (work.minutes is not None and work.minutes < 0) or (work.amount is not None and work.amount < 0):
        return "NEGATIVE_UNMATCHED"
    minutes = _open_minutes(work)
    below = (minutes is not None and minutes < 0) or (price.value is not None and price.value < 0)
    return "LATE_CHANGE" if below else ""


def _all_billed(work: Work) -> bool:
    """Whether nothing of the work is left to decide: what stands posted, reserved or written off is all of it."""
    if not work.billed:
        return False
    if work.minutes is not None:
        return work.minutes == work.locked_minutes
    return all(part.worth in (None, work.locked_amount) for part in work.billed)


def _open_minutes(work: Work) -> Decimal | None:
    if work.minutes is None or not work.locked_minutes:
        return work.minutes
    return work.minutes - work.locked_minutes


def _wholly_locked(work: Work, price: Price) -> bool:
    return bool(work.locked_minutes or work.locked_amount) and not _open_minutes(work) and not price.value


def _turning_days(terms: Terms) -> list[date]:
    """The days on which an answer of the terms may change; between two of them it is the same."""
    days = {row.valid_from for row in terms.rates} | {row.valid_to for row in terms.rates if row.valid_to}
    spans = [(terms.starts_on, terms.ends_on), *((line.starts_on, line.ends_on) for line in terms.lines)]
    days |= {start for start, _ in spans if start} | {end + DAY for _, end in spans if end}
    days |= {turn for day in terms.charging.days for turn in (day, day + DAY)}
    return sorted(days)
