"""The endpoints that the demo world is played through: find a contract, hold it, run, approve, post."""

from decimal import Decimal

import pytest

from billing.actions import candidates
from billing.models import BillingRun, Candidate, Hold
from contracts.models import Contract
from integration_hub.effects.models import Effect
from integration_hub.trail.models import Event
from integration_hub.work.inprocess import drain_once
from tests import factories
from tests.integration.api.conftest import fields, problem
from tests.worlds import shared

pytestmark = pytest.mark.django_db
RUN = {"legal_entity": "US01", "through": "2026-03-31", "invoice_date": "2026-03-31"}


@shared
def contract() -> Contract:
    return factories.contract_active("C-77")


@shared
def candidate(contract: Contract) -> Candidate:
    return factories.candidate_ready(contract)


def decision(candidate, **more):
    return {"version": candidate["version"], "content_hash": candidate["content_hash"], **more}


def test_the_whole_way_from_run_to_post(call, contract):
    factories.erp(contract.legal_entity, contract.customer)
    factories.tax(contract.legal_entity)
    factories.time_entry(contract, hours="10")
    analyst, finance, controller = call("billing_analyst"), call(), call()

    assert [row["number"] for row in analyst.rows("contracts/", number="C-77")] == ["C-77"]
    started = analyst.post("billing-runs/", RUN)
    assert started.status_code == 201, started.content
    assert (started.json()["state"], started.json()["started_by"]) == ("running", analyst.person.username)
    with factories.quoting():
        drain_once()
    assert analyst.get(f"billing-runs/{started.json()['id']}/").json()["state"] == "done"

    (row,) = finance.rows("candidates/", status="ready", legal_entity="US01")
    assert (row["contract_number"], row["net"], row["tax"], row["gross"]) == ("C-77", "1500.00", "150.00", "1650.00")
    for approver in (finance, controller):
        answer = approver.post(f"candidates/{row['id']}/approve/", decision(row))
        assert answer.status_code == 200, answer.content
        row = answer.json()
    assert row["status"] == "approved"
    assert row["approvals"]["by"] == sorted([finance.person.username, controller.person.username])

    posted = finance.post(f"candidates/{row['id']}/post/", {"version": row["version"]})
    assert posted.status_code == 202, posted.content
    assert posted.json()["status"] == "posting"
    (effect,) = posted.json()["effects"]
    assert (effect["effect_type"], effect["state"]) == ("netsuite.invoice.post", "planned")
    assert Effect.objects.get(effect_type="netsuite.invoice.post").planned_by == finance.person.username
    actions = Event.objects.filter(object_type="billing.candidate").values_list("action", "actor")
    assert ("billing.candidate.approved", controller.person.username) in actions


def test_a_candidate_shows_lines_checklist_and_approvals(call, contract):
    candidate = factories.candidate_ready(contract, hours="2")
    page = call().get(f"candidates/{candidate.pk}/").json()
    (line,) = page["lines"]
    assert (line["hours"], line["rate"], line["net"], line["currency"]) == ("2.00", "150.00", "300.00", "USD")
    assert page["approvals"] == {"needed": 2, "given": 0, "by": [], "complete": False, "decisions": []}
    assert {check["ok"] for check in page["readiness"]} == {True}
    assert page["readiness"][0].keys() == {
        "number", "question", "level", "ok", "code", "message", "owner_role", "remedy"
    }  # fmt: skip


def test_a_stale_version_is_refused_and_says_what_to_do(call, candidate):
    body = {"version": candidate.version + 1, "content_hash": candidate.content_hash}
    answer = call().post(f"candidates/{candidate.pk}/approve/", body)
    assert problem(answer, 409)["type"] == "urn:throughline:problem:stale"
    assert fields(answer, 409) == {"version": "is no longer the latest."}
    moved = {"version": candidate.version, "content_hash": "0" * 64}
    problem(call().post(f"candidates/{candidate.pk}/approve/", moved), 409)
    assert candidate.approvals.count() == 0


def test_whoever_prepared_it_may_not_approve_it(call, contract):
    finance = call()
    candidate = factories.candidate_ready(contract, prepared_by=finance.person)
    answer = finance.post(
        f"candidates/{candidate.pk}/approve/", {"version": candidate.version, "content_hash": candidate.content_hash}
    )
    assert problem(answer, 403)["detail"] == "You prepared this candidate, so someone else must approve it."


