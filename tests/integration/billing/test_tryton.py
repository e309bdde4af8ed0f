"""From a signed contract to cash with Tryton itself as the ERP: what it knows is read, what it says is heard."""

from datetime import date

import pytest

from billing.models import Candidate, Invoice, Payment
from contracts.models import Contract, LegalEntity
from integration_hub.cases.models import Case
from integration_hub.effects import windows
from integration_hub.effects.models import Effect, Preflight
from integration_hub.work.inprocess import drain_once
from integration_hub.work.models import Lane
from tests import deals, factories, money
from tests.connectors.contract_to_cash import read
from tests.tryton.fixtures import GROUP, Tryton
from tests.tryton.living import tryton_living

pytestmark = [GROUP, pytest.mark.landscape]


@pytest.fixture
def landscape(db, tryton: Tryton):
    with tryton_living(tryton) as made:
        yield made


def test_from_the_contract_to_the_cash_past_a_closed_period(landscape, tryton):
    erp, connection = landscape.erp, landscape.connections["erp"]
    read(connection)
    assert LegalEntity.objects.get(code="US01").name == "US01 Inc."
    deals.sign(landscape)
    drain_once()
    contract = Contract.objects.get(number="C-1")
    assert contract.status == Contract.Status.ACTIVE, deals.process()

    candidate = money.ready_in(landscape, contract)
    tryton.close_period("2026-03")
    effect = money.post(factories.candidate_approved(candidate))
    drain_once()
    effect.refresh_from_db()
    assert effect.state == Effect.State.WAITING, "Tryton was asked before anything was sent"
    assert erp.sent == []
    case = Case.objects.get(code="PERIOD_CLOSED")
    assert "2026-03" in case.title + case.detail

    tryton.reopen_period("2026-03")
    Preflight.objects.all().delete()  # as if its answer had aged
    windows.recheck()
    Lane.objects.update(next_at="2000-01-01T00:00Z")
    drain_once()
    invoice = Invoice.objects.get(candidate=candidate)
    assert (invoice.number, invoice.status) == ("INV-1", Invoice.Status.POSTED)
    assert invoice.due_on == date(2026, 4, 30), "by Tryton's own terms"
    assert Candidate.objects.get(pk=candidate.pk).status == Candidate.Status.POSTED
    assert not Case.objects.filter(code="ERP_VARIANCE").exists()

    tryton.pay(int(invoice.remote_id), invoice.gross, date(2026, 4, 15))
    read(connection)
    invoice.refresh_from_db()
    assert (invoice.status, invoice.paid) == (Invoice.Status.PAID, invoice.gross)
    payment = Payment.objects.get()
    assert (payment.received_on, payment.amount) == (date(2026, 4, 15), invoice.gross)
