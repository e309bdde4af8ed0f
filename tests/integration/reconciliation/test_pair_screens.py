"""Reconciliations on their screens and in the API: permission, scope, budgets of queries, decisions."""

import json
from decimal import Decimal

import pytest
from django.urls import reverse

from integration_hub.people.models import Role
from integration_hub.work.inprocess import drain_once
from reconciliation.actions import suggestions
from reconciliation.models import PairBreak, PairRun, Suggestion
from tests import factories, screens
from tests.integration.reconciliation.conftest import item

pytestmark = screens.SCREENS


@pytest.fixture
def anna():
    return factories.user(Role.BILLING_ANALYST, name="anna", everything=True)


@pytest.fixture
def found(books):
    """A run with a break and a suggestion of US01, and a break of GB01."""
    books.left = [item("one"), item("l", "7", ref=""), item("abroad", legal_entity="GB01")]
    books.right = [item("one", "90"), item("r", "7", ref="")]
    return books.reconcile()


def at(name, *args):
    return reverse(f"reconciliation:{name}", args=args)


def test_lists_keep_their_rules(found, anna):
    client = screens.browser(anna)
    assert "one" in screens.assert_list(client, at("break-list"))
    assert "Amount, date and party" in screens.assert_list(client, at("suggestion-list"))
    assert "4 breaks" in screens.assert_list(client, at("run-list"))
    for name in ("pair-list", "run-list", "break-list", "suggestion-list"):
        screens.assert_needs_right(at(name))


def test_all_pairs_are_shown_within_a_budget(found, anna, django_assert_max_num_queries):
    client = screens.browser(anna)
    client.get(at("pair-list"))
    with django_assert_max_num_queries(screens.LIST_BUDGET):
        body = screens.page(client, at("pair-list"))
    assert "Test pair" in body
    assert "Cost journals" not in body  # costs are not for analysts
    assert "Left list" in body
    assert "Test pair" in screens.text(client.get(at("pair-list") + "?format=csv"))
    sheet = b"".join(client.get(at("pair-list") + "?format=xlsx").streaming_content)  # type: ignore[arg-type]
    assert sheet.startswith(b"PK")


def test_the_pages_of_a_pair_and_its_run(found, anna):
    client = screens.browser(anna)
    assert "Test pair" in screens.page(client, at("pair-detail", "test"))
    body = screens.page(client, at("run-detail", found.pk))
    assert found.result_digest in body
    kept = json.loads(screens.text(client.get(at("run-manifest", found.pk))))
    assert kept["result_digest"] == found.result_digest
    assert client.get(at("run-progress", found.pk)).status_code == 200
    answer = client.post(at("run-verify", found.pk), {"seen": found.result_digest}, follow=True)
    assert "It gives the same outcome" in screens.text(answer)
    assert client.get(at("pair-detail", "nothing")).status_code == 404
    assert client.get(at("pair-detail", "journals")).status_code == 403


def test_a_run_is_asked_for_on_its_page(found, anna):
    client = screens.browser(anna)
    screens.page(client, at("pair-run", "test"))
    answer = client.post(at("pair-run", "test"), {"seen": "test", "legal_entity": "US01"})
    run = PairRun.objects.latest("pk")
    assert answer["Location"] == at("run-detail", run.pk)
    assert "Waiting" in screens.page(client, at("run-detail", run.pk))
    assert client.post(at("pair-run", "test"), {"seen": "test"}).status_code == 409
    wrong = {"seen": "test", "period_from": "2026-03-01"}
    drain_once(["bulk"])
    assert client.post(at("pair-run", "test"), wrong).status_code == 422
    auditor = screens.browser(factories.user(Role.AUDITOR, everything=True))
    assert auditor.post(at("pair-run", "test"), {"seen": "test"}).status_code == 403


