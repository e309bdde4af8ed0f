"""Work lent between legal entities: charged when approved, reversed at its original price, never a silent nought."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Sum

from contracts.actions import capacity, cost_rates, transfer_prices
from contracts.actions.rates import card_of
from contracts.models import LegalEntity, RateRow, TransferPrice
from costs.actions import intercompany
from costs.between import views_of
from costs.models import IntercompanyCharge
from integration_hub.cases.models import Case
from integration_hub.kernel.errors import BadInput, Denied
from integration_hub.people.models import Role
from integration_hub.trail.lineage import walk
from integration_hub.work.inprocess import drain_once
from tests import factories, money, screens, vendors
from tests.integration.api.conftest import Caller
from tests.worlds import shared

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:No directory at")]
FIRST = date(2026, 1, 1)
WEEK = (Decimal(8),) * 5 + (Decimal(0),) * 2


@shared
def lent():
    """A contract of US01 on which Ann works, who is with DE01 and costs it 62 an hour; both count in USD."""
    with vendors.silent() as landscape:
        contract = money.contract_in(landscape, "C-1")
        LegalEntity.objects.update(costs_from=date(2026, 2, 1))
        lender = factories.legal_entity("DE01")
        given = capacity.CapacityIn(
            legal_entity=lender, resource=factories.resource(), hours=WEEK, valid_from=FIRST, source="test"
        )
        capacity.record(given=given, by=factories.BY)
        cost("62")
        return contract


def cost(text, *, since=FIRST):
    rate = cost_rates.CostRateIn(
        legal_entity="DE01", currency="USD", role="Consultant", valid_from=since, source="test", rate=Decimal(text)
    )
    cost_rates.record(rates=[rate], by=factories.BY)
    drain_once(factories.LOCAL)


def propose(value="15", kind="cost_plus", *, by=None, **more):
    usual = {"lender": "DE01", "borrower": "US01", "currency": "USD", "valid_from": FIRST, "reason": "Benchmark"}
    given = transfer_prices.TransferPriceIn(**{**usual, **more}, kind=kind, value=Decimal(value))
    return transfer_prices.propose(given=given, by=by or factories.user())


def agree(*args, **more):
    row = propose(*args, **more)
    transfer_prices.approve(price_id=row.pk, by=factories.user(), seen_version=row.version)
    drain_once(factories.LOCAL)
    return TransferPrice.objects.get(pk=row.pk)


def current():
    rows = IntercompanyCharge.objects.filter(is_current=True).order_by("work_key")
    return [(row.minutes / 60, row.amount) for row in rows]


def ledger(key):
    rows = IntercompanyCharge.objects.filter(work_key=key)
    assert (rows.aggregate(sum=Sum("amount"))["sum"] or 0) == sum(row.amount for row in rows.filter(is_current=True))
    return list(rows.order_by("pk").values_list("amount", flat=True))


def missing():
    return [row.title for row in Case.objects.filter(code="IC_PRICE_MISSING").exclude(status="resolved")]


def test_the_example_of_the_rule_and_what_each_side_makes_of_it(lent):
    RateRow.objects.filter(card=card_of(lent)).update(rate=145)
    agree()
    factories.time_entry(lent, key="w:1", hours="16")
    row = IntercompanyCharge.objects.get()
    assert (row.lender.code, row.borrower.code, row.rate, row.amount) == (
        "DE01",
        "US01",
        Decimal("71.3"),
        Decimal("1140.80"),
    )
    found = views_of(row)
    assert (found.customer_revenue, found.borrowing_margin) == (2320, Decimal("1179.20"))
    assert (found.lending_margin, found.group_margin) == (Decimal("148.80"), 1328)
    assert found.borrowing_margin + found.lending_margin == found.group_margin, "eliminated to nought"


def test_a_correction_reverses_at_the_original_price_and_a_second_run_changes_nothing(lent):
    agree()
    factories.time_entry(lent, key="w:1", hours="16")
    agree("20", valid_from=date(2026, 3, 1))
    assert ledger("w:1") == [Decimal("1140.80"), Decimal("-1140.80"), Decimal("1190.40")]
    factories.time_entry(lent, key="w:1", hours="10")
    assert ledger("w:1")[3:] == [Decimal("-1190.40"), 744]
    project = factories.project_of(lent)
    assert intercompany.derive(project=project, caused_by="again") == 0
    factories.time_entry(lent, key="w:1", hours="10", approval="submitted")
    assert (current(), ledger("w:1")[5:]) == ([], [-744])
    cost("70", since=date(2026, 3, 1))
    factories.time_entry(lent, key="w:1", hours="10")
    assert current() == [(10, 840)]


def test_work_that_cannot_be_priced_is_a_case_by_its_reason_that_closes_itself(lent):
    factories.time_entry(lent, key="w:1", hours="4")
    assert missing() == ["DE01 charges US01 nothing for 4 h on C-1: no transfer price holds"]
    waiting = propose("70", "fixed_rate")
    assert current() == [], "a proposed price charges nothing"
    transfer_prices.approve(price_id=waiting.pk, by=factories.user(), seen_version=1)
    drain_once(factories.LOCAL)
    assert (current(), missing()) == ([(4, 280)], [])
    agree("10", "cost_plus", currency="CHF")
    assert missing() == ["DE01 charges US01 nothing for 4 h on C-1: no fresh exchange rate converts it"]
    assert ledger("w:1") == [280, -280]


def test_a_part_of_the_bill_follows_the_price_of_the_work(lent):
    RateRow.objects.filter(card=card_of(lent)).update(rate=150)
    agree("60", "percent_of_bill")
    factories.time_entry(lent, key="w:1", hours="5")
    assert current() == [(5, 450)]


def test_a_part_of_the_bill_waits_for_the_decision_and_is_traced_to_the_charge(lent):
    agree("60", "percent_of_bill")
    factories.time_entry(lent, key="w:1", hours="5")
    [(_, before)] = current()
    row = factories.time_entry(lent, key="w:1", hours="6", decide=False)
    project = factories.project_of(lent)
    assert intercompany.derive(project=project, caused_by="too early") == 0, "neither reversed nor asked about"
    assert (current(), missing()) == ([(5, before)], [])
    drain_once(factories.LOCAL)
    assert ledger("w:1") == [before, -before, before / 5 * 6]
    charge = IntercompanyCharge.objects.get(is_current=True)
    assert ("intercompany_charge", str(charge.pk)) in walk(("event", str(row.pk)), depth=2).nodes
    back = walk(("intercompany_charge", str(IntercompanyCharge.objects.get(reverses__isnull=False).pk)), depth=2)
    assert ("event", str(charge.event_id)) not in back.nodes, "a reversal belongs to the version it reverses"


def test_a_home_that_is_known_late_charges_work_that_has_no_cost_where_it_was_done(lent):
    agree()
    person = factories.resource("Bob Ray")
    factories.time_entry(lent, key="w:2", hours="3", by_whom=person)
    assert current() == []
    given = capacity.CapacityIn(
        legal_entity=LegalEntity.objects.get(code="DE01"), resource=person, hours=WEEK, valid_from=FIRST, source="late"
    )
    capacity.record(given=given, by=factories.BY)
    drain_once(factories.LOCAL)
    assert current() == [(3, Decimal("213.90"))]


def test_two_persons_agree_and_no_two_prices_hold_on_a_day(lent):
    finance = factories.user()
    row = propose("70", "fixed_rate", by=finance)
    with pytest.raises(Denied, match="someone else"):
        transfer_prices.approve(price_id=row.pk, by=finance, seen_version=1)
    first = agree("70", "fixed_rate")
    later = agree("80", "fixed_rate", valid_from=date(2026, 6, 1))
    first.refresh_from_db()
    assert first.withdrawn_at, "followed by what is left of its days"
    held = TransferPrice.objects.filter(TransferPrice.IN_FORCE).order_by("pk")
    assert [(row.value, row.validity.upper) for row in held] == [(80, None), (70, date(2026, 6, 1))]
    for change in ({"value": 1}, {"approved_by": finance.username}):
        with pytest.raises(IntegrityError), transaction.atomic():
            TransferPrice.objects.filter(pk=later.pk).update(**change)
    with pytest.raises(IntegrityError, match="transfer_price_no_overlap"), transaction.atomic():
        TransferPrice.objects.create(
            lender=later.lender, borrower=later.borrower, kind="fixed_rate", value=1, currency="USD", proposed_by="a",
            approved_by="b", approved_at=later.approved_at, validity=(date(2026, 7, 1), None), reason="x",
        )  # fmt: skip
    with pytest.raises(BadInput, match="not above nought"):
        propose("0", "fixed_rate")
    with pytest.raises(BadInput, match="two legal entities"):
        propose("70", "fixed_rate", lender="US01")


def test_screens_and_api_show_either_side_and_nobody_else(lent):
    row = agree()
    factories.time_entry(lent, key="w:1", hours="16")
    charge = IntercompanyCharge.objects.get()
    for entity, seen in (("US01", 1), ("DE01", 1), ("GB01", 0)):
        person = factories.user(entities=(entity,))
        page = screens.browser(person).get("/costs/intercompany/")
        assert page.content.decode().count("1,140.80") == seen
        assert screens.browser(person).get(f"/costs/intercompany/{charge.pk}/").status_code == (200 if seen else 404)
        assert screens.browser(person).get(f"/contracts/transfer-prices/{row.pk}/withdraw/").status_code == (
            200 if seen else 404
        )
        assert [one["amount"] for one in Caller(person).rows("intercompany-charges/")] == ["1140.80"] * seen
    analyst = factories.user(Role.DELIVERY_LEAD)
    assert screens.browser(analyst).get("/costs/intercompany/").status_code == 403
