"""Contracts, lines, prices and milestones: taken over while nothing depends on them, afterwards only by amendment."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from contracts.actions import agreements, rates
from contracts.actions.agreements import Parties
from contracts.models import Cap, Contract, ContractLine, Milestone, Opportunity, PurchaseOrder, RateRow
from integration_hub import canonical
from integration_hub.kernel.errors import BadInput
from integration_hub.trail.models import Event
from tests import factories

pytestmark = pytest.mark.django_db
START, END = date(2026, 1, 1), date(2026, 12, 31)


@pytest.fixture
def parties():
    return Parties(factories.customer("CUST-1"), factories.legal_entity(), None)


def contract_as(parties, number="C-1", *, existing=None, **terms):
    known = {
        "name": "Advisory", "status": "draft", "signed_on": None, "starts_on": START, "ends_on": END, "currency": "USD",
        **terms,
    }  # fmt: skip
    record = canonical.Contract(
        source_id=number, version="1", number=number, customer_id=parties.customer.code,
        legal_entity=parties.legal_entity.code, **known,
    )  # fmt: skip
    return agreements.save_contract(record=record, parties_=parties, existing=existing, by=factories.BY)


def signed(parties, **terms):
    return contract_as(parties, status="signed", signed_on=START, **terms)


def told(action):
    return Event.objects.filter(action=action).count()


# -- contracts -----------------------------------------------------------------------------------------------------


def test_a_draft_takes_over_everything_and_a_signature_makes_the_first_version(parties):
    draft = contract_as(parties)
    assert (draft.status, draft.versions.count(), told("contracts.contract.created")) == ("draft", 0, 1)
    reviewed = contract_as(parties, status="in_review", ends_on=date(2027, 6, 30), payment_terms="Net 30")
    assert (reviewed.pk, reviewed.status, reviewed.ends_on) == (draft.pk, "in_review", date(2027, 6, 30))
    assert contract_as(parties).status == "in_review", "a draft again is no way back"
    factories.line(draft)
    factories.price(draft, "150")
    final = signed(parties)
    [version] = final.versions.all()
    assert (final.status, version.number, version.effective_on, version.reason) == ("signed", 1, START, "Signed")
    assert ContractLine.objects.get().introduced_in == version
    assert RateRow.objects.get().introduced_in == version
    assert (told("contracts.contract.signed"), told("contracts.contract.changed")) == (1, 3)


def test_the_same_record_again_is_told_once(parties):
    signed(parties)
    before = Event.objects.count()
    signed(parties)
    assert Event.objects.count() == before
    assert Contract.objects.get().versions.count() == 1


def test_dates_of_a_signed_contract_stay_and_a_missing_start_is_filled_in(parties):
    contract = signed(parties, starts_on=None)
    assert contract.versions.get().effective_on == START, "the day it was signed"
    later = signed(parties, starts_on=date(2026, 2, 1), ends_on=date(2030, 1, 1))
    assert (later.starts_on, later.ends_on) == (date(2026, 2, 1), END)


def test_terms_that_money_depends_on_change_only_by_amendment(parties):
    signed(parties)
    others = Parties(factories.customer("CUST-2"), factories.legal_entity("GB01", currency="GBP", country="GB"), None)
    with pytest.raises(BadInput, match="changed from .* although the contract is signed") as refused:
        signed(others, currency="GBP")
    said = str(refused.value)
    for change in ("currency: changed from USD to GBP", "from US01 to GB01", "from CUST-1 to CUST-2"):
        assert change in said
    assert (Contract.objects.get().currency, Contract.objects.get().customer.code) == ("USD", "CUST-1")
    assert signed(parties, name="Advisory 2").name == "Advisory 2"


@pytest.mark.parametrize(
    ("status", "after"),
    [("active", "terminated"), ("suspended", "terminated"), ("signed", "terminated"), ("completed", "completed")],
)
def test_a_running_contract_is_terminated_by_its_source(parties, status, after):
    contract = signed(parties)
    Contract.objects.filter(pk=contract.pk).update(status=status)
    assert contract_as(parties, status="terminated").status == after


def test_a_purchase_order_is_kept_up_to_date(parties):
    contract_as(parties, po_number="PO-1", po_amount=Decimal(100))
    contract_as(parties, po_number="PO-1", po_amount=Decimal(200), po_expires_on=END)
    [order] = PurchaseOrder.objects.all()
    assert (order.amount, order.currency, order.expires_on) == (200, "USD", END)


def test_the_deal_that_brought_it_is_remembered_though_later_records_do_not_name_it(parties):
    deal = won(parties.customer)
    contract = contract_as(Parties(parties.customer, parties.legal_entity, deal))
    assert contract_as(parties).opportunity == deal
    assert contract.pk


def won(customer, *, is_won=True, existing=None):
    record = canonical.Opportunity(
        source_id="O1", version="1", name="Deal", customer_id=customer.code, stage="Won", is_won=is_won,
        is_closed=is_won,
    )  # fmt: skip
    return agreements.save_opportunity(record=record, customer=customer, existing=existing, by=factories.BY)


def test_a_deal_is_told_when_it_is_won_and_once(parties):
    deal = won(parties.customer, is_won=False)
    assert (told("contracts.opportunity.won"), deal.currency) == (0, "")
    contract_as(Parties(parties.customer, parties.legal_entity, deal))
    for _ in range(2):
        won(parties.customer, existing=deal)
    assert told("contracts.opportunity.won") == 1
    assert Opportunity.objects.get().is_won


# -- lines ---------------------------------------------------------------------------------------------------------


def test_a_line_takes_its_days_from_the_contract_and_says_how_expenses_are_charged(parties):
    contract = contract_as(parties)
    costs = factories.line(contract, number=2, method="expense", expense_rule=None)
    marked = factories.line(contract, number=3, method="expense", expense_rule="markup", markup_percent=Decimal(5))
    work = factories.line(contract, cap="5000", starts_on=date(2026, 3, 1))
    assert (costs.starts_on, costs.ends_on, costs.expense_rule) == (START, END, "at_cost")
    assert (marked.expense_rule, work.expense_rule) == ("markup", "")
    assert marked.markup_percent == 5
    assert (work.starts_on, Cap.objects.get().limit, Cap.objects.get().line) == (date(2026, 3, 1), 5000, work)


def test_a_line_that_ends_before_it_starts_is_refused(parties):
    contract = contract_as(parties)
    with pytest.raises(BadInput, match="line 1: starts_on: 2027-01-01 is after the end on 2026-12-31"):
        factories.line(contract, starts_on=date(2027, 1, 1))
    assert not contract.lines.exists()


def test_an_active_contract_keeps_method_amount_days_and_cap_of_its_lines():
    contract = factories.contract_active("C-1", cap="5000")
    line = contract.lines.get()
    for change in ({"method": "included"}, {"amount": "7"}):
        with pytest.raises(BadInput, match="method or amount: changed although the contract is active"):
            factories.line(contract, **change)
    again = factories.line(contract, name="Renamed", cap="9000", starts_on=date(2026, 5, 1))
    assert (again.pk, again.name, again.starts_on) == (line.pk, "Renamed", line.starts_on)
    assert Cap.objects.get().limit == 5000
    added = factories.line(contract, number=2, cap="9000", starts_on=date(2026, 5, 1))
    assert (added.starts_on, added.introduced_in.number) == (date(2026, 5, 1), 1)


# -- prices --------------------------------------------------------------------------------------------------------


def rate(contract, value="150", *, source="S1", **more):
    known = {"currency": "USD", "valid_from": START, **more}
    record = canonical.RateItem(
        source_id=source, version="1", contract_id=contract.number, rate=Decimal(value), **known
    )
    return rates.save_rate(record=record, contract=contract, source=source, by=factories.BY)


def test_a_price_changes_while_nothing_depends_on_it(parties):
    contract = contract_as(parties)
    row = rate(contract)
    assert rate(contract, "160").pk == row.pk
    assert (RateRow.objects.get().rate, RateRow.objects.get().validity.upper) == (160, None)
    assert rate(contract, "160", valid_to=END).validity == (START, date(2027, 1, 1))
    assert rates.card_of(contract).name == "Rates of C-1"


def test_two_prices_of_the_same_days_are_refused_and_the_first_stands(parties):
    contract = contract_as(parties)
    rate(contract)
    with pytest.raises(BadInput, match="Rate default of contract C-1: valid_from: 2026-06-01 overlaps another rate"):
        rate(contract, "160", source="S2", valid_from=date(2026, 6, 1))
    rate(contract, "160", source="S3", role="dev")
    assert sorted(RateRow.objects.values_list("role", "rate")) == [("", 150), ("dev", 160)]


def test_another_broken_rule_of_a_price_is_not_called_an_overlap(parties):
    contract = contract_as(parties)
    known = {"role": "", "resource": "", "currency": "USD", "unit": "hour", "valid_from": START, "valid_to": None}
    unchecked = canonical.RateItem.model_construct(rate=Decimal(-1), **known)
    with pytest.raises(IntegrityError, match="positive"), transaction.atomic():
        rates.save_rate(record=unchecked, contract=contract, source="S1", by=factories.BY)


def test_a_price_of_an_active_contract_stays_until_it_is_amended():
    contract = factories.contract_active("C-1")
    row = RateRow.objects.get()
    assert rate(contract, source=row.source).pk == row.pk, "the same once more"
    with pytest.raises(BadInput, match="Rate default of contract C-1: rate: changed although the contract is active"):
        rate(contract, "160", source=row.source)


# -- milestones ----------------------------------------------------------------------------------------------------


def term(line, sequence=1, amount="300", name="Design"):
    record = canonical.MilestoneTerm(
        source_id=f"M{sequence}", version="1", line_id="L1", name=name, sequence=sequence, amount=Decimal(amount)
    )
    return agreements.save_milestone_term(record=record, line=line, by=factories.BY)


def test_milestones_never_exceed_the_price_of_their_line(parties):
    line = factories.line(contract_as(parties), method="milestone", amount="1000")
    term(line)
    term(line, 2, "700")
    with pytest.raises(BadInput, match="701 brings the milestones of line 1 above its price 1000"):
        term(line, 2, "701")
    Milestone.objects.filter(sequence=1).update(status="cancelled")
    assert term(line, 2, "1000").amount == 1000
    assert told("contracts.milestone.agreed") == 2


def test_an_accepted_milestone_keeps_what_was_accepted(parties):
    line = factories.line(contract_as(parties), method="milestone", amount=None)
    term(line)
    assert term(line, amount="400", name="Build").amount == 400
    Milestone.objects.update(status="accepted", accepted_on=START, accepted_by="Client")
    kept = term(line, amount="400", name="Test")
    assert (kept.amount, kept.name) == (400, "Build")
    with pytest.raises(BadInput, match="amount: changed from 400 to 500 after acceptance"):
        term(line, amount="500")
