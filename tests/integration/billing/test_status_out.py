"""CRM and PSA are told where invoicing stands: once per change, where they know the contract."""

from decimal import Decimal

import pytest

from billing.actions import status_out
from contracts.actions import references
from contracts.models import ExternalReference, Route
from integration_hub.effects.actions import effects
from integration_hub.effects.models import Effect
from integration_hub.work.inprocess import drain_once
from tests import factories, money


@pytest.fixture
def invoice(landscape):
    contract = money.contract_in(landscape, "C-1")
    shell = factories.project_of(contract)
    references.note(connection=landscape.connections["psa"], entity="project", source_id="PSA-1", row=shell)
    return money.posted_in(landscape, money.ready_in(landscape, contract))


def told(kind):
    """(revision, payload) of what was planned to be told, the latest last."""
    rows = Effect.objects.filter(effect_type__endswith=kind).order_by("revision")
    return [(row.revision, row.payload) for row in rows]


def test_both_are_told_what_was_invoiced(landscape, invoice):
    revision, crm = told("contract.status")[-1]
    assert (crm["remote_id"], crm["status"], crm["project_ref"], crm["erp_job"]) == ("K-C-1", "Active", "C-1", "C-1")
    assert [Decimal(crm[name]) for name in ("invoiced_amount", "paid_amount")] == [1320, 0]
    assert (crm["last_invoice"], crm["invoice_status"]) == (invoice.number, "Posted")
    [(_, psa)] = told("invoice_status.write")
    assert (psa["reference"], psa["project_remote_id"], psa["status"]) == (invoice.number, "PSA-1", "posted")
    assert Decimal(psa["amount"]) == 1320
    assert psa["currency"] == "USD"
    assert len(landscape.crm.writes("contract.status")) == revision
    assert len(landscape.psa.writes("invoice_status.write")) == 1


def test_the_same_again_is_not_told_and_a_change_is_a_revision(landscape, invoice):
    before = told("contract.status")
    status_out.tell(invoice=invoice)
    assert told("contract.status") == before
    factories.payment(invoice, amount="1320")
    drain_once()
    revisions = told("contract.status")
    assert [revision for revision, _ in revisions] == list(range(1, len(before) + 2))
    last = revisions[-1][1]
    assert Decimal(last["paid_amount"]) == 1320
    assert last["invoice_status"] == "Paid"
    assert [payload["status"] for _, payload in told("invoice_status.write")] == ["posted", "paid"]


def test_what_was_withdrawn_before_it_arrived_is_told_anew(landscape, invoice):
    landscape.crm.refuse["contract.status"] = "Locked"
    factories.payment(invoice, amount="1320")
    drain_once()
    last = Effect.objects.filter(effect_type__endswith="contract.status").latest("revision")
    assert last.state == "rejected"
    effects.cancel(effect_id=last.pk, by=factories.user(), reason="Wrong")
    status_out.tell(invoice=invoice)
    again = Effect.objects.filter(effect_type__endswith="contract.status").latest("revision")
    assert (again.revision, again.payload) == (last.revision + 1, last.payload)


@pytest.mark.parametrize("unknown", ["no route", "not known there"])
def test_systems_that_do_not_know_the_contract_are_told_nothing(landscape, invoice, unknown):
    before = Effect.objects.count()
    if unknown == "no route":
        Route.objects.filter(role__in=["crm", "psa"]).delete()
    else:
        ExternalReference.objects.filter(entity__in=["contract", "project"]).delete()
    invoice.contract.invoices.update(status="paid")
    invoice.refresh_from_db()
    status_out.tell(invoice=invoice)
    assert Effect.objects.count() == before
