"""Measures against an independent recomputation in plain SQL, over two legal entities and two currencies."""

import csv
import io
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.models import Invoice
from integration_hub.kernel.clock import today
from reconciliation.reports import MEASURES
from reconciliation.reports.measures import Asked, population, totals, trend
from tests import factories
from tests.integration.billing.screens import nobody, signed_in, text
from tests.worlds import shared

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:No directory at")]
START, END = date(2026, 1, 1), date(2026, 12, 31)
BUDGET = 3
"""Statements of a measure's lines, however many rows there are."""


@shared
def world():
    """US01 in dollars: an invoice part paid, work waiting, held, blocked, over its cap. DE01 in euros: one of each."""
    germany = factories.legal_entity("DE01", currency="EUR", country="DE")
    first = factories.contract_active("C-US", rate="150")
    invoice = factories.invoice_posted(contract=first, number="INV-US", hours="10")
    factories.payment(invoice, amount="650", on=date(2026, 4, 15))
    factories.credit_memo(invoice, net="100", tax="10", on=date(2026, 4, 20))
    factories.time_entry(first, hours="3", on=date(2026, 4, 2))
    factories.time_entry(first, hours="2", on=date(2026, 4, 3), approval="submitted")
    capped = factories.contract_active("C-CAP", rate="100", cap="300", client=factories.customer(name="Capped"))
    factories.time_entry(capped, hours="5", on=date(2026, 4, 6))
    held = factories.contract_active("C-HELD", rate="90", client=factories.customer(name="Held"))
    factories.hold(held)
    factories.time_entry(held, hours="4", on=date(2026, 4, 7))
    unpriced = factories.contract_active("C-NONE", rate="90", rate_role="Partner", client=factories.customer(name="No"))
    factories.time_entry(unpriced, hours="6", on=date(2026, 4, 8))
    second = factories.contract_active("C-DE", entity=germany, rate="120", client=factories.customer(name="Nord"))
    factories.invoice_posted(contract=second, number="INV-DE", hours="7")
    factories.time_entry(second, hours="1", on=date(2026, 5, 2))
    return first


@pytest.fixture
def everyone(world):
    return factories.user(everything=True)


def sql(statement: str, *values: object) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def asked(user, start: date = START, end: date = END, **more) -> Asked:
    return Asked(user, start, end, **more)


def figures(slug: str, question: Asked) -> dict[str, dict[str, Decimal | None]]:
    """Figures per currency."""
    measure = MEASURES[slug]
    return {
        currency: {figure.name: figure.of(sums) for figure in measure.figures}
        for currency, sums in totals(measure.lines(question)).items()
    }


def test_work_not_billed(everyone):
    found = figures("wip", asked(everyone))
    expected = sql(
        """SELECT c.currency,
                  sum(p.amount) FILTER (WHERE p.state IN ('billable', 'reserved')),
                  sum(p.amount) FILTER (WHERE p.state = 'blocked'), sum(p.amount) FILTER (WHERE p.state = 'held'),
                  sum(p.amount), sum(p.minutes) / 60, count(*) FILTER (WHERE p.amount IS NULL)
             FROM billing_piece p JOIN billing_billableevent e ON e.id = p.event_id
             JOIN contracts_contract c ON c.id = p.contract_id
            WHERE p.is_current AND e.service_date <= %s
              AND p.state IN ('blocked', 'held', 'billable', 'reserved', 'postponed') GROUP BY 1""",
        END,
    )
    names = ("ready", "blocked", "held", "wip", "hours", "unpriced")
    assert {row[0]: [value or 0 for value in row[1:]] for row in expected} == {
        currency: [sums[name] for name in names] for currency, sums in found.items()
    }
    assert found["EUR"]["ready"] == 120
    assert found["USD"]["held"] == 360
    assert found["USD"]["ready"] == 3 * 150 + 300


def test_what_was_posted_later_was_not_billed_then(everyone):
    before, after = (asked(everyone, end=day) for day in (date(2026, 3, 31), today()))
    assert figures("wip", before)["USD"]["ready"] == 1500
    assert figures("wip", after)["USD"]["ready"] == 750
    assert population(MEASURES["wip"].lines(before)) == 2


