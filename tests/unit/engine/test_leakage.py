"""Nothing leaks: whatever happens in whatever order, the pieces of every work add up to its value, to the last digit.

A small firm lives here: work arrives, changes and vanishes, prices and limits are amended backwards, holds come and go,
and runs post what is billable. Its books only ever grow.
"""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import get_args

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.engine.agreed import RetroMode
from billing.engine.decide import decide
from billing.engine.pricing import time_value
from billing.engine.rates import resolve
from billing.engine.values import BilledPart, CapTerm, HoldTerm, Line, RateRow, Terms, Work

JAN = date(2026, 1, 1)
LINES = (Line(id=1, number=1, method="tm"), Line(id=2, number=2, method="tm"))
CAPS = ((1, None), (2, 1), (3, 2))
"""Caps by id: on the whole contract, and on either line."""


@dataclass
class Entry:
    """A posted piece: a charge, or a credit of one."""

    id: int
    key: str
    event: int
    line: int
    minutes: Decimal | None
    rate: Decimal | None
    amount: Decimal
    on: date
    worked: Decimal
    corrects: int | None = None
    adjusts: int | None = None


@dataclass
class Firm:
    works: dict[str, Work] = field(default_factory=dict)
    last: dict[str, Work] = field(default_factory=dict)
    rates: list[RateRow] = field(default_factory=list)
    limits: dict[int, Decimal] = field(default_factory=lambda: {pk: Decimal(5000) for pk, _ in CAPS})
    holds: dict[str, HoldTerm] = field(default_factory=dict)
    book: list[Entry] = field(default_factory=list)
    events: int = 0

    def used(self, line: int | None) -> Decimal:
        return sum((row.amount for row in self.book if line in (None, row.line)), Decimal(0))

    def terms(self) -> Terms:
        return Terms(
            contract_id=1,
            version=1,
            currency="USD",
            signed_on=JAN,
            lines=LINES,
            rates=tuple(self.rates),
            caps=tuple(CapTerm(id=pk, line_id=line, limit=self.limits[pk], used=self.used(line)) for pk, line in CAPS),
            holds=tuple(self.holds.values()),
        )

    def open_work(self) -> list[Work]:
        return [self._told(key) for key in sorted(self.last)]

    def _told(self, key: str) -> Work:
        mine = [row for row in self.book if row.key == key]
        credited = {row.corrects for row in mine}
        standing = [row for row in mine if row.corrects is None and row.id not in credited]
        return replace(
            self.last[key],
            withdrawn=key not in self.works,
            locked_minutes=sum((row.minutes or Decimal(0) for row in mine), Decimal(0)),
            locked_amount=sum((row.amount for row in mine), Decimal(0)),
            billed=tuple(
                BilledPart(piece_id=row.id, event_id=row.event, line_id=row.line, service_date=row.on, role="pm",
                           minutes=row.minutes, rate=row.rate, amount=row.amount, worked=row.worked,
                           adjusts=row.adjusts, adjusted=sum(
                               (other.amount for other in standing if other.adjusts == row.id), Decimal(0)))
                for row in standing
            ),
        )  # fmt: skip

    def run(self) -> int:
        """Post what is billable, credits before charges; how many pieces that were."""
        works = {work.event_id: work for work in self.open_work() if work.billed or not work.withdrawn}
        found = [
            (works[decision.event_id], piece)
            for decision in decide(self.terms(), works.values())
            for piece in decision.pieces
            if piece.state == "billable"
        ]
        for work, piece in sorted(found, key=lambda pair: pair[1].corrects is None):
            self.book.append(
                Entry(len(self.book) + 1, work.work_key, work.event_id, piece.line_id, piece.minutes, piece.rate,
                      piece.amount, work.service_date, work.minutes, piece.corrects, piece.adjusts)
            )  # fmt: skip
        return len(found)

    # -- what may happen ---------------------------------------------------------------------------------------------

    def deliver(self, key: str, minutes: Decimal, day: int, line: int) -> None:
        self.events += 1
        work = Work(event_id=self.events, work_key=key, kind="time", service_date=JAN + timedelta(days=day),
                    role="pm", minutes=minutes, line_id=line)  # fmt: skip
        self.works[key] = self.last[key] = work

    def withdraw(self, key: str) -> None:
        self.works.pop(key, None)

    def amend(self, price: Decimal, day: int, mode: str = "reverse_and_rebill") -> None:
        row = RateRow(id=len(self.rates) + 1, scope="contract", role="pm", currency="USD", rate=price,
                      valid_from=JAN + timedelta(days=day), retro=mode)  # fmt: skip
        self.rates.append(row)

    def limit(self, cap: int, amount: Decimal) -> None:
        self.limits[cap] = amount

    def hold(self, key: str) -> None:
        self.holds[key] = HoldTerm(id=int(key[1:]), scope="event", target=key, code="PM_HOLD")

    def release(self, key: str) -> None:
        self.holds.pop(key, None)


