"""What overtakes in a lane: declared, and agreed to by a second person where money or posting is concerned."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from integration_hub.kernel.errors import BadInput, Denied, NotReady, Stale
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.people.models import Role
from integration_hub.trail.models import Event
from integration_hub.work import engine, panels, queries
from integration_hub.work.actions import items, overtaking
from integration_hub.work.models import Item, Lane, Overtaking
from integration_hub.work.registry import HANDLERS, Handler
from tests import screens
from tests.integration.api.conftest import call, problem

__all__ = ["call"]

pytestmark = screens.SCREENS
BACK = [100, 250, 7]


@pytest.fixture
def done(db, monkeypatch):
    """Registers the work of the lanes: the first of each lane is refused, the rest is noted here."""
    noted: list[int] = []

    def run(job):
        if job.payload["n"] == 0:
            raise Failed(FailureClass.REJECTED, "The customer is inactive.")
        noted.append(job.payload["n"])

    monkeypatch.setattr(HANDLERS, "_entries", {**HANDLERS._entries, "test.send": Handler(run, title="Send it")})
    return noted


def fill(stage="post", amounts=BACK, start=0):
    for n, amount in enumerate(amounts, start):
        items.enqueue("test.send", lane="L", stage=stage, payload={"n": n}, legal_entity="US01",
                      amount=amount and Decimal(amount), currency="USD" if amount else "")  # fmt: skip
    return Lane.objects.get(key="L")


@pytest.fixture
def stuck(done):
    """A lane of postings whose head was refused, 257 USD behind it."""
    lane = fill()
    engine.drain("post")
    return fresh(lane)


@pytest.fixture
def ines(db):
    return screens.user(Role.INTEGRATION_ADMIN, "ines")


@pytest.fixture
def fred(db):
    return screens.user(Role.FINANCE, "fred")


def fresh(row):
    row.refresh_from_db()
    return row


def item(n):
    return Item.objects.get(payload={"n": n})


def sight(n=0):
    one = item(n)
    return overtaking.sight(one.lane, one, queries.overtakers(one.lane, item_id=one.pk))


def propose(by, n=0, reason="Billed by hand", seen=None):
    return overtaking.propose(item_id=item(n).pk, reason=reason, by=by, seen=seen or sight(n))


def approve(row, by, **more):
    return overtaking.approve(overtaking_id=row.pk, by=by, seen_version=more.pop("version", 1), **more)


def test_what_is_posted_waits_for_a_second_person_who_sees_the_declared_set(stuck, done, ines, fred):
    row = propose(ines)
    assert (row.state, row.way, row.count, row.money) == ("proposed", "without", 2, {"USD": "257.000000"})
    assert (row.first, row.last) == (item(1).pk, item(2).pk)
    assert fresh(stuck).blocked
    assert approve(row, fred, reason="agreed").state == "applied"
    engine.drain("post")
    assert (done, item(0).state, fresh(stuck).blocked) == ([1, 2], "parked", False)
    told = Event.objects.get(action="work.lane.unblocked")
    assert (told.actor, told.reason, told.data["proposed_by"]) == ("fred", "Billed by hand", "ines")
    assert (told.data["overtaking"], told.data["first"], told.data["last"]) == (2, row.first, row.last)
    told_of = Event.objects.filter(action__startswith="work.overtaking").order_by("id")
    assert list(told_of.values_list("action", "actor")) == [
        ("work.overtaking.proposed", "ines"), ("work.overtaking.approved", "fred"),
    ]  # fmt: skip


def test_a_waiting_item_is_set_aside_by_two(done, ines, fred):
    fill(amounts=[250, 7], start=1)
    row = propose(ines, n=1)
    assert (row.way, row.count, item(1).state) == ("aside", 1, "ready")
    approve(row, fred)
    engine.drain("post")
    assert (done, item(1).state, item(1).error) == ([2], "parked", "Billed by hand")


def test_the_same_person_never_does_both(stuck, ines):
    row = propose(ines)
    with pytest.raises(Denied, match="someone else must decide"):
        approve(row, ines)
    with pytest.raises(Denied, match="A second person has to agree"):
        items.unblock_lane(lane_id=stuck.pk, by=ines, reason="alone")
    with pytest.raises(Denied, match="A second person has to agree"):
        items.park(item_id=item(1).pk, by=ines, reason="alone")
    with pytest.raises(IntegrityError), transaction.atomic():
        Overtaking.objects.filter(pk=row.pk).update(state="applied", decided_by=ines, decided_at=row.created_at)
    assert fresh(stuck).blocked


@pytest.mark.parametrize(
    ("stage", "amounts", "limit", "alone"),
    [
        ("ingest", [None, None], 0, True),
        ("ingest", [9000, None], 0, True),  # what is overtaken is not what overtakes
        ("ingest", [None, 1], 0, False),
        ("ingest", [None, 1], 1, True),
        ("ingest", [None, "1.01"], 1, False),
        ("post", [None, None], 10**9, False),
    ],
)
def test_money_that_overtakes_and_postings_need_two(done, ines, settings, stage, amounts, limit, alone):
    settings.ALONE_OVERTAKING = Decimal(limit)
    fill(stage, amounts)
    engine.drain(stage)
    row = propose(ines)
    assert (row.state, bool(row.four_eyes)) == (("applied", False) if alone else ("proposed", True))
    engine.drain(stage)
    assert done == ([1] if alone else [])


def test_it_lapses_when_something_else_would_overtake(stuck, done, ines, fred):
    row = propose(ines)
    assert overtaking.lapse() == 0
    fill(amounts=[5], start=3)
    with pytest.raises(Stale, match="has changed since"):
        approve(row, fred)
    assert fresh(stuck).blocked
    assert (overtaking.lapse(), fresh(row).state, row.decided_by) == (1, "lapsed", None)
    with pytest.raises(Stale):
        approve(row, fred)
    assert Event.objects.get(action="work.overtaking.lapsed").actor == "system:work"
    assert approve(propose(ines), fred).count == 3


def test_it_lapses_when_the_head_goes_or_is_another(stuck, ines, fred):
    row = propose(ines)
    items.retry(item_id=item(0).pk, by=ines)
    with pytest.raises(Stale, match="has changed since"):
        approve(row, fred)
    engine.drain("post")
    assert (fresh(stuck).blocked, item(0).state) == (True, "parked"), "the same head stands again"
    assert overtaking.lapse() == 0
    approve(row, fred)


def test_a_stale_proposal_stands_in_nobodys_way(stuck, ines):
    first = propose(ines)
    with pytest.raises(NotReady, match="Another proposal"):
        propose(ines)
    fill(amounts=[5], start=3)
    second = propose(ines)
    assert (fresh(first).state, second.state, second.count) == ("lapsed", "proposed", 3)


def test_declined_and_withdrawn_ones_leave_the_lane_as_it_was(stuck, ines, fred):
    row = propose(ines)
    overtaking.decline(overtaking_id=row.pk, by=fred, seen_version=1, reason="Customer pays on Monday")
    again = propose(ines)
    overtaking.withdraw(overtaking_id=again.pk, by=ines, seen_version=1)
    assert (fresh(row).state, fresh(again).state, fresh(stuck).blocked) == ("declined", "withdrawn", True)
    with pytest.raises(Stale):
        approve(again, fred)


def test_who_may_not_and_what_must_be_said(stuck, ines, fred):
    with pytest.raises(BadInput, match="Say why"):
        propose(ines, reason=" ")
    with pytest.raises(Denied, match="look after the integrations"):
        propose(fred)
    with pytest.raises(Stale):
        propose(ines, seen="parked 1 x")
    row = propose(ines)
    stranger = screens.user(Role.FINANCE, "stella", entities=("DE01",), everything=False)
    for by, why in ((screens.user(Role.AUDITOR, "aude"), "does not approve"), (stranger, "legal entity")):
        with pytest.raises(Denied, match=why):
            approve(row, by)
    with pytest.raises(Denied, match="Only its author"):
        overtaking.withdraw(overtaking_id=row.pk, by=fred, seen_version=1)


# -- screens and API ---------------------------------------------------------------------------------------------------


def test_two_people_on_the_screens(stuck, ines, fred):
    client, url = screens.browser(ines), f"/lanes/{stuck.pk}/unblock/"
    body = screens.page(client, url)
    assert "A second person has to agree" in body
    assert f"(item {item(1).pk})" in body
    assert client.post(url, {"seen": sight(), "reason": ""}).status_code == 422
    answer = client.post(url, {"seen": sight(), "reason": "Billed by hand."})
    row = Overtaking.objects.get()
    assert answer["Location"] == f"/lanes/overtaking/{row.pk}/"
    assert client.post(url, {"seen": sight(), "reason": "Again."}).status_code == 409
    shown = screens.page(client, answer["Location"])
    assert "257.00" in shown
    assert "Withdraw…" in shown
    for page in ("/lanes/stuck/", f"/lanes/{stuck.pk}/"):
        assert answer["Location"] in screens.page(client, page)

    second = screens.browser(fred)
    assert "Overtaking to approve" in screens.page(second, "/")
    assert (panels.to_approve(fred).count, panels.to_approve(ines).count) == (1, 0)
    assert "Waits for a second person" in screens.assert_list(second, "/lanes/overtaking/")
    assert "Let them pass…" in screens.page(second, answer["Location"])
    url = reverse("work:overtaking-approve", args=[row.pk])
    assert second.post(url, {"note": "ok"}).status_code == 422
    assert second.post(url, {"note": "ok", "version": 7}).status_code == 409
    assert second.post(url, {"note": "ok", "version": 1}).status_code == 302
    assert (fresh(row).state, fresh(stuck).blocked) == ("applied", False)
    story = screens.page(second, f"/lanes/{stuck.pk}/")
    assert "proposed that 2 items overtake" in story
    assert "agreed that others overtake" in story


def test_a_person_alone_sets_aside_what_holds_no_money(done, ines):
    fill("ingest", [None, None], start=1)
    url = f"/lanes/items/{item(1).pk}/park/"
    answer = screens.browser(ines).post(
        url, {"seen": sight(1), "reason": "Later.", "row": f"items-item-{item(1).pk}"}, headers=screens.HTMX
    )
    assert answer.status_code == 200
    assert screens.text(answer).lstrip().startswith("<tr")
    assert (item(1).state, item(1).error) == ("parked", "Later.")


def test_what_came_after_the_look_was_not_declared(stuck, ines):
    old = sight()
    fill(amounts=[5], start=3)
    answer = screens.browser(ines).post(f"/lanes/{stuck.pk}/unblock/", {"seen": old, "reason": "x"})
    assert answer.status_code == 409
    assert Overtaking.objects.count() == 0


def test_declining_and_withdrawing_on_the_screens(stuck, ines, fred):
    row = propose(ines)
    fill(amounts=[5], start=3)
    assert "It does not hold any more." in screens.page(screens.browser(fred), f"/lanes/overtaking/{row.pk}/")
    url = f"/lanes/overtaking/{row.pk}/decline/"
    assert screens.browser(fred).post(url, {"version": 1, "reason": ""}).status_code == 422
    assert screens.browser(fred).post(url, {"version": 1, "reason": "No."}).status_code == 302
    again = propose(ines)
    url = f"/lanes/overtaking/{again.pk}/withdraw/"
    assert screens.browser(fred).post(url, {"version": 1}).status_code == 403
    assert screens.browser(ines).post(url, {"version": 1}).status_code == 302
    stranger = screens.browser(screens.user(Role.FINANCE, "stella", entities=("DE01",), everything=False))
    assert stranger.get(f"/lanes/overtaking/{row.pk}/").status_code == 404
    screens.assert_needs_right("/lanes/overtaking/")


def test_programs_decide_under_the_same_rules(stuck, ines, call):
    row, finance = propose(ines), call("finance")
    assert finance.rows("overtakings/", state="proposed")[0]["money"] == [{"amount": "257.00", "currency": "USD"}]
    problem(call("auditor").post(f"overtakings/{row.pk}/approve/", {"version": 1, "reason": "x"}), 403)
    problem(finance.post(f"overtakings/{row.pk}/approve/", {"version": 9, "reason": "x"}), 409)
    problem(finance.post(f"overtakings/{row.pk}/withdraw/", {"version": 1, "reason": "x"}), 403)
    answer = finance.post(f"overtakings/{row.pk}/approve/", {"version": 1, "reason": "agreed"})
    assert (answer.status_code, answer.json()["state"]) == (202, "applied")
    problem(finance.post(f"overtakings/{row.pk}/decline/", {"version": 2, "reason": "late"}), 403)