def test_the_trend_ends_where_the_table_stands(everyone):
    for slug in ("wip", "silent-leakage"):
        question = asked(everyone)
        last = {currency: points[-1][1] for currency, points in trend(MEASURES[slug], question).items()}
        leading = MEASURES[slug].leading.name
        now_ = {currency: sums[leading] for currency, sums in figures(slug, question).items()}
        assert {currency: value or 0 for currency, value in last.items()} == now_, slug


def test_time_to_bill(everyone):
    found = figures("time-to-bill", asked(everyone, end=today()))
    expected = sql(
        """SELECT p.currency, sum(p.net * ((i.posted_at AT TIME ZONE 'UTC')::date - e.service_date)) / sum(p.net)
             FROM billing_piece p JOIN billing_billableevent e ON e.id = p.event_id
             JOIN billing_candidateline l ON l.id = p.candidate_line_id
             JOIN billing_invoice i ON i.candidate_id = l.candidate_id
            WHERE p.is_current AND p.state IN ('posted', 'corrected') AND p.corrects_id IS NULL GROUP BY 1"""
    )
    assert {currency: round(days, 6) for currency, days in expected} == {
        currency: round(sums["days"], 6) for currency, sums in found.items()
    }
    assert found["USD"]["days"] == (today() - date(2026, 3, 2)).days


def test_leakage(everyone):
    found = figures("silent-leakage", asked(everyone))
    expected = sql(
        """SELECT c.currency, coalesce(sum(p.amount) FILTER (WHERE p.state = 'over_cap'), 0),
                  coalesce(sum(p.minutes) FILTER (WHERE p.codes && ARRAY['RATE_MISSING', 'RATE_AMBIGUOUS',
                      'ROLE_MISSING']::varchar[]), 0) / 60
             FROM billing_piece p JOIN billing_billableevent e ON e.id = p.event_id
             JOIN contracts_contract c ON c.id = p.contract_id
            WHERE p.is_current AND e.approval = 'approved' AND e.chargeable
              AND (p.state = 'over_cap' OR p.state = 'blocked') GROUP BY 1"""
    )
    assert {row[0]: row[1:] for row in expected} == {
        currency: (sums["over_cap"], sums["unpriced"]) for currency, sums in found.items()
    }
    assert sum(sums["over_cap"] for sums in found.values()) == 200
    assert sum(sums["unpriced"] for sums in found.values()) == 6


def test_days_sales_outstanding(everyone):
    question = asked(everyone, start=date(2026, 4, 1), end=date(2026, 4, 30))
    found = figures("dso", question)["USD"]
    ((gross,),) = sql("SELECT gross FROM billing_invoice WHERE number = 'INV-US'")
    ((paid,),) = sql("SELECT sum(amount) FROM billing_paymentapplication WHERE stands")
    ((credited,),) = sql("SELECT sum(amount) FROM billing_creditapplication WHERE stands")
    assert (found["opening"], found["closing"]) == (gross, gross - paid - credited)
    assert found["dso"] is None, "nothing was invoiced in April: nobody can know"
    quarter = figures("dso", asked(everyone, end=date(2026, 6, 30)))["USD"]
    assert quarter["dso"] == (0 + gross - paid - credited) / 2 * 181 / gross
    months = dict(trend(MEASURES["dso"], question)["USD"])
    assert months[date(2026, 3, 1)] == gross / 2 / gross * 31
    assert months[date(2026, 4, 1)] is None


def test_collection(everyone):
    found = figures("collection", asked(everyone))
    expected = sql("SELECT currency, sum(gross), sum(paid), sum(credited) FROM billing_invoice GROUP BY 1")
    assert {row[0]: row[1:] for row in expected} == {
        currency: (sums["billed"], sums["received"], sums["conceded"]) for currency, sums in found.items()
    }
    assert found["USD"]["collection"] == Decimal(650) / 1650
    assert found["EUR"]["collection"] == 0


def test_scope_and_filters_hold_in_the_queries(world):
    american = factories.user(entities=("US01",))
    for slug, measure in MEASURES.items():
        assert {line.key.currency for line in measure.lines(asked(american, end=today()))} <= {"USD", ""}, slug
        assert set(trend(measure, asked(american, end=today()))) <= {"USD", ""}, slug
    everyone = factories.user(everything=True)
    assert set(figures("wip", asked(everyone, legal_entity="DE01"))) == {"EUR"}
    assert set(figures("wip", asked(everyone, customer="nord"))) == {"EUR"}
    assert set(figures("collection", asked(everyone, currency="EUR"))) == {"EUR"}


