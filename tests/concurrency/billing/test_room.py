"""Runs and room at once: work is billed once, a limit's room is given once; each guard with its control."""

from datetime import date
from functools import partial

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Sum

from billing.actions import candidates, limits, runs
from billing.models import BillingRun, Candidate, CapEntry, ComparedTerms, Piece
from contracts.models import Cap, CapMonth, Contract
from integration_hub.cases.models import Case
from integration_hub.kernel.errors import NotReady
from integration_hub.people.models import Role
from integration_hub.work.registry import Superseded
from tests import factories, money
from tests.races import without_row_locks

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]

MARCH = date(2026, 3, 31)


@pytest.fixture
def contract(landscape):
    return money.contract_in(landscape, "C-1", cap="1200")


# -- two billing runs ----------------------------------------------------------------------------------------------


def starting():
    """A person who is about to start a run."""
    person = factories.user(Role.BILLING_ANALYST)
    return lambda: runs.start(legal_entity="US01", through=MARCH, invoice_date=MARCH, by=person)


@pytest.fixture
def runs_side_by_side(contract):
    """The database lets two runs of a legal entity go on at once."""
    [rule] = [rule for rule in BillingRun._meta.constraints if rule.name == "billing_run_one_running_per_entity"]
    with connection.schema_editor() as schema:
        schema.remove_constraint(BillingRun, rule)
    yield
    BillingRun.objects.update(state="done")
    with connection.schema_editor() as schema:
        schema.add_constraint(BillingRun, rule)


def test_of_two_runs_started_at_once_one_goes_on(contract, interleave):
    errors = interleave(starting(), starting(), at=(runs, "event"))
    assert errors[0] is None
    assert isinstance(errors[1], NotReady)
    assert BillingRun.objects.filter(state="running").count() == 1


def test_without_the_constraint_both_go_on(runs_side_by_side, interleave):
    """Negative control."""
    assert interleave(starting(), starting(), at=(runs, "event")) == (None, None)
    assert BillingRun.objects.filter(state="running").count() == 2


def builds_of(count):
    """Workers, each about to build a run of its own."""
    started = [starting()() for _ in range(count)]
    return [partial(runs.build, run_id=run.pk) for run in started]


def billed():
    """Sums of the candidates that stand, and what the work in them is worth."""
    standing = Candidate.objects.exclude(status="dissolved")
    work = Piece.objects.filter(candidate_line__candidate__in=standing).aggregate(total=Sum("amount"))["total"]
    return sorted(standing.values_list("net", flat=True)), work


BUILT = (limits, "reserve")


def test_even_two_runs_at_once_put_work_into_one_candidate(contract, runs_side_by_side, interleave):
    factories.time_entry(contract)
    assert interleave(*builds_of(2), at=BUILT) == (None, None)
    assert billed() == ([1200], 1200)
    assert contract.caps.get().reserved == 1200


def test_without_their_locks_two_runs_bill_the_same_work_twice(landscape, runs_side_by_side, interleave, monkeypatch):
    """Negative control: two documents, one piece of work."""
    factories.time_entry(money.contract_in(landscape, "C-2"))
    without_row_locks(monkeypatch, Contract, Piece, ComparedTerms)
    assert interleave(*builds_of(2), at=BUILT) == (None, None)
    assert billed() == ([1200, 1200], 1200)


# -- two workers on one run -----------------------------------------------------------------------------------------


def one_run_twice():
    """Two workers on the same run: the lease of the first ran out while it was away."""
    run = starting()()
    return [lambda: runs.build(run_id=run.pk)] * 2


def test_of_two_workers_on_one_run_one_goes_on_and_the_other_takes_its_work_back(contract, interleave):
    factories.time_entry(contract)
    errors = interleave(*one_run_twice(), at=BUILT)
    assert [type(error) for error in errors if error is not None] == [Superseded]
    assert billed() == ([1200], 1200)
    assert not Case.objects.filter(code="RUN_LEFT_OUT").exists()


def test_without_its_place_in_the_run_the_second_says_it_was_left_out(contract, interleave, monkeypatch):
    """Negative control: the second takes apart the first one's candidate and cannot build it again in this run."""
    factories.time_entry(contract)
    monkeypatch.setattr(runs, "_here", lambda run: BillingRun.objects.filter(pk=run.pk))
    assert interleave(*one_run_twice(), at=BUILT) == (None, None)
    assert Case.objects.filter(code="RUN_LEFT_OUT").exists()


