"""Backlog, realisation, leakage, margin and utilisation, each against plain SQL over the tables or figures by hand."""

import io
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin.sites import site
from django.db import IntegrityError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test import RequestFactory
from openpyxl import load_workbook

from contracts.actions import capacity, cost_rates, exchange, standard_prices
from contracts.actions.capacity import CapacityIn
from contracts.actions.cost_rates import CostRateIn
from contracts.actions.standard_prices import StandardPriceIn
from contracts.models import Absence, Capacity, Holiday, LegalEntity, RateRow
from integration_hub import canonical
from integration_hub.kernel.errors import BadInput, Denied
from integration_hub.people.models import Role
from integration_hub.work.inprocess import drain_once
from reconciliation.reports import MEASURES
from reconciliation.reports.measures import Asked, totals, trend
from tests import factories
from tests.integration.billing.screens import signed_in, text
from tests.vendors import arrive
from tests.worlds import shared

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:No directory at")]
START, END = date(2026, 3, 1), date(2026, 3, 31)
EIGHT = tuple(Decimal(hours) for hours in (8, 8, 8, 8, 8, 0, 0))


@shared
def world():
    """Standard 200 for consultants in US01. Ann bills 10 h at 150 (paid 650 of 1,650), has 3 h open, 2 h over a cap,
    6 h without a price; a week off and a holiday in March. Sam of a subcontractor works 4 h.
    """
    entity = factories.legal_entity("US01")
    LegalEntity.objects.update(costs_from=date(2026, 1, 1))
    standard(entity, "200", role="Consultant")
    client = factories.customer(name="Brightwater")
    billed = factories.contract_active("C-US", rate="150", client=client)
    invoice = factories.invoice_posted(contract=billed, number="INV-US", hours="10")
    factories.payment(invoice, amount="650", on=date(2026, 4, 15))
    factories.time_entry(billed, hours="3", on=date(2026, 3, 20))
    capped = factories.contract_active("C-CAP", rate="100", cap="300", client=client)
    factories.time_entry(capped, hours="5", on=date(2026, 3, 6))
    unpriced = factories.contract_active("C-NONE", rate="90", rate_role="Partner", client=client)
    mute = factories.resource("Pat Moss", role="Analyst")
    factories.time_entry(unpriced, hours="6", on=date(2026, 3, 9), by_whom=mute)
    sam = factories.resource("Sam Orr")
    sam.vendor = "V-7"
    sam.save()
    factories.time_entry(billed, hours="4", on=date(2026, 3, 10), by_whom=sam)
    factories.expense(billed, amount="80", on=date(2026, 3, 11))
    factories.expense(billed, amount="100", currency="EUR", on=date(2026, 3, 12))
    for who in ({"role": "Consultant"}, {"role": "Consultant", "vendor": "V-7", "rate": Decimal(110)}):
        given = {"legal_entity": "US01", "currency": "USD", "rate": Decimal(62), "valid_from": date(2026, 1, 1), **who}
        cost_rates.record(rates=[CostRateIn(**given, source="test")], by=factories.BY)
    exchange.record(rates=[exchange.RateIn("EUR", "USD", date(2026, 3, 1), Decimal("1.1"), "test")], by=factories.BY)
    drain_once(factories.LOCAL)
    working(entity, factories.resource())
    return billed


def standard(entity, rate, *, on=date(2026, 1, 1), **whose):
    given = StandardPriceIn(currency=entity.currency, rate=Decimal(rate), valid_from=on, source="test", **whose)
    return standard_prices.record(legal_entity=entity, given=given, by=factories.BY)


