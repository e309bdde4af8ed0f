"""The screens of lanes: what is stuck and why, all lanes, one lane with its items, who must act for which failure."""

from decimal import Decimal

import pytest

from integration_hub.kernel import failures
from integration_hub.kernel.failures import POLICIES, Failed, FailureClass
from integration_hub.people.models import Role
from integration_hub.work import engine, panels
from integration_hub.work.actions import items
from integration_hub.work.models import Item, Lane
from integration_hub.work.registry import HANDLERS, Handler
from tests import screens

pytestmark = screens.SCREENS


@pytest.fixture
def blocked(db, monkeypatch):
    """A lane whose head was refused, with 250 USD behind it."""

    def refuse(job):
        raise Failed(FailureClass.REJECTED, "The customer is inactive.")

    handlers = {**HANDLERS._entries, "test.refused": Handler(refuse, title="Send an invoice")}
    monkeypatch.setattr(HANDLERS, "_entries", handlers)
    for amount in (100, 250):
        items.enqueue("test.refused", lane="lane:1", stage="post", legal_entity="US01", amount=Decimal(amount),
                      currency="USD")  # fmt: skip
    engine.drain("post")
    lane = Lane.objects.get(key="lane:1")
    assert lane.blocked
    return lane


@pytest.fixture
def ines(db):
    return screens.allow(screens.user(Role.INTEGRATION_ADMIN, "ines"), "hub_work.steer_item")


def head(lane):
    return Item.objects.get(lane=lane, state="parked")


def test_a_stuck_lane_says_why_and_what_waits_behind_it(blocked, ines):
    body = screens.page(screens.browser(ines), "/lanes/stuck/")
    for said in ("lane:1", "The customer is inactive.", "Send an invoice", "Billing analyst", "350.00"):
        assert said in body, said
    assert "Try again…" in body
    assert "Go on without it…" in body


def test_without_stuck_lanes_the_screen_is_glad(ines):
    assert "Every lane moves" in screens.page(screens.browser(ines), "/lanes/stuck/")


def test_all_lanes_are_listed_and_filtered(blocked, ines):
    items.enqueue("test.refused", lane="lane:2", stage="post", legal_entity="US01")
    client = screens.browser(ines)
    body = screens.assert_list(client, "/lanes/")
    assert "lane:1" in body
    assert "lane:2" in body
    assert "lane:2" not in screens.page(client, "/lanes/?blocked=true")


def test_lanes_of_other_legal_entities_do_not_exist(blocked):
    client = screens.browser(screens.user(Role.PMO, "paula", entities=("DE01",)))
    assert "lane:1" not in screens.page(client, "/lanes/")
    assert "lane:1" not in screens.page(client, "/lanes/stuck/")
    screens.page(client, f"/lanes/{blocked.pk}/", status=404)
    screens.page(client, f"/lanes/items/{head(blocked).pk}/retry/", status=404)


def test_lanes_need_their_right(blocked):
    for url in ("/lanes/", "/lanes/stuck/", "/lanes/failures/", f"/lanes/{blocked.pk}/"):
        screens.assert_needs_right(url)


def test_a_lane_shows_its_items_in_order(blocked, ines):
    body = screens.page(screens.browser(ines), f"/lanes/{blocked.pk}/")
    assert "100.00" in body
    assert "250.00" in body
    assert body.index("100.00") < body.index("250.00")
    assert "Set aside…" in body


def test_trying_the_head_again_lets_the_lane_go_on(blocked, ines):
    url = f"/lanes/items/{head(blocked).pk}/retry/"
    assert screens.browser(ines).post(url, {"seen": "parked"}).status_code == 302
    blocked.refresh_from_db()
    assert not blocked.blocked
    assert Item.objects.filter(lane=blocked, state="ready").count() == 2


def test_a_decision_states_what_was_seen(blocked, ines):
    client, item = screens.browser(ines), head(blocked)
    for url, old in ((f"/lanes/items/{item.pk}/retry/", "ready"), (f"/lanes/{blocked.pk}/unblock/", "open")):
        assert client.post(url, {"reason": "x"}).status_code == 422
        assert client.post(url, {"seen": old, "reason": "x"}).status_code == 409
    blocked.refresh_from_db()
    assert blocked.blocked


def test_whoever_may_not_steer_work_is_told_so(blocked):
    client = screens.browser(screens.user(Role.AUDITOR, "aude"))
    assert "Only people who look after the integrations" in screens.page(client, f"/lanes/{blocked.pk}/")
    url = f"/lanes/items/{head(blocked).pk}/retry/"
    assert client.post(url, {"seen": "parked"}).status_code == 403


def test_failures_are_shown_as_the_workers_follow_them(ines):
    body = screens.page(screens.browser(ines), "/lanes/failures/")
    for policy in POLICIES.values():
        assert policy.who_acts in body
        assert failures.said(policy.waits) in body


def test_home_shows_blocked_lanes_with_their_money(blocked, ines):
    waiting = panels.blocked(ines)
    assert (waiting.count, waiting.money) == (1, {"USD": Decimal(350)})
    assert "Blocked lanes" in screens.page(screens.browser(ines), "/")
