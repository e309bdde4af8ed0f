# mypy: disable-error-code="comparison-overlap"
"""R24: when revenue is earned."""

from datetime import date

import pytest

from billing.engine.revenue import MilestoneValue, on_acceptance, plan, straight_line
from tests.unit.engine.build import d, line

MAR_18, JUN_30 = date(2026, 3, 18), date(2026, 6, 30)


def test_straight_line_by_days_and_the_last_takes_the_cent():  # S-11
    parts = straight_line(total=d("24000.00"), starts_on=MAR_18, ends_on=JUN_30, currency="USD")
    assert [part.amount for part in parts] == [d("3200.00"), d("6857.14"), d("7085.71"), d("6857.15")]
    assert (parts[0].period_from, parts[0].period_to, parts[-1].period_to) == (
        MAR_18,
        date(2026, 4, 1),
        date(2026, 7, 1),
    )


def test_revenue_cannot_end_before_it_starts():
    with pytest.raises(ValueError, match="before it starts"):
        straight_line(total=d(1), starts_on=JUN_30, ends_on=MAR_18, currency="USD")


def test_milestones_are_earned_on_acceptance_else_planned():
    parts = on_acceptance(
        [
            MilestoneValue(id=1, amount=d(30), due_on=date(2026, 6, 9)),
            MilestoneValue(id=2, amount=d(50), due_on=date(2026, 4, 9), accepted_on=date(2026, 5, 4)),
            MilestoneValue(id=3, amount=d(20)),
        ],
        undated=JUN_30,
    )
    assert [(part.milestone_id, part.period_from, part.amount) for part in parts] == [
        (2, date(2026, 5, 1), 50),
        (1, date(2026, 6, 1), 30),
        (3, date(2026, 6, 1), 20),
    ]


def planned(method, **kwargs):
    return plan(line(1, method, **kwargs), starts_on=MAR_18, ends_on=JUN_30, currency="USD")


@pytest.mark.parametrize("method", ["tm", "expense", "included"])
def test_revenue_of_time_follows_the_work(method):
    found = planned(method)
    assert (found.basis, found.total, found.parts) == ("right_to_invoice", None, ())


def test_a_fixed_price_is_earned_by_days():
    found = planned("fixed_schedule", amount=d(24000))
    assert (found.basis, found.total, len(found.parts)) == ("straight_line", 24000, 4)


def test_a_retainer_is_earned_month_by_month():
    found = planned("retainer_hours", amount=d(3100), starts_on=date(2026, 5, 1))
    assert [part.amount for part in found.parts] == [3100, 3100]


def test_milestones_add_up_to_their_plan():
    values = [MilestoneValue(id=1, amount=d(30)), MilestoneValue(id=2, amount=d(20))]
    found = plan(line(1, "milestone"), starts_on=MAR_18, ends_on=None, currency="USD", milestones=values)
    assert (found.basis, found.total, found.parts[0].period_from) == ("milestone", 50, date(2026, 3, 1))


def test_a_plan_names_what_it_lacks():
    with pytest.raises(ValueError, match="Line 1: name its amount"):
        planned("fixed_schedule")
    with pytest.raises(ValueError, match="Line 1: name its first day"):
        plan(line(1, "milestone"), starts_on=None, ends_on=None, currency="USD")
