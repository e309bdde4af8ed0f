"""Contract to cash with every ERP in the ERP's place: what billing asks of it, and nothing it knows of the vendor."""

import pytest

from billing.actions import crediting
from billing.models import CreditMemo, Invoice
from integration_hub.connectors.registry import CONNECTORS
from integration_hub.effects.models import Effect
from integration_hub.work.inprocess import drain_once
from integration_hub.work.models import Lane
from tests import deals, factories, money
from tests.connectors.living import SIMULATED, simulated_living
from tests.tryton.fixtures import GROUP
from tests.tryton.living import tryton_living
from tests.vendors import Fake, living, plain_ledger

PLACE = {"erp", "billing"}
"""Roles of vendors that stand in the ERP's place: a billing platform posts and collects as an ERP does."""
REAL = {"tryton", *SIMULATED}
"""Those that stand there as they are: Tryton's own server, and those by their connector and simulator."""
ERPS = [name for name, connector in CONNECTORS if connector.manifest.role in PLACE and name not in REAL]


@pytest.fixture(params=[*ERPS, "ledger", *SIMULATED, pytest.param("tryton", marks=GROUP)])
def landscape(request, db):
    """Each ERP as a fake with its manifest, and those of REAL as they are."""
    if request.param in SIMULATED:
        with simulated_living(SIMULATED[request.param]) as made:
            yield made
        return
    if request.param == "tryton":
        with tryton_living(request.getfixturevalue("tryton")) as made:
            yield made
        return
    erp = plain_ledger() if request.param == "ledger" else Fake(request.param)
    with living(erp=erp) as made:
        yield made


def _work():
    """Work the lanes as if all waits were over."""
    for _ in range(3):
        Lane.objects.update(next_at="2000-01-01T00:00Z")
        drain_once()


def test_from_the_signature_to_the_credit(landscape):
    contract = deals.activated(landscape)
    erp = landscape.erp
    jobs = [contract.number] if erp.manifest.does("job.upsert") else []
    assert [write.payload["reference"] for write in erp.writes("job.upsert")] == jobs
    assert set(deals.steps().values()) == {"done"}

    erp.lose["invoice.post"] = "answer"
    money.post(factories.candidate_approved(money.ready_in(landscape, contract)))
    _work()
    invoice = Invoice.objects.get()
    assert invoice.number == erp.number_of("invoice.post", invoice.candidate.number)
    assert invoice.effect.effect_type == f"{erp.vendor}.invoice.post"
    assert len(erp.writes("invoice.post")) == 1, "what was lost was found, not sent again"

    credit = crediting.ask(
        invoice_id=invoice.pk,
        by=factories.user(),
        seen_version=Invoice.objects.get(pk=invoice.pk).version,
        wanted=crediting.Wanted(),
        reason="GOODWILL",
        rebillable=False,
        note="Agreed with the client",
        on=invoice.invoice_date,
    )
    _work()
    credit.refresh_from_db()
    money.post(factories.candidate_approved(credit))
    _work()
    memo = CreditMemo.objects.get(candidate=credit)
    assert abs(memo.gross) == invoice.gross
    assert len(erp.writes("creditmemo.post")) == 1
    assert not Effect.objects.exclude(state=Effect.State.CONFIRMED).exists()


def test_a_refusal_is_heard_whoever_refuses(landscape):
    contract = deals.activated(landscape)
    landscape.erp.refuse["invoice.post"] = "No such currency"
    candidate = money.ready_in(landscape, contract)
    money.post(factories.candidate_approved(candidate))
    drain_once()
    candidate.refresh_from_db()
    assert candidate.status == "rejected"
    assert not Invoice.objects.exists()