def test_an_analyst_may_not_approve_and_an_unapproved_candidate_is_not_posted(call, candidate):
    body = {"version": candidate.version, "content_hash": candidate.content_hash}
    answer = call("billing_analyst").post(f"candidates/{candidate.pk}/approve/", body)
    assert problem(answer, 403)["detail"] == "Only finance approvers can approve candidates."
    answer = call().post(f"candidates/{candidate.pk}/post/", {"version": candidate.version})
    assert "must be approved first" in problem(answer, 403)["detail"]


def test_a_candidate_that_moved_since_approval_is_not_posted(call, candidate):
    candidate = factories.candidate_approved(candidate)
    candidate.contract.po_required = True
    candidate.contract.save()
    answer = call().post(f"candidates/{candidate.pk}/post/", {"version": candidate.version})
    assert "PO_MISSING" in problem(answer, 409)["detail"]
    candidate.refresh_from_db()
    assert candidate.status == "needs_attention"


def test_return_dissolve_and_refresh(call, candidate):
    finance = call()
    at = f"candidates/{candidate.pk}"
    assert fields(finance.post(f"{at}/return/", {"version": candidate.version}), 400).keys() == {"reason"}
    back = finance.post(f"{at}/return/", {"version": candidate.version, "reason": "Wrong period"}).json()
    assert (back["status"], back["returned_reason"]) == ("returned", "Wrong period")
    assert back["approvals"]["decisions"][0]["verdict"] == "returned"

    assert finance.post(f"{at}/refresh/").status_code == 202
    gone = finance.post(f"{at}/dissolve/", {"version": back["version"], "reason": "Bill next month"})
    assert gone.json()["status"] == "dissolved"
    assert gone.json()["lines"][0]["net"] == "1200.00"
    problem(finance.post(f"{at}/refresh/"), 403)


def test_what_another_legal_entity_has_does_not_exist(call, candidate):
    stranger = call(entities=("GB01",))
    held = factories.hold(candidate.contract, code="PO_AWAITED")
    body = {"version": candidate.version, "content_hash": candidate.content_hash}
    for answer in (
        stranger.get(f"candidates/{candidate.pk}/"),
        stranger.post(f"candidates/{candidate.pk}/approve/", body),
        stranger.post(f"candidates/{candidate.pk}/post/", {"version": candidate.version}),
        stranger.post(f"candidates/{candidate.pk}/return/", {"version": candidate.version, "reason": "no"}),
        stranger.post(f"candidates/{candidate.pk}/dissolve/", {"version": candidate.version, "reason": "no"}),
        stranger.post(f"candidates/{candidate.pk}/refresh/"),
        stranger.get(f"contracts/{candidate.contract_id}/"),
        stranger.get(f"billing-runs/{candidate.run_id}/"),
        stranger.get(f"holds/{held.pk}/"),
        stranger.post(f"holds/{held.pk}/release/", {"version": held.version}),
    ):
        problem(answer, 404)
    for path in ("candidates/", "contracts/", "billing-runs/", "holds/"):
        assert stranger.rows(path) == []
        assert len(call(everything=True).rows(path)) == 1
    refused = stranger.post("billing-runs/", RUN)
    assert problem(refused, 403)["detail"] == "Legal entity US01 is outside your scope."


def test_a_run_refuses_what_makes_no_sense(call):
    factories.legal_entity()
    analyst = call("billing_analyst")
    assert fields(analyst.post("billing-runs/", {**RUN, "invoice_date": "2026-03-01"}), 422).keys() == {"invoice_date"}
    assert fields(analyst.post("billing-runs/", {**RUN, "legal_entity": "XX"}), 422).keys() == {"legal_entity"}
    assert fields(analyst.post("billing-runs/", {**RUN, "through": "soon", "dry": True}), 400).keys() == {
        "through",
        "dry",
    }
    assert fields(analyst.post("billing-runs/", {}), 400).keys() == {"legal_entity", "through", "invoice_date"}
    problem(call("pmo").post("billing-runs/", RUN), 403)
    assert analyst.post("billing-runs/", RUN).status_code == 201
    assert "still going on" in problem(analyst.post("billing-runs/", RUN), 409)["detail"]


