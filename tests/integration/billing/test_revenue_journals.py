"""Recognised months in the ERP's ledger: once, by a second person, so that its revenue is what was earned (R24)."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from django.db import IntegrityError, transaction

from billing.actions import recognition, revenue_journals
from billing.actions.recognition import Measure
from billing.actions.revenue_journals import ASSET, LIABILITY, REVENUE
from billing.models import RevenuePosting
from contracts.models import AccountingPeriod, LegalEntity
from integration_hub.effects.actions import effects
from integration_hub.effects.models import Effect
from integration_hub.kernel.errors import Denied, NotReady
from integration_hub.people.models import Role
from integration_hub.trail.lineage import walk
from integration_hub.work.inprocess import drain_once
from reconciliation.actions import pair_runs
from tests import factories, money, screens
from tests.integration.api.conftest import Caller, problem

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:No directory at")]

MARCH, APRIL, MAY = date(2026, 3, 1), date(2026, 4, 1), date(2026, 5, 1)


@pytest.fixture
def contract(landscape):
    return money.contract_in(landscape, "C-R")


@pytest.fixture
def fiona(db):
    return factories.user(Role.FINANCE)


@pytest.fixture
def conrad(db):
    return factories.user(Role.FINANCE)


def recognise(contract, period, percent, *, invoiced, by):
    measure = Measure(code="Build", price=Decimal(40000), progress=Fraction(percent) / 100, invoiced=Decimal(invoiced))
    return recognition.recognise(contract=contract, period=period, measures=[measure], by=by)


def post(by, through=date(2026, 5, 31), *, sent=True):
    made = revenue_journals.post(legal_entity=LegalEntity.objects.get(code="US01"), through=through, by=by)
    if sent:
        drain_once()
    for row in made:
        row.refresh_from_db()
    return made


def sent(landscape):
    """What the ERP was sent: amounts by charge code, debits above nought, of each journal in order."""
    return [
        {line["charge_code"]: Decimal(line["amount"]) for line in write.payload["lines"]}
        for write in landscape.erp.writes("journal.post")
    ]


def test_a_contract_moves_from_asset_to_liability_and_the_ledger_has_what_was_earned(
    landscape, contract, fiona, conrad
):
    recognise(contract, MARCH, 25, invoiced=8000, by=fiona)  # 10,000 earned
    recognise(contract, APRIL, 50, invoiced=26000, by=fiona)  # 20,000 earned
    recognise(contract, MAY, 45, invoiced=26000, by=fiona)  # less done than thought: 18,000
    made = post(conrad)
    assert [(row.month, row.earned, row.asset, row.liability, row.amount, row.status) for row in made] == [
        (MARCH, 10000, 2000, 0, 2000, "posted"),
        (APRIL, 10000, -2000, 6000, -8000, "posted"),
        (MAY, -2000, 0, 2000, -2000, "posted"),
    ]
    assert sent(landscape) == [
        {ASSET: 2000, REVENUE: -2000},
        {ASSET: -2000, LIABILITY: -6000, REVENUE: 8000},
        {LIABILITY: -2000, REVENUE: 2000},
    ]
    invoiced_in_ledger = Decimal(26000)
    assert invoiced_in_ledger + sum(row.amount for row in made) == 18000, "the ledger's revenue is what was earned"
    assert recognition.position_of(contract) == (sum(row.asset for row in made), sum(row.liability for row in made))
    assert post(conrad) == [], "a second posting makes nothing"


def test_a_month_that_was_invoiced_as_earned_is_noted_and_sends_nothing(landscape, contract, fiona, conrad):
    recognise(contract, MARCH, 25, invoiced=10000, by=fiona)
    [row] = post(conrad)
    assert (row.status, row.amount) == ("nil", 0)
    assert sent(landscape) == []
    assert post(conrad) == []


def test_who_recognised_a_month_leaves_it_to_somebody_else(landscape, contract, fiona, conrad):
    recognise(contract, MARCH, 25, invoiced=0, by=fiona)
    with pytest.raises(Denied, match="second person posts it"):
        post(fiona)
    recognise(contract, APRIL, 50, invoiced=0, by=conrad)
    assert [row.month for row in post(fiona)] == [APRIL]
    assert [row.month for row in post(conrad)] == [MARCH]


def test_months_that_are_not_over_by_then_wait(landscape, contract, fiona, conrad):
    recognise(contract, MARCH, 25, invoiced=0, by=fiona)
    assert post(conrad, date(2026, 3, 30)) == []
    assert len(post(conrad, date(2026, 3, 31))) == 1


def test_a_withdrawn_journal_leaves_its_month_to_the_next(landscape, contract, fiona, conrad):
    landscape.erp.refuse["journal.post"] = "no such account"
    recognise(contract, MARCH, 25, invoiced=0, by=fiona)
    [row] = post(conrad)
    assert row.status == "rejected"
    assert post(conrad) == [], "it waits for a person"
    effects.cancel(effect_id=Effect.objects.get(business_key=row.number).pk, by=conrad, reason="wrong map")
    del landscape.erp.refuse["journal.post"]
    [again] = post(conrad)
    row.refresh_from_db()
    assert (row.status, again.status, again.amount) == ("withdrawn", "posted", 10000)
    assert again.number != row.number


def test_what_is_late_goes_into_the_next_open_period(landscape, contract, fiona, conrad):
    recognise(contract, MARCH, 25, invoiced=0, by=fiona)
    for month, status in ((3, "closed"), (4, "open")):
        AccountingPeriod.objects.create(
            legal_entity=contract.legal_entity, name=f"M{month}", starts_on=date(2026, month, 1),
            ends_on=date(2026, month, 31 if month == 3 else 30), status=status,
        )  # fmt: skip
    [row] = post(conrad)
    assert (row.month, row.accounting_date, row.status) == (MARCH, APRIL, "posted")
    recognise(contract, APRIL, 50, invoiced=0, by=fiona)
    [late] = post(conrad, sent=False)
    AccountingPeriod.objects.filter(name="M4").update(status="closed")
    AccountingPeriod.objects.create(
        legal_entity=contract.legal_entity, name="M5", starts_on=MAY, ends_on=date(2026, 5, 31), status="open"
    )
    effect = Effect.objects.get(business_key=late.number)
    revenue_journals.into_next_period(effect, conrad, "April is closed")
    late.refresh_from_db()
    again = RevenuePosting.objects.exclude(status="withdrawn").get(month=APRIL)
    assert (late.status, again.accounting_date, again.amount) == ("withdrawn", MAY, 10000)
    AccountingPeriod.objects.filter(name="M5").update(status="closed")
    with pytest.raises(NotReady, match="No period of US01"):
        revenue_journals.into_next_period(Effect.objects.get(business_key=again.number), conrad, "closed too")


def test_the_database_posts_a_month_once_and_wants_a_balance(landscape, contract, fiona, conrad):
    recognise(contract, MARCH, 25, invoiced=0, by=fiona)
    [row] = post(conrad, sent=False)
    for changed in ({"asset": 1}, {"amount": 1}, {"accounting_date": date(2026, 2, 1)}):
        with pytest.raises(IntegrityError), transaction.atomic():
            RevenuePosting.objects.filter(pk=row.pk).update(**changed)
    row.pk, row.number = None, "another"
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()


def test_the_ledger_is_reconciled_with_what_was_sent(landscape, contract, fiona, conrad):
    recognise(contract, MARCH, 25, invoiced=0, by=fiona)
    [row] = post(conrad)

    def run():
        return pair_runs.perform(pair_runs.request(pair="revenue", by="system:test"))

    assert run().counts["breaks"] == {}
    effect = Effect.objects.get(business_key=row.number)
    effect.remote = {**effect.remote, "debits": "9990"}
    Effect.objects.filter(pk=effect.pk).update(remote=effect.remote)
    assert run().counts["breaks"] == {"amount": 1}


def test_a_journal_is_on_the_way_from_its_contract_to_the_erp(landscape, contract, fiona, conrad):
    recognise(contract, MARCH, 25, invoiced=0, by=fiona)
    [row] = post(conrad)
    graph = walk(("revenue_posting", str(row.pk)), depth=2)
    assert {("contract", str(contract.pk))} <= set(graph.nodes)
    assert "effect" in {kind for kind, _ in graph.nodes}
    assert ("revenue_posting", str(row.pk)) in walk(("contract", str(contract.pk)), depth=1).nodes


def test_screens_show_and_post_within_the_entity(landscape, contract, fiona):
    recognise(contract, MARCH, 25, invoiced=0, by=fiona)
    finance = screens.browser(screens.user(Role.FINANCE, "fin", entities=("US01",)))
    assert "No journal yet" in screens.page(finance, "/billing/revenue/")
    asked = {"legal_entity": "XX", "through": "2026-03-31"}
    assert finance.post("/billing/revenue/post/", asked).status_code == 422
    assert finance.post("/billing/revenue/post/", {**asked, "legal_entity": "US01"}).status_code == 302
    drain_once()
    [row] = RevenuePosting.objects.all()
    body = screens.assert_list(finance, "/billing/revenue/")
    assert row.number in body
    assert "10,000.00" in body
    away = screens.browser(screens.user(Role.FINANCE, "away", entities=("DE01",)))
    assert row.number not in screens.page(away, "/billing/revenue/")
    assert away.post("/billing/revenue/post/", {**asked, "legal_entity": "US01"}).status_code == 422
    analyst = screens.browser(screens.user(Role.BILLING_ANALYST, "ann"))
    assert analyst.get("/billing/revenue/").status_code == 403


def test_programs_post_and_read(landscape, contract, fiona):
    recognise(contract, MARCH, 25, invoiced=0, by=fiona)
    caller, asked = Caller(factories.user()), {"legal_entity": "US01", "through": "2026-03-31"}
    problem(caller.post("revenue-postings/", {**asked, "legal_entity": "XX"}), 422)
    [row] = caller.post("revenue-postings/", asked).json()
    assert (row["contract"], row["month"], row["amount"], row["status"]) == ("C-R", "2026-03-01", "10000.00", "posting")
    assert caller.ids("revenue-postings/", number=row["number"]) == [row["id"]]
    assert Caller(factories.user(entities=("DE01",))).rows("revenue-postings/") == []