def working(entity, person):
    """Eight hours from Monday to Friday, the 17th free, the last week but Friday away, and four hours of that."""
    given = CapacityIn(legal_entity=entity, resource=person, hours=EIGHT, calendar="US", valid_from=START, source="t")
    capacity.record(given=given, by=factories.BY)
    capacity.save_holiday(calendar="US", day=date(2026, 3, 17), name="Day", hours=Decimal(0), by=factories.BY)
    for first, last, hours in ((23, 27, None), (27, 28, Decimal(4))):
        days = DateRange(date(2026, 3, first), date(2026, 3, last))
        row = Absence(resource=person, days=days, hours=hours, source=f"t{first}")
        capacity.save_absence(row=row, by=factories.BY)


@pytest.fixture
def everyone(world):
    return factories.user(everything=True)


def sql(statement: str, *values: object) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def asked(user, start: date = START, end: date = END, **more) -> Asked:
    return Asked(user, start, end, **more)


def figures(slug, question, currency="USD"):
    measure = MEASURES[slug]
    sums = totals(measure.lines(question)).get(currency, {})
    return {figure.name: figure.of(sums) for figure in measure.figures}


# -- realisation and leakage -------------------------------------------------------------------------------------------


def test_realisation_measures_settled_hours_against_the_standard_price_of_their_day(everyone):
    found = figures("realisation", asked(everyone))
    ((hours, value, billed),) = sql(
        """SELECT sum(p.minutes) / 60, sum(p.minutes / 60 * 200), sum(p.net)
             FROM billing_piece p JOIN billing_billableevent e ON e.id = p.event_id
            WHERE p.is_current AND p.state = 'posted' AND e.kind = 'time'"""
    )
    assert (found["hours"], found["standard_value"], found["billed"]) == (hours, value, billed) == (10, 2000, 1500)
    ((paid, gross),) = sql("SELECT paid, gross FROM billing_invoice")
    assert round(found["collected"], 6) == round(billed * paid / gross, 6)
    assert found["billing"] == found["rate"] == Decimal("0.75")
    assert (found["standard_rate"], found["billed_rate"]) == (200, 150)
    assert found["total"] == found["collected"] / 2000


def test_the_price_of_the_person_comes_before_that_of_the_role_and_holds_from_its_day(everyone):
    entity = LegalEntity.objects.get(code="US01")
    standard(entity, "300", resource="ann.lee@example.com", on=date(2026, 3, 3))
    assert figures("realisation", asked(everyone))["standard_rate"] == 200
    standard(entity, "250", role="Consultant", on=date(2026, 3, 2))
    assert figures("realisation", asked(everyone))["standard_rate"] == 250
    assert figures("realisation", asked(everyone, start=date(2026, 4, 1), end=date(2026, 4, 30)))["billing"] is None


def test_every_piece_is_in_one_bucket_and_the_buckets_are_the_whole(everyone):
    found = figures("leakage", asked(everyone))
    buckets = ("charged", "written_off", "open", "below", "over_cap", "barred", "unmapped", "unpriced", "free")
    assert sum(found[name] for name in buckets) == found["standard_value"]
    expected = dict(
        sql(
            """SELECT p.state, sum(CASE WHEN e.kind <> 'time' THEN p.amount
                                        WHEN r.role = 'Consultant' THEN p.minutes / 60 * 200 ELSE p.amount END)
                 FROM billing_piece p JOIN billing_billableevent e ON e.id = p.event_id
                 LEFT JOIN contracts_resource r ON r.id = e.resource_id
                WHERE p.is_current AND e.approval = 'approved' AND e.chargeable GROUP BY 1"""
        )
    )
    assert found["over_cap"] == expected["over_cap"] == 400
    assert found["below"] == expected["posted"] - 1500 == 500
    assert found["lost"] == 900
    assert found["leakage"] == found["lost"] / found["standard_value"]
    assert found["unvalued"] == 6
    last = trend(MEASURES["leakage"], asked(everyone))["USD"][-1]
    assert last == (START, found["leakage"])


# -- margin ------------------------------------------------------------------------------------------------------------


