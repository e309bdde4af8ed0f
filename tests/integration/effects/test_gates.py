"""Posting gates as rows: what applies, what becomes of what is late, and openings that are fired once."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from integration_hub.cases.models import Case
from integration_hub.connectors.registry import PREFLIGHTS
from integration_hub.effects import calendar, gates, preflight, windows
from integration_hub.effects.actions import gates as keeping
from integration_hub.effects.models import Effect, Opening, PostingGate, Preflight
from integration_hub.effects.registry import OUTCOMES, Outcome
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import BadInput, Denied, NotReady
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.people.models import Role
from integration_hub.trail.models import Event
from tests import ledger as ledgers
from tests import screens

pytestmark = screens.SCREENS

BY = "system:test"
MARCH = date(2026, 3, 31)


def gate(kind="module_lock", name="AR lock", **more):
    """A gate; locked through March 2026 unless told otherwise."""
    options = {"locked_through": MARCH} if kind == "module_lock" else {}
    return keeping.save(row=PostingGate(kind=kind, name=name, **(options | more)), by=BY)


def closed_hours(**more):
    """Business hours that are over at this moment."""
    later = now() + timedelta(hours=2)
    return gate(
        "business_hours", "Office hours", weekdays=[1, 2, 3, 4, 5, 6, 7], opens=later.time(),
        closes=(later + timedelta(hours=1)).time(), **more,
    )  # fmt: skip


def fresh(row):
    row.refresh_from_db()
    return row


@pytest.mark.parametrize(
    ("limits", "held"),
    [
        ({}, True),
        ({"legal_entity": "US"}, True),
        ({"legal_entity": "DE"}, False),
        ({"effect_type": "testledger.*"}, True),
        ({"effect_type": "*.invoice.post"}, False),
        ({"is_active": False}, False),
        ({"locked_through": date(2026, 3, 30)}, False),
    ],
)
def test_a_gate_holds_what_it_is_for(plan, work, ledger, limits, held):
    gate(**limits)
    effect = plan(posting_date=MARCH)
    work()
    assert fresh(effect).state == ("waiting" if held else "confirmed")


def test_a_gate_of_another_target_or_without_a_date_holds_nothing(plan, work, ledger):
    gate(connection=ledgers.connect("other"))
    gate(name="Second lock")
    undated = plan(reference="C-2")
    work()
    assert fresh(undated).state == "confirmed"


def test_what_waits_for_the_clock_needs_nobody_and_goes_when_it_opens(plan, work, ledger, monkeypatch):
    row = closed_hours()
    effect = plan(posting_date=MARCH)
    work()
    assert fresh(effect).state == "waiting"
    assert effect.failure.startswith("Office hours: open ")
    assert Case.objects.count() == 0
    closed = windows.closed(effect)
    assert closed is not None
    assert closed.opens is not None
    assert timedelta(hours=1) < closed.opens - now() < timedelta(hours=3)
    assert windows.tick() == 0
    moment = closed.opens + timedelta(minutes=1)
    monkeypatch.setattr(windows, "now", lambda: moment)
    assert windows.tick() == 1
    opening = Opening.objects.get()
    assert (opening.gate, opening.slot) == (row, closed.opens)
    assert windows.tick() == 0
    assert Opening.objects.count() == 1
    assert Event.objects.filter(action="effects.gate.opened").count() == 1
    work()
    assert fresh(effect).state == "confirmed"


def test_a_lock_is_a_case_until_it_is_lifted(plan, work, ledger):
    row = gate()
    effect = plan(posting_date=MARCH)
    work()
    case = Case.objects.get()
    assert (case.code, case.root_cause) == ("PERIOD_CLOSED", "AR lock:erp:US:2026-03")
    row.locked_through = date(2026, 2, 28)
    keeping.save(row=row, by=BY)
    assert windows.tick() == 1
    assert fresh(case).status == "resolved"
    work()
    assert fresh(effect).state == "confirmed"


def test_the_cut_off_of_a_month_closes_it_for_good(plan, work, ledger):
    gate("cut_off", "Cut-off", day=3, closes=time(18), zone="Europe/Berlin", late="ask")
    late, fine = plan(posting_date=date(2020, 1, 31)), plan(reference="C-2", posting_date=date(2099, 1, 31))
    work(2)
    assert fresh(fine).state == "confirmed"
    assert fresh(late).failure == "Cut-off: the cut-off of January 2020 was 03 Feb 2020 18:00 Europe/Berlin."
    assert Case.objects.count() == 1


@pytest.fixture
def moves(monkeypatch):
    """Makes the effects of the tests movable; `moves.to` is what was done, `moves.refuse` an error to raise."""

    class Moves:
        to: list = []
        refuse = None

        def __call__(self, effect, by, reason):
            from integration_hub.effects.actions import effects

            if self.refuse:
                raise self.refuse
            effects.cancel(effect_id=effect.pk, by="system:test", reason=reason)
            self.to.append((effect.business_key, str(by)))

    moves = Moves()
    moves.to = []
    outcome = Outcome(lambda effect: None, lambda effect: None, next_period=moves)
    monkeypatch.setattr(OUTCOMES, "_entries", {**OUTCOMES._entries, ledgers.TYPES["K"]: outcome})
    return moves


def test_what_is_late_moves_into_the_next_period_by_itself(plan, work, ledger, moves):
    gate(late="next_period")
    effect = plan(posting_date=MARCH)
    work()
    assert (fresh(effect).state, moves.to, ledger.sends) == ("cancelled", [("C-1", "system:effects")], 0)
    assert Case.objects.count() == 0


def test_where_no_later_period_is_open_finance_is_asked(plan, work, ledger, moves):
    moves.refuse = NotReady("no later period")
    gate(late="next_period")
    effect = plan(posting_date=MARCH)
    work()
    assert (fresh(effect).state, Case.objects.get().code) == ("waiting", "PERIOD_CLOSED")


def test_finance_moves_what_waits_on_the_screen(plan, work, ledger, moves):
    gate(late="ask")
    effect = plan(posting_date=MARCH)
    work()
    client = screens.browser(screens.user(Role.FINANCE))
    url = f"/effects/{effect.pk}/next-period/"
    assert "Into the next period" in screens.page(client, f"/effects/{effect.pk}/")
    assert client.post(url, {"seen": "waiting", "reason": ""}).status_code == 422
    assert client.post(url, {"seen": "planned", "reason": "late"}).status_code == 409
    auditor = screens.browser(screens.user(Role.AUDITOR))
    assert auditor.post(url, {"seen": "waiting", "reason": "late"}).status_code == 403
    assert client.post(url, {"seen": "waiting", "reason": "April is fine"}).status_code == 302
    assert (fresh(effect).state, moves.to) == ("cancelled", [("C-1", "finance")])
    assert fresh(Case.objects.get()).status == "resolved"


def test_moving_needs_something_that_waits_and_a_later_period(plan, work, ledger, moves):
    effect = plan(posting_date=MARCH)
    with pytest.raises(Denied, match="does not wait"):
        keeping.move_on(effect_id=effect.pk, by=BY, reason="late")
    gate(late="ask")
    work()
    moves.refuse = NotReady("none")
    with pytest.raises(NotReady, match="no later open period"):
        keeping.move_on(effect_id=effect.pk, by=BY, reason="late")


# -- openings ---------------------------------------------------------------------------------------------------------


def test_missed_openings_are_fired_late_and_once_each():
    row = gate(
        "business_hours", "Hours", zone="Europe/Berlin", weekdays=[1, 2, 3, 4, 5], opens=time(9), closes=time(18)
    )
    start = datetime(2026, 3, 25, 6, tzinfo=UTC)
    PostingGate.objects.update(updated_at=start)
    after = datetime(2026, 4, 1, 12, tzinfo=UTC)
    fired = windows.fire(after)
    assert [one.slot for one in fired] == calendar.openings(gates.rule_of(row), start, after)
    assert len(fired) == 6, "Wednesday to Wednesday without the weekend, over the change of clocks"
    assert windows.fire(after) == []
    assert len(windows.fire(after + timedelta(days=1))) == 1


def test_a_gate_whose_times_changed_begins_anew():
    row = gate("business_hours", "Hours", weekdays=[1, 2, 3, 4, 5, 6, 7], opens=time(9), closes=time(18))
    PostingGate.objects.update(updated_at=datetime(2026, 3, 1, tzinfo=UTC))
    windows.fire(datetime(2026, 3, 3, tzinfo=UTC))
    row.opens = time(8)
    keeping.save(row=row, by=BY)
    assert windows.fire(now()) == [], "openings before the change are not fired again at other times"


# -- asking the target ------------------------------------------------------------------------------------------------


@pytest.fixture
def target(monkeypatch):
    """What the target answers when asked before posting: `target["answer"]`, a text or a failure."""
    said: dict[str, Any] = {"answer": "", "asked": 0}

    def question(connection, on, effect_type):
        said["asked"] += 1
        if isinstance(said["answer"], Exception):
            raise said["answer"]
        return said["answer"]

    monkeypatch.setattr(PREFLIGHTS, "_entries", {ledgers.VENDOR: question})
    return said


def test_a_target_is_asked_before_and_nothing_is_sent_into_a_closed_period(plan, work, ledger, target):
    target["answer"] = "Period Mar 2026 is locked for accounts receivable in Test ERP."
    made = [plan(reference=f"C-{number}", posting_date=MARCH) for number in range(3)]
    work(3)
    assert [fresh(effect).state for effect in made] == ["waiting"] * 3
    assert (ledger.sends, target["asked"]) == (0, 1), "one read answers for all documents of the day"
    assert Case.objects.get().root_cause == "target:erp:US:2026-03"
    assert windows.recheck() == 0
    target["answer"] = ""
    Preflight.objects.update(asked_at=now() - timedelta(minutes=11))
    assert windows.recheck() == 3
    work(3)
    assert [fresh(effect).state for effect in made] == ["confirmed"] * 3
    assert target["asked"] == 2


def test_a_day_open_for_one_type_of_document_may_be_closed_for_another(plan, monkeypatch):
    answers = {
        ledgers.TYPES["K"]: "",
        ledgers.TYPES["P"]: "Period Mar 2026 is locked for accounts payable in Test ERP.",
    }
    monkeypatch.setattr(PREFLIGHTS, "_entries", {ledgers.VENDOR: lambda connection, on, kind: answers[kind]})
    made = [plan(safety, reference=f"C-{safety}", posting_date=MARCH) for safety in ("K", "P")]
    for effect in made:
        preflight.ask(effect)
    assert [preflight.GATE.closed(effect) for effect in made] == list(answers.values())


def test_a_target_that_cannot_be_asked_holds_nothing_up(plan, work, ledger, target):
    target["answer"] = Failed(FailureClass.AUTH, "The role may not see periods")
    effect = plan(posting_date=MARCH)
    work()
    assert fresh(effect).state == "confirmed"
    assert Preflight.objects.count() == 0


# -- keeping ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (PostingGate(name="x", kind="business_hours", weekdays=[1], closes=time(9)), "opens"),
        (PostingGate(name="x", kind="business_hours", weekdays=[8], opens=time(8), closes=time(9)), "weekdays"),
        (PostingGate(name="x", kind="holiday"), "days"),
        (PostingGate(name="x", kind="cut_off", closes=time(9)), "day"),
        (PostingGate(name="x", kind="cut_off", closes=time(9), day=32), "day"),
        (PostingGate(name="x", kind="module_lock", locked_through=MARCH, zone="Mars/Olympus"), "zone"),
        (
            PostingGate(name="x", kind="blackout", starts_on=MARCH, starts_at=time(9), ends_on=MARCH, ends_at=time(8)),
            "ends_on",
        ),
    ],
)
def test_wrong_gates_are_named(db, row, field):
    with pytest.raises(BadInput) as caught:
        keeping.save(row=row, by=BY)
    assert field in [problem.field for problem in caught.value.problems]


def test_gates_are_kept_in_the_admin_and_told(db):
    client = screens.browser(screens.user(Role.INTEGRATION_ADMIN))
    url = "/admin/hub_effects/postinggate/add/"
    data = {"name": "AR lock", "kind": "module_lock", "is_active": "on", "late": "ask", "legal_entity": "US",
            "zone": "Europe/Berlin", "months_after": "1", "locked_through": "2026-03-31"}  # fmt: skip
    assert client.post(url, data | {"zone": "Mars"}).status_code == 302
    assert not PostingGate.objects.exists()
    assert client.post(url, data).status_code == 302
    row = PostingGate.objects.get()
    told = Event.objects.get(action="effects.gate.added")
    assert (told.object_id, told.data["changes"]["locked_through"]) == (str(row.pk), ["", "2026-03-31"])
    assert client.post(f"/admin/hub_effects/postinggate/{row.pk}/delete/", {"post": "yes"}).status_code == 302
    assert Event.objects.filter(action="effects.gate.removed").exists()
    with pytest.raises(Denied):
        keeping.save(row=PostingGate(kind="module_lock", name="x", locked_through=MARCH), by=screens.user(Role.FINANCE))


# -- screens ----------------------------------------------------------------------------------------------------------


def test_the_list_shows_state_and_what_comes_next(db):
    closed_hours()
    gate("cut_off", "Cut-off DE", day=3, closes=time(18), zone="Europe/Berlin", legal_entity="DE")
    gate("holiday", "Bank holidays", days=[date(2099, 12, 25)])
    body = screens.assert_list(screens.browser(screens.user(Role.AUDITOR)), "/windows/")
    for said in ("Office hours", "Closed", "opens ", "cuts off", "Europe/Berlin", "Bank holidays", "stays open"):
        assert said in body, said
    screens.assert_needs_right("/windows/")


def test_a_gate_shows_what_it_holds_within_scope(plan, work, ledger):
    row = gate()
    plan(posting_date=MARCH)
    plan(reference="D-1", posting_date=MARCH, legal_entity="DE")
    work(2)
    assert Effect.objects.filter(state="waiting").count() == 2
    body = screens.page(screens.browser(screens.user(Role.FINANCE, entities=("US",))), f"/windows/{row.pk}/")
    assert "C-1" in body
    assert "D-1" not in body
    hours = closed_hours()
    body = screens.page(screens.browser(screens.user(Role.AUDITOR)), f"/windows/{hours.pk}/")
    assert "Opens" in body
    screens.assert_needs_right(f"/windows/{row.pk}/")
