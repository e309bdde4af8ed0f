"""Revenue plans and schedules: made once from agreed terms, taken back whole, made again as the next version."""

from datetime import date
from decimal import Decimal

import pytest
from django.db.models import Sum

from billing.actions import revenue, schedules
from billing.models import RevenueLine, RevenuePlan, ScheduleItem
from integration_hub.kernel.failures import Failed
from integration_hub.trail.models import Event
from tests import factories

pytestmark = pytest.mark.django_db


def planned(contract):
    """(basis, total, sum of its parts, months) of each current plan."""
    rows = RevenuePlan.objects.filter(line__contract=contract, is_current=True).order_by("line__number")
    return [
        (row.basis, row.total, row.lines.aggregate(total=Sum("amount"))["total"], row.lines.count()) for row in rows
    ]


def signed(method, **agreed):
    return factories.contract_signed("C-1", method=method, **agreed)


@pytest.mark.parametrize(
    ("method", "agreed", "expected"),
    [
        ("tm", {}, ("right_to_invoice", None, None, 0)),
        ("fixed_schedule", {"amount": "1000"}, ("straight_line", 1000, 1000, 12)),
        ("milestone", {"milestones": ("300", "700")}, ("milestone", 1000, 1000, 2)),
    ],
)
def test_each_kind_of_line_earns_its_own_way_and_to_the_cent(method, agreed, expected):
    contract = signed(method, **agreed)
    assert revenue.plan(contract=contract, by=factories.BY) == 1
    assert planned(contract) == [expected]
    assert Event.objects.get(action="billing.revenue.planned").data["plans"] == 1


def test_a_plan_is_made_once_withdrawn_whole_and_made_again_as_the_next_version():
    contract = signed("fixed_schedule", amount="1000")
    factories.line(contract, number=2, method="expense")
    assert revenue.plan(contract=contract, by=factories.BY) == 2
    assert revenue.plan(contract=contract, by=factories.BY) == 0
    assert revenue.withdraw(contract=contract, by=factories.BY) == 2
    assert revenue.withdraw(contract=contract, by=factories.BY) == 0
    assert planned(contract) == []
    assert revenue.plan(contract=contract, by=factories.BY) == 2
    assert sorted(RevenuePlan.objects.values_list("version", "is_current")) == [
        (1, False), (1, False), (2, True), (2, True),
    ]  # fmt: skip
    assert Event.objects.filter(action="billing.revenue.planned").count() == 2
    assert Event.objects.filter(action="billing.revenue.withdrawn").count() == 1


def test_a_line_added_later_gets_its_plan_and_the_others_keep_theirs():
    contract = signed("fixed_schedule", amount="1000")
    revenue.plan(contract=contract, by=factories.BY)
    kept = RevenuePlan.objects.get()
    factories.line(contract, number=2, method="fixed_schedule", amount="500")
    assert revenue.plan(contract=contract, by=factories.BY) == 1
    assert RevenuePlan.objects.get(line__number=1) == kept


def test_one_instalment_without_an_end_is_earned_on_its_first_day():
    contract = signed("fixed_schedule", amount="1000", ends_on=None, line_terms={"frequency": "once"})
    revenue.plan(contract=contract, by=factories.BY)
    [part] = RevenueLine.objects.all()
    assert (part.period_from, part.amount) == (date(2026, 1, 1), 1000)


def test_a_line_nobody_can_plan_says_what_it_lacks():
    contract = signed("fixed_schedule", amount="1000", ends_on=None)
    with pytest.raises(Failed, match="Contract C-1: ") as refused:
        revenue.plan(contract=contract, by=factories.BY)
    assert (refused.value.kind, refused.value.remedy) == ("data", "Complete the line in the CRM.")
    assert not RevenuePlan.objects.exists()


def test_a_schedule_withdrawn_whole_stands_again_and_one_that_is_due_stays():
    contract = signed("retainer_hours", amount="1000", line_terms={"included_hours": Decimal(10)})
    assert schedules.make(contract=contract, by=factories.BY) == 12
    assert schedules.make(contract=contract, by=factories.BY) == 0
    assert schedules.withdraw(contract=contract, reason="Undone", by=factories.BY) == 12
    assert schedules.make(contract=contract, by=factories.BY) == 12
    assert set(ScheduleItem.objects.values_list("status", flat=True)) == {"planned"}
    assert schedules.follow_term(contract=contract, by=factories.BY) == 0, "the term did not move"


@pytest.mark.parametrize("method", ["fixed_schedule", "retainer_hours"])
@pytest.mark.parametrize("lacks", ["starts_on", "amount"])
def test_a_schedule_without_start_or_amount_names_what_is_missing(method, lacks):
    contract = signed(method, amount="1000", line_terms={"included_hours": Decimal(10)})
    contract.lines.update(**{lacks: None})
    contract.starts_on = None
    contract.save()
    with pytest.raises(Failed, match=f"Line 1 of contract C-1 has no {lacks}") as refused:
        schedules.make(contract=contract, by=factories.BY)
    assert refused.value.field == lacks


def test_contracts_without_scheduled_lines_have_no_schedule():
    contract = signed("tm")
    assert schedules.make(contract=contract, by=factories.BY) == 0
    assert schedules.follow_term(contract=contract, by=factories.BY) == 0
    assert schedules.raise_due(contract=contract, through=date(2026, 12, 31)) == 0
    assert schedules.withdraw(contract=contract, reason="x", by=factories.BY) == 0
    assert not Event.objects.filter(action__startswith="billing.schedule").exists()