def test_margin_is_the_value_of_work_less_hours_expenses_and_subcontractors(everyone):
    found = figures("margin", asked(everyone, by="project"))
    ((billed,),) = sql("SELECT sum(net) FROM billing_piece WHERE is_current AND state = 'posted'")
    ((open_,),) = sql(
        """SELECT sum(amount) FROM billing_piece WHERE is_current
              AND state IN ('blocked', 'held', 'billable', 'reserved', 'postponed')"""
    )
    costs = dict(sql("SELECT vendor, sum(amount) FROM costs_cost WHERE is_current GROUP BY 1"))
    assert (found["billed"], found["open"]) == (billed, open_)
    assert (found["labour"], found["subcontract"]) == (costs[""], costs["V-7"]) == (18 * 62, 440)
    assert found["expenses"] == 80 + 110
    assert found["margin"] == billed + open_ - 18 * 62 - 440 - 190
    assert found["share"] == found["margin"] / (billed + open_)
    assert found["unconverted"] == 0
    ((uncosted,),) = sql(
        """SELECT sum(minutes) FROM billing_billableevent WHERE is_current AND kind = 'time' AND approval = 'approved'
              AND work_key NOT IN (SELECT work_key FROM costs_cost WHERE is_current)"""
    )
    assert found["uncosted"] == uncosted / 60 == 6, "hours without a cost rate are told, not hidden in the margin"
    capped = next(line for line in MEASURES["margin"].lines(asked(everyone, by="contract")) if line.key.code == "C-CAP")
    assert capped.sums["open"] - capped.sums["labour"] == 300 - 5 * 62, "over the cap brings nothing and costs"


def test_what_no_rate_converts_is_counted_and_not_valued(everyone):
    factories.expense(factories.contract_active("C-GBP"), amount="50", currency="GBP", on=date(2026, 3, 3))
    found = figures("margin", asked(everyone))
    assert (found["unconverted"], found["expenses"]) == (1, 190)


# -- backlog -----------------------------------------------------------------------------------------------------------


def test_backlog_is_fees_by_days_milestones_and_what_limits_leave(everyone):
    fees = factories.contract_active("C-FEE", method="fixed_schedule", amount="1200")
    steps = factories.contract_active("C-STEP", method="milestone", milestones=("300", "700"))
    factories.milestone_accepted(steps, 1, on=date(2026, 3, 10))
    found = figures("backlog", asked(everyone))
    rest = Decimal(0)
    for amount, first, after in sql(
        "SELECT amount, period_from, period_to FROM billing_scheduleitem WHERE status <> 'skipped'"
    ):
        days = [ordinal for ordinal in range(first.toordinal(), after.toordinal()) if ordinal > END.toordinal()]
        rest += amount * len(days) / (after - first).days
    assert round(found["fees"], 6) == round(rest, 6) > 0
    assert (found["milestones"], found["prepaid"]) == (700, 0)
    assert found["firm"] == found["fees"] + 700
    assert found["soft"] == 0, "five hours filled the limit of 300"
    before = figures("backlog", asked(everyone, end=date(2026, 3, 5)))
    assert (before["soft"], before["milestones"]) == (300, 1000)
    assert found["unlimited"] == 2
    code = {line.key.code for line in MEASURES["backlog"].lines(asked(everyone, by="contract"))}
    assert {"C-FEE", "C-STEP", "C-CAP"} <= code
    months = dict(trend(MEASURES["backlog"], asked(everyone))["USD"])
    assert months[START] == found["firm"]
    assert fees.lines.count() == 1


# -- utilisation -------------------------------------------------------------------------------------------------------


