"""What is agreed in the CRM and signed elsewhere: one contract, in force when both say so."""

from datetime import date
from decimal import Decimal

import pytest

from contracts.models import Amendment, Contract, ExternalReference, Signature
from integration_hub import canonical
from integration_hub.cases.models import Case
from integration_hub.connectors.registry import DEFAULT_MAPPINGS, RawRecord
from integration_hub.intake import pipeline
from integration_hub.intake.actions import feeds
from integration_hub.intake.models import Feed, Run, SourceVersion
from integration_hub.mapping import queries
from integration_hub.mapping.actions import mappings
from integration_hub.work.inprocess import drain_once
from tests import deals, factories
from tests.vendors import Landscape

pytestmark = pytest.mark.django_db
JULY = date(2026, 7, 1)


@pytest.fixture
def clm(landscape: Landscape):
    """A CLM beside the CRM, which knows the customer."""
    made = factories.connection("ironclad", code="clm")
    landscape.arrive("crm", deals.customer())
    landscape.connections["clm"] = made
    landscape.arrive("clm", canonical.Customer(source_id="E-1", version="1", code="CUST-1", name="Client (CLM)"))
    return made


def envelope(
    status: str, amendment: str = "", *, key: str = "ENV-1", version: str = "1", **more
) -> canonical.Signature:
    decided = None if status == "open" else date(2026, 6, 25)
    return canonical.Signature(
        source_id=key, version=version, contract_number="C-1", amendment_number=amendment, status=status,
        sent_on=more.pop("sent_on", date(2026, 6, 1)), decided_on=decided, **more,
    )  # fmt: skip


def executed(**terms) -> canonical.Contract:
    """The contract as the CLM has it."""
    known = {"status": "signed", "signed_on": date(2026, 1, 5), "currency": "USD", **terms}
    return canonical.Contract(
        source_id="REC-1", version="1", number="C-1", name="MSA", customer_id="E-1", legal_entity="US01", **known
    )


def case(code: str) -> Case | None:
    return Case.objects.filter(code=code).exclude(status="resolved").first()


def test_a_contract_of_both_systems_is_one_and_the_executed_record_signs_it(landscape, clm):
    deals.master_data(landscape, "CUST-1")
    landscape.arrive("crm", deals.opportunity())
    landscape.arrive("crm", deals.contract(status="in_review", signed_on=None))
    [receipt] = landscape.arrive("clm", executed(payment_terms="Net 45"))
    assert receipt.status == "applied", receipt
    contract = Contract.objects.get()
    assert (contract.status, contract.signed_on) == ("signed", date(2026, 1, 5))
    assert (contract.name, contract.payment_terms, contract.customer.name) == ("Advisory", "Net 30", "Client CUST-1")
    assert contract.versions.get().number == 1
    reference = ExternalReference.objects.get(connection=clm, entity="contract")
    assert (reference.object_id, reference.sync) == (contract.pk, "drifted")
    assert reference.detail == "payment terms Net 45 there, Net 30 in the CRM"


def test_an_executed_contract_that_says_otherwise_signs_nothing(landscape, clm):
    landscape.arrive("crm", deals.opportunity())
    landscape.arrive("crm", deals.contract(status="in_review", signed_on=None))
    [receipt] = landscape.arrive("clm", executed(currency="EUR"))
    assert (receipt.status, receipt.code) == ("refused", "CRM_MISMATCH")
    assert receipt.problems[0].message == "is EUR in the executed contract and USD in the CRM."
    assert Contract.objects.get().status == "in_review"


def test_a_contract_that_only_the_clm_knows_is_made_from_it_and_one_number_is_one_record(landscape, clm):
    landscape.arrive("clm", executed(starts_on=date(2026, 1, 1)))
    contract = Contract.objects.get()
    assert (contract.name, contract.status, contract.versions.count()) == ("MSA", "signed", 1)
    [receipt] = landscape.arrive("clm", executed().model_copy(update={"source_id": "REC-2"}))
    assert receipt.problems[0].message == "is that of record REC-1 already."


