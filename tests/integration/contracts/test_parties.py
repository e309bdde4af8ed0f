"""Legal entities, periods and customers, as their owners report them."""

from datetime import date

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from contracts import periods
from contracts.actions import parties
from contracts.models import AccountingPeriod, BillTo, Customer, ExternalReference, LegalEntity, PaymentTerm
from contracts.receivers.ledger import customer_account
from integration_hub import canonical
from integration_hub.kernel.errors import BadInput
from integration_hub.trail.models import Event
from tests import factories, vendors

pytestmark = pytest.mark.django_db


def last(action):
    return Event.objects.filter(action=action).latest("id")


# -- legal entities ------------------------------------------------------------------------------------------------


def entity(currency="USD", name="US01 Inc."):
    record = canonical.LegalEntity(source_id="1", version="1", code="US01", name=name, currency=currency, country="us")
    return parties.save_legal_entity(record=record, by=factories.BY)


def test_a_legal_entity_is_made_once_and_follows_the_erp():
    first = entity()
    assert (first.country, last("contracts.legal_entity.created").legal_entity) == ("US", "US01")
    assert entity(name="US01 LLC").name == "US01 LLC"
    told = last("contracts.legal_entity.changed").data
    assert (told["before"], told["after"]) == ({"name": "US01 Inc."}, {"name": "US01 LLC"})
    before = Event.objects.count()
    entity(name="US01 LLC")
    assert (Event.objects.count(), LegalEntity.objects.count()) == (before, 1)


def test_its_currency_changes_only_before_there_are_contracts():
    entity()
    assert entity("EUR").currency == "EUR"
    entity()
    factories.contract_signed("C-1")
    with pytest.raises(BadInput, match="currency: cannot change from USD to EUR with contracts in force"):
        entity("EUR")
    assert LegalEntity.objects.get().currency == "USD"


def test_terms_are_kept_by_name():
    for days in (30, 45):
        parties.save_payment_term(record=canonical.PaymentTerm(source_id="5", version="1", name="Net 30", days=days))
    assert PaymentTerm.objects.get().days == 45


# -- periods -------------------------------------------------------------------------------------------------------


def period(legal_entity, month, *, closed=False, shared=True, **more):
    record = canonical.AccountingPeriod(
        source_id=str(month), version="1", name=f"{month:02d}/26", starts_on=date(2026, month, 1),
        ends_on=date(2026, month, 28), closed=closed, legal_entity_id=None if shared else "1", **more,
    )  # fmt: skip
    return parties.save_period(legal_entity=legal_entity, record=record, by=factories.BY)


def test_a_period_is_closed_when_the_erp_closes_it_or_locks_receivables():
    us = factories.legal_entity()
    assert period(us, 3).status == "open"
    assert period(us, 3, ar_locked=True).status == "closed"
    assert last("contracts.period.closed").legal_entity == "US01"
    assert period(us, 3).status == "open"
    assert period(us, 4, closed=True).status == "closed"
    assert AccountingPeriod.objects.count() == 2


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (date(2026, 1, 15), date(2026, 1, 15)),
        (date(2026, 2, 15), date(2026, 4, 1)),
        (date(2026, 3, 15), date(2026, 4, 1)),
        (date(2026, 3, 30), date(2026, 4, 1)),
        (date(2026, 5, 2), None),
    ],
    ids=["open", "closed", "the next is closed too", "between two periods", "after the last"],
)
def test_work_is_accounted_on_its_day_or_the_first_open_one_after(on, expected):
    us = factories.legal_entity()
    for month, closed in ((1, False), (2, True), (3, True), (4, False)):
        period(us, month, closed=closed)
    assert periods.open_period(us, on) == expected


def test_where_all_later_periods_are_closed_nothing_can_be_accounted():
    us = factories.legal_entity()
    period(us, 3, closed=True)
    assert periods.open_period(us, date(2026, 3, 2)) is None
    assert periods.open_period(factories.legal_entity("GB01"), date(2026, 3, 2)) == date(2026, 3, 2), "none is known"


def test_a_new_entity_gets_the_periods_kept_for_all_and_only_those():
    us, gb = factories.legal_entity(), factories.legal_entity("GB01", currency="GBP", country="GB")
    assert parties.share_periods(legal_entity=gb) == 0, "there are none"
    period(us, 3, closed=True)
    period(us, 4, shared=False)
    assert parties.share_periods(legal_entity=gb) == 1
    assert gb.periods.get().status == "closed"
    assert parties.share_periods(legal_entity=gb) == 0, "it has its own now"