def test_utilisation_is_billable_by_available_hours(everyone):
    found = figures("utilisation", asked(everyone), "")
    weekdays = 22
    assert found["planned"] == weekdays * 8
    assert (found["holidays"], found["away"]) == (8, 4 * 8 + 4)
    assert found["available"] == weekdays * 8 - 8 - 36
    ((billable,),) = sql(
        """SELECT sum(p.minutes) / 60 FROM billing_piece p JOIN billing_billableevent e ON e.id = p.event_id
             JOIN contracts_resource r ON r.id = e.resource_id
            WHERE p.is_current AND e.kind = 'time' AND r.code = 'ann.lee@example.com'"""
    )
    assert found["billable"] == billable == 18
    assert found["utilisation"] == Decimal(18) / found["available"]
    assert (found["other"], found["unplanned"]) == (0, 6), "Pat has no capacity, Sam is of a subcontractor"
    assert trend(MEASURES["utilisation"], asked(everyone))[""][-1] == (START, found["utilisation"])


def test_people_of_other_legal_entities_are_not_seen(world):
    german = factories.user(entities=("DE01",))
    for slug in ("utilisation", "margin", "backlog", "leakage", "realisation"):
        assert MEASURES[slug].lines(asked(german)) == [], slug
        assert MEASURES[slug].months(asked(german)) == {}, slug


def test_not_chargeable_hours_are_worked_and_not_billable(world, everyone):
    factories.time_entry(world, hours="2", on=date(2026, 3, 19), chargeable=False)
    found = figures("utilisation", asked(everyone), "")
    assert (found["billable"], found["other"], found["mix"]) == (18, 2, Decimal("0.9"))


# -- capacity and standard prices --------------------------------------------------------------------------------------


def test_a_later_capacity_ends_the_one_before_and_no_day_has_two(world):
    entity, ann = LegalEntity.objects.get(code="US01"), factories.resource()
    four, june = (Decimal(4),) * 7, date(2026, 6, 1)
    half = CapacityIn(legal_entity=entity, resource=ann, hours=four, valid_from=june, source="h")
    capacity.record(given=half, by=factories.BY)
    assert [row.validity.upper for row in Capacity.objects.order_by("pk")] == [date(2026, 6, 1), None]
    inside = CapacityIn(legal_entity=entity, resource=ann, hours=EIGHT, valid_from=date(2026, 4, 1), source="x")
    with pytest.raises(BadInput, match="another capacity"):
        capacity.record(given=inside, by=factories.BY)
    with pytest.raises(IntegrityError, match="capacity_no_overlap"), transaction.atomic():
        Capacity.objects.create(
            legal_entity=entity, resource=ann, hours=list(EIGHT), validity=DateRange(START, None), source="y"
        )


def test_capacity_holidays_and_absences_come_from_a_file_and_go_with_their_record(world):
    files = factories.connection("filedrop", code="files")
    factories.resource("Lea Kurz")
    who = {"resource": "Lea.Kurz@example.com", "source_id": "P-1", "version": "1"}
    week = canonical.Capacity(**who, legal_entity="US01", calendar="BY", friday=Decimal(4), valid_from=START)
    away = canonical.Absence(**who, first_day=START, last_day=date(2026, 3, 4), kind="sick")
    free = canonical.Holiday(source_id="H", version="1", calendar="BY", day=date(2026, 5, 1), name="May Day")
    assert [arrive(files, one)[0].status for one in (week, away, free)] == ["applied"] * 3
    row = Capacity.objects.get(resource__code="lea.kurz@example.com")
    assert [int(hours) for hours in row.hours] == [8, 8, 8, 8, 4, 0, 0]
    assert Absence.objects.get(resource=row.resource).days == DateRange(START, date(2026, 3, 5))
    gone = {"version": "2", "deleted": True}
    for one in (week, away, free):
        arrive(files, one.model_copy(update=gone))
    assert not Capacity.objects.filter(pk=row.pk).exists()
    assert not Absence.objects.filter(resource=row.resource).exists()
    assert not Holiday.objects.filter(calendar="BY").exists()
    [refused] = arrive(files, week.model_copy(update={"version": "3", "resource": "nobody"}))
    assert refused.problems[0].field == "resource"


