"""§5.2, §5.3: how many people, and whether those who approved are enough."""

import pytest

from billing.engine import matrix
from billing.engine.approvals import Given, seats, standing
from integration_hub.rules import checks, tables

BM, FC = frozenset({"billing"}), frozenset({"finance"})
ANY: frozenset[str] = frozenset()
DELIVERED = tables.delivered(matrix.KIND)


def asked(act, amount, *, first=False):
    return DELIVERED.decide({"act": act, "amount": float(amount), "first_invoice": first, "share": 0.0})


@pytest.mark.parametrize(
    ("act", "amount", "people"),
    [
        ("invoice", "0", 1),
        ("invoice", "49999.99", 1),
        ("invoice", "50000", 2),
        ("invoice", "249999.99", 2),
        ("invoice", "250000", 3),
        ("invoice", "inf", 3),
        ("credit", "999.99", 1),
        ("credit", "1000", 2),
        ("concession", "1000", 2),
        ("concession", "25000", 3),
    ],
)
def test_act_and_amount_decide(act, amount, people):
    assert len(seats(asked(act, amount))) == people


def test_the_first_invoice_needs_two_whatever_its_amount():
    assert len(seats(asked("invoice", 1, first=True))) == 2
    assert len(seats(asked("invoice", 250000, first=True))) == 3


def test_seats_name_roles_in_their_order():
    assert seats(asked("invoice", 60000)) == (ANY, FC)
    assert asked("invoice", 60000).told() == "rule 2 of billing.approvals, as delivered"


def test_the_delivered_matrix_passes_its_own_checks():
    report = checks.check(matrix.KIND, matrix.KIND.delivered)
    assert (report.problems, report.proven) == ((), True)


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
