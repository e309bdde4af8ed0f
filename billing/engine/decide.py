"""The decision: what may be charged for delivered work, under which terms, and why (billing.md §1.7, §2, §3.1).

All open work of one contract is decided together, in order of service date, start and event id, because caps and hour
buckets are used up in that order. The same terms and works give the same bytes, in whatever order they are handed in.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from billing.engine import charging, retro
from billing.engine.caps import CapBook, divided
from billing.engine.corrections import (
    Correction,
    as_billed,
    charged_before,
    correction,
    correction_facts,
    credit_pieces,
    kept,
    reopened,
    unapproved,
    withdrawal,
)
from billing.engine.disposals import set_aside
from billing.engine.eligibility import Map, Place
from billing.engine.facts import contract_facts, filing, place_facts, rate_facts, work_facts
from billing.engine.holds import HoldBook, hold_facts, stopping, told_with
from billing.engine.moulds import Moulds, is_plain, takes_plain
from billing.engine.notation import Part, seal
from billing.engine.payers import PayerBook, payer_facts
from billing.engine.pools import charge, tell_price
from billing.engine.pricing import price_amount, price_time, price_usage, time_value
from billing.engine.rates import Card, RateAnswer
from billing.engine.retainers import BucketBook
from billing.engine.routes import Route, charge_facts
from billing.engine.standing import (
    all_billed,
    contract_code,
    late_by,
    malformed,
    negative,
    open_minutes,
    price_code,
    sign_code,
    turning_days,
    uncharged,
    wholly_locked,
)
from billing.engine.tiers import TierBook
from billing.engine.unlinked import without_contract
from billing.engine.values import (
    ZERO,
    BilledPart,
    DecisionResult,
    HoldTerm,
    Line,
    PieceResult,
    Pieces,
    Price,
    State,
    Terms,
    Work,
)


def decide(terms: Terms | None, works: Iterable[Work]) -> list[DecisionResult]:
    """Decide all open work of one contract; results come in the order of decision.

    Without terms everything chargeable is blocked with `CONTRACT_MISSING`. Raises ValueError if an event comes twice.
    """
    known = [as_billed(work) if work.billed else work for work in works]
    ordered = sorted(known, key=lambda work: (work.service_date, work.start_order, work.event_id))
    if len({work.event_id for work in ordered}) != len(ordered):
        raise ValueError("An event must be decided once: the same event id was given twice.")
    if terms is None:
        return [without_contract(work) for work in ordered]
    decider = _Decider(terms)
    ordered = decider.charged(ordered)
    decider.correct(ordered)
    return [decider.decide(work) for work in ordered]


class _Decider:
    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._map = Map(terms.eligibility, terms.lines)
        self._card = Card(
            terms.rates, currency=terms.currency, precedence=terms.rate_precedence,
            order=terms.rate_order, quotes=None if terms.quotes is None else dict(terms.quotes),
            max_age=terms.fx_max_age_days,
        )  # fmt: skip
        self._holds = HoldBook(terms.holds, terms.contract_id)
        self._caps = CapBook(terms.caps)
        self._buckets = BucketBook(terms.lines, terms.retainer_use, terms.starts_on)
        self._tiers = TierBook(terms.lines, dict(terms.tier_use))
        self._payers = PayerBook(terms.splits, terms.currency, terms.rounding)
        self._rounds = any(line.increment for line in terms.lines)
        self._turns = turning_days(terms)
        self._contract = Part(contract_facts(terms))
        self._rounding = Part(f"{terms.rounding}, once, at the printed line; amounts here are exact")
        self._routes: dict[tuple[object, ...], Route] = {}
        self._corrections: dict[int, Correction] = {}
        self._treated: dict[int, retro.Treatment] = {}

    def charged(self, works: list[Work]) -> list[Work]:
        """The works with the minutes that the increments of their lines charge."""
        return charge(works, self._filed, self._terms.settled) if self._rounds else works

    def _filed(self, work: Work) -> tuple[Line | None, str]:
        route = self._route(work)
        return route.place.line, route.charge

    def correct(self, works: Iterable[Work]) -> None:
        """Find what is billed otherwise than it should be: all of it gives its room back before any charge."""
        for work in works:
            if not work.billed or (found := self._correction(work)) is None or self._stays(work, found):
                continue
            self._corrections[work.event_id] = found
            holds, expense = self._holds_on(work, self._route(work).place.line), work.kind == "expense"
            for part in (part for part in found.parts if not self._stops_part(part, holds)):
                line = self._map.lines.get(part.line_id)
                self._caps.give_back(line, part.amount, part.service_date, expense=expense, payer=part.payer_id)
                if line is not None and line.tiers and part.minutes is not None and part.rate:
                    self._tiers.give_back(line, part.minutes)

    def decide(self, work: Work) -> DecisionResult:
        route = self._route(work)
        moulds = route.moulds if is_plain(work) else None
        if moulds is not None and (made := moulds.cast(work)) is not None:
            return made
        parts = {**route.parts, "facts": Part(work_facts(work))}
        found, treated = self._corrections.get(work.event_id), self._treated.get(work.event_id)
        if treated is not None:
            parts["retro"] = Part(retro.facts(treated))
        if found is not None:
            pieces = self._corrected(work, found, route, parts)
        elif treated is not None:
            pieces = self._beside_posted(work, treated, route, parts)
        else:
            pieces = () if all_billed(work) else self._pieces(work, route, parts)
        if moulds is not None:
            moulds.learn(work, pieces)
        return seal(work.event_id, pieces, parts)

    def _route(self, work: Work) -> Route:
        key = (
            work.kind, work.project_id, work.line_id, work.resource, work.role, work.resource_default_role,
            work.task_code, work.category, work.chargeable, bisect_right(self._turns, work.service_date),
            charged_before(work) if work.billed else None,
        )  # fmt: skip
        route = self._routes.get(key)
        if route is None:
            route = self._routes[key] = self._find_route(work)
        return route

    def _find_route(self, work: Work) -> Route:
        role = work.role or work.resource_default_role
        place = self._place(work, role)
        charge, said = self._charge(work, role, place)
        priced = work.kind in ("time", "usage") and not place.code
        rate = self._rate(work, role, place, charge) if priced else None
        parts = {
            "contract": self._contract,
            "rounding": self._rounding,
            "filing": Part(filing(work, role)),
            "eligibility": Part(place_facts(place)),
            "charge": Part(said),
        }
        if rate is not None:
            parts["rate"] = Part(rate_facts(rate))
        limited = place.line is not None and bool(self._caps.over(place.line, expense=False))
        alike = work.kind == "time" and takes_plain(self._terms, place.line, limited=limited)
        return Route(contract_code(self._terms, work), place, charge, rate, parts, Moulds(parts) if alike else None)

    def _charge(self, work: Work, role: str, place: Place) -> tuple[str, dict[str, object]]:
        """Whether it is charged, and what the trace says of it: by the table in force, or as it was billed already.

        A change of the table leaves billed work alone; a line that came to cover it does not.
        """
        asked = charge_facts(work, role, place)
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
        by_piece = work.kind == "usage"
        return self._card.resolve(
            resource=work.resource, role=role, items=items, on=work.service_date, by_piece=by_piece
        )

    def _correction(self, work: Work) -> Correction | None:
        """What is posted of a work and has to be credited; nothing while anything about it is not known."""
        if work.withdrawn:
            return withdrawal(work)
        if found := unapproved(work):
            return found
        route = self._route(work)
        line = route.place.line
        if answer := uncharged(work, route.charge):
            return correction(work, Price(ZERO, free=answer[0]), None) if answer[0] == "non_billable" else None
        if malformed(work) or work.approval != "approved" or route.code or route.place.code:
            return None
        price = self._worth(work, route)
        if price.code or negative(work) or (line is None and not price.free):
            return None
        return correction(work, price, line.id if line else None, self._payers.of(line, work.service_date))

    def _stays(self, work: Work, found: Correction) -> bool:
        """Whether what is posted stays, although its price is another now: as agreed with the price, or by contract."""
        route = self._route(work)
        row = route.rate.row if route.rate else None
        mode = (row.retro if row else None) or self._terms.retro_mode
        treated = retro.treatment(mode, work, found, route.place.line, lambda: self._worth(work, route))
        if treated is None:
            return False
        self._treated[work.event_id] = treated
        return treated.applied != "reverse_and_rebill"

    def _beside_posted(self, work: Work, treated: retro.Treatment, route: Route, parts: dict[str, Part]) -> Pieces:
        """What stays posted has the difference beside it, billed or kept in sight, and what else is open of it."""
        line, pieces = route.place.line, retro.claims(treated, self._terms.currency)
        if line is not None:
            holds, shares = self._holds_on(work, line), self._payers.of(line, work.service_date)
            on_payer = {one.payer_id: self._holds.on_payer(one) for one in shares}
            for piece in retro.differences(treated, self._terms.currency):
                touching = [*holds, *on_payer.get(piece.payer_id or 0, ())]
                stops = stopping(touching)
                if touching:
                    parts["holds"] = Part(told_with(parts["holds"].value if "holds" in parts else (), touching))
                pieces += (
                    (replace(piece, state="held", codes=stops),) if stops else self._capped(work, piece, line, parts)
                )
        return pieces + self._pieces(retro.kept_apart(work, treated), route, parts)

    def _holds_on(self, work: Work, line: Line | None) -> list[HoldTerm]:
        """The holds on a work; where it is corrected, those on the lines it was billed under count for it as well."""
        found = self._corrections.get(work.event_id)
        lines = {line.id if line else None, *(part.line_id for part in (found.parts if found else ()))}
        shares = self._payers.of(line, work.service_date)
        holds = {hold.id: hold for line_id in lines for hold in self._holds.touching(work, line_id, shares)}
        return [holds[pk] for pk in sorted(holds)]

    def _stops_part(self, part: BilledPart, holds: list[HoldTerm]) -> tuple[str, ...]:
        """The codes that keep a credit of a posted part back: of holds on the work, and on who was billed."""
        return stopping([*holds, *self._holds.on_bill_to(part.payer_id)])

    def _corrected(self, work: Work, found: Correction, route: Route, parts: dict[str, Part]) -> Pieces:
        """The credits of what is posted, and the same work charged as if it had never been."""
        parts["correction"] = Part(correction_facts(found))
        holds = self._holds_on(work, route.place.line)
        credited = credit_pieces(found, lambda part: self._stops_part(part, holds), self._terms.currency)
        return credited if work.withdrawn else credited + self._pieces(reopened(work, found), route, parts)

    def _pieces(self, work: Work, route: Route, parts: dict[str, Part]) -> Pieces:
        line = route.place.line
        if answer := uncharged(work, route.charge):
            return (self._whole(work, line, *answer, Price(ZERO)),)
        if malformed(work):
            return (self._whole(work, line, "blocked", ("RULE_ERROR",), Price(None)),)
        price = self._price(work, route, parts)
        code = ("NOT_APPROVED" if work.approval != "approved" else "") or route.code or route.place.code
        if not code and price.free:
            return self._free(work, line, price)
        code = code or price_code(price, line) or sign_code(work, price) or self._time_bar(work, parts)
        if not work.disposals or line is None or price.value is None:
            return self._open(work, line, code, price, parts)
        aside = set_aside(work, line, price, self._terms.currency)
        if aside.steps:
            parts["disposals"] = Part(list(aside.steps))
        if wholly_locked(aside.work, aside.price):
            return aside.pieces
        return aside.pieces + self._open(aside.work, line, code, aside.price, parts)

    def _open(self, work: Work, line: Line | None, code: str, price: Price, parts: dict[str, Part]) -> Pieces:
        """What becomes of the work that is not set aside."""
        if code or line is None:
            return (self._whole(work, line, "blocked", (code or "MAP_MISSING",), price),)
        if wholly_locked(work, price):
            return ()
        if stops := self._stops(work, line, parts):
            return (self._whole(work, line, "held", stops, price),)
        if price.gratis and not self._payers.of(line, work.service_date):
            return (self._whole(work, line, "billable", (), price),)
        if work.kind == "time" and line.method == "retainer_hours":
            return self._from_bucket(work, line, price, parts)
        if price.slices:
            return self._by_tier(work, line, price, parts)
        charged = self._within_caps(work, line, open_minutes(work), price.hourly, price.value or ZERO, parts)
        return charged + self._beyond_policy(line, price)

    def _by_tier(self, work: Work, line: Line, price: Price, parts: dict[str, Part]) -> Pieces:
        """One piece for each price that an entry falls under, as at a limit that is crossed."""
        parts["tiers"] = Part(self._tiers.take(line, sum((minutes for minutes, _ in price.slices), ZERO)))
        pieces: Pieces = ()
        for minutes, hourly in price.slices:
            pieces += self._within_caps(work, line, minutes, hourly, time_value(minutes, hourly), parts)
        return pieces

    def _beyond_policy(self, line: Line, price: Price) -> Pieces:
        """What a policy for expenses cut off: it is kept in sight and not billed."""
        if not price.beyond:
            return ()
        cut, currency = ("EXPENSE_POLICY",), self._terms.currency
        return (PieceResult("non_billable", cut, line.id, None, None, None, price.beyond, currency),)

    def _time_bar(self, work: Work, parts: dict[str, Part]) -> str:
        if not (late := late_by(self._terms, work)):
            return ""
        parts["late"] = Part({"bar": self._terms.time_bar_days, "days": late + (self._terms.time_bar_days or 0)})
        return "TIME_BARRED"

    def _price(self, work: Work, route: Route, parts: dict[str, Part]) -> Price:
        price, line = self._worth(work, route), route.place.line
        if work.kind == "time":
            tell_price(work, line, route.rate, parts)
            if line is not None and price.allowed:
                parts["tiers"] = Part(self._tiers.position(line))
            return price
        if price.steps:
            parts["steps"] = Part(list(price.steps))
        if price.value is None or price.free:
            return price
        return replace(price, value=price.value - work.locked_amount)

    def _worth(self, work: Work, route: Route) -> Price:
        """The value of a work under its terms; of what has no minutes, whatever is locked of it."""
        if work.kind == "time":
            return price_time(work, route.place, route.rate, route.charge, self._tiers)
        if work.kind == "usage":
            return price_usage(work, route.place, route.rate, route.charge)
        return price_amount(work, route.place, self._terms, route.charge)

    def _whole(self, work: Work, line: Line | None, state: State, codes: tuple[str, ...], price: Price) -> PieceResult:
        line_id = line.id if line else None
        minutes = open_minutes(work)
        return PieceResult(state, codes, line_id, None, minutes, price.hourly, price.value, self._terms.currency)

    def _free(self, work: Work, line: Line | None, price: Price) -> Pieces:
        if price.free == "non_billable":
            return (self._whole(work, line, "non_billable", ("NON_BILLABLE",), price),)
        return (self._whole(work, line, "included", (), price),)

    def _stops(self, work: Work, line: Line, parts: dict[str, Part]) -> tuple[str, ...]:
        holds = self._holds_on(work, line)
        if not holds:
            return ()
        parts["holds"] = Part([hold_facts(hold) for hold in holds])
        return stopping(holds)

    def _from_bucket(self, work: Work, line: Line, price: Price, parts: dict[str, Part]) -> Pieces:
        split = self._buckets.take(line.id, work.service_date, open_minutes(work) or ZERO)
        parts["retainer"] = Part(split.step)
        currency = self._terms.currency
        pieces: Pieces = ()
        if split.included or not split.overage:
            pieces = (PieceResult("included", (), line.id, None, split.included, price.hourly, ZERO, currency),)
        if not split.overage:
            return pieces
        if price.hourly is None:
            unpriced = PieceResult("blocked", (price.code,), line.id, None, split.overage, None, None, currency)
            return (*pieces, unpriced)
        value = time_value(split.overage, price.hourly)
        return pieces + self._within_caps(work, line, split.overage, price.hourly, value, parts)

    def _within_caps(
        self, work: Work, line: Line, minutes: Decimal | None, rate: Decimal | None, value: Decimal,
        parts: dict[str, Part],
    ) -> Pieces:  # fmt: skip
        """What limits allow of an amount; where payers share it, of each one's part by itself (R15)."""
        shares = self._payers.of(line, work.service_date)
        if not shares:
            whole = PieceResult("billable", (), line.id, None, minutes, rate, value, self._terms.currency)
            return self._capped(work, whole, line, parts)
        parts["payers"] = Part(payer_facts(shares))
        pieces: Pieces = ()
        for its in self._payers.divide(work, line, minutes, value):
            if holds := self._holds.on_payer(its.share):
                parts["holds"] = Part(told_with(parts["holds"].value if "holds" in parts else (), holds))
            stops = stopping(holds)
            piece = PieceResult(
                "held" if stops else "billable", stops, line.id, None, its.minutes, rate, its.amount,
                self._terms.currency, payer_id=its.share.payer_id, percent=its.share.percent,
            )  # fmt: skip
            pieces += (piece,) if stops else self._capped(work, piece, line, parts)
        return pieces

    def _capped(self, work: Work, piece: PieceResult, line: Line, parts: dict[str, Part]) -> Pieces:
        """A billable piece as far as limits allow it, and what is beyond."""
        caps = self._caps.over(line, expense=work.kind == "expense", payer=piece.payer_id)
        if not caps:
            return (piece,)
        cut = self._caps.take(caps, piece.amount or ZERO, work.service_date)
        parts["caps"] = Part([*(parts["caps"].value if "caps" in parts else ()), *cut.steps])
        if cut.warnings:
            told = parts["warnings"].value if "warnings" in parts and piece.payer_id is not None else ()
            parts["warnings"] = Part([*told, *cut.warnings])
        return divided(piece, cut)