def test_an_administrator_enters_capacity_by_the_action(world):
    admin = factories.user(Role.INTEGRATION_ADMIN, everything=True)
    lea, entity = factories.resource("Lea Kurz"), LegalEntity.objects.get(code="US01")
    row = Capacity(legal_entity=entity, resource=lea, hours=list(EIGHT), validity=DateRange(START, None))
    page = site.get_model_admin(Capacity)
    request = RequestFactory().post("/")
    request.user = admin
    page.save_model(request, row, None, change=False)
    kept = Capacity.objects.get(resource=lea)
    assert (kept.pk, kept.source.split()[0]) == (row.pk, admin.username)
    page.delete_model(request, kept)
    assert not Capacity.objects.filter(resource=lea).exists()


def test_a_standard_price_follows_the_one_before_and_is_entered_by_finance(world):
    entity = LegalEntity.objects.get(code="US01")
    given = {"currency": "USD", "rate": Decimal(210), "role": "Consultant", "source": "x"}
    later = StandardPriceIn(**given, valid_from=date(2026, 7, 1))
    with pytest.raises(Denied, match="Only finance"):
        standard_prices.enter(legal_entity="US01", given=later, by=factories.user(Role.PMO))
    standard_prices.enter(legal_entity="US01", given=later, by=factories.user())
    rows = RateRow.objects.filter(card__legal_entity=entity).order_by("pk")
    assert [(row.rate, row.validity.upper) for row in rows] == [(200, date(2026, 7, 1)), (210, None)]
    assert standard_prices.record(legal_entity=entity, given=later, by=factories.BY).pk == rows[1].pk
    with pytest.raises(BadInput, match="another standard price"):
        standard_prices.enter(
            legal_entity="US01", given=StandardPriceIn(**given, valid_from=date(2026, 3, 1)), by=factories.user()
        )


def test_a_standard_price_prices_work_that_waited_for_one(world):
    assert sql("SELECT count(*) FROM billing_piece WHERE is_current AND 'RATE_MISSING' = ANY(codes)") == [(1,)]
    files = factories.connection("filedrop", code="files")
    price = canonical.StandardRate(
        source_id="S", version="1", legal_entity="US01", role="Analyst", currency="USD", rate=Decimal(120),
        valid_from=START,
    )  # fmt: skip
    [taken] = arrive(files, price)
    assert taken.status == "applied"
    drain_once(factories.LOCAL)
    assert sql("SELECT amount FROM billing_piece WHERE is_current AND rate = 120") == [(720,)]


# -- pages and files ---------------------------------------------------------------------------------------------------


def test_the_page_is_cut_as_asked_and_the_workbook_has_the_same(world):
    browser = signed_in(everything=True)
    where = "/reports/margin/?start=2026-03-01&end=2026-03-31&by=contract"
    page = text(browser.get(where))
    assert "C-CAP" in page.replace("contract=C-CAP", "C-CAP")
    book = load_workbook(io.BytesIO(b"".join(browser.get(f"{where}&format=xlsx").streaming_content)))
    rows = [[cell.value for cell in row] for row in book["Rows"].iter_rows()]
    labour = rows[0].index("Own hours")
    assert {row[1]: row[labour] for row in rows[1:]}["C-US"] == 13 * 62
    assert "Value of the work" in str([[cell.value for cell in row] for row in book["About"].iter_rows()])
    assert "In all" in text(browser.get("/reports/utilisation/?start=2026-03-01&end=2026-03-31"))
    assert browser.get("/reports/margin/?by=colour").status_code == 422


def test_standard_prices_are_listed_and_entered(world):
    browser = signed_in(everything=True)
    assert "200.00 USD per hour" in text(browser.get("/contracts/standard-prices/"))
    posted = {"legal_entity": "US01", "role": "Partner", "rate": "300", "currency": "usd", "unit": "hour",
              "valid_from": "2026-01-01"}  # fmt: skip
    assert browser.post("/contracts/standard-prices/enter/", posted).status_code in {200, 302, 303}
    assert RateRow.objects.filter(role="Partner", rate=300, card__scope="legal_entity").exists()
