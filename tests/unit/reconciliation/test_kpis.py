"""The measures of billing.md §4 over values: its worked figures, and what is wrong with inputs."""

from decimal import Decimal

import pytest

from billing.scenarios.reading import BadScenario, Words
from reconciliation.scenarios.kpis import INPUTS, KPIS, MADE, SAME, WORDS, kpi


def measured(**inputs):
    return kpi(None, Words("step", {"inputs": inputs}))


@pytest.mark.parametrize(
    ("inputs", "name", "figure"),
    [
        ({"average_ar": "640000", "credit_sales": "2150000", "days": "90"}, "dso", "26.79"),
        (
            {
                "standard_value": "250000",
                "billed": "231000",
                "approved_write_offs": "9000",
                "legitimately_open": "6500",
            },
            "leakage",
            "1.40",
        ),
        ({"standard_value": "9600.00", "billed": "8900.00"}, "billing_realisation", "92.71"),
        ({"standard_value": "9600.00", "wip_write_downs": "700.00"}, "write_off_rate", "7.29"),
        ({"cash_applied": "7500", "billed": "8500"}, "collection_realisation", "88.24"),
        ({"price": "100000", "eac": "112000"}, "margin_at_completion", "-12.00"),
        ({"revenue": "2320.00", "transfer_prices": "1140.80"}, "margin", "1179.20"),
    ],
)
def test_the_worked_figures_of_the_design(inputs, name, figure):
    assert measured(**inputs)[name] == Decimal(figure)


def test_a_part_alone_is_worth_what_it_is_and_days_told_ahead_are_added():
    assert measured(wip="3650", fees="36500", debtor_days="41.5")["lock_up_days"] == Decimal("78.00")
    assert measured(ar="640000", credit_sales="2150000", days="90")["dso"] == Decimal("26.79")
    assert measured(posted_work=[{"net": "100", "service_date": "2026-01-31", "posted": "2026-02-03"}])[
        "time_to_bill"
    ] == Decimal(3)


@pytest.mark.parametrize(
    ("inputs", "name"),
    [
        ({"billed": "0", "standard_value": "0"}, "billing_realisation"),
        ({"revenue": "0", "labour": "90"}, "margin_percent"),
        ({"wip": "5", "fees": "0", "debtor_days": "3"}, "lock_up_days"),
        ({"exceptions": [{"money": "0", "days": "4"}]}, "exception_ageing"),
        ({"ar": "9", "sales_by_period": [{"sales": "5", "days": "30"}]}, "dso_count_back"),
        ({"limit": "9", "committed": "5", "burn_per_day": "0", "as_of": "2026-01-01"}, "forecast_cap_breach"),
    ],
)
def test_nothing_is_divided_by_nought(inputs, name):
    found = measured(**inputs)
    assert found[name] is None
    assert found["reasons"][name]


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"billd": "1"}, "no measure takes 'billd'. Known: accrued, actual, approved_write_offs, ar,"),
        ({"billed": "x"}, "billed is 'x', not a number"),
        ({"wip": "1", "held": "2", "fees": "3"}, "'wip' is told, and so is 'held', which it is made of"),
        (
            {"leave": "8", "billable_hours": "40"},
            "'available_hours' is made of capacity, leave, holidays; it lacks cap",
        ),
        ({"billed": "1", "billed_value": "1"}, "'billed_value' says 'billed' once more"),
        ({"limit": "5"}, "'limit' is told for forecast_cap_breach, which lacks committed, burn_per_day, as_of"),
        ({"sales_by_period": [{"sales": "5", "days": "30"}]}, "what is owed lacks: ar or closing_ar"),
        ({"wip_days": "3", "wip": "5", "fees": "9"}, "'wip_days' is told, and so is 'wip'"),
        (
            {"standard_value": "9", "billed": "8", "open": "1"},
            "nothing comes of 'open' (leakage: it lacks written_off; leaked: it lacks written_off)",
        ),
    ],
)
def test_what_is_wrong_with_inputs_is_said_with_the_key(inputs, said):
    with pytest.raises(BadScenario) as refusal:
        measured(**inputs)
    assert said in str(refusal.value)


def test_every_other_word_means_something():
    assert {*SAME.values()} <= KPIS.keys()
    assert {*WORDS.values()} <= INPUTS
    assert not WORDS.keys() & INPUTS
    assert not SAME.keys() & KPIS.keys()
    assert all({*made.needed} <= {*made.parts} for made in MADE.values())
    assert all(one.by in one.inputs or not one.by for one in KPIS.values())
