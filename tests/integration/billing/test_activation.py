"""Activation: a signed contract becomes a project, a job, a schedule and a revenue plan, or nothing at all."""

import pytest

from billing.models import RevenuePlan, ScheduleItem
from billing.workflows import activation
from contracts.models import Contract, ExternalReference, Project
from integration_hub import canonical
from integration_hub.cases.models import Case
from integration_hub.effects.models import Effect
from integration_hub.kernel.errors import Denied, Stale
from integration_hub.people.models import Role
from integration_hub.processes.models import Process
from integration_hub.trail.models import Event
from integration_hub.work.inprocess import drain_once
from tests import deals, factories


def open_cases(code):
    return {case.root_cause: case for case in Case.objects.filter(code=code).exclude(status="resolved")}


def test_a_signed_contract_becomes_a_project_a_job_a_schedule_and_a_plan(landscape):
    deals.master_data(landscape, "CUST-1")
    deals.sign(landscape)
    landscape.arrive("crm", deals.line(row=2, method="fixed_schedule", amount=1200, frequency="quarterly"))
    drain_once()
    contract = Contract.objects.get(number="C-1")
    assert contract.status == "active"
    assert contract.activated_at is not None
    assert set(deals.steps().values()) == {"done"}
    assert deals.process().state == Process.State.DONE
    [shell] = landscape.psa.writes("project.create")
    assert shell.payload["reference"] == "C-1"
    [job] = landscape.erp.writes("job.upsert")
    assert job.payload["customer_code"] == "CUST-1"
    assert job.payload["legal_entity_id"] == "1"
    assert job.payload["version_note"] == "Contract version 1: Signed"
    assert [item.amount for item in ScheduleItem.objects.all()] == [300, 300, 300, 300]
    assert {plan.line.number: plan.basis for plan in RevenuePlan.objects.filter(is_current=True)} == {
        1: "right_to_invoice",
        2: "straight_line",
    }
    project = Project.objects.get(code="C-1")
    assert project.status == Project.Status.OPEN
    known = ExternalReference.objects.filter(object_type="contracts.project", object_id=project.pk).get()
    assert (known.connection.code, known.source_id) == ("psa", "KA-C-1")
    assert Event.objects.filter(action="contracts.contract.activated", object_id=str(contract.pk)).count() == 1


def test_the_crm_is_told_last_that_the_contract_is_active(landscape):
    deals.activated(landscape)
    [status] = landscape.crm.writes("contract.status")
    assert status.payload["remote_id"] == "K-C-1"
    assert status.payload["status"] == "Active"
    assert status.payload["project_ref"] == "C-1"
    assert status.payload["invoiced_amount"] == "0"
    assert Effect.objects.latest("pk").key == status.key


def test_nothing_starts_before_the_contract_is_signed_won_and_complete(landscape):
    deals.master_data(landscape, "CUST-1")
    landscape.arrive("crm", deals.customer())
    landscape.arrive("crm", deals.opportunity(won=False))
    landscape.arrive("crm", deals.contract(status="in_review", signed_on=None))
    landscape.arrive("crm", deals.line())
    drain_once()
    contract = Contract.objects.get(number="C-1")
    assert contract.status == "in_review"
    assert activation.consider(contract_id=contract.pk) is None
    landscape.arrive("crm", deals.contract(version="2"))
    drain_once()
    assert not Process.objects.exists(), "the line has no price yet"
    landscape.arrive("crm", deals.rate())
    drain_once()
    assert not Process.objects.exists(), "the deal is not won yet"
    landscape.arrive("crm", deals.opportunity(won=True))
    drain_once()
    assert Contract.objects.get(number="C-1").status == "active"


def test_a_milestone_line_waits_for_its_milestones(landscape):
    deals.master_data(landscape, "CUST-1")
    landscape.arrive("crm", deals.customer())
    landscape.arrive("crm", deals.opportunity())
    landscape.arrive("crm", deals.contract())
    landscape.arrive("crm", deals.line(method="milestone", amount=100))
    drain_once()
    assert not Process.objects.exists()
    landscape.arrive("crm", deals.term(amount="100"))
    drain_once()
    assert Contract.objects.get(number="C-1").status == "active"
    [shell] = landscape.psa.writes("project.create")
    assert shell.payload["milestones"] == [{"reference": "C-1-1-1", "name": "Stage 1", "due_on": "2026-02-01"}]