# -- customers -----------------------------------------------------------------------------------------------------


def save(code, *, parent=None, **more):
    record = canonical.Customer(source_id=code, version="1", code=code, **{"name": f"Client {code}", **more})
    return parties.save_customer(record=record, parent=parent, by=factories.BY)


def test_a_customer_is_made_once_and_its_changes_are_told():
    first = save("A", country="us", currency="USD")
    assert (first.country, first.currency) == ("US", "USD")
    again = save("A", country="us", currency="USD", name="Client B")
    assert (again.pk, again.name) == (first.pk, "Client B")
    assert last("contracts.customer.changed").data["after"] == {"name": "Client B"}
    assert Event.objects.filter(action="contracts.customer.created").count() == 1


def test_nobody_is_its_own_ancestor():
    top = save("A")
    middle = save("B", parent=top)
    bottom = save("C", parent=middle)
    for parent in (top, bottom):
        with pytest.raises(BadInput, match="Customer A: parent_id: makes the customer its own ancestor"):
            save("A", parent=parent)
    top.refresh_from_db()
    assert top.parent is None


def test_another_broken_rule_is_not_called_a_circle(monkeypatch):
    def refuse(*_args, **_kwargs):
        raise IntegrityError("something else")

    monkeypatch.setattr(Customer.objects, "get_or_create", refuse)
    with pytest.raises(IntegrityError, match="something else"):
        save("A")


def test_an_address_that_arrives_completes_the_bill_to_and_one_that_goes_opens_it_again():
    contract = factories.contract_signed("C-1", client=factories.customer("A", complete=False))
    assert contract.bill_to.status == "draft"
    save("A", country="US", city="Boston", street="1 Main St")
    assert BillTo.objects.get().status == "verified"
    save("A", country="US", city="", street="1 Main St")
    assert BillTo.objects.get().status == "draft"
    BillTo.objects.update(status="suspended")
    save("A", country="US", city="Boston", street="1 Main St")
    assert BillTo.objects.get().status == "suspended", "a person suspended it"


# -- accounts in the ERP -------------------------------------------------------------------------------------------


def account(number, code, **more):
    return canonical.CustomerAccount(source_id=number, version="1", code=code, name=f"Firm {code}", **more)


def received(there, *records):
    return [receipt.status for receipt in vendors.arrive(there, *records)]


def test_a_page_of_accounts_finds_or_makes_its_customers():
    there = factories.connection()
    known = factories.customer("CUST-1", name="Brightwater")
    page = (account("E1", "CUST-1"), account("E2", "CUST-2", currency="EUR"), account("E3", "CUST-3", inactive=True))
    assert received(there, *page) == ["applied"] * 3
    made = Customer.objects.get(code="CUST-2")
    known.refresh_from_db()
    assert (known.name, made.name, made.currency) == ("Brightwater", "Firm CUST-2", "EUR")
    notes = {row.source_id: row for row in ExternalReference.objects.filter(entity="customer_account")}
    assert {key: row.object_id for key, row in notes.items()} == {
        "E1": known.pk, "E2": made.pk, "E3": Customer.objects.get(code="CUST-3").pk
    }  # fmt: skip
    assert (notes["E1"].number, notes["E1"].sync, notes["E3"].sync) == ("CUST-1", "current", "failed")
    received(there, account("E3", "CUST-3"))
    notes["E3"].refresh_from_db()
    assert (notes["E3"].sync, notes["E3"].detail) == ("current", "")


def test_a_number_of_two_accounts_is_refused_and_stops_nobody_else():
    there = factories.connection()
    page = (account("E1", "CUST-1"), account("E2", "CUST-1"), account("E3", "CUST-3"))
    assert received(there, *page) == ["applied", "refused", "applied"]
    [again] = vendors.arrive(there, account("E4", "CUST-3"))
    assert again.problems[0].message == "CUST-3 is the number of account E3 too."
    assert received(there, account("E3", "CUST-3")) == ["applied"]


def test_a_page_of_accounts_costs_no_more_questions_than_one(django_assert_max_num_queries):
    there = factories.connection()
    one = vendors.arrivals(there, account("E0", "CUST-0"))
    page = vendors.arrivals(there, *(account(f"E{n}", f"CUST-{n}") for n in range(1, 40)))
    with CaptureQueriesContext(connection) as alone:
        customer_account(one)
    with django_assert_max_num_queries(len(alone)):
        customer_account(page)
