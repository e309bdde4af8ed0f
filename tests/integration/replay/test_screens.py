"""The screens of replays: choosing, the plan, its items, decisions; rights and legal entities."""

import pytest
from django.urls import reverse

from integration_hub.effects.models import Effect
from integration_hub.people.models import Role
from integration_hub.replay.models import Plan
from integration_hub.trail.models import Event
from tests import factories
from tests.integration.replay.conftest import bulk
from tests.screens import HTMX, SCREENS, assert_list, assert_needs_right, browser, page, text

pytestmark = SCREENS


def test_the_lists_keep_their_rules(refused, freeze, approver):
    refused("A", "B")
    made = freeze()
    client = browser(approver)
    assert "Rate card" in assert_list(client, reverse("replay:plan-list"))
    body = assert_list(client, reverse("replay:item-list", args=[made.pk]))
    assert "no such customer" in body
    assert_needs_right(reverse("replay:plan-list"))
    assert_needs_right(reverse("replay:plan-new"))


def test_the_report_of_a_plan_holds_every_item_with_forecast_and_outcome(refused, freeze, approver):
    refused("A", "B")
    made = freeze()
    file = text(browser(approver).get(reverse("replay:item-list", args=[made.pk]) + "?format=csv"))
    assert "Will create" in file
    assert "· rows: 2 ·" in file


def test_a_plan_of_other_legal_entities_does_not_exist(refused, freeze):
    refused("A")
    made = freeze()
    stranger = browser(factories.user(Role.FINANCE, entities=("DE",)))
    for name in ("plan-detail", "item-list", "plan-approve"):
        assert stranger.get(reverse(f"replay:{name}", args=[made.pk])).status_code == 404
    assert "Rate card" not in page(stranger, reverse("replay:plan-list"))


def test_choosing_shows_what_would_be_frozen_and_freezes_it(refused, maker):
    refused("A", "B")
    client = browser(maker)
    assert "Nothing is chosen yet" in page(client, reverse("replay:plan-new"))
    url = reverse("replay:plan-new") + "?what=effect&state=rejected"
    body = page(client, url)
    assert "200.00" in body
    assert client.post(url, {"title": "x", "per_minute": 60}).status_code == 422
    answer = client.post(url, {"title": "Customers", "reason": "created", "per_minute": 60})
    made = Plan.objects.get()
    assert answer["Location"] == reverse("replay:plan-detail", args=[made.pk])
    assert (made.size, made.told, made.planned_by) == (2, "State: Rejected", maker)


def test_ticked_effects_become_a_plan(refused, maker):
    first, _ = refused("A", "B")
    client = browser(maker)
    body = page(client, reverse("effects:effect-list"))
    assert reverse("replay:plan-ticked", args=["effect"]) in body
    asked = client.post(reverse("replay:plan-ticked", args=["effect"]), {"selected": [str(first.pk)]})
    client.post(asked["Location"], {"title": "One", "reason": "created", "per_minute": 60})
    assert Plan.objects.get().items.get().target_id == first.pk


def test_effects_of_other_legal_entities_cannot_be_chosen(refused):
    refused("A")
    client = browser(factories.user(Role.BILLING_ANALYST, entities=("DE",)))
    assert "Nothing is chosen yet" in page(client, reverse("replay:plan-new") + "?state=rejected")


def test_who_may_not_plan_sees_no_boxes_to_tick(refused):
    refused("A")
    body = page(browser(factories.user(Role.AUDITOR, everything=True)), reverse("effects:effect-list"))
    assert "Replay" not in body.split("<main")[1]
    assert "data-tick-all" not in body


def test_the_plan_polls_only_while_it_goes(refused, freeze, approver, maker):
    refused("A")
    made = freeze(forecast=False)
    url = reverse("replay:plan-detail", args=[made.pk])
    client = browser(approver)
    assert "load delay:2s" in page(client, url)
    bulk()
    part = text(client.get(url, headers=HTMX))
    assert "<html" not in part
    assert "load delay:2s" not in part
    assert "Will create" in part
    client.post(reverse("replay:plan-approve", args=[made.pk]), {"version": Plan.objects.get().version, "note": "ok"})
    assert Plan.objects.get().state == "running"
    assert "load delay:2s" in page(client, url)


@pytest.mark.parametrize(
    ("verb", "before", "after"),
    [("pause", "running", "paused"), ("resume", "paused", "running"), ("cancel", "ready", "cancelled")],
)
def test_decisions_are_made_once_with_the_version_seen(refused, freeze, approver, verb, before, after):
    refused("A")
    made = freeze()
    Plan.objects.filter(pk=made.pk).update(state=before, approved_by=approver, approved_at=made.created_at)
    client = browser(approver)
    url = reverse(f"replay:plan-{verb}", args=[made.pk])
    assert client.get(url).status_code == 200
    assert client.post(url, {"reason": "enough"}).status_code == 422
    assert client.post(url, {"reason": "enough", "version": made.version + 5}).status_code == 409
    assert client.post(url, {"reason": "enough", "version": made.version}).status_code == 302
    assert Plan.objects.get().state == after
    assert Event.objects.filter(object_type="replay.plan", actor=approver.username).count() == 1


def test_the_maker_is_told_why_somebody_else_must_approve(refused, freeze, maker, settings):
    settings.ALONE_ITEMS = 0
    refused("A")
    made = freeze(Effect.objects.all())
    body = page(browser(maker), reverse("replay:plan-detail", args=[made.pk]))
    assert "A second person has to approve it." in body
    assert (
        browser(maker)
        .post(reverse("replay:plan-approve", args=[made.pk]), {"version": made.version, "note": ""})
        .status_code
        == 403
    )
