"""Contract to cash with every PSA in the PSA's place: what it is not made for is not asked of it, and nothing waits."""

from datetime import date
from decimal import Decimal

import pytest

from billing.models import BillableEvent, Candidate, Hold
from contracts.models import Amendment, Contract, Project
from integration_hub import canonical
from integration_hub.connectors.registry import CONNECTORS
from integration_hub.effects.models import Effect
from integration_hub.processes.models import Process
from integration_hub.work.inprocess import drain_once
from integration_hub.work.models import Lane
from tests import deals, money
from tests.vendors import Fake, living, plain_tracker

PSAS = [name for name, connector in CONNECTORS if connector.manifest.role == "psa"]


@pytest.fixture(params=[*PSAS, "tracker"])
def landscape(request, db):
    psa = plain_tracker() if request.param == "tracker" else Fake(request.param)
    with living(psa=psa) as made:
        yield made


def _work_in(landscape, number="C-1"):
    """Eight hours, read with their project and person in the order of the feeds."""
    opened = landscape.psa.kept.values()
    key = next((landscape.psa.id_of(write) for write in opened if write.payload.get("title")), "P-1")
    landscape.arrive("psa", canonical.Project(source_id=key, version="1", name="Advisory", reference=number))
    landscape.arrive("psa", canonical.Resource(source_id="U-1", version="1", name="Ida Lund"))
    entry = canonical.TimeEntry(
        source_id="T-1",
        version="1",
        project_id=key,
        resource_id="U-1",
        worked_on=date(2026, 3, 2),
        minutes=Decimal(480),
        approval="approved",
    )
    landscape.arrive("psa", entry)
    return key


def test_from_the_signature_to_the_invoice(landscape):
    psa = landscape.psa
    opens, hears = psa.manifest.does("project.create"), psa.manifest.does("invoice_status.write")
    psa.lose["project.create"] = "answer"
    deals.master_data(landscape, "CUST-1")
    deals.sign(landscape)
    for _ in range(3):  # as if all waits were over
        Lane.objects.update(next_at="2000-01-01T00:00Z")
        drain_once()
    contract = Contract.objects.get()
    assert contract.status == "active"
    assert set(deals.steps().values()) == {"done"}
    assert [write.payload["reference"] for write in psa.writes("project.create")] == ["C-1"] * opens

    key = _work_in(landscape)
    assert Project.objects.count() == 1, "a project under the contract's number is the contract's, whoever opened it"
    assert BillableEvent.objects.get(is_current=True).contract == contract
    money.run_in(landscape)
    invoice = money.posted_in(landscape, Candidate.objects.get())
    drain_once()
    assert invoice.net == Decimal(1200)
    notes = [write.payload for write in psa.writes("invoice_status.write")]
    assert [(note["project_remote_id"], note["reference"]) for note in notes] == [(key, invoice.number)] * hears
    assert not Effect.objects.exclude(state=Effect.State.CONFIRMED).exists()


def test_an_amendment_arrives_whatever_the_psa_keeps(landscape):
    deals.activated(landscape)
    landscape.arrive("crm", deals.amendment(new_rate=165))
    drain_once()
    cards = landscape.psa.writes("ratecard.upsert")
    assert len(cards) == landscape.psa.manifest.does("ratecard.upsert")
    step = deals.process("C-1/1", definition="contract.amendment").steps.get(name="psa")
    assert (step.state, "keeps no rate cards" in step.detail) == ("done", not cards)
    assert Amendment.objects.get().propagated_at is not None
    assert not Hold.objects.filter(status="open").exists()


def test_what_was_opened_is_archived_when_the_activation_is_undone(landscape):
    landscape.erp.refuse["job.upsert"] = "No such subsidiary"
    deals.master_data(landscape, "CUST-1")
    deals.sign(landscape)
    drain_once()
    assert deals.process().state == Process.State.UNDONE
    opened, archived = (landscape.psa.writes(f"project.{what}") for what in ("create", "archive"))
    assert [write.payload["remote_id"] for write in archived] == [landscape.psa.id_of(write) for write in opened]
    assert len(opened) == landscape.psa.manifest.does("project.create")
    assert Project.objects.get().status == Project.Status.CLOSED