def test_a_measure_takes_a_few_statements(everyone):
    for slug, measure in MEASURES.items():
        with CaptureQueriesContext(connection) as caught:
            measure.lines(asked(everyone))
        assert len(caught) <= BUDGET, slug
        with CaptureQueriesContext(connection) as caught:
            measure.months(asked(everyone))
        assert len(caught) <= BUDGET, slug


def test_each_cut_has_the_same_whole(everyone):
    for slug, measure in MEASURES.items():
        wholes = [
            {currency: dict(sums) for currency, sums in totals(measure.lines(asked(everyone, by=cut.slug))).items()}
            for cut in measure.cuts
        ]
        assert all(whole == wholes[0] for whole in wholes), slug


def test_nothing_to_measure_is_said():
    browser = signed_in(everything=True)
    for slug in MEASURES:
        page = text(browser.get(f"/reports/{slug}/"))
        assert "Nothing to measure" in page
        assert "How it is computed" in page


def test_an_empty_period_leads_to_the_last_month_that_has_something(world):
    browser = signed_in(everything=True)
    empty = browser.get(f"/reports/leakage/?start={today() + timedelta(days=90)}&end={today() + timedelta(days=120)}")
    assert "Nothing to measure" in text(empty)
    month, address = empty.context["latest"]
    assert f"Show {month:%B %Y}" in text(empty)
    assert "by month, USD" in text(empty)
    assert f"{month:%b %Y}: " in text(empty), "the ends of the line say what they are"
    assert "Nothing to measure" not in text(browser.get(f"/reports/leakage/{address}"))


def test_the_pages_show_formula_population_and_the_way_behind(world):
    browser = signed_in(everything=True)
    index = text(browser.get("/reports/"))
    for measure in MEASURES.values():
        assert measure.title in index
    assert "Not measured" not in index
    for slug, measure in MEASURES.items():
        page = text(browser.get(f"/reports/{slug}/?start=2026-01-01&end={today()}"))
        assert f"{measure.slug} {measure.version}" in page
        assert measure.counted in page
    page = text(browser.get("/reports/wip/?end=2026-12-31&currency=EUR"))
    link = page.split('class="row-link" href="')[1].split('"')[0].replace("&amp;", "&")
    behind = text(browser.get(link))
    assert "C-DE" in behind
    assert "C-US" not in behind


def test_the_file_has_what_the_page_has(world):
    answer = signed_in(everything=True).get("/reports/collection/?start=2026-01-01&end=2026-12-31&format=csv")
    rows = list(csv.DictReader(io.StringIO(text_of(answer).split("\n", 1)[1])))
    us = next(row for row in rows if row["Currency"] == "USD")
    invoice = Invoice.objects.get(number="INV-US")
    assert (Decimal(us["Invoiced"]), Decimal(us["Paid"])) == (invoice.gross, invoice.paid)
    assert us["Paid of invoiced"] == "0.3939"


def text_of(answer) -> str:
    return b"".join(answer.streaming_content).decode("utf-8-sig")


def test_a_wrong_question_is_refused(world):
    browser = signed_in(everything=True)
    assert "ends before it begins" in text(browser.get("/reports/wip/?start=2026-05-01&end=2026-04-01"), 422)
    assert "currency code" in text(browser.get("/reports/wip/?currency=XXZ"), 422)
    assert browser.get("/reports/nothing/").status_code == 404
    assert nobody().get("/reports/wip/").status_code == 403
    assert "None of the measures" in text(nobody().get("/reports/"))


def test_by_program(world):
    from rest_framework.test import APIClient

    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {factories.token(factories.user(everything=True))}")
    answer = client.get("/api/v1/reports/wip/", {"start": "2026-01-01", "end": "2026-12-31", "currency": "EUR"})
    body = answer.json()
    assert answer.status_code == 200, body
    assert body["totals"][0]["wip"] == "120.00"
    assert body["rows"][0]["customer"] == "Nord"
    assert client.get("/api/v1/reports/none/").status_code == 404
    assert client.get("/api/v1/reports/wip/", {"end": "soon"}).status_code == 400
    assert client.get("/api/v1/reports/wip/", {"colour": "red"}).status_code >= 400