# -- two reservations ----------------------------------------------------------------------------------------------


@pytest.fixture
def rivals(landscape, contract):
    """Two candidates of 1,200 that have reserved nothing of the only 1,200 under their contract's cap."""
    contract.caps.update(limit=5000)
    first = factories.candidate_approved(money.ready_in(landscape, contract))  # a run leaves what is approved alone
    second = money.ready_in(landscape, contract)
    for candidate in (first, second):
        limits.give_back(candidate)
    contract.caps.update(limit=1200)
    return first, second


def reserving(candidate):
    def reserve():
        with transaction.atomic():
            limits.reserve(candidate)

    return reserve


def room(contract):
    """What the cap says is reserved, and what its entries add up to."""
    entries = CapEntry.objects.filter(cap__contract=contract).aggregate(total=Sum("amount"))["total"]
    return Cap.objects.get(contract=contract).reserved, entries


def test_the_last_room_is_given_once(contract, rivals, interleave):
    errors = interleave(*map(reserving, rivals), at=(limits, "_enter"))
    assert errors[0] is None
    assert isinstance(errors[1], IntegrityError)
    assert "cap_never_over_committed" in str(errors[1])
    assert room(contract) == (1200, 1200)


def test_looking_for_room_before_taking_it_gives_it_twice(contract, rivals, interleave):
    """Negative control: read, compare, write back — the database sees each alone and finds nothing wrong."""

    def naive(candidate):
        def reserve():
            with transaction.atomic():
                cap = Cap.objects.get(contract=contract)
                assert cap.limit - cap.reserved >= candidate.net
                limits._enter(cap, CapEntry.Kind.RESERVE, candidate, None, candidate.net)
                cap.reserved += candidate.net
                cap.save()

        return reserve

    assert interleave(*map(naive, rivals), at=(limits, "_enter")) == (None, None)
    assert room(contract) == (1200, 2400)


# -- eight runs ----------------------------------------------------------------------------------------------------


@pytest.fixture
def monthly(landscape):
    """A contract with 1,200 of work in each of two months and limits of 1,000 a month, 1,900 on the line."""
    contract = money.contract_in(landscape, "C-8", cap="1900")
    Cap.objects.create(contract=contract, limit=1000, period="month", currency="USD")
    for month in (2, 3):
        factories.time_entry(contract, on=date(2026, month, 2))
    return contract


def months(contract):
    """What each month of the monthly limit has reserved."""
    return list(CapMonth.objects.filter(cap__contract=contract).values_list("reserved", flat=True))


def test_eight_runs_at_once_pass_no_limit(monthly, runs_side_by_side, threads):
    threads(*builds_of(8))
    assert billed() == ([1900], 1900)
    assert months(monthly) == [1000, 900]
    assert monthly.caps.get(period="total").reserved == 1900


# -- room given back -----------------------------------------------------------------------------------------------


@pytest.fixture
def ordered(landscape):
    """A candidate of 1,200 under a purchase order of which somebody else has reserved 1,200 too."""
    contract = money.contract_in(landscape, "C-2", po_number="PO-1", po_amount="5000")
    candidate = money.ready_in(landscape, contract)
    contract.purchase_orders.update(reserved=2400)
    return candidate


def dissolving(candidate):
    return lambda: candidates.dissolve(candidate=candidate, by=factories.BY, reason="Again")


def reserved(candidate):
    return candidate.contract.purchase_orders.get().reserved


def test_room_is_given_back_once_by_two_who_dissolve(ordered, interleave):
    errors = interleave(dissolving(ordered), dissolving(ordered), at=(limits, "give_back"))
    assert errors[0] is None
    assert isinstance(errors[1], NotReady)
    assert reserved(ordered) == 1200


def test_without_their_locks_room_is_given_back_that_another_had(ordered, interleave, monkeypatch):
    """Negative control."""
    without_row_locks(monkeypatch, Contract, Candidate)
    assert interleave(dissolving(ordered), dissolving(ordered), at=(limits, "give_back")) == (None, None)
    assert reserved(ordered) == 0
