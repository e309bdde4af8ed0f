"""Several people and the machine at one candidate at once; each guard with a control that shows what happens without.

The first stops inside its transaction, the second runs until it waits for the first or is done, then the first ends.
"""

import pytest
from django.db import IntegrityError, connection
from django.db.models import Sum

from billing.actions import approvals, holds, posting, sending
from billing.models import Candidate, Piece
from contracts import events
from contracts.models import Customer
from integration_hub.effects.actions import effects
from integration_hub.kernel.errors import Denied, Stale
from integration_hub.kernel.models import VersionedQuerySet
from integration_hub.trail.models import Event
from integration_hub.work.inprocess import drain_once
from tests import deals, factories, money
from tests.races import without_row_locks, without_versions

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


@pytest.fixture
def contract(landscape):
    return money.contract_in(landscape, "C-1")


@pytest.fixture
def ready(landscape, contract):
    return money.ready_in(landscape, contract)


@pytest.fixture
def approved(ready):
    return factories.candidate_approved(ready)


def fresh(candidate):
    return Candidate.objects.get(pk=candidate.pk)


def approving(candidate, *, by=None):
    """A person who saw the candidate as it is now and is about to approve it."""
    seen, person = fresh(candidate), by or factories.user()
    return lambda: approvals.approve(
        candidate_id=seen.pk, by=person, seen_version=seen.version, seen_hash=seen.content_hash
    )


def posting_it(candidate):
    """A person who saw the candidate as it is now and is about to post it."""
    seen, person = fresh(candidate), factories.user()
    return lambda: approvals.post(candidate_id=seen.pk, by=person, seen_version=seen.version)


def holding(contract):
    """Somebody who is about to hold the contract."""
    return lambda: holds.place(scope="contract", target=str(contract.pk), code="CLIENT_QUERY", by=factories.BY)


def amending(landscape):
    """A signed amendment of the contract that is about to arrive."""
    return lambda: landscape.arrive("crm", deals.amendment(new_rate="165"))


def standing(candidate):
    """Approvals that count."""
    return candidate.approvals.filter(verdict="approved", lapsed_at__isnull=True).count()


def in_it(candidate):
    """What the work in it is worth."""
    return Piece.objects.filter(candidate_line__candidate=candidate).aggregate(total=Sum("amount"))["total"] or 0


# -- two approvers -------------------------------------------------------------------------------------------------

COUNTED = (VersionedQuerySet, "transition")


def test_of_two_approvers_at_once_the_second_looks_again_and_then_completes_it(ready, interleave):
    errors = interleave(approving(ready), approving(ready), at=COUNTED)
    assert errors[0] is None
    assert isinstance(errors[1], Stale)
    assert (fresh(ready).status, standing(ready)) == ("ready", 1)
    approving(ready)()
    assert (fresh(ready).status, standing(ready)) == ("approved", 2)


def test_the_version_alone_refuses_the_second_approver_too(ready, interleave, monkeypatch):
    without_row_locks(monkeypatch, Candidate, Customer)
    errors = interleave(approving(ready), approving(ready), at=COUNTED)
    assert {type(error) for error in errors} == {type(None), Stale}
    assert (fresh(ready).status, standing(ready)) == ("ready", 1)


def test_without_locks_and_version_two_approvals_do_not_see_each_other(ready, interleave, monkeypatch):
    """Negative control: enough people have approved and the candidate waits for somebody for ever."""
    without_row_locks(monkeypatch, Candidate, Customer)
    without_versions(monkeypatch)
    assert interleave(approving(ready), approving(ready), at=COUNTED) == (None, None)
    assert (fresh(ready).status, standing(ready)) == ("ready", 2)


@pytest.fixture
def halves(landscape):
    """Two invoices of one customer: each takes two people, together they take three. One has approved each."""
    first = money.contract_in(landscape, "C-1", rate="10000")
    second = money.contract_in(landscape, "C-2", rate="10000", client=first.customer)
    for contract in (first, second):
        factories.time_entry(contract, hours="14")
    found = list(money.run_in(landscape).candidates.order_by("pk"))
    for candidate in found:
        approving(candidate)()
    return found


def test_an_amount_split_over_two_invoices_takes_three_people_even_at_once(halves, interleave):
    assert interleave(*map(approving, halves), at=COUNTED) == (None, None)
    assert [fresh(candidate).status for candidate in halves] == ["approved", "ready"]


def test_without_the_customers_lock_two_people_approve_both_halves(halves, interleave, monkeypatch):
    """Negative control: each half takes the other for not approved."""
    without_row_locks(monkeypatch, Customer)
    assert interleave(*map(approving, halves), at=COUNTED) == (None, None)
    assert [fresh(candidate).status for candidate in halves] == ["approved", "approved"]


# -- an amendment while somebody approves --------------------------------------------------------------------------

AMENDED = (events, "agreement_changed")


def test_an_amendment_waits_for_an_approval_and_then_takes_the_work_out(landscape, ready, interleave):
    approving(ready)()
    assert interleave(approving(ready), amending(landscape), at=COUNTED) == (None, None)
    assert (fresh(ready).status, standing(ready), in_it(ready)) == ("dissolved", 0, 0)


def test_an_approval_waits_for_an_amendment_and_is_refused(landscape, ready, interleave):
    approving(ready)()
    errors = interleave(amending(landscape), approving(ready), at=AMENDED)
    assert errors[0] is None
    assert isinstance(errors[1], Denied)
    assert "dissolved" in str(errors[1])
    assert (fresh(ready).status, standing(ready), in_it(ready)) == ("dissolved", 0, 0)


