"""Replay plans over REST: freezing, reading, deciding; rights, scope and versions as on the screens."""

import pytest

from integration_hub.replay.models import Plan
from tests.integration.api.conftest import call, problem
from tests.integration.replay.conftest import bulk

__all__ = ["call"]

pytestmark = pytest.mark.django_db

BODY = {"kind": "effect", "title": "Customers", "reason": "created", "states": ["rejected"]}


def test_a_plan_is_frozen_read_and_approved(refused, call):
    refused("A", "B")
    analyst, finance = call("billing_analyst", entities=("US",)), call("finance", entities=("US",))
    made = analyst.post("replay-plans/", BODY)
    assert made.status_code == 201
    bulk()
    page = finance.get(f"replay-plans/{made.json()['id']}/").json()
    assert (page["size"], page["state"]) == (2, "ready")
    assert page["forecast"][0]["counts"] == {"create": 2}
    assert [item["prospect"] for item in finance.rows(f"replay-items/?plan={page['id']}")] == ["create", "create"]
    at = f"replay-plans/{page['id']}"
    problem(analyst.post(f"{at}/approve/", {"version": page["version"]}), 403)
    problem(finance.post(f"{at}/approve/", {"version": page["version"] + 1}), 409)
    assert finance.post(f"{at}/approve/", {"version": page["version"]}).json()["state"] == "running"
    version = Plan.objects.get().version
    assert finance.post(f"{at}/pause/", {"version": version}).json()["state"] == "paused"
    assert finance.post(f"{at}/resume/", {"version": version + 1}).json()["state"] == "running"
    cancelled = finance.post(f"{at}/cancel/", {"version": version + 2, "reason": "enough"})
    assert cancelled.json()["state"] == "cancelled"


def test_what_is_frozen_must_be_named(refused, call):
    refused("A")
    analyst = call("billing_analyst", entities=("US",))
    problem(analyst.post("replay-plans/", {name: BODY[name] for name in ("kind", "title", "reason")}), 400)
    problem(analyst.post("replay-plans/", {**BODY, "states": ["confirmed"]}), 422)
    assert Plan.objects.count() == 0


def test_other_legal_entities_do_not_exist(refused, call, freeze):
    refused("A")
    made = freeze()
    stranger = call("finance", entities=("DE",))
    problem(stranger.get(f"replay-plans/{made.pk}/"), 404)
    assert stranger.rows("replay-plans/") == []
    assert stranger.rows("replay-items/") == []
    problem(stranger.post("replay-plans/", BODY), 422)