def test_an_executed_amendment_puts_the_drafted_one_in_force(landscape, clm):
    deals.activated(landscape)
    landscape.arrive("clm", executed())
    draft = {"new_rate": 165, "status": "draft", "signed_on": None}
    landscape.arrive("crm", deals.amendment(**draft))
    theirs = deals.amendment(new_rate=170).model_copy(update={"source_id": "REC-9", "contract_id": "REC-1"})
    [receipt] = landscape.arrive("clm", theirs)
    assert receipt.code == "CRM_MISMATCH"
    assert receipt.problems[0].message == "is 170 in the executed amendment and 165 in the CRM."
    assert Amendment.objects.get().status == "draft"
    landscape.arrive("clm", theirs.model_copy(update={"new_rate": Decimal(165)}))
    amendment = Amendment.objects.get()
    assert (amendment.status, amendment.signed_on) == ("applied", date(2026, 6, 20))
    [receipt] = landscape.arrive("crm", deals.amendment(**draft))
    assert receipt.status == "applied", "the CRM may be behind"
    assert ExternalReference.objects.get(entity="amendment", connection=landscape.connections["crm"]).sync == "drifted"
    [receipt] = landscape.arrive("crm", deals.amendment(**{**draft, "new_rate": 180}))
    assert receipt.status == "refused", "but it changes nothing"


def test_an_unsigned_amendment_is_not_in_force_until_its_envelope_is_completed(landscape, clm):
    deals.activated(landscape)
    signed = deals.amendment(new_rate=165)
    landscape.arrive("clm", envelope("open", "1"))
    come_in(landscape, signed)
    held = SourceVersion.objects.get(entity="amendment")
    assert (held.status, held.case_code) == ("refused", "NOT_SIGNED")
    assert not Amendment.objects.exists()
    assert case("NOT_SIGNED") is not None
    landscape.arrive("clm", envelope("signed", "1", version="2"))
    drain_once()
    assert Amendment.objects.get().status == "applied"
    assert case("NOT_SIGNED") is None


def come_in(landscape: Landscape, record: canonical.Amendment) -> None:
    """A record of the CRM on the whole way, so that it is stored and can be taken again."""
    crm = landscape.connections["crm"]
    mappings.install_default(connection=crm.code, default=DEFAULT_MAPPINGS.get("salesforce"), by="system:test")
    feeds.install_feeds(connection=crm, by="system:test")
    run = Run.objects.create(feed=Feed.objects.get(connection=crm, entity="amendment"), trigger="test")
    payload = {
        "Id": record.source_id, "Contract__c": record.contract_id, "Amendment_Number__c": record.number,
        "Kind__c": "Rate", "Status__c": "Signed", "Signed_Date__c": "2026-06-20", "Effective_Date__c": "2026-07-01",
        "New_Rate__c": 165,
    }  # fmt: skip
    mapping = queries.published(crm.code, "amendment")
    pipeline.ingest(crm, "amendment", [RawRecord(record.source_id, "1", payload)], run, mapping)


def test_a_voided_envelope_opens_a_case_which_another_one_closes(landscape, clm):
    contract = deals.activated(landscape)
    landscape.arrive("clm", envelope("voided", "1", reason="Wrong rate"))
    found = case("SIGNATURE_ENDED")
    assert (found.title, found.subject_id) == ("Amendment 1 of C-1: its signature was voided", str(contract.pk))
    assert "Wrong rate" in found.detail
    [receipt] = landscape.arrive("crm", deals.amendment(new_rate=165))
    assert receipt.code == "NOT_SIGNED"
    assert "voided: Wrong rate" in receipt.problems[0].message
    landscape.arrive("clm", envelope("open", "1", key="ENV-2", sent_on=date(2026, 6, 26)))
    assert case("SIGNATURE_ENDED") is None
    landscape.arrive("clm", envelope("signed", "1", key="ENV-2", version="2", sent_on=date(2026, 6, 26)))
    [receipt] = landscape.arrive("crm", deals.amendment(new_rate=165))
    assert receipt.status == "applied"
    shown = ExternalReference.objects.get(entity="signature")
    assert (shown.source_id, shown.sync, shown.object_type) == ("ENV-2", "current", "contracts.amendment")


def test_a_contract_waits_for_its_signature_and_one_in_force_does_not(landscape, clm):
    landscape.arrive("clm", envelope("open"))
    landscape.arrive("crm", deals.opportunity())
    [receipt] = landscape.arrive("crm", deals.contract())
    assert receipt.code == "NOT_SIGNED"
    [receipt] = landscape.arrive("crm", deals.contract(status="in_review", signed_on=None))
    assert receipt.status == "applied", "what is not called signed waits for nothing"
    landscape.arrive("clm", envelope("signed", version="2"))
    [receipt] = landscape.arrive("crm", deals.contract())
    assert Contract.objects.get().status == "signed"
    landscape.arrive("clm", envelope("open", key="ENV-3"))
    [receipt] = landscape.arrive("crm", deals.contract(delivery_lead="Ida"))
    assert (receipt.status, Signature.objects.count()) == ("applied", 2)