def test_a_customer_the_erp_lacks_waits_for_a_person_and_goes_on_when_it_arrives(landscape):
    deals.master_data(landscape)
    deals.sign(landscape)
    drain_once()
    assert deals.process().state == Process.State.WAITING
    assert Contract.objects.get(number="C-1").status == "signed"
    [case] = open_cases("ERP_MAPPING").values()
    assert case.root_cause == "customer:CUST-1"
    assert "CUST-1" in case.remedy
    assert case.legal_entity == "US01"
    assert not landscape.psa.sent, "nothing leaves before the master data agree"
    landscape.arrive("erp", deals.account())
    drain_once()
    assert deals.process().state == Process.State.DONE
    assert Contract.objects.get(number="C-1").status == "active"
    assert open_cases("ERP_MAPPING") == {}


def test_the_parents_of_a_customer_must_be_known_to_the_erp_too(landscape):
    deals.master_data(landscape, "CUST-1")
    landscape.arrive("crm", deals.customer("GROUP"))
    landscape.arrive("crm", deals.customer("CUST-1", parent="A-GROUP"))
    deals.sign(landscape)
    landscape.arrive("crm", deals.customer("CUST-1", parent="A-GROUP", city="Boston"))
    drain_once()
    assert set(open_cases("ERP_MAPPING")) == {"customer:GROUP"}
    landscape.arrive("erp", deals.account("GROUP"))
    drain_once()
    assert Contract.objects.get(number="C-1").status == "active"


def test_missing_payment_terms_and_legal_entity_are_named_and_waited_for(landscape):
    landscape.arrive("erp", deals.account())
    deals.sign(landscape)
    drain_once()
    assert set(open_cases("ERP_MAPPING")) == {"legal_entity:US01", "payment_term:Net 30"}
    landscape.arrive("erp", canonical.PaymentTerm(source_id="5", version="1", name="Net 30"))
    drain_once()
    assert set(open_cases("ERP_MAPPING")) == {"legal_entity:US01"}
    landscape.arrive(
        "erp",
        canonical.LegalEntity(source_id="1", version="1", code="US01", name="US01", currency="USD", country="US"),
    )
    drain_once()
    assert open_cases("ERP_MAPPING") == {}
    assert Contract.objects.get(number="C-1").status == "active"


def test_a_contract_without_a_tax_jurisdiction_is_undone_at_once(landscape):
    deals.master_data(landscape, "CUST-1")
    deals.sign(landscape, tax_jurisdiction="")
    drain_once()
    assert deals.process().state == Process.State.UNDONE
    assert not landscape.psa.sent
    [case] = open_cases("PROCESS_FAILED").values()
    assert "tax jurisdiction" in case.detail
    assert case.subject_type == "contracts.contract"


def test_a_refused_job_archives_the_project_and_leaves_nothing_behind(landscape):
    deals.master_data(landscape, "CUST-1")
    landscape.erp.refuse["job.upsert"] = "No such subsidiary"
    deals.sign(landscape)
    landscape.arrive("crm", deals.line(row=2, method="fixed_schedule", amount=1200, frequency="quarterly"))
    drain_once()
    contract = Contract.objects.get(number="C-1")
    assert contract.status == "signed"
    process = deals.process()
    assert process.state == Process.State.UNDONE
    assert "No such subsidiary" in process.failure
    [archive] = landscape.psa.writes("project.archive")
    assert archive.payload["remote_id"] == "KA-C-1"
    created = Effect.objects.get(effect_type="kantata.project.create")
    assert Effect.objects.get(key=archive.key).reverses == created
    assert deals.steps() == {
        "validate": "undone",
        "create_project": "undone",
        "create_job": "failed",
        "billing_schedule": "waiting",
        "revenue_plan": "waiting",
        "references": "waiting",
        "write_back": "waiting",
    }
    assert Effect.objects.get(effect_type="netsuite.job.upsert").state == Effect.State.CANCELLED
    assert not ScheduleItem.objects.exists()
    assert Project.objects.get(code="C-1").status == Project.Status.CLOSED
    [case] = open_cases("PROCESS_FAILED").values()
    assert case.root_cause == "contract.activation:C-1"
    assert "No such subsidiary" in case.detail


def test_an_undone_activation_does_not_start_again_by_itself(landscape):
    deals.master_data(landscape, "CUST-1")
    landscape.erp.refuse["job.upsert"] = "No"
    deals.sign(landscape)
    drain_once()
    landscape.erp.refuse.clear()
    landscape.arrive("crm", deals.rate(value="160"))
    drain_once()
    assert deals.process().attempt == 1
    assert Contract.objects.get(number="C-1").status == "signed"


def undone(landscape, kind="job.upsert", system="erp"):
    """A contract whose activation was refused by one write of one system."""
    deals.master_data(landscape, "CUST-1")
    getattr(landscape, system).refuse[kind] = "Not today"
    deals.sign(landscape)
    landscape.arrive("crm", deals.line(row=2, method="fixed_schedule", amount=1200, frequency="quarterly"))
    drain_once()
    assert deals.process().state == Process.State.UNDONE
    getattr(landscape, system).refuse.clear()
    return Contract.objects.get(number="C-1")


