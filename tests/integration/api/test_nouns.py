"""Each noun: what it shows, how it is found, and that another legal entity's rows do not exist."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from billing.models import Invoice, Payment, Piece
from contracts.actions import references
from contracts.models import Contract
from integration_hub.cases.actions import cases
from integration_hub.cases.models import Case
from integration_hub.cases.registry import KINDS, CaseKind
from integration_hub.connectors.models import Connection
from integration_hub.effects.actions import effects
from integration_hub.effects.models import Attempt, Effect
from integration_hub.intake.models import Feed, FeedDay, Run
from integration_hub.kernel.clock import now
from integration_hub.processes.models import Process
from integration_hub.trail.lineage import PROVIDERS, Node, Provider
from integration_hub.trail.sight import chain
from integration_hub.work.models import Item
from reconciliation.models import TieOut
from tests import factories
from tests.integration.api.conftest import fields, problem
from tests.worlds import shared

pytestmark = pytest.mark.django_db


@shared
def contract() -> Contract:
    return factories.contract_active("C-20")


@shared
def invoice(contract: Contract) -> Invoice:
    return factories.invoice_posted(contract=contract, number="INV-40")


def unseen(call, *paths):
    """A stranger gets 404 for these rows and empty lists of their nouns."""
    stranger = call("finance", entities=("GB01",))
    for path in paths:
        problem(stranger.get(path), 404)
        assert stranger.rows(path.split("/")[0] + "/") == [], path


class TestContracts:
    def test_a_contract_shows_all_that_was_agreed(self, call):
        contract = factories.contract_active(
            "C-7", method="fixed_schedule", amount="1000", cap="50000", po_number="PO-9", po_amount="20000"
        )
        factories.erp(contract.legal_entity, contract.customer)
        page = call().get(f"contracts/{contract.pk}/").json()
        assert (page["number"], page["legal_entity"], page["status"]) == ("C-7", "US01", "active")
        assert page["customer_code"] == contract.customer.code
        assert [version["number"] for version in page["versions"]] == [1]
        (line,) = page["lines"]
        assert (line["method"], line["amount"], line["currency"]) == ("fixed_schedule", "1000.00", "USD")
        assert len(line["schedule"]) == 12
        assert line["schedule"][0]["period_from"] == "2026-01-01"
        assert (page["caps"][0]["limit"], page["purchase_orders"][0]["amount"]) == ("50000.00", "20000.00")
        assert [project["code"] for project in page["projects"]] == ["C-7"]
        assert page["activated_at"].endswith("Z")

    def test_rates_and_references(self, call):
        contract = factories.contract_active("C-8", rate="165.125")
        references.note(connection=factories.connection(), entity="job", source_id="J-1", row=contract, number="C-8")
        page = call().get(f"contracts/{contract.pk}/").json()
        (rate,) = page["rates"]
        assert (rate["rate"], rate["unit"], rate["valid_from"], rate["valid_to"]) == (
            "165.125",
            "hour",
            "2026-01-01",
            None,
        )
        (reference,) = page["references"]
        assert (reference["connection"], reference["source_id"], reference["sync"]) == ("netsuite", "J-1", "current")

    def test_filters(self, call):
        contract = factories.contract_active("C-9")
        factories.contract_signed("C-10")
        finance = call()
        for query in ({"status": "active"}, {"number": "C-9"}, {"customer": contract.customer.code}):
            assert finance.ids("contracts/", **query) == [contract.pk], query
        assert len(finance.rows("contracts/", legal_entity="US01")) == 2
        assert finance.rows("contracts/", legal_entity="GB01") == []

    def test_parties_projects_milestones(self, call):
        contract = factories.contract_active("C-11", method="milestone", milestones=("500", "700"))
        finance, project = call(), factories.project_of(contract)
        milestone = contract.lines.get().milestones.get(sequence=1)
        assert finance.ids("customers/", code=contract.customer.code) == [contract.customer_id]
        assert finance.ids("legal-entities/") == [contract.legal_entity_id]
        assert finance.ids("projects/", contract="C-11") == [project.pk]
        assert finance.get(f"projects/{project.pk}/").json()["references"] == []
        shown = finance.get(f"milestones/{milestone.pk}/").json()
        assert (shown["amount"], shown["currency"], shown["contract_number"]) == ("500.00", "USD", "C-11")
        assert len(finance.rows("milestones/", contract=contract.pk)) == 2
        unseen(
            call,
            f"contracts/{contract.pk}/",
            f"customers/{contract.customer_id}/",
            f"legal-entities/{contract.legal_entity_id}/",
            f"projects/{project.pk}/",
            f"milestones/{milestone.pk}/",
        )

    def test_a_customer_of_nobody_is_for_those_who_see_all(self, call):
        lonely = factories.customer("CUST-LONELY")
        problem(call().get(f"customers/{lonely.pk}/"), 404)
        assert call(everything=True).get(f"customers/{lonely.pk}/").json()["code"] == "CUST-LONELY"


class TestWork:
    def test_an_event_with_its_pieces(self, call, contract):
        entry = factories.time_entry(contract, hours="1.3333", key="psa:time_entry:1")
        finance = call()
        page = finance.get(f"billable-events/{entry.pk}/").json()
        assert (page["minutes"], page["kind"], page["project_code"]) == ("79.998", "time", "C-20")
        (piece,) = page["pieces"]
        assert (piece["state"], piece["amount"], piece["rate"]) == ("billable", "199.995", "150.00")
        assert finance.get(f"pieces/{piece['id']}/").json() == piece
        unseen(call, f"billable-events/{entry.pk}/", f"pieces/{piece['id']}/")

    def test_filters(self, call):
        contract = factories.contract_active("C-21", rate="100", rate_role="Consultant")
        march = factories.time_entry(contract, on=date(2026, 3, 2))
        april = factories.time_entry(contract, on=date(2026, 4, 2), role="Stranger")
        finance = call()
        assert finance.ids("billable-events/", contract="C-21") == [april.pk, march.pk]
        assert finance.ids("billable-events/", project="C-21", service_date_to="2026-03-31") == [march.pk]
        assert finance.ids("billable-events/", service_date_from="2026-04-01") == [april.pk]
        assert finance.ids("billable-events/", state="blocked") == [april.pk]
        blocked = Piece.objects.get(event=april, is_current=True)
        assert finance.ids("pieces/", state="blocked", contract=contract.pk) == [blocked.pk]
        assert finance.ids("pieces/", code=blocked.codes[0]) == [blocked.pk]
        assert finance.rows("pieces/", code="NO_SUCH_CODE") == []

    def test_only_the_version_in_force_is_shown(self, call, contract):
        first = factories.time_entry(contract, key="psa:time_entry:2", hours="1")
        second = factories.time_entry(contract, key="psa:time_entry:2", hours="2")
        assert call().ids("billable-events/") == [second.pk]
        problem(call().get(f"billable-events/{first.pk}/"), 404)


def test_invoices_payments_and_pieces_of_a_candidate(call, contract):
    invoice = factories.invoice_posted(contract=contract, hours="10", number="INV-900")
    paid = factories.payment(invoice, amount="400")
    finance = call()
    page = finance.get(f"invoices/{invoice.pk}/").json()
    assert (page["number"], page["gross"], page["paid"], page["status"]) == (
        "INV-900",
        "1650.00",
        "400.00",
        "part_paid",
    )
    assert page["candidate_number"] == invoice.candidate.number
    assert (page["lines"][0]["net"], page["lines"][0]["currency"]) == ("1500.00", "USD")
    assert page["payments"][0]["payment_number"] == paid.number
    shown = finance.get(f"payments/{paid.pk}/").json()
    assert shown["applied_to"][0] == page["payments"][0]
    for query in ({"number": "INV-900"}, {"status": "part_paid"}, {"candidate": invoice.candidate.number}):
        assert finance.ids("invoices/", **query) == [invoice.pk], query
    assert finance.ids("payments/", invoice="INV-900") == [paid.pk]
    assert [row["state"] for row in finance.rows("pieces/", candidate=invoice.candidate_id)] == ["posted"]
    assert finance.get(f"candidates/{invoice.candidate_id}/").json()["effects"][0]["remote_number"] == "INV-900"
    unseen(call, f"invoices/{invoice.pk}/", f"payments/{paid.pk}/")


def test_credit_memos(call, invoice):
    memo = factories.credit_memo(invoice, net="100", tax="10")
    finance = call()
    (row,) = finance.rows("credit-memos/", invoice=invoice.number)
    assert (row["gross"], row["applied"], row["currency"]) == ("110.00", "110.00", "USD")
    (part,) = row["applied_to"]
    assert (part["invoice_number"], part["amount"], part["stands"]) == (invoice.number, "110.00", True)
    assert finance.get(f"invoices/{invoice.pk}/").json()["credits"] == [part]
    unseen(call, f"credit-memos/{memo.pk}/")


class TestCases:
    @pytest.fixture(autouse=True)
    def kinds(self, monkeypatch):
        self.rung = []
        entries = dict(KINDS._entries)
        monkeypatch.setattr(KINDS, "_entries", entries)
        entries["API_TEST"] = CaseKind("API_TEST", "Test", "pmo", 2, "it is mended", retry=self.ring)
        entries["API_OTHER"] = CaseKind("API_OTHER", "Other", "pmo", 3, "it is mended", still_holds=lambda root: True)

    def ring(self, root):
        self.rung.append(root)
        return 3

    def case(self, root="r", *, code="API_TEST", amount="10", currency="USD", entity="US01"):
        member = cases.MemberIn("test.thing", root, f"Thing {root}", Decimal(amount), currency)
        return cases.raise_case(
            code=code, root_cause=root, title=f"Trouble {root}", members=[member], legal_entity=entity, by=factories.BY
        )

    def test_the_list_is_the_queue(self, call):
        small, big, same = self.case("a", amount="5"), self.case("b", amount="900"), self.case("c", amount="5")
        resolved = self.case("d")
        cases.heal(code="API_TEST", root_cause="d", because="mended", by=factories.BY)
        finance = call()
        assert finance.ids("cases/") == [big.pk, small.pk, same.pk]
        assert finance.ids("cases/", status="resolved") == [resolved.pk]
        first = finance.get("cases/", limit=2).json()
        assert [row["id"] for row in first["results"]] == [big.pk, small.pk]
        assert [row["id"] for row in finance.client.get(first["next"]).json()["results"]] == [same.pk]
        assert first["results"][0]["held"] == [{"amount": "900.00", "currency": "USD", "basis": ""}]
        assert finance.ids("cases/", target_type="test.thing", target_id="c") == [same.pk]
        assert call("finance", entities=("GB01",)).rows("cases/") == []

    def test_a_page_reads_money_once(self, call, django_assert_max_num_queries):
        for number in range(5):
            self.case(str(number))
        finance = call()
        with django_assert_max_num_queries(8):
            assert len(finance.rows("cases/")) == 5

    def test_what_people_do(self, call):
        case, pmo, other = self.case(), call("pmo"), call("pmo")
        at = f"cases/{case.pk}"
        page = pmo.post(f"{at}/claim/", {"version": case.version}).json()
        assert (page["status"], page["assigned_to"]) == ("assigned", pmo.person.username)
        page = pmo.post(f"{at}/assign/", {"version": page["version"], "to": other.person.username}).json()
        assert page["assigned_to"] == other.person.username
        page = pmo.post(f"{at}/comment/", {"text": "Asked the client"}).json()
        assert [(row["author"], row["text"]) for row in page["comments"]] == [(pmo.person.username, "Asked the client")]
        retried = pmo.post(f"{at}/retry/", {"version": page["version"]}).json()
        assert (retried["items"], self.rung) == (3, ["r"])
        until = (now() + timedelta(days=2)).isoformat()
        version = retried["case"]["version"]
        page = other.post(f"{at}/snooze/", {"version": version, "until": until, "reason": "Client away"}).json()
        assert page["status"] == "snoozed"
        body = {"version": page["version"], "outcome": "override", "text": "Accepted by the client"}
        page = other.post(f"{at}/resolve/", body).json()
        assert (page["status"], page["outcome"], page["resolution"]) == (
            "resolved",
            "override",
            "Accepted by the client",
        )
        assert page["members"][0]["is_open"] is False
        assert problem(other.post(f"{at}/resolve/", body), 403)["detail"] == "This case is already resolved."

    def test_refusals(self, call):
        case, pmo = self.case(code="API_OTHER"), call("pmo")
        at = f"cases/{case.pk}"
        problem(pmo.post(f"{at}/claim/", {"version": 9}), 409)
        assert fields(pmo.post(f"{at}/assign/", {"version": 1, "to": "nobody"}), 422).keys() == {"to"}
        stranger = call("pmo", entities=("GB01",))
        refused = pmo.post(f"{at}/assign/", {"version": 1, "to": stranger.person.username})
        assert "does not work for this legal entity" in problem(refused, 403)["detail"]
        mended = pmo.post(f"{at}/resolve/", {"version": 1, "outcome": "manual", "text": "Mended"})
        assert problem(mended, 403)["detail"].startswith("It still holds. It closes itself when it is mended.")
        assert problem(pmo.post(f"{at}/retry/", {"version": 1}), 403)["detail"].startswith("Nothing waits behind")
        past = {"version": 1, "until": "2020-01-01T00:00:00Z", "reason": "x"}
        assert fields(pmo.post(f"{at}/snooze/", past), 422).keys() == {"until"}
        problem(call("auditor").post(f"{at}/comment/", {"text": "hm"}), 403)
        problem(stranger.post(f"{at}/claim/", {"version": 1}), 404)
        problem(stranger.get(f"{at}/"), 404)
        assert fields(pmo.post(f"{at}/claim/", {"version": 1, "force": True}), 400).keys() == {"force"}
        case.refresh_from_db()
        assert (case.status, case.version) == (Case.Status.OPEN, 1)


class TestIntegration:
    def test_a_connection_shows_no_secret(self, call):
        Connection.objects.create(
            code="crm",
            vendor="salesforce",
            name="CRM",
            settings={"instance": "https://secret.example.com"},
            sealed_credentials=b"sealed-credentials",
            sealed_webhook_secret=b"sealed-hook",
        )
        admin = call("integration_admin")
        (row,) = admin.rows("connections/", vendor="salesforce")
        assert (row["code"], row["health"]) == ("crm", "unknown")
        answer = admin.get(f"connections/{row['id']}/")
        assert answer.json() == row
        assert b"seal" not in answer.content
        assert b"secret" not in answer.content
        problem(call("delivery_lead").get("connections/"), 403)

    def test_feeds_and_their_runs(self, call):
        there = factories.connection("kantata")
        feed = Feed.objects.create(connection=there, entity="time_entry")
        run = Run.objects.create(
            feed=feed, trigger="tick", state="done", finished_at=now(), read=5, applied=4, refused=1
        )
        admin = call("integration_admin")
        assert admin.ids("feeds/", connection="kantata", entity="time_entry") == [feed.pk]
        day = FeedDay.objects.create(
            feed=feed, day=date(2026, 3, 1), verdict="short", basis="ids", expected=3, seen=2, missing=["7"]
        )
        assert admin.ids("feed-days/", verdict="short", since="2026-03-01", until="2026-03-01") == [day.pk]
        assert "missing" not in admin.rows("feed-days/", connection="kantata")[0]
        assert admin.post(f"feed-days/{day.pk}/check/").status_code == 202
        assert "may read feeds" in problem(call().post(f"feed-days/{day.pk}/check/"), 403)["detail"]
        (row,) = admin.rows("runs/", feed=feed.pk, state="done")
        assert (row["id"], row["read"], row["applied"], row["refused"], row["entity"]) == (
            run.pk,
            5,
            4,
            1,
            "time_entry",
        )
        assert admin.post(f"feeds/{feed.pk}/run/").status_code == 202
        assert Item.objects.filter(kind="intake.poll").count() == 1
        assert "may read feeds" in problem(call().post(f"feeds/{feed.pk}/run/"), 403)["detail"]
        Connection.objects.filter(pk=there.pk).update(is_paused=True, paused_reason="Maintenance")
        assert "is paused: Maintenance" in problem(admin.post(f"feeds/{feed.pk}/run/"), 403)["detail"]

    def effect(self, key="TL-1"):
        return effects.plan(
            effect_type="netsuite.invoice.post",
            connection=factories.connection(),
            business_key=key,
            payload={"net": "10"},
            legal_entity="US01",
            subject=("test.thing", "1"),
            by=factories.BY,
            amount=Decimal(10),
            currency="USD",
        )

    def test_an_effect_with_its_proof(self, call):
        effect = self.effect()
        Attempt.objects.create(effect=effect, number=1, kind="send", token=1, outcome="sent")
        finance = call()
        page = finance.get(f"effects/{effect.pk}/").json()
        assert (page["key"], page["state"], page["amount"]) == (effect.key, "planned", "10.00")
        proof = page["proof"]
        assert (proof["is_proved"], proof["key_holds"], proof["payload_holds"], proof["sends"]) == (
            False,
            True,
            True,
            1,
        )
        assert finance.ids("effects/", business_key="TL-1", state="planned") == [effect.pk]
        assert finance.ids("effects/", subject_type="test.thing", subject_id="1") == [effect.pk]
        unseen(call, f"effects/{effect.pk}/")

    def test_retry(self, call):
        effect = self.effect()
        Effect.objects.filter(pk=effect.pk).update(
            state="rejected", failure="Unknown customer", failure_class="rejected"
        )
        at = f"effects/{effect.pk}/retry/"
        problem(call("auditor").post(at, {"reason": "x"}), 403)
        problem(call("finance", entities=("GB01",)).post(at, {}), 404)
        answer = call().post(at, {"reason": "Customer is there now"})
        assert (answer.status_code, answer.json()["state"]) == (202, "planned")
        Effect.objects.filter(pk=effect.pk).update(state="confirmed", remote_id="1", confirmed_at=now())
        assert "nothing to try again" in problem(call().post(at, {}), 403)["detail"]

    def test_a_process_with_its_steps(self, call, contract):
        process = Process.objects.get(business_key="C-20")
        finance = call()
        page = finance.get(f"processes/{process.pk}/").json()
        assert (page["definition"], page["state"], page["label"]) == ("contract.activation", "done", "C-20 Advisory")
        assert [step["state"] for step in page["steps"]] == ["done"] * len(page["steps"])
        assert page["steps"][0]["title"] == "Validate against ERP master data"
        assert finance.ids("processes/", business_key=contract.number, state="done") == [process.pk]
        unseen(call, f"processes/{process.pk}/")

    def test_status_says_what_waits_and_what_is_stuck(self, call):
        assert call().get("status/").json()["quiescent"] is True
        self.effect()
        body = call().get("status/").json()
        assert body["quiescent"] is False
        assert [(stage["stage"], stage["waiting"]) for stage in body["backlog"] if stage["waiting"]] == [("post", 1)]
        lane = Item.objects.get(kind="effects.send").lane
        lane.blocked, lane.blocked_reason, lane.blocked_since = True, "Credential refused", now()
        lane.save()
        (stall,) = call().get("status/").json()["stalled"]
        assert (stall["lane"], stall["reason"]) == (lane.key, "Credential refused")
        assert stall["money"] == [{"amount": "10.00", "currency": "USD"}]
        assert call("finance", entities=("GB01",)).get("status/").json()["stalled"] == []
        problem(call("delivery_lead").get("status/"), 403)


def test_a_tie_out_shows_the_arrows_of_ones_legal_entities(call):
    ours = {"name": "ledger", "currency": "USD", "left_name": "Here", "left": "10.5", "right_name": "There"}
    arrows = [{**ours, "legal_entity": code, "right": "10", "agrees": False} for code in ("US01", "GB01")]
    done = TieOut.objects.create(started_by="system:test", agrees=False, totals={"arrows": arrows})
    for code in ("US01", "GB01"):
        done.breaks.create(arrow="ledger", legal_entity=code, currency="USD", left=Decimal("10.5"), right=Decimal(10))
    (row,) = call().rows("tie-outs/", agrees="false")
    assert (row["id"], row["broken"]) == (done.pk, 1)
    (arrow,) = call().get(f"tie-outs/{done.pk}/").json()["arrows"]
    assert (arrow["legal_entity"], arrow["left"], arrow["right"]) == ("US01", "10.50", "10.00")
    assert len(call(everything=True).get(f"tie-outs/{done.pk}/").json()["arrows"]) == 2
    problem(call("delivery_lead").get("tie-outs/"), 403)


def test_a_tie_out_is_asked_for_once(call):
    finance = call()
    answers = [finance.post("tie-outs/") for _ in range(2)]
    assert [(answer.status_code, answer.json()["requested"]) for answer in answers] == [(202, True), (202, False)]
    assert Item.objects.filter(kind="reconciliation.tie_out").count() == 1
    assert problem(call("pmo").post("tie-outs/"), 403)["detail"].startswith("Only finance and billing analysts")


class TestTrace:
    def test_from_an_invoice_number_to_the_hours(self, call, invoice):
        body = call().get("trace/", q="INV-40").json()
        assert {(hit["kind"], hit["label"]) for hit in body["hits"]} >= {("invoice", "INV-40")}
        graph = call().get("trace/", kind="invoice", key=invoice.pk).json()["graph"]
        assert graph["focus"] == ["invoice", str(invoice.pk)]
        kinds = {node["kind"] for node in graph["nodes"]}
        assert {"invoice", "candidate", "piece", "event", "contract"} <= kinds
        refs = {(node["kind"], node["key"]) for node in graph["nodes"]}
        assert graph["edges"]
        assert all(tuple(edge["source"]) in refs and tuple(edge["target"]) in refs for edge in graph["edges"])
        node = next(node for node in graph["nodes"] if node["kind"] == "invoice")
        assert (node["amount"], node["currency"], node["lane"]) == ("1320.00", "USD", "invoice")

    def test_what_is_outside_the_scope_is_not_found(self, call, invoice):
        stranger = call("finance", entities=("GB01",))
        assert stranger.get("trace/", q="INV-40").json() == {"hits": [], "graph": None}
        problem(stranger.get("trace/", kind="invoice", key=invoice.pk), 404)
        problem(stranger.get("trace/", kind="nothing", key="1"), 404)
        problem(stranger.get("trace/", kind="invoice", key="abc"), 404)

    def test_the_chain_stops_at_another_legal_entity(self, monkeypatch):
        down = {"a": "b", "b": "c", "c": "d"}
        entity = {"a": "US01", "b": "", "c": "GB01", "d": ""}
        provider = Provider(
            load=lambda keys: [Node("test", key, "contract", key, legal_entity=entity[key]) for key in keys],
            upstream=lambda key, limit: [],
            downstream=lambda key, limit: [("test", down[key])] if key in down else [],
        )
        monkeypatch.setattr(PROVIDERS, "_entries", {"test": provider})
        some, everything = factories.user(), factories.user(everything=True)
        assert {key for _, key in chain(some, ("test", "a"), 8).nodes} == {"a", "b"}
        assert {key for _, key in chain(everything, ("test", "a"), 8).nodes} == {"a", "b", "c", "d"}

    def test_it_wants_something_to_trace(self, call):
        assert fields(call().get("trace/"), 400).keys() == {"q"}
        assert fields(call().get("trace/", q="x", depth="99"), 400).keys() == {"depth"}
        assert fields(call().get("trace/", q="a\x00b"), 400).keys() == {"q"}
        assert call().get("trace/", q="x", depth="3").status_code == 200
        assert call().get("trace/", q="no such number").json() == {"hits": [], "graph": None}


@shared
def three_paid() -> tuple[Payment, ...]:
    return tuple(factories.payment(factories.invoice_posted(), amount="10") for _ in range(3))


@pytest.mark.parametrize(
    "path",
    ["contracts/", "projects/", "billable-events/", "pieces/", "candidates/", "invoices/", "payments/", "effects/"],
)
def test_a_longer_list_asks_no_more_questions(call, three_paid, path, django_assert_max_num_queries):
    finance = call()
    with django_assert_max_num_queries(7):
        assert len(finance.rows(path)) >= 3


def test_an_id_that_is_no_number_is_not_found(call):
    problem(call().get("contracts/C-1/"), 404)
    problem(call().get(f"contracts/{'9' * 18}/"), 404)
    assert Contract.objects.count() == 0
