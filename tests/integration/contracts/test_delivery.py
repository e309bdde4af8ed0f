"""Projects, people and milestones from the PSA; references; and what an administrator may not set."""

from datetime import date

import pytest

from billing.models import BillableEvent
from contracts.actions import configuration, delivery, references
from contracts.models import EligibilityRule, ExternalReference, Milestone, Project, Resource
from integration_hub import canonical
from integration_hub.kernel.clock import today
from integration_hub.kernel.errors import BadInput
from integration_hub.trail.models import Event
from tests import factories

pytestmark = pytest.mark.django_db


def told(action):
    return list(Event.objects.filter(action=action).order_by("id"))


# -- projects ------------------------------------------------------------------------------------------------------


def project(name="Build", *, existing=None, **more):
    record = canonical.Project(source_id="P1", version="1", name=name, **more)
    return delivery.save_project(record=record, existing=existing, fallback_code="psa:P1", by=factories.BY)


def test_a_project_without_a_contract_is_seen_and_linked_when_one_names_it():
    loose = project()
    assert (loose.code, loose.contract, len(told("contracts.project.seen"))) == ("psa:P1", None, 1)
    contract = factories.contract_signed("C-1")
    linked = project(existing=loose, contract_number="C-1", starts_on=date(2026, 2, 1))
    assert (linked.pk, linked.contract, linked.starts_on) == (loose.pk, contract, date(2026, 2, 1))
    assert [row.legal_entity for row in told("contracts.project.linked")] == ["US01"]
    again = project(existing=linked, status="on_hold")
    assert (again.contract, again.starts_on, again.status) == (contract, date(2026, 2, 1), "on_hold")
    assert len(told("contracts.project.linked")) == 1


def test_a_project_we_made_is_recognised_by_its_reference():
    contract = factories.contract_active("C-1")
    ours = factories.project_of(contract)
    assert project(reference="C-1", name="Renamed there").pk == ours.pk
    assert Project.objects.count() == 1


def test_the_shell_of_a_contract_is_opened_once_closed_and_opened_again():
    contract = factories.contract_signed("C-1")
    assert delivery.close_shell(contract=contract, reason="Undone", by=factories.BY) is None
    shell = delivery.save_shell(contract=contract, by=factories.BY)
    assert delivery.save_shell(contract=contract, by=factories.BY) == shell
    assert len(told("contracts.project.planned")) == 1
    for _ in range(2):
        assert delivery.close_shell(contract=contract, reason="Undone", by=factories.BY).status == "closed"
    assert [row.reason for row in told("contracts.project.closed")] == ["Undone"]
    assert delivery.save_shell(contract=contract, by=factories.BY).status == "planned"
    assert len(told("contracts.project.planned")) == 2


def test_a_person_is_known_by_mail_else_by_the_sources_id():
    def person(name, email="", existing=None):
        record = canonical.Resource(source_id="R1", version="1", name=name, email=email, role="dev")
        return delivery.save_resource(record=record, existing=existing, fallback_code="PSA:R1", by=factories.BY)

    ann = person("Ann", "Ann@Example.com")
    assert (ann.code, person("Ann Lee", "ann@example.com").pk) == ("ann@example.com", ann.pk)
    bob = person("Bob")
    assert (bob.code, person("Bobby", existing=bob).pk) == ("psa:r1", bob.pk)
    assert sorted(Resource.objects.values_list("name", flat=True)) == ["Ann Lee", "Bobby"]
    assert len(told("contracts.resource.seen")) == 2


# -- milestones ----------------------------------------------------------------------------------------------------


@pytest.fixture
def milestone():
    factories.contract_active("C-1", method="milestone", milestones=("300",))
    return Milestone.objects.get()


def move(milestone, status, **more):
    record = canonical.Milestone(
        source_id="S1", version="1", project_id="P", name=milestone.name, status=status, **more
    )
    return delivery.move_milestone(record=record, milestone=milestone, by=factories.BY)


