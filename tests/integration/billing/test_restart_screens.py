"""Starting again what was undone, from the contract's page."""

import pytest

from contracts.models import Amendment, Contract
from integration_hub.kernel.clock import now
from integration_hub.processes.models import Process
from integration_hub.trail.models import Event
from tests import factories
from tests.integration.billing.screens import outsider, signed_in, text

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:No directory at")]


def undone(definition: str, key: str, of: Contract, /, **data: object) -> Process:
    """A saga that failed and was undone."""
    return Process.objects.create(
        definition=definition, business_key=key, label=key, legal_entity=of.legal_entity.code, state="undone",
        failure="The ERP has no customer.", finished_at=now(), data=data,
    )  # fmt: skip


@pytest.fixture
def contract() -> Contract:
    found = factories.contract_signed("C-U")
    undone("contract.activation", found.number, found, contract=found.pk)
    return found


def restart(client, contract: Contract, version: int | None = None):
    url = f"/billing/activation/{contract.pk}/restart/"
    return client.post(url, {"version": version or contract.version, "note": "Customer exists now."})


def test_the_button_stands_on_the_contract_and_starts_a_new_attempt(contract):
    client = signed_in("integration_admin")
    html = text(client.get(f"/contracts/{contract.pk}/"))
    assert "Start activation again" in html
    assert "The ERP has no customer." in text(client.get(f"/billing/activation/{contract.pk}/restart/"))
    answer = restart(client, contract)
    assert answer["Location"].endswith("?tab=systems")
    assert list(Process.objects.order_by("attempt").values_list("attempt", "state")) == [(1, "undone"), (2, "running")]
    told = Event.objects.get(action="contracts.contract.activation_restarted")
    assert (told.actor, told.reason) == (client.person.username, "Customer exists now.")
    assert "started the activation of C-U again" in text(client.get(f"/contracts/{contract.pk}/?tab=timeline"))


def test_only_once(contract):
    client = signed_in("integration_admin")
    restart(client, contract)
    assert "Only an activation that was undone" in text(restart(client, contract), 403)
    assert "Start activation again" not in text(client.get(f"/contracts/{contract.pk}/"))


def test_an_old_copy_is_a_conflict(contract):
    text(restart(signed_in("pmo"), contract, version=contract.version + 1), 409)
    assert Process.objects.count() == 1


def test_who_may_not(contract):
    reason = "Your role does not handle exceptions."
    assert reason in text(signed_in("auditor").get(f"/contracts/{contract.pk}/"))
    assert reason in text(restart(signed_in("auditor"), contract), 403)
    text(restart(outsider(), contract), 404)
    assert Process.objects.count() == 1


def test_an_active_contract_has_no_such_button():
    contract = factories.contract_active()
    client = signed_in("pmo")
    assert "Start activation again" not in text(client.get(f"/contracts/{contract.pk}/"))
    assert "this one is done" in text(restart(client, contract), 403)


def test_an_amendment_that_did_not_arrive_is_carried_again():
    contract = factories.contract_active("C-A")
    row = Amendment.objects.create(
        contract=contract, number="2", kind="rate", status="applied", signed_on=now().date(), effective_on=now().date()
    )
    undone("contract.amendment", "C-A/2", contract, amendment=row.pk)
    client = signed_in("pmo")
    assert "Carry amendment 2 again" in text(client.get(f"/contracts/{contract.pk}/"))
    assert "Did not arrive" in text(client.get(f"/contracts/{contract.pk}/?tab=versions"))
    url = f"/billing/amendments/{row.pk}/carry/"
    assert "told again" in text(client.get(url))
    text(client.post(url, {"version": contract.version + 1}), 409)
    text(signed_in("auditor").post(url, {"version": contract.version}), 403)
    text(outsider().post(url, {"version": contract.version}), 404)
    assert client.post(url, {"version": contract.version}).status_code == 302
    assert Process.objects.filter(definition="contract.amendment", attempt=2).exists()
    text(client.post(url, {"version": contract.version}), 403)
