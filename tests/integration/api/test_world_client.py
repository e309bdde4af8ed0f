"""The demo world's own client, over real HTTP, against this API."""

from datetime import date

import pytest

from billing.models import Hold
from integration_hub.effects.models import Effect
from integration_hub.sandbox.world.hub import HubClient, HubRefused, Tokens
from integration_hub.work.inprocess import drain_once
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
MARCH = date(2026, 3, 31)


@pytest.fixture
def hub(live_server):
    people = {name: factories.user(role) for name, role in (("analyst", "billing_analyst"), ("pmo", "pmo"))}
    people |= {name: factories.user("finance") for name in ("finance", "controller")}
    client = HubClient(live_server.url, Tokens(**{name: factories.token(who) for name, who in people.items()}))
    yield client
    client.close()


def test_it_runs_approves_posts_and_holds(hub):
    contract = factories.contract_active("C-1")
    factories.erp(contract.legal_entity, contract.customer)
    factories.tax(contract.legal_entity)
    factories.time_entry(contract)
    hub.start_run(legal_entity="US01", through=MARCH, invoice_date=MARCH)
    with factories.quoting():
        drain_once()

    (candidate,) = hub.candidates("ready")
    assert (candidate.contract, candidate.legal_entity, candidate.net) == ("C-1", "US01", "1200.00")
    approved = hub.approve(candidate)
    assert approved.status == "approved"
    hub.post(approved)
    assert Effect.objects.get(effect_type="netsuite.invoice.post").business_key == candidate.number
    with pytest.raises(HubRefused) as refused:
        hub.post(approved)
    assert refused.value.status == 403
    assert "posting" in refused.value.problem["detail"]

    for _ in range(2):
        hub.hold_contract(number="C-1", code="CLIENT_QUERY", reason="They ask", review_on=date(2026, 5, 1))
    assert Hold.objects.count() == 1
