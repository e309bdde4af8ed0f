"""Purchases: charged on once by the contract's rule, never beside the hours they pay for, and never forgotten."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from billing.models import BillableEvent, Piece
from contracts.actions import cost_rates
from contracts.actions.cost_rates import CostRateIn
from contracts.models import LegalEntity, Resource
from costs.actions import purchases
from costs.models import Purchase
from integration_hub import canonical
from integration_hub.cases.models import Case
from integration_hub.kernel.errors import Denied, Stale
from integration_hub.people.models import Role
from integration_hub.work.inprocess import drain_once
from reconciliation.reports import MEASURES
from reconciliation.reports.measures import Asked, totals
from tests import factories
from tests.integration.api.conftest import Caller
from tests.integration.billing.screens import nobody, signed_in, text
from tests.vendors import arrive
from tests.worlds import shared

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:No directory at")]
DAY = date(2026, 3, 9)


@shared
def contract():
    """Time at 150, and expenses: material marked up by 10 %, licences passed through."""
    there = factories.contract_active("C-1", rate="150")
    terms = [
        {"category": "material", "method": "markup", "percent": "10"},
        {"category": "licence", "method": "at_cost"},
    ]
    factories.line(there, number=2, method="expense", prices={"expenses": terms})
    LegalEntity.objects.update(costs_from=date(2026, 1, 1))
    return there


@pytest.fixture
def files(contract):
    return factories.connection("filedrop", code="files")


def item(key="P-1", **more):
    given = {"vendor": "V-7", "bill_number": "B-1", "project": "C-1", "category": "material", "delivered_on": DAY,
             "amount": Decimal(200), "currency": "USD", "version": "1"}  # fmt: skip
    return canonical.PurchaseLine(source_id=key, **{**given, **more})


def taken(files, record):
    [receipt] = arrive(files, record)
    drain_once(factories.LOCAL)
    return receipt


def pieces():
    rows = Piece.objects.filter(is_current=True, event__work_key__startswith="purchase:", event__is_deleted=False)
    return [(row.state, row.amount) for row in rows]


def cases(code):
    return list(Case.objects.filter(code=code, status__in=Case.OPEN_STATES).values_list("title", flat=True))


def decide(handling, *, by=None, reason="agreed with the client", version=None):
    row = Purchase.objects.get()
    by, version = by or factories.user(), version or row.version
    purchases.decide(purchase=row, handling=handling, reason=reason, version=version, by=by)
    drain_once(factories.LOCAL)


def subcontracted(contract):
    """Four hours of Sam, who works for V-7."""
    sam = factories.resource("Sam Orr")
    Resource.objects.filter(pk=sam.pk).update(vendor="V-7")
    rate = CostRateIn(legal_entity="US01", currency="USD", role="Consultant", vendor="V-7", rate=Decimal(110),
                      valid_from=date(2026, 1, 1), source="test")  # fmt: skip
    cost_rates.record(rates=[rate], by=factories.BY)
    sam.refresh_from_db()
    factories.time_entry(contract, hours="4", on=DAY, by_whom=sam)


def test_what_the_contract_has_a_rule_for_is_charged_on_by_it_once(files):
    assert taken(files, item()).status == "applied"
    assert pieces() == [("billable", 220)]
    taken(files, item(version="2"))
    assert BillableEvent.objects.filter(work_key__startswith="purchase:").count() == 1, "nothing moved"
    taken(files, item(version="3", category="licence", amount=Decimal(90)))
    assert pieces() == [("billable", 90)]
    assert cases(purchases.UNDECIDED) == []


def test_what_nobody_decided_is_a_case_with_its_money_until_somebody_does(files):
    taken(files, item(category="travel agency"))
    assert pieces() == []
    assert cases(purchases.UNDECIDED) == ["Nobody said what becomes of V-7 B-1/1, on C-1"]
    assert Case.objects.get(code=purchases.UNDECIDED).members.get().amount == 200
    key = Purchase.objects.get().work_key
    assert purchases.still_asks(key)
    decide("absorbed")
    assert (pieces(), cases(purchases.UNDECIDED)) == ([], [])
    assert not purchases.still_asks(key)
    taken(files, item(version="2", category="material", handling="recharge"))
    assert Purchase.objects.get().handling == "absorbed", "what a person decided stays decided"


def test_a_bill_of_a_vendor_whose_hours_are_charged_asks_before_it_is_charged_on(files, contract):
    subcontracted(contract)
    taken(files, item(handling="recharge"))
    assert pieces() == []
    assert cases(purchases.TWICE) == ["V-7 B-1/1 may be charged twice: hours of V-7 on C-1 are charged"]
    decide("recharge", reason="the software beside the hours")
    assert (pieces(), cases(purchases.TWICE)) == ([("billable", 220)], [])
    decide("covers_time")
    assert pieces() == []


def test_the_same_line_of_a_bill_comes_once_whichever_system_tells_of_it(files):
    taken(files, item())
    again = taken(files, item("OTHER"))
    assert [problem.field for problem in again.problems] == ["bill_number"]
    assert "files:purchase_line:P-1" in again.problems[0].message
    row = Purchase.objects.get()
    row.pk, row.source = None, "x"
    with pytest.raises(IntegrityError, match="purchase_once"), transaction.atomic():
        row.save()
    taken(files, item(version="2", deleted=True))
    assert pieces() == []
    assert taken(files, item("OTHER", version="2")).status == "applied"


def test_an_unknown_project_is_refused_with_its_field(files):
    assert [problem.field for problem in taken(files, item(project="NOPE")).problems] == ["project"]
    assert not Purchase.objects.exists()


def test_who_decides_and_on_what_they_saw(files):
    taken(files, item(category="other"))
    with pytest.raises(Denied, match="Only finance"):
        decide("absorbed", by=factories.user(Role.PMO))
    with pytest.raises(Denied, match="Say why"):
        decide("absorbed", reason=" ")
    with pytest.raises(Denied, match="do not work for US01"):
        decide("absorbed", by=factories.user(entities=("DE01",)))
    with pytest.raises(Denied, match="what becomes of it"):
        decide("undecided")
    with pytest.raises(Stale):
        decide("absorbed", version=7)
    taken(files, item(version="2", category="other", deleted=True))
    with pytest.raises(Denied, match="deleted"):
        decide("absorbed")


def test_margin_counts_what_was_bought_once(files, contract):
    subcontracted(contract)
    taken(files, item(category="licence", handling="covers_time"))
    taken(files, item("P-2", bill_number="B-2", vendor="V-8", category="licence"))
    asked = Asked(factories.user(everything=True), date(2026, 3, 1), date(2026, 3, 31))
    sums = totals(MEASURES["margin"].lines(asked))["USD"]
    assert [int(sums[name]) for name in ("subcontract", "purchases", "expenses")] == [440, 200, 0]
    assert sums["open"] == 4 * 150 + 200


def test_the_list_and_the_page_that_decides(files):
    taken(files, item(category="other"))
    browser = signed_in(everything=True)
    assert "Not decided" in text(browser.get("/costs/purchases/"))
    row = Purchase.objects.get()
    assert "V-7 B-1/1" in text(browser.get(f"/costs/purchases/{row.pk}/"))
    posted = {"handling": "recharge", "reason": "agreed", "version": row.version}
    assert browser.post(f"/costs/purchases/{row.pk}/", posted).status_code in {200, 302, 303}
    assert Purchase.objects.get().handling == "recharge"
    assert nobody().get("/costs/purchases/").status_code == 403


def test_by_program_it_is_decided_on_the_version_that_was_seen(files):
    taken(files, item(category="other"))
    row = Purchase.objects.get()
    call = Caller(factories.user())
    assert call.rows("purchases/", handling="undecided")[0]["amount"] == "200.00"
    body = {"handling": "absorbed", "reason": "small", "version": row.version}
    assert call.post(f"purchases/{row.pk}/decide/", body).json()["handling"] == "absorbed"
    assert call.post(f"purchases/{row.pk}/decide/", body).status_code == 409
