"""What a source sends again while we move the same row on: nothing that moved is put back; each with its control."""

from decimal import Decimal

import pytest
from django.db import transaction

from billing.workflows import activation
from contracts.actions import agreements, delivery, rates
from contracts.actions.agreements import Parties
from contracts.models import Contract, Milestone, RateRow
from integration_hub import canonical
from integration_hub.kernel.errors import BadInput
from tests import factories
from tests.races import without_row_locks

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


# -- lines and prices ----------------------------------------------------------------------------------------------


def terms_changed(contract):
    """The CRM tells of another fee and another price; the contract was looked up a moment ago, before it was active."""
    known = Contract.objects.get(pk=contract.pk)
    line = known.lines.get()
    other = canonical.ContractLine(
        source_id="L-1", version="2", contract_id="C-1", number=line.number, name=line.name, method="fixed_schedule",
        amount=100, frequency="monthly",
    )  # fmt: skip
    row = RateRow.objects.get(card__contract=known)
    price = canonical.RateItem(
        source_id="R-1", version="2", contract_id="C-1", rate=Decimal(999), currency=known.currency,
        valid_from=row.validity.lower,
    )  # fmt: skip
    return (
        lambda: agreements.save_line(record=other, contract=known, existing=line, by=factories.BY),
        lambda: rates.save_rate(record=price, contract=known, source=row.source, by=factories.BY),
    )


@pytest.mark.parametrize("which", [0, 1], ids=["line", "rate"])
def test_terms_that_come_with_the_activation_need_an_amendment(contract, which):
    change = terms_changed(contract)[which]
    activated(contract)()
    with pytest.raises(BadInput, match="although the contract is active"):
        change()
    assert contract.lines.get().method == "tm"
    assert RateRow.objects.get(card__contract=contract).rate != 999


@pytest.mark.parametrize("which", [0, 1], ids=["line", "rate"])
def test_an_activation_waits_for_terms_that_are_being_saved(contract, interleave, which):
    """They were saved first: the contract becomes active with them."""
    change = terms_changed(contract)[which]
    assert interleave(change, activated(contract), at=(agreements.events, "agreement_changed")) == (None, None)
    contract.refresh_from_db()
    assert contract.status == "active"
    changed = (contract.lines.get().method, RateRow.objects.get(card__contract=contract).rate)
    assert changed == (("fixed_schedule", 150), ("tm", 999))[which]


@pytest.mark.parametrize("which", [0, 1], ids=["line", "rate"])
def test_without_looking_again_terms_change_without_an_amendment(contract, monkeypatch, which):
    """Negative control: the contract is judged as it was looked up."""
    for where in (agreements, rates):
        monkeypatch.setattr(where, "held", lambda row: row)
    change = terms_changed(contract)[which]
    activated(contract)()
    change()
    changed = (contract.lines.get().method, RateRow.objects.get(card__contract=contract).rate)
    assert changed == (("fixed_schedule", 150), ("tm", 999))[which]


# -- milestones ----------------------------------------------------------------------------------------------------


@pytest.fixture
def milestone(transactional_db):
    contract = factories.contract_signed("C-2", method="milestone", amount="100", milestones=("100",))
    return Milestone.objects.get(line__contract=contract)


def agreed_again(milestone):
    """The CRM sends the milestone's terms once more."""
    record = canonical.MilestoneTerm(
        source_id="M-1", version="2", line_id="L-1", name="Renamed", sequence=milestone.sequence,
        amount=milestone.amount, due_on=milestone.due_on,
    )  # fmt: skip
    return lambda: agreements.save_milestone_term(record=record, line=milestone.line, by=factories.BY)


def accepted(milestone):
    """The PSA tells of its acceptance."""
    record = canonical.Milestone(
        source_id="PM-1", version="1", project_id="P-1", name=milestone.name, status="accepted",
        accepted_on=factories.START,
    )  # fmt: skip
    return lambda: delivery.move_milestone(record=record, milestone=milestone, by=factories.BY)


READ = (Milestone, "save")


def test_a_milestone_accepted_while_its_terms_come_again_stays_accepted(milestone, interleave):
    assert interleave(agreed_again(milestone), accepted(milestone), at=READ) == (None, None)
    milestone.refresh_from_db()
    assert (milestone.status, milestone.name) == ("accepted", "Renamed")


def test_without_the_lock_the_acceptance_is_undone(milestone, interleave, monkeypatch):
    """Negative control."""
    without_row_locks(monkeypatch, Milestone)
    assert interleave(agreed_again(milestone), accepted(milestone), at=READ) == (None, None)
    milestone.refresh_from_db()
    assert milestone.status != "accepted"