def test_an_accepted_milestone_keeps_who_when_and_proof_and_a_withdrawn_one_nothing(milestone):
    accepted = move(milestone, "accepted", accepted_on=date(2026, 3, 2), accepted_by="Client", evidence="Protocol")
    assert (accepted.accepted_on, accepted.accepted_by, accepted.evidence) == (date(2026, 3, 2), "Client", "Protocol")
    version = accepted.version
    again = move(milestone, "accepted", accepted_on=date(2026, 3, 2), accepted_by="Client", evidence="Protocol")
    assert again.version == version, "the same once more"
    assert BillableEvent.objects.get(is_current=True).is_deleted is False
    gone = move(milestone, "in_progress")
    assert (gone.accepted_on, gone.accepted_by, gone.evidence, gone.version) == (None, "", "", version + 1)
    assert BillableEvent.objects.get(is_current=True).is_deleted is True
    [back] = told("contracts.milestone.in_progress")
    assert (back.data["before"], back.legal_entity) == ("accepted", "US01")


def test_an_acceptance_without_a_day_is_of_today(milestone):
    assert move(milestone, "accepted").accepted_on == today()


def test_work_in_between_is_no_news_for_billing(milestone):
    move(milestone, "in_progress")
    move(milestone, "submitted")
    assert not BillableEvent.objects.exists()


def test_a_milestone_moves_along_its_table(milestone):
    move(milestone, "cancelled")
    with pytest.raises(BadInput, match="cannot go from cancelled to accepted. Correct the state in the PSA"):
        move(milestone, "accepted")


# -- references ----------------------------------------------------------------------------------------------------


def test_a_reference_is_noted_once_marked_and_forgotten():
    erp, row = factories.connection(), factories.customer("A")
    for number in ("1", "2"):
        references.note(connection=erp, entity="customer_account", source_id="E1", row=row, number=number)
    assert ExternalReference.objects.get().number == "2"
    references.mark(row=row, connection=erp, sync=ExternalReference.Sync.FAILED, detail="x" * 400)
    marked = ExternalReference.objects.get()
    assert (marked.sync, len(marked.detail)) == (ExternalReference.Sync.FAILED, 300)
    assert references.forget(row=row, connection=erp, entity="job") == 0
    assert references.forget(row=row, connection=erp, entity="customer_account") == 1
    assert references.forget(row=row, connection=erp, entity="customer_account") == 0


# -- configuration -------------------------------------------------------------------------------------------------


def test_code_and_currency_of_an_entity_belong_to_the_erp():
    entity = factories.legal_entity()
    entity.code, entity.currency, entity.tax_company = "US02", "EUR", "ACME"
    with pytest.raises(BadInput, match="code: comes from the ERP.*currency: comes from the ERP"):
        configuration.save_legal_entity(row=entity, by=factories.BY)
    entity.refresh_from_db()
    assert (entity.code, entity.tax_company) == ("US01", "")


@pytest.mark.parametrize("zone", ["Mars/Base", "Europe", "", "../zone"])
def test_the_zone_of_an_entity_exists(zone):
    entity = factories.legal_entity()
    entity.zone = zone
    with pytest.raises(BadInput, match="zone: .* is no time zone"):
        configuration.save_legal_entity(row=entity, by=factories.BY)
    entity.zone = "Europe/Berlin"
    assert configuration.save_legal_entity(row=entity, by=factories.BY).zone == "Europe/Berlin"


def test_a_rule_names_a_line_of_its_own_contract():
    contract, other = factories.contract_signed("C-1"), factories.contract_signed("C-2")
    with pytest.raises(BadInput, match="line: belongs to another contract"):
        configuration.save_rule(row=EligibilityRule(contract=contract, line=other.lines.get()), by=factories.BY)
    assert not EligibilityRule.objects.exists()


def test_a_rule_is_added_changed_and_removed_and_each_is_told():
    contract = factories.contract_signed("C-1")
    rule = configuration.save_rule(row=EligibilityRule(contract=contract, line=contract.lines.get()), by=factories.BY)
    configuration.save_rule(row=rule, by=factories.BY)
    configuration.remove_rule(row=rule, by=factories.BY)
    assert not EligibilityRule.objects.exists()
    assert [row.action.rpartition(".")[2] for row in Event.objects.filter(action__contains="eligibility_rule")] == [
        "removed", "changed", "added",
    ]  # fmt: skip