@pytest.mark.parametrize("by", ["number", "pk"])
def test_a_hold_names_its_contract_by_number_or_id(call, by, contract):
    pmo = call("pmo")
    body = {"scope": "contract", "target": str(getattr(contract, by)), "code": "CLIENT_QUERY", "reason": "They ask"}
    placed = pmo.post("holds/", {**body, "review_on": "2026-05-01"})
    assert placed.status_code == 201, placed.content
    shown = placed.json()
    assert (shown["contract_number"], shown["effect"], shown["review_on"]) == ("C-77", "no_bill", "2026-05-01")
    assert shown["placed_by"] == pmo.person.username
    assert "There is an open hold “Client query” on C-77" in problem(pmo.post("holds/", body), 409)["detail"]


def test_a_hold_on_one_entry_names_its_work_key(call, contract):
    entry = factories.time_entry(contract, key="psa:time_entry:9001")
    body = {"scope": "event", "target": entry.work_key, "code": "SCOPE_DISPUTE", "reason": "Not agreed"}
    placed = call("pmo").post("holds/", body)
    assert placed.status_code == 201, placed.content
    drain_once(["ingest"])
    assert call().get(f"billable-events/{entry.pk}/").json()["pieces"][0]["state"] == "held"


def test_a_hold_on_a_customer_is_seen_by_those_who_bill_him(call, contract):
    pmo = call("pmo")
    entry = factories.time_entry(contract)
    body = {"scope": "customer", "target": contract.customer.code, "code": "CREDIT_HOLD", "reason": "Overdue"}
    everywhere = call("pmo", everything=True)
    assert "stops billing in every legal entity" in problem(pmo.post("holds/", body), 403)["detail"]
    placed = everywhere.post("holds/", body).json()
    assert (placed["target_id"], placed["legal_entity"]) == (str(contract.customer_id), None)
    assert pmo.ids("holds/", scope="customer") == [placed["id"]]
    assert everywhere.ids("holds/") == [placed["id"]]
    stranger = call("pmo", entities=("GB01",))
    assert stranger.rows("holds/") == []
    assert fields(stranger.post("holds/", body), 422).keys() == {"target"}
    by_id = {"scope": "event", "target": str(entry.pk), "code": "PM_HOLD", "reason": "Look again"}
    assert pmo.post("holds/", by_id).json()["target_id"] == entry.work_key


def test_a_hold_on_what_is_not_known_or_not_seen_is_refused_alike(call, contract):
    body = {"scope": "contract", "target": "C-77", "code": "CLIENT_QUERY", "reason": "They ask"}
    stranger = call("pmo", entities=("GB01",))
    assert fields(stranger.post("holds/", body), 422) == {"target": "no contract 'C-77' is known."}
    assert fields(call("pmo").post("holds/", {**body, "target": "C-0"}), 422) == {
        "target": "no contract 'C-0' is known."
    }
    assert fields(call("pmo").post("holds/", {**body, "code": "BECAUSE", "scope": "moon"}), 400).keys() == {
        "code",
        "scope",
    }
    assert fields(call("pmo").post("holds/", {**body, "reason": " "}), 400).keys() == {"reason"}
    assert problem(call("auditor").post("holds/", body), 403)["detail"].startswith("Only finance, PMO")
    assert Hold.objects.count() == 0


def test_a_text_that_means_two_contracts_is_refused(call):
    first = factories.contract_signed("C-1")
    factories.contract_signed(str(first.pk))
    body = {"scope": "contract", "target": str(first.pk), "code": "CLIENT_QUERY", "reason": "They ask"}
    assert "names another" in fields(call("pmo").post("holds/", body), 422)["target"]


def test_release_needs_another_person_the_latest_version_and_an_open_hold(call, contract):
    placer, releaser = call("pmo"), call("pmo")
    held = factories.hold(contract, by=placer.person)
    at, body = f"holds/{held.pk}/release/", {"version": held.version, "note": "Answered"}
    assert problem(placer.post(at, body), 403)["detail"] == "You placed this hold, so someone else must release it."
    problem(releaser.post(at, {**body, "version": 9}), 409)
    assert fields(releaser.post(at, {"note": "x"}), 400) == {"version": "This field is required."}
    released = releaser.post(at, body).json()
    assert (released["status"], released["decision_note"]) == ("released", "Answered")
    assert (
        problem(releaser.post(at, {"version": released["version"]}), 403)["detail"] == "This hold is already released."
    )