def test_a_break_is_shown_side_by_side_and_explained(found, anna):
    client, row = screens.browser(anna), PairBreak.objects.get(identity="one")
    body = screens.page(client, at("break-detail", row.pk))
    assert "90.00" in body
    assert "100.00" in body
    screens.page(client, at("break-explain", row.pk))
    answer = client.post(at("break-explain", row.pk), {"version": row.version, "reason": "A discount"})
    assert answer.status_code == 302
    row.refresh_from_db()
    assert "A discount" in screens.page(client, at("break-detail", row.pk))
    assert client.post(at("break-reopen", row.pk), {"version": row.version, "reason": "No"}).status_code == 302
    row.refresh_from_db()
    assert row.state == "open"


def test_a_break_of_which_nothing_can_be_done_at_once_says_so(found, anna):
    client, row = screens.browser(anna), PairBreak.objects.get(identity="one")
    assert "Mend it" in screens.page(client, at("break-detail", row.pk))
    answer = client.post(at("break-mend", row.pk), {"version": row.version})
    assert answer.status_code == 409
    assert "correct it where it is wrong, or explain it" in screens.text(answer)


def test_precision_is_a_share_wherever_it_stands(found, anna, monkeypatch):
    Suggestion.objects.update(confidence=Decimal("0.85"))
    client = screens.browser(anna)
    assert "85 %" in screens.page(client, at("suggestion-list"))
    monkeypatch.setattr(suggestions, "precision", lambda name: {"keyless": Decimal("0.85")})
    shown = screens.page(client, at("pair-detail", Suggestion.objects.get().pair))
    assert "85 %" in shown
    assert "8,500" not in shown


def test_a_suggestion_is_decided_on_its_page(found, anna):
    client, row = screens.browser(anna), Suggestion.objects.get()
    screens.page(client, at("suggestion-detail", row.pk))
    screens.page(client, at("suggestion-accept", row.pk))
    screens.page(client, at("suggestion-reject", row.pk))
    assert client.post(at("suggestion-accept", row.pk), {"version": row.version}).status_code == 302
    row.refresh_from_db()
    assert (row.state, row.decided_by) == ("accepted", "anna")


def test_what_is_of_another_legal_entity_does_not_exist(found):
    local = screens.browser(factories.user(Role.FINANCE, entities=("US01",)))
    abroad = PairBreak.objects.get(identity="abroad")
    assert local.get(at("break-detail", abroad.pk)).status_code == 404
    assert "abroad" not in screens.page(local, at("break-list"))
    assert local.post(at("pair-run", "test"), {"seen": "test", "legal_entity": "GB01"}).status_code == 403


def test_the_api_lists_asks_and_decides(found, anna, client):
    token = factories.token(anna, "reconciliation:read", "reconciliation:write")
    auth = {"headers": {"Authorization": f"Bearer {token}"}, "content_type": "application/json"}
    read = {"headers": auth["headers"]}
    assert client.get("/api/v1/reconciliations/", **read).json()["results"][0]["verdict"] == "breaks"
    assert client.get(f"/api/v1/reconciliations/{found.pk}/", **read).json()["manifest"]["pair"] == "test"
    asked = client.post("/api/v1/reconciliations/", {"pair": "test"}, **auth)
    assert (asked.status_code, asked.json()["state"]) == (202, "waiting")
    assert client.post("/api/v1/reconciliations/", {"pair": "nothing"}, **auth).status_code == 400
    row = client.get("/api/v1/breaks/?kind=amount", **read).json()["results"][0]
    assert row["gap"] == "-10.00"
    mended = client.post(f"/api/v1/breaks/{row['id']}/mend/", {"version": row["version"]}, **auth)
    assert mended.status_code == 409
    said = client.post(f"/api/v1/breaks/{row['id']}/explain/", {"version": row["version"], "reason": "Agreed"}, **auth)
    assert said.json()["state"] == "explained"
    match = client.get("/api/v1/suggested-matches/", **read).json()["results"][0]
    done = client.post(f"/api/v1/suggested-matches/{match['id']}/reject/", {"version": match["version"]}, **auth)
    assert done.json()["state"] == "rejected"