def test_past_lock_and_version_the_database_keeps_what_is_dissolved_dissolved(
    landscape, ready, interleave, monkeypatch
):
    approving(ready)()
    without_row_locks(monkeypatch, Candidate)
    without_versions(monkeypatch)
    errors = interleave(amending(landscape), approving(ready), at=AMENDED)
    assert errors[0] is None
    assert isinstance(errors[1], IntegrityError)
    assert "is dissolved and stays so" in str(errors[1])
    assert (fresh(ready).status, standing(ready), in_it(ready)) == ("dissolved", 0, 0)


@pytest.fixture
def revivable():
    """The database lets a dissolved candidate become another one."""
    rule = "billing_candidate {} TRIGGER candidate_dissolved_stays"
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE " + rule.format("DISABLE"))
    yield
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE " + rule.format("ENABLE"))


def test_without_lock_version_and_that_rule_a_candidate_is_approved_whose_work_was_taken_out(
    landscape, ready, interleave, monkeypatch, revivable
):
    """Negative control: approved for posting at the old price, with nothing in it."""
    approving(ready)()
    without_row_locks(monkeypatch, Candidate)
    without_versions(monkeypatch)
    assert interleave(amending(landscape), approving(ready), at=AMENDED) == (None, None)
    assert (fresh(ready).status, fresh(ready).net, in_it(ready)) == ("approved", 1200, 0)


# -- a hold while somebody posts -----------------------------------------------------------------------------------

PLANNED = (effects, "plan")


def test_a_hold_waits_for_a_post_and_leaves_what_is_on_its_way(contract, approved, interleave):
    assert interleave(posting_it(approved), holding(contract), at=PLANNED) == (None, None)
    assert (fresh(approved).status, in_it(approved)) == ("posting", 1200)
    drain_once()
    assert (fresh(approved).status, in_it(approved)) == ("posted", 1200)
    assert [piece.state for piece in Piece.objects.filter(is_current=True)] == ["posted"]


def test_a_post_waits_for_a_hold_and_is_refused(landscape, contract, approved, interleave):
    errors = interleave(holding(contract), posting_it(approved), at=(holds.work, "decide_soon"))
    assert errors[0] is None
    assert isinstance(errors[1], Denied)
    assert (fresh(approved).status, in_it(approved)) == ("dissolved", 0)
    drain_once()
    assert landscape.erp.writes("invoice.post") == []


def test_without_the_lock_a_hold_takes_out_what_is_on_its_way_to_the_erp(contract, approved, interleave, monkeypatch):
    """Negative control: the effect that carries the work is planned, and the work may be billed once more."""
    without_row_locks(monkeypatch, Candidate)
    assert interleave(posting_it(approved), holding(contract), at=PLANNED) == (None, None)
    assert [effect.state for effect in posting.effects_of(approved)] == ["planned"]
    assert (fresh(approved).status, in_it(approved)) == ("dissolved", 0)


# -- two posts -----------------------------------------------------------------------------------------------------

PLANNING = (sending, "plan")


def test_two_posts_of_one_candidate_plan_one_effect(landscape, approved, interleave):
    errors = interleave(posting_it(approved), posting_it(approved), at=PLANNING)
    assert errors[0] is None
    assert isinstance(errors[1], Denied)
    assert [(effect.revision, effect.state) for effect in posting.effects_of(approved)] == [(1, "planned")]
    drain_once()
    assert len(landscape.erp.writes("invoice.post")) == 1
    assert fresh(approved).status == "posted"


def test_without_lock_and_version_the_second_post_is_withdrawn_under_its_sender(approved, interleave, monkeypatch):
    """Negative control: each plans its own; the ledger of effects alone keeps the ERP from getting both."""
    without_row_locks(monkeypatch, Candidate)
    without_versions(monkeypatch)
    assert interleave(posting_it(approved), posting_it(approved), at=PLANNING) == (None, None)
    assert [(effect.revision, effect.state) for effect in posting.effects_of(approved)] == [
        (2, "planned"),
        (1, "cancelled"),
    ]


def test_even_then_the_ledger_refuses_to_post_what_is_posted(landscape, approved, interleave, monkeypatch):
    without_row_locks(monkeypatch, Candidate)
    without_versions(monkeypatch)
    second = posting_it(approved)

    def post_and_send():
        second()
        drain_once()

    errors = interleave(posting_it(approved), post_and_send, at=PLANNING)
    assert isinstance(errors[0], Denied)
    assert "can no longer be withdrawn" in str(errors[0])
    assert errors[1] is None
    assert len(landscape.erp.writes("invoice.post")) == 1


# -- a hold released twice -----------------------------------------------------------------------------------------

TOLD = (holds, "event")


def releasing(hold):
    person = factories.user()
    return lambda: holds.release(hold_id=hold.pk, by=person, seen_version=hold.version, note=person.username)


def released(hold):
    return Event.objects.filter(action="billing.hold.released", object_id=str(hold.pk)).count()


def test_a_hold_is_released_once(contract, interleave):
    hold = factories.hold(contract)
    errors = interleave(releasing(hold), releasing(hold), at=TOLD)
    assert [type(error) for error in errors] == [type(None), Stale]
    hold.refresh_from_db()
    assert (hold.status, hold.version, released(hold)) == ("released", 2, 1)


def test_without_the_version_the_second_release_overwrites_the_first(contract, interleave, monkeypatch):
    """Negative control: told twice, and who really released it is lost."""
    hold = factories.hold(contract)
    without_versions(monkeypatch)
    assert interleave(releasing(hold), releasing(hold), at=TOLD) == (None, None)
    hold.refresh_from_db()
    assert (hold.version, released(hold)) == (3, 2)
    assert hold.decided_by != Event.objects.filter(action="billing.hold.released").earliest("id").actor