def test_a_person_starts_an_undone_activation_again_and_its_case_heals(landscape):
    contract = undone(landscape)
    pmo = factories.user(Role.PMO)
    activation.restart(contract_id=contract.pk, by=pmo, seen_version=contract.version, note="Subsidiary mapped")
    drain_once()
    contract.refresh_from_db()
    assert contract.status == "active"
    assert deals.process().attempt == 2
    assert open_cases("PROCESS_FAILED") == {}
    assert [write.business_key for write in landscape.psa.writes("project.create")] == ["C-1", "C-1-2"]
    assert Project.objects.get(code="C-1").status == Project.Status.OPEN
    assert ScheduleItem.objects.filter(status="planned").count() == 4
    said = Event.objects.get(action="contracts.contract.activation_restarted")
    assert (said.actor, said.reason) == (pmo.username, "Subsidiary mapped")


def test_a_refused_write_back_undoes_everything_and_can_be_started_again(landscape):
    contract = undone(landscape, "contract.status", "crm")
    assert contract.status == "signed", "a contract is active when every system has it"
    assert contract.activated_at is None
    assert len(landscape.psa.writes("project.archive")) == 1
    assert len(landscape.erp.writes("job.inactivate")) == 1
    assert set(ScheduleItem.objects.values_list("status", flat=True)) == {"skipped"}
    assert not RevenuePlan.objects.filter(is_current=True).exists()
    activation.restart(contract_id=contract.pk, by=factories.user(Role.PMO), seen_version=contract.version)
    drain_once()
    contract.refresh_from_db()
    assert contract.status == "active", deals.process().failure
    assert len(landscape.psa.writes("project.create")) == 2, "the archived project is not used again"
    reference = ExternalReference.objects.get(connection__code="psa", entity="project")
    assert reference.source_id == "KA-C-1-2"
    assert ScheduleItem.objects.filter(status="planned").count() == 4
    assert RevenuePlan.objects.filter(is_current=True).count() == 2
    assert len(landscape.crm.writes("contract.status")) == 2


def test_only_an_undone_activation_can_be_started_again(landscape):
    contract = deals.activated(landscape)
    with pytest.raises(Denied, match="is done"):
        activation.restart(contract_id=contract.pk, by=factories.user(Role.PMO), seen_version=contract.version)


def test_starting_again_states_the_version_seen_and_the_right(landscape):
    contract = undone(landscape)
    with pytest.raises(Stale):
        activation.restart(contract_id=contract.pk, by=factories.user(Role.PMO), seen_version=contract.version + 1)
    with pytest.raises(Denied, match="does not handle"):
        activation.restart(contract_id=contract.pk, by=factories.user(Role.AUDITOR), seen_version=contract.version)
    stranger = factories.user(Role.PMO, entities=("GB01",))
    with pytest.raises(Denied, match="outside your scope"):
        activation.restart(contract_id=contract.pk, by=stranger, seen_version=contract.version)
    fresh = factories.contract_signed()
    with pytest.raises(Denied, match="has not been started"):
        activation.restart(contract_id=fresh.pk, by=factories.user(Role.PMO), seen_version=fresh.version)


def test_without_any_system_the_contract_is_activated_here_alone(db):
    contract = factories.contract_active()
    assert Project.objects.get(code=contract.number).contract == contract
    assert not Effect.objects.exists()


def test_considering_an_active_or_running_contract_again_does_nothing(landscape):
    contract = deals.activated(landscape)
    assert activation.consider(contract_id=contract.pk) is None
    deals.sign(landscape, "C-2", client="CUST-2")
    drain_once()
    waiting = Contract.objects.get(number="C-2")
    assert deals.process("C-2").state == Process.State.WAITING
    assert activation.consider(contract_id=waiting.pk) is None
    assert activation.last(waiting) == deals.process("C-2")
    assert Process.objects.filter(business_key="C-2").count() == 1


def test_work_that_came_before_activation_is_adopted_and_decided(landscape):
    deals.master_data(landscape)
    deals.sign(landscape)
    drain_once()
    landscape.arrive("psa", canonical.Project(source_id="P-9", version="1", name="Early start", reference="C-9"))
    landscape.arrive("erp", deals.account())
    drain_once()
    contract = Contract.objects.get(number="C-1")
    event = factories.time_entry(contract, hours="2")
    piece = event.pieces.get(is_current=True)
    assert (piece.state, piece.amount) == ("billable", 300)
