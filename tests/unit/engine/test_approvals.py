"""§5.2, §5.3: how many people, and whether those who approved are enough."""

from decimal import Decimal

import pytest

from billing.engine.approvals import ApprovalPolicy, Given, Tier, approvers_needed, seats, standing
from tests.unit.engine.build import d

BM, FC = frozenset({"billing"}), frozenset({"finance"})
POLICY = ApprovalPolicy(tiers=(Tier(d(0), BM | FC), Tier(d(50000), FC)), first_invoice_people=2)


@pytest.mark.parametrize(
    ("amount", "people"),
    [("0", 1), ("49999.99", 1), ("50000", 2), ("249999.99", 2), ("250000", 3), ("-60000", 2)],
)
def test_the_amount_decides(amount, people):
    assert approvers_needed(Decimal(amount), first_invoice=False) == people


def test_the_first_invoice_needs_two_whatever_its_amount():
    assert approvers_needed(d(1), first_invoice=True) == 2
    assert approvers_needed(d(250000), first_invoice=True) == 3


def test_splitting_an_amount_avoids_nothing():
    assert approvers_needed(d(30000), first_invoice=False, recent=d(-20000)) == 2


def test_seats_name_roles_smallest_tier_first():
    assert seats(d(60000), first_invoice=False, policy=ApprovalPolicy(tiers=POLICY.tiers[::-1])) == (BM | FC, FC)


def given(person, roles=FC, seen="h"):
    return Given(person, roles, seen)


def stands(*approvals):
    return standing((BM | FC, FC), approvals, content_hash="h", prepared_by="prep")


def test_two_people_fill_two_seats_in_whatever_order():
    for approvals in ((given("ann", BM), given("bob")), (given("zoe", BM), given("bob"))):
        assert stands(*approvals).complete
        assert stands(*approvals[::-1]) == stands(*approvals)


def test_whoever_can_fill_both_moves_to_make_room():
    found = standing((BM | FC, FC), [given("ann"), given("bob", BM)], content_hash="h", prepared_by="prep")
    assert (found.complete, found.counted) == (True, ("ann", "bob"))


def test_one_person_fills_one_seat():
    found = stands(given("ann"), given("ann"))
    assert (found.complete, found.needed, found.counted) == (False, 2, ("ann",))


def test_a_missing_role_is_named():
    found = stands(given("ann", BM), given("bob", BM))
    assert (found.missing, found.refused) == ((FC,), (("bob", "no seat left for the role"),))


def test_the_preparer_and_approvals_of_other_figures_do_not_count():
    found = stands(given("prep"), given("ann", seen="old"), given("bob"))
    assert found.refused == (("ann", "approved another content"), ("prep", "prepared it"))
    assert found.counted == ("bob",)


def test_a_renewed_approval_counts():
    assert stands(given("ann", seen="old"), given("ann"), given("bob")).complete
