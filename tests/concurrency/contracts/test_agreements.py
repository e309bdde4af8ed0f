"""What a source sends again while we move the same row on: nothing that moved is put back; each with its control."""

import pytest
from django.db import transaction

from billing.workflows import activation
from contracts.actions import agreements
from contracts.actions.agreements import Parties
from contracts.models import Contract
from integration_hub import canonical
from tests import factories

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


@pytest.fixture
def contract(transactional_db):
    return factories.contract_signed("C-1")


def sent_again(contract):
    """The CRM tells of the contract once more; it was looked up a moment ago."""
    known = Contract.objects.get(pk=contract.pk)
    record = canonical.Contract(
        source_id="C-1", version="2", number="C-1", name="Renamed", customer_id=known.customer.code,
        legal_entity=known.legal_entity.code, currency=known.currency, status="signed", signed_on=known.signed_on,
        starts_on=known.starts_on, ends_on=known.ends_on, tax_jurisdiction=known.tax_jurisdiction,
    )  # fmt: skip
    parties = Parties(known.customer, known.legal_entity, None)
    return lambda: agreements.save_contract(record=record, parties_=parties, existing=known, by=factories.BY)


def activated(contract):
    """The last step of its activation."""
    return transaction.atomic(lambda: activation._activate(contract))


SAVING = (agreements, "_move_status")


def test_a_contract_sent_again_does_not_undo_its_activation(contract):
    again = sent_again(contract)
    activated(contract)()
    again()
    contract.refresh_from_db()
    assert (contract.status, contract.name) == ("active", "Renamed")


def test_a_contract_activated_while_it_is_sent_again_stays_active(contract, interleave):
    assert interleave(sent_again(contract), activated(contract), at=SAVING) == (None, None)
    contract.refresh_from_db()
    assert (contract.status, contract.name) == ("active", "Renamed")


def test_without_looking_again_the_activation_is_undone(contract, monkeypatch):
    """Negative control: what was looked up before is written as it was."""
    monkeypatch.setattr(agreements, "locked", lambda row: row)
    again = sent_again(contract)
    activated(contract)()
    again()
    contract.refresh_from_db()
    assert contract.status == "signed"
