"""Many at once on one case: one row, every member, one winner per version."""

from decimal import Decimal

import pytest

from integration_hub.cases.actions import cases
from integration_hub.cases.actions.cases import CaseIn, MemberIn
from integration_hub.cases.models import Case
from integration_hub.cases.registry import KINDS, CaseKind
from integration_hub.kernel.errors import Denied, Stale

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


@pytest.fixture(autouse=True)
def code(monkeypatch):
    kind = CaseKind(code="RATE_TEST", title="t", owner_role="pmo", severity=2, closes_when="x")
    monkeypatch.setattr(KINDS, "_entries", {**KINDS._entries, "RATE_TEST": kind})


def scope_pass(scope, *numbers):
    members = tuple(MemberIn("event", str(n), "", Decimal(1), "USD") for n in numbers)
    wanted = {"role:dev": CaseIn("No price", members=members)} if members else {}
    cases.sync(code="RATE_TEST", wanted=wanted, scope=scope, by="system:test")


def test_the_same_cause_raised_at_once_is_one_case_with_all_members(threads):
    threads(*[lambda n=n: scope_pass(f"contract:{n}", n) for n in range(6)])
    case = Case.objects.get()
    assert sorted(case.members.values_list("target_id", flat=True)) == [str(n) for n in range(6)]


@pytest.mark.parametrize("round_", range(5))
def test_a_case_never_heals_under_a_scope_that_just_joined(threads, round_):
    """One scope takes its last member out while another puts its first one in."""
    scope_pass("contract:1", 1)
    threads(lambda: scope_pass("contract:1"), lambda: scope_pass("contract:2", 2))
    case = Case.objects.get()
    still = case.members.filter(is_open=True).values_list("target_id", flat=True)
    assert (case.is_open, list(still)) == (True, ["2"])


def test_one_of_many_resolvers_wins(threads):
    scope_pass("contract:1", 1)
    case = Case.objects.get()
    won = []

    def resolve():
        try:
            cases.resolve(case_id=case.pk, outcome="override", text="x", by="system:test", seen_version=1)
        except (Stale, Denied):
            return
        won.append(1)

    threads(*[resolve] * 4)
    assert won == [1]
