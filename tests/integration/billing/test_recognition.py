"""Months of revenue by obligation: shared, caught up, never changed; on screen and by program (R24)."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from django.db import DatabaseError, transaction

from billing.actions import crediting, recognition
from billing.actions.recognition import Measure
from billing.models import Invoice, Recognition
from contracts.models import AccountingPeriod
from integration_hub.kernel.errors import BadInput, Denied, NotReady
from integration_hub.people.models import Role
from integration_hub.work.inprocess import drain_once
from tests import factories, money
from tests.integration.api.conftest import call, problem
from tests.integration.billing.screens import signed_in, text

__all__ = ["call"]

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:No directory at")]

MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)


@pytest.fixture
def contract():
    return factories.contract_active("C-R")


def measures(design="0.45", build="0.2", *, price=50000):
    return [
        Measure(code="Design", price=Decimal(price), standalone=Decimal(60000), progress=Fraction(design)),
        Measure(code="Build", price=Decimal(40000), standalone=Decimal(40000), progress=Fraction(build)),
    ]


def recognise(contract, period=MARCH, found=None, by=None):
    return recognition.recognise(
        contract=contract, period=period, measures=found or measures(), by=by or factories.user()
    )


def test_a_later_month_takes_what_moved_and_the_earlier_one_stays(contract):
    first = recognise(contract)
    assert [(row.allocated, row.amount) for row in first] == [(54000, 24300), (36000, 7200)]
    second = recognise(contract, APRIL, measures("0.4", "0.2", price=70000))
    assert [(row.allocated, row.before, row.amount, row.cumulative) for row in second] == [
        (66000, 24300, 2100, 26400), (44000, 7200, 1600, 8800),
    ]  # fmt: skip
    assert Recognition.objects.filter(period=MARCH).count() == 2


def test_months_follow_each_other_and_closed_ones_stay_closed(contract):
    recognise(contract, APRIL)
    for period in (APRIL, MARCH):
        with pytest.raises(NotReady, match="April 2026 is recognised"):
            recognise(contract, period)
    for month, status in ((5, "closed"), (6, "open")):
        AccountingPeriod.objects.create(
            legal_entity=contract.legal_entity, name=f"M{month}", starts_on=date(2026, month, 1),
            ends_on=date(2026, month, 31 if month == 5 else 30), status=status,
        )  # fmt: skip
    with pytest.raises(NotReady, match="May 2026 is closed"):
        recognise(contract, date(2026, 5, 1))
    assert recognise(contract, date(2026, 6, 1))


@pytest.mark.parametrize(
    ("period", "found", "said"),
    [
        (date(2026, 4, 2), measures(), "begins no month"),
        (APRIL, measures()[:1], "Build shares the price too"),
        (APRIL, [*measures(), measures()[0]], "named, once"),
        (APRIL, [*measures(), Measure(code="Care", price=Decimal(1))], "standalone selling price of every"),
        (APRIL, [*measures()[:1], Measure(code="Build", price=Decimal(1), standalone=Decimal(1), line=9)], "no line 9"),
    ],
)
def test_what_cannot_be_shared_is_refused_in_words(contract, period, found, said):
    recognise(contract)
    with pytest.raises(BadInput, match=said):
        recognise(contract, period, found)
    assert Recognition.objects.count() == 2


def test_an_analyst_does_not_recognise(contract):
    with pytest.raises(Denied, match="Only finance"):
        recognise(contract, by=factories.user(Role.BILLING_ANALYST))


def test_the_database_keeps_months_as_they_are_and_in_a_row(contract):
    row = recognise(contract)[0]
    more = {"obligation": row.obligation, "allocated": 54000, "progress": 1, "invoiced": 0}
    for change in (
        lambda: Recognition.objects.filter(pk=row.pk).update(invoiced=1),
        lambda: Recognition.objects.create(period=date(2026, 2, 1), before=0, amount=1, cumulative=1, **more),
        lambda: Recognition.objects.create(period=APRIL, before=0, amount=1, cumulative=1, **more),
        lambda: Recognition.objects.create(period=APRIL, before=24300, amount=1, cumulative=1, **more),
        lambda: Recognition.objects.create(period=APRIL, before=24300, amount=30000, cumulative=54300, **more),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_what_is_invoiced_is_read_from_the_line_less_concessions_not_write_offs(landscape):
    contract = money.contract_in(landscape, "C-9", rate="100")
    invoice = money.posted_in(landscape, money.ready_in(landscape, contract, hours="10"))
    for amount, reason in (("200", "GOODWILL"), ("50", "BAD_DEBT")):
        credit = crediting.ask(
            invoice_id=invoice.pk, by=factories.user(), seen_version=Invoice.objects.get().version,
            wanted=crediting.Wanted(amount=Decimal(amount)), reason=reason, rebillable=False, note="Agreed",
            on=date(2026, 3, 31),
        )  # fmt: skip
        drain_once()
        credit.refresh_from_db()
        money.post(factories.candidate_approved(credit))
        drain_once()
    [row] = recognise(contract, found=[Measure(code="Work", price=Decimal(1000), line=1, progress=Fraction(1, 2))])
    assert (row.cumulative, row.invoiced) == (500, 800)
    assert recognition.position_of(contract) == (Decimal(0), Decimal(300))


def test_the_contract_shows_it_netted(contract):
    recognise(contract)
    html = text(signed_in().get(f"/contracts/{contract.pk}/?tab=schedule"))
    for shown in ("What is recognised", "24,300.00", "31,500.00", "Mar 2026"):
        assert shown in html


def test_a_program_recognises_a_month_once(call, contract):
    body = {
        "contract": "C-R",
        "period": "2026-03-01",
        "obligations": [
            {"code": "Design", "price": "50000", "standalone_price": "60000", "actual": "36000", "estimate": "80000"},
            {"code": "Build", "price": "40000", "standalone_price": "40000", "percent": "20", "invoiced": "9000"},
        ],
    }
    program = call()
    key = {"Idempotency-Key": "march"}
    first, again = (program.post("recognised-revenue/", body, **key) for _ in range(2))
    assert (first.status_code, again.json()) == (201, first.json())
    assert [(row["amount"], row["asset"], row["liability"]) for row in first.json()] == [
        ("24300.00", "24300.00", "0.00"), ("7200.00", "0.00", "1800.00"),
    ]  # fmt: skip
    assert len(program.rows("recognised-revenue/", contract="C-R")) == 2
    problem(program.post("recognised-revenue/", body), 409)
    problem(call("billing_analyst").post("recognised-revenue/", {**body, "period": "2026-04-01"}), 403)
    problem(program.post("recognised-revenue/", {**body, "contract": "C-NO"}), 422)
    for wrong in ({"percent": "20", "actual": "1"}, {"actual": "1"}, {}):
        bad = {"code": "Design", "price": "1", **wrong}
        problem(program.post("recognised-revenue/", {**body, "obligations": [bad]}), 400)
