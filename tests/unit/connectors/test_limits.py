"""The rules of a budget: never above the limit in any stretch of time, precedence of lanes, what a refusal teaches."""

from bisect import bisect_left

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration_hub.connectors import limits
from integration_hub.connectors.limits import DAY, Learnt, Limits, Priority, Used, Window


class Ledger:
    """A budget kept in memory: what was granted in which slot, and when each call left."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.used: list[Used] = []
        self.left: list[tuple[float, Priority]] = []

    def ask(self, at: float, priority: Priority, ask: int = 1, spread: float = 0.0) -> int:
        """Ask at an instant and send what is granted at once, or up to the end of its validity (`spread` 0 to 1)."""
        oldest = self.window.slot(at) - self.window.depth
        self.used = [row for row in self.used if row.slot >= oldest]  # as the store forgets, and one slot later
        answer = limits.answer(self.window, priority, self.used, at, ask)
        refused = 0 if answer.calls else 1
        self.used.append(Used(self.window.slot(at), priority, answer.calls, refused))
        for number in range(answer.calls):
            self.left.append((at + (answer.until - at) * spread * (number + 1) / answer.calls * 0.999, priority))
        return answer.calls

    def most_in_any_window(self) -> int:
        """The largest number of calls that left within any stretch as long as the window."""
        moments = sorted(at for at, _ in self.left)
        return max((bisect_left(moments, at + self.window.seconds) - i for i, at in enumerate(moments)), default=0)

    def of(self, priority: Priority) -> int:
        return sum(lane is priority for _, lane in self.left)


steps = st.tuples(
    st.floats(min_value=0.0, max_value=8.0), st.sampled_from(list(Priority)), st.integers(1, 16), st.floats(0, 1)
)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(1, 120), st.sampled_from([1, 7, 15, 60]), st.lists(steps, min_size=1, max_size=150))
def test_no_stretch_of_time_holds_more_than_the_limit(calls, seconds, asked):
    ledger = Ledger(Window(calls, seconds))
    at = 1_000_000.0
    for wait, priority, ask, spread in asked:
        at += wait * seconds / 60
        ledger.ask(at, priority, ask, spread)
    assert ledger.most_in_any_window() <= calls


def test_without_slots_in_reserve_the_limit_would_be_broken(monkeypatch):
    """The control: counting 38 slots instead of 42 lets too many through."""

    def busy():
        ledger = Ledger(Window(40, 60))
        at = 1_000_000.0
        while at < 1_000_300.0:
            ledger.ask(at, Priority.POSTING, 40)
            at += 0.3
        return ledger

    assert busy().most_in_any_window() <= 40
    monkeypatch.setattr(limits, "GUARD", -2)
    assert busy().most_in_any_window() > 40


def test_a_busy_lane_uses_what_there_is():
    ledger = Ledger(Window(200, 60))
    for tick in range(60 * 60):
        while ledger.ask(1_000_000 + tick, Priority.POSTING):
            pass
    assert len(ledger.left) / (200 * 60) >= 0.95


def test_a_backfill_never_makes_posting_wait_long():
    """A backfill takes whatever it can get; posting arrives in its midst and asks again every quarter of a second."""
    ledger, waits, at = Ledger(Window(100, 60)), [], 1_000_000.0
    while at < 1_000_600.0:
        while ledger.ask(at, Priority.BACKFILL):
            pass
        if at > 1_000_120.0 and round(at * 4) % 8 == 0:
            asked = at
            while not ledger.ask(at, Priority.POSTING):
                at += 0.25
                while ledger.ask(at, Priority.BACKFILL):
                    pass
            waits.append(at - asked)
        at += 0.25
    assert len(waits) > 100
    assert max(waits) <= 5.0
    assert ledger.of(Priority.BACKFILL) > 0
    assert ledger.most_in_any_window() <= 100


def test_lanes_yield_to_those_above_that_want_calls():
    assert [limits.ceiling(100, lane, []) for lane in Priority] == [100, 95, 95, 95]
    assert [limits.ceiling(100, lane, [Priority.POSTING]) for lane in Priority] == [100, 95, 85, 60]
    assert limits.ceiling(100, Priority.SYNC, [Priority.BACKFILL]) == 95, "nobody yields to a lane below"
    assert [limits.ceiling(1, lane, [Priority.POSTING]) for lane in Priority] == [1, 1, 1, 1]
    assert [limits.ceiling(4, lane, []) for lane in Priority] == [4, 3, 3, 3]


def test_the_wait_ends_when_calls_become_free():
    ledger = Ledger(Window(10, 60))
    assert ledger.ask(1_000_000.0, Priority.POSTING, 10) == 10
    refusal = limits.answer(ledger.window, Priority.POSTING, ledger.used, 1_000_010.0, 1)
    assert refusal.calls == 0
    assert not ledger.ask(1_000_010.0 + refusal.wait - 0.05, Priority.POSTING)
    assert ledger.ask(1_000_010.0 + refusal.wait + 0.05, Priority.POSTING)


def test_others_keep_their_share():
    declared = Limits(calls=100, seconds=15, daily=1_000, concurrency=10, outside=30)
    assert declared.windows == (Window(70, 15), Window(700, DAY))
    assert declared.ours(declared.concurrency) == 7
    assert Limits(concurrency=1, outside=95).ours(1) == 1
    assert Limits().windows == ()


def test_a_refusal_lowers_the_limit_and_time_raises_it_again():
    assert limits.after_refusal(in_use=50, effective=100) == 35
    assert limits.after_refusal(in_use=500, effective=100) == 70
    assert limits.after_refusal(in_use=80, effective=0) == 56, "an unpublished limit is taken from what was under way"
    assert limits.after_refusal(in_use=0, effective=0) == 1
    learnt = Learnt(35, 100, at=1_000.0, seconds=60)
    assert [learnt.now(1_000.0 + 60 * windows) for windows in (0, 1, 12, 13)] == [35, 40, 95, 0]
    unpublished = Learnt(56, 0, at=0.0, seconds=60)
    assert (unpublished.now(0), unpublished.now(60 * 59) > 56, unpublished.now(3_600)) == (56, True, 0)


def test_bundles_grow_while_they_are_used_and_stay_small():
    sizes, size = [], 1
    for _ in range(6):
        sizes.append(size := limits.bundle([1_000], size, used_up=True))
    assert sizes == [2, 4, 8, 16, 16, 16]
    assert limits.bundle([1_000], 16, used_up=False) == 8
    assert limits.bundle([100], 16, used_up=True) == 2
    assert limits.bundle([10], 16, used_up=True) == 1
