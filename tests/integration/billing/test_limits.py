"""Limits that stand together: in all and per month, hard and soft; whatever happens, none is passed (R2)."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.db.models import Sum
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing import outlooks
from billing.engine.schedule import month_start
from billing.models import CapEntry, Piece
from billing.scenarios.limits import agree
from billing.scenarios.reading import Words
from billing.scenarios.registry import VERBS
from billing.scenarios.world import build
from contracts.models import Cap
from integration_hub.cases.models import Case
from integration_hub.kernel.clock import today
from tests import factories, money
from tests.integration.billing.screens import signed_in, text

GIVEN = {
    "contracts": [{"id": "K1", "customer": "C1", "currency": "USD",
                   "lines": [{"id": "L1", "method": "tm"}, {"id": "L2", "method": "tm"}]}],
    "rates": [{"scope": "contract", "ref": "K1", "currency": "USD", "from": "2026-01-01", "rate": "117.35"}],
    "caps": [
        {"id": "ALL", "kind": "hard", "contract": "K1", "limit": "2900"},
        {"id": "LINE", "kind": "hard", "contract": "K1", "line": "L1", "limit": "1700.01"},
        {"id": "MONTH", "kind": "hard", "contract": "K1", "line": "L1", "period": "month", "limit": "700"},
        {"id": "SOFT", "kind": "soft", "contract": "K1", "limit": "1000"},
    ],
}  # fmt: skip
DAYS = st.integers(0, 89).map(lambda n: (date(2026, 1, 1) + timedelta(days=n)).isoformat())
NAMES = st.sampled_from(["T1", "T2", "T3", "T4", "T5"])
ENTRY = st.fixed_dictionaries(
    {"id": NAMES, "line": st.sampled_from(["L1", "L2"]), "date": DAYS, "minutes": st.integers(1, 900).map(str)}
)
STEPS = st.one_of(
    st.lists(ENTRY, min_size=1, max_size=3, unique_by=lambda one: one["id"]).map(
        lambda items: {"do": "entries", "items": items}
    ),
    st.just({"do": "run", "id": "R", "through": "2026-03-31"}),
    st.builds(
        lambda cap, limit, day: {"do": "amend", "signed": day, "effective": day,
                                 "changes": [{"target": "cap", "id": cap, "limit": limit}]},
        st.sampled_from(["ALL", "LINE", "MONTH", "SOFT"]), st.integers(100, 4000).map(str), DAYS,
    ),
    st.builds(
        lambda rate, day: {"do": "amend", "signed": day, "effective": day, "changes": [
            {"target": "rate", "scope": "contract", "ref": "K1", "currency": "USD", "from": day, "rate": rate}]},
        st.integers(50, 200).map(str), DAYS,
    ),
)  # fmt: skip


def counted():
    """What every limit, and every month of one, says it took; with what it may take."""
    rows = [(f"{cap.pk}", cap.reserved + cap.committed, cap.limit, cap) for cap in Cap.objects.filter(period="total")]
    for cap in Cap.objects.filter(period="month"):
        rows += [(f"{cap.pk} {one.month}", one.reserved + one.committed, one.limit, cap) for one in cap.months.all()]
    return rows


def sums_are_kept():
    """A balance is what its entries add up to and what its work is worth."""
    for cap in Cap.objects.all():
        billed = Piece.objects.filter(is_current=True, state__in=["reserved", "posted", "corrected"])
        worth = (billed.filter(line=cap.line) if cap.line else billed).aggregate(t=Sum("amount"))["t"] or 0
        assert cap.reserved + cap.committed == worth
        entries = CapEntry.objects.filter(cap=cap, kind="commit").aggregate(t=Sum("amount"))["t"] or 0
        assert cap.committed == entries
        if cap.period == "month":
            assert sum(one.committed for one in cap.months.all()) == cap.committed


@pytest.mark.django_db
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.lists(STEPS, min_size=4, max_size=9))
def test_no_limit_is_passed_whatever_comes_in_whatever_order(steps):
    mark = transaction.savepoint()
    try:
        given_terms = Words("given", GIVEN)
        world = build(given_terms, Words("policy", {}))
        agree(world, given_terms)
        before: dict[str, Decimal] = {}
        for step in [*steps, {"do": "run", "id": "last", "through": "2026-03-31"}]:
            words = Words("step", step)
            VERBS.get(words.need("do"))(world, words)
            sums_are_kept()
            for name, used, limit, cap in counted():
                within = used <= limit or used <= before.get(name, 0)
                assert within or cap.kind == "soft", f"{name}: {before.get(name, 0)} → {used} of {limit} by {step}"
            before = {name: used for name, used, _, _ in counted()}
    finally:
        transaction.savepoint_rollback(mark)


@pytest.fixture
def contract(landscape):
    return money.contract_in(landscape, "C-9", rate="150", cap="9000")


def test_late_work_of_a_full_month_leaves_the_next_alone(contract):
    Cap.objects.create(contract=contract, limit=1000, period="month", currency="USD")
    for month in (2, 3):
        factories.time_entry(contract, hours="6", on=date(2026, month, 10))
    factories.time_entry(contract, hours="2", on=date(2026, 2, 3))
    worth = (
        Piece.objects.filter(is_current=True).values("event__service_date__month", "state").annotate(t=Sum("amount"))
    )
    found = {(row["event__service_date__month"], row["state"]): row["t"] for row in worth}
    assert found == {(2, "billable"): 1000, (2, "over_cap"): 200, (3, "billable"): 900}


def test_of_a_monthly_limit_the_months_of_now_is_told(landscape, contract):
    monthly = Cap.objects.create(contract=contract, limit=2000, period="month", currency="USD")
    soon = today()
    factories.time_entry(contract, hours="4", on=month_start(soon) - timedelta(days=1))
    factories.time_entry(contract, hours="11", on=month_start(soon))
    row = next(row for row in outlooks.of_contract(contract, today=soon) if row.cap == monthly)
    assert (row.used, row.outlook.percent) == (Decimal(1650), Decimal("82.5"))
    [case] = Case.objects.filter(code="CAP_NEAR", root_cause=f"contract:C-9:cap:{monthly.pk}")
    assert "1,650.00 USD of 2,000.00 USD" in case.detail


def test_the_contract_page_shows_each_limit_with_its_balance_and_forecast(landscape, contract):
    Cap.objects.create(contract=contract, limit=4000, kind="soft", currency="USD")
    Cap.objects.create(contract=contract, limit=2000, period="month", currency="USD")
    factories.time_entry(contract, hours="8", on=date(2026, 3, 2))
    money.ready_in(landscape, contract, hours="")
    page = text(signed_in().get(reverse("contracts:contract-detail", args=[contract.pk])))
    for words in (
        "1,200.00 USD of 9,000.00 USD are used (13.3 %)", "1,200.00 USD of 4,000.00 USD are used (30.0 %)",
        "Soft: warns", "Months of the limits", "March 2026", "800.00",
    ):  # fmt: skip
        assert words in page, words


def test_the_page_of_a_contract_without_limits_says_nothing_of_them(landscape):
    contract = money.contract_in(landscape, "C-8")
    page = text(signed_in().get(reverse("contracts:contract-detail", args=[contract.pk])))
    assert "Parties" in page
    assert "Limits" not in page