def test_stopping_a_run_needs_a_reason_and_a_run_that_goes_on(call):
    factories.legal_entity()
    analyst = call("billing_analyst")
    run = analyst.post("billing-runs/", RUN).json()
    at = f"billing-runs/{run['id']}/stop/"
    assert fields(analyst.post(at, {}), 400) == {"reason": "This field is required."}
    stopped = analyst.post(at, {"reason": "Wrong date"})
    assert (stopped.status_code, stopped.json()["stop_asked_by"]) == (202, analyst.person.username)
    problem(analyst.post(at, {"reason": "Wrong date"}), 403)
    problem(call("pmo").post(at, {"reason": "Wrong date"}), 403)


class TestIdempotency:
    def test_the_same_request_is_answered_and_not_done_again(self, call):
        factories.legal_entity()
        analyst = call("billing_analyst")
        first = analyst.post("billing-runs/", RUN, **{"Idempotency-Key": "run-march"})
        again = analyst.post("billing-runs/", RUN, **{"Idempotency-Key": "run-march"})
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.json() == again.json()
        assert "Idempotent-Replayed" not in first
        assert again["Idempotent-Replayed"] == "true"
        assert BillingRun.objects.count() == 1

    def test_another_body_under_the_same_key_is_refused(self, call, contract):
        pmo = call("pmo")
        body = {"scope": "contract", "target": contract.number, "code": "CLIENT_QUERY", "reason": "They ask"}
        assert pmo.post("holds/", body, **{"Idempotency-Key": "k"}).status_code == 201
        answer = pmo.post("holds/", {**body, "code": "LEGAL_HOLD"}, **{"Idempotency-Key": "k"})
        assert problem(answer, 409)["type"] == "urn:throughline:problem:key_reused"
        elsewhere = pmo.post("billing-runs/", RUN, **{"Idempotency-Key": "k"})
        assert problem(elsewhere, 409)["type"] == "urn:throughline:problem:key_reused"

    def test_a_refused_request_leaves_its_key_free(self, call):
        pmo = call("pmo")
        body = {"scope": "contract", "target": "C-LATE", "code": "CLIENT_QUERY", "reason": "They ask"}
        assert pmo.post("holds/", body, **{"Idempotency-Key": "k"}).status_code == 422
        factories.contract_active("C-LATE")
        assert pmo.post("holds/", body, **{"Idempotency-Key": "k"}).status_code == 201

    def test_keys_belong_to_a_person(self, call, contract):
        body = {"scope": "contract", "target": contract.number, "code": "CLIENT_QUERY", "reason": "They ask"}
        assert call("pmo").post("holds/", body, **{"Idempotency-Key": "k"}).status_code == 201
        assert problem(call("pmo").post("holds/", body, **{"Idempotency-Key": "k"}), 409)["type"].endswith("not_ready")

    def test_a_key_has_a_length(self, call):
        answer = call("billing_analyst").post("billing-runs/", RUN, **{"Idempotency-Key": "x" * 201})
        assert fields(answer, 400).keys() == {"Idempotency-Key"}


def test_a_fresh_candidate_is_found_by_its_filters(call, candidate):
    finance = call()
    for query in (
        {"number": candidate.number},
        {"contract": candidate.contract.number},
        {"contract": candidate.contract_id},
        {"run": candidate.run_id},
        {"status": "ready"},
    ):
        assert finance.ids("candidates/", **query) == [candidate.pk], query
    assert finance.rows("candidates/", status="posted") == []
    assert fields(finance.get("candidates/", status="nearly"), 400).keys() == {"status"}
    assert fields(finance.get("candidates/", state="ready"), 400).keys() == {"state"}


def test_dissolved_work_can_be_billed_again(call, candidate):
    candidates.dissolve(candidate=candidate, by="system:test", reason="Again")
    assert Candidate.objects.filter(status="ready").count() == 0
    factories.run_done(candidate.legal_entity, by=call("billing_analyst").person)
    (row,) = call().rows("candidates/", status="ready")
    assert Decimal(row["net"]) == candidate.net
