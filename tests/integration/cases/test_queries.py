"""The queue: most money first, then worst, then oldest, within scope; money per currency, never mixed."""

from datetime import timedelta
from decimal import Decimal

import pytest

from integration_hub.cases import queries
from integration_hub.cases.actions import cases
from integration_hub.cases.actions.cases import MemberIn
from integration_hub.cases.models import Case
from integration_hub.cases.tables import held
from integration_hub.kernel.clock import now
from integration_hub.kernel.money import Money

pytestmark = pytest.mark.django_db


def put(root_cause, *amounts, code="RATE_TEST", entity="US"):
    members = [MemberIn("event", f"{root_cause}-{n}", "", Decimal(a), c) for n, (a, c) in enumerate(amounts)]
    return cases.raise_case(
        code=code, root_cause=root_cause, title=root_cause, legal_entity=entity, members=members, by="system:test"
    )


def test_the_queue_orders_by_money_then_severity_then_age(person):
    anna = person("anna")
    put("none old")
    put("little", ("5", "USD"))
    put("much", ("50", "USD"), ("60", "USD"))
    put("two currencies", ("100", "USD"), ("90", "EUR"))
    put("none worse", code="CAP_TEST")
    put("none young")
    put("foreign", ("900", "USD"), entity="GB")
    queue = list(queries.queue(anna))
    assert [case.title for case in queue] == [
        "much",
        "two currencies",
        "little",
        "none worse",
        "none old",
        "none young",
    ]
    assert (queue[0].held, queue[0].held_currency, queue[0].held_count) == (Decimal(110), "USD", 2)
    assert (queue[1].held, queue[1].held_currency) == (Decimal(100), "USD")
    assert (queue[5].held, queue[5].held_count) == (0, 0)


def test_filters_and_snoozed_cases(person):
    anna = person("anna")
    mine = cases.claim(case_id=put("a").pk, by=anna, seen_version=1)
    put("b", code="CAP_TEST")
    assert [case.pk for case in queries.queue(anna, mine=True)] == [mine.pk]
    assert [case.title for case in queries.queue(anna, code="CAP_TEST")] == ["b"]
    assert queries.queue(anna, role="finance").count() == 0
    cases.snooze(case_id=mine.pk, until=now() + timedelta(days=1), reason="x", by=anna, seen_version=2)
    assert [case.title for case in queries.queue(anna)] == ["b"]
    assert queries.open_for(anna).count() == 2


def test_money_is_per_currency_and_leaves_out_what_is_closed(django_assert_num_queries):
    first = put("a", ("1.10", "USD"), ("2.20", "EUR"), ("3.30", "USD"))
    second = put("b")
    first.members.filter(target_id="a-2").update(is_open=False, closed_at=now())
    with django_assert_num_queries(1):
        held = queries.money_of([first.pk, second.pk])
    assert held == {first.pk: [Money(Decimal("2.2"), "EUR"), Money(Decimal("1.1"), "USD")]}


def test_net_and_gross_are_held_side_by_side_and_never_added():
    case = cases.raise_case(
        code="RATE_TEST", root_cause="both", title="both", by="system:test",
        members=[cases.MemberIn("event", "1", "", Decimal(100), "EUR", "net"),
                 cases.MemberIn("event", "2", "", Decimal(119), "EUR", "gross"),
                 cases.MemberIn("event", "3", "", Decimal(1), "EUR", "net")],
    )  # fmt: skip
    both = [Money(Decimal(119), "EUR", "gross"), Money(Decimal(101), "EUR", "net")]
    assert queries.money_behind(Case.objects.all()) == both == queries.money_of([case.pk])[case.pk]
    assert held(queries.with_money(Case.objects.all()).get()) == both


def test_cases_of_a_target():
    case = put("a", ("1", "USD"))
    put("b", ("1", "USD"))
    assert list(queries.for_target("event", "a-0")) == [case]
    assert queries.for_targets("event", ["a-0", "c-0"]) == {"a-0": [case]}


def test_totals_by_code(person):
    put("a", ("1", "USD"), ("2", "EUR"))
    put("b", ("3", "USD"))
    put("c", code="CAP_TEST", entity="GB")
    totals = queries.totals_by_code()
    assert [(t.code, t.count, t.members, t.money) for t in totals] == [
        ("CAP_TEST", 1, 0, {}),
        ("RATE_TEST", 2, 3, {"EUR": Decimal(2), "USD": Decimal(4)}),
    ]
    assert [t.code for t in queries.totals_by_code(person("anna"))] == ["RATE_TEST"]