keys = st.sampled_from(["T1", "T2", "T3", "T4"])
days = st.integers(0, 40)
moves = st.one_of(
    st.tuples(st.just("deliver"), keys, st.decimals("1", "600", places=1), days, st.sampled_from([1, 2])),
    st.tuples(st.just("withdraw"), keys),
    st.tuples(st.just("amend"), st.decimals("0.01", "300", places=4), days, st.sampled_from(get_args(RetroMode))),
    st.tuples(st.just("limit"), st.sampled_from([1, 2, 3]), st.decimals("0", "4000", places=2)),
    st.tuples(st.just("hold"), keys),
    st.tuples(st.just("release"), keys),
    st.tuples(st.just("run")),
)


def assert_nothing_leaks(firm: Firm) -> None:
    """Posted, and what stands open beside it, is exactly what each work is worth today."""
    works = {work.event_id: work for work in firm.open_work() if work.billed or not work.withdrawn}
    for decision in decide(firm.terms(), works.values()):
        work = works[decision.event_id]
        if any(piece.state == "blocked" for piece in decision.pieces):
            continue
        told = work.locked_amount + sum((piece.amount or Decimal(0) for piece in decision.pieces), Decimal(0))
        spent = work.locked_minutes + sum((piece.minutes or Decimal(0) for piece in decision.pieces), Decimal(0))
        price = resolve(firm.rates, currency="USD", resource="", role="pm", on=work.service_date).hourly
        if work.withdrawn:
            assert (told, spent) == (Decimal(0), Decimal(0))
        elif price is not None:
            worked = work.minutes or Decimal(0)
            assert (told, spent) == (time_value(worked, price), worked)
    for row in firm.book:
        assert sum(1 for other in firm.book if other.corrects == row.id) <= 1
        assert row.corrects is None or firm.book[row.corrects - 1].amount == -row.amount


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(moves, min_size=3, max_size=25))
def test_no_cent_leaks_under_any_order_of_events(story):
    firm = Firm()
    firm.amend(Decimal(100), 0)
    for name, *said in story:
        before = [(line, firm.used(line)) for _, line in CAPS]
        books = [replace(row) for row in firm.book]
        getattr(firm, name)(*said)
        assert firm.book[: len(books)] == books, "what is posted never changes"
        for (pk, line), (_, was) in zip(CAPS, before, strict=True):
            assert firm.used(line) <= max(firm.limits[pk], was), "a limit is never passed further"
        assert_nothing_leaks(firm)
        if name == "run":
            assert firm.run() == 0, "the second run finds nothing"


def test_the_books_notice_a_leak():
    """The check above can fail: a firm that forgets a credit is found out."""
    firm = Firm()
    firm.amend(Decimal(100), 0)
    firm.deliver("T1", Decimal(60), 1, 1)
    firm.run()
    firm.amend(Decimal(120), 0)
    firm.run()
    assert [row.amount for row in firm.book] == [100, -100, 120]
    assert_nothing_leaks(firm)
    firm.book[1] = replace(firm.book[1], amount=Decimal(-99))
    try:
        assert_nothing_leaks(firm)
    except AssertionError:
        return
    raise AssertionError("a cent of credit is missing and nobody noticed")
