"""Billing runs go on contract by contract: they can be stopped, resumed, and one contract never stops the others."""

from datetime import date

import pytest
from django.db import OperationalError

from billing.actions import candidates, runs
from billing.models import BillingRun, Candidate, Piece
from integration_hub.cases.models import Case
from integration_hub.kernel.errors import Denied
from integration_hub.people.models import Role
from integration_hub.trail.models import Event
from integration_hub.work.inprocess import drain_once
from integration_hub.work.models import Item, Lane
from integration_hub.work.registry import Superseded
from tests import factories, money

MARCH = date(2026, 3, 31)
NUMBERS = ("C-1", "C-2", "C-3")


@pytest.fixture
def analyst(db):
    return factories.user(Role.BILLING_ANALYST)


@pytest.fixture
def run(landscape, analyst):
    """A run over three contracts with an entry of 1,200 each, started and not worked."""
    for number in NUMBERS:
        factories.time_entry(money.contract_in(landscape, number))
    return runs.start(legal_entity="US01", through=MARCH, invoice_date=MARCH, by=analyst)


@pytest.fixture
def when_building(monkeypatch):
    """`when_building(act)` calls act(contract number) before a contract's candidate is built, until `.over()`."""
    original = candidates.build

    class Watch:
        def __call__(self, act):
            def build(*, contract, run):
                act(contract.number)
                return original(contract=contract, run=run)

            monkeypatch.setattr(candidates, "build", build)

        def over(self):
            monkeypatch.setattr(candidates, "build", original)

    return Watch()


def fresh(row):
    row.refresh_from_db()
    return row


def built(run=None):
    """Numbers of the contracts whose candidates stand."""
    rows = Candidate.objects.exclude(status="dissolved")
    return sorted((rows.filter(run=run) if run else rows).values_list("contract__number", flat=True))


def all_due():
    Lane.objects.update(next_at="2000-01-01T00:00Z", leased_until=None)


# -- contract by contract --------------------------------------------------------------------------------------------


def test_a_run_tells_how_many_contracts_it_went_through(run):
    drain_once()
    assert fresh(run).state == "done"
    assert (run.contracts_total, run.contracts_done, run.contracts_left_out) == (3, 3, 0)
    assert built(run) == list(NUMBERS)


def test_a_long_run_goes_on_in_further_turns(run, monkeypatch):
    monkeypatch.setattr(runs, "TURN_SECONDS", 0.0)
    drain_once()
    assert fresh(run).state == "done"
    assert built(run) == list(NUMBERS)
    assert Item.objects.filter(kind="billing.run").count() == 1 + 3


def test_a_run_goes_on_behind_the_last_contract_it_built(run, when_building):
    seen = []

    def act(number):
        seen.append(number)
        if seen == ["C-1", "C-2"]:
            raise OperationalError("the database was restarted")

    when_building(act)
    drain_once()
    assert (fresh(run).state, run.contracts_done) == ("running", 1)
    all_due()
    drain_once()
    assert (fresh(run).state, run.contracts_done) == ("done", 3)
    assert seen == ["C-1", "C-2", "C-2", "C-3"]
    assert built() == list(NUMBERS)


def test_what_another_worker_built_meanwhile_is_not_built_twice(run, when_building):
    def another(number):
        BillingRun.objects.filter(pk=run.pk).update(after_contract=10**9)

    when_building(another)
    with pytest.raises(Superseded, match="C-1"):
        runs.build(run_id=run.pk)
    assert built() == []


# -- a contract that cannot be built ---------------------------------------------------------------------------------


@pytest.fixture
def broken(when_building):
    """C-2 cannot be built until `.over()`."""

    def act(number):
        if number == "C-2":
            raise ZeroDivisionError("no price")

    when_building(act)
    return when_building


def test_a_contract_that_cannot_be_built_is_left_out_with_a_case_and_the_others_go_on(run, broken):
    drain_once()
    assert (fresh(run).state, run.contracts_done, run.contracts_left_out) == ("done", 3, 1)
    assert built() == ["C-1", "C-3"]
    case = Case.objects.get(code="RUN_LEFT_OUT")
    assert (case.is_open, case.legal_entity) == (True, "US01")
    assert "ZeroDivisionError: no price" in case.detail
    member = case.members.get()
    assert (member.label, member.amount, member.currency) == ("C-2", 1200, "USD")
    assert Piece.objects.get(contract__number="C-2", is_current=True).state == "billable"


def test_the_next_run_builds_it_and_closes_the_case(run, broken, landscape, analyst):
    drain_once()
    broken.over()
    money.run_in(landscape, by=analyst)
    assert built() == list(NUMBERS)
    assert Case.objects.get(code="RUN_LEFT_OUT").status == "resolved"


def test_what_it_built_before_stands_when_a_contract_is_left_out(run, broken, landscape, analyst):
    broken.over()
    drain_once()
    first = Candidate.objects.get(contract__number="C-2")

    def act(number):
        if number == "C-2":
            raise ZeroDivisionError("no price")

    broken(act)
    money.run_in(landscape, by=analyst)
    assert fresh(first).status != "dissolved"


def test_a_run_that_cannot_go_on_is_closed_with_its_error_so_that_another_can_start(run, landscape, monkeypatch):
    def boom(*args, **kwargs):
        raise RuntimeError("boom")

    with monkeypatch.context() as patched:
        patched.setattr(runs, "_wanted", boom)
        for _ in range(8):
            all_due()
            drain_once()
    assert Item.objects.get(kind="billing.run").state == "parked"
    assert fresh(run).state == "failed"
    assert "boom" in run.error
    assert run.finished_at is not None
    assert Piece.objects.filter(is_current=True, state="billable").count() == 3
    money.run_in(landscape)
    assert built() == list(NUMBERS)


# -- stopping --------------------------------------------------------------------------------------------------------


def test_a_person_stops_a_run_after_the_contract_it_is_at(run, analyst, when_building):
    def act(number):
        if number == "C-2":
            runs.stop(run_id=run.pk, by=analyst, reason="Wrong date")

    when_building(act)
    drain_once()
    assert (fresh(run).state, run.contracts_done, run.stop_asked_by) == ("stopped", 2, analyst.username)
    assert built() == ["C-1", "C-2"]
    assert run.control_totals["USD"]["difference"] == "0.000000"
    told = Event.objects.filter(action__startswith="billing.run.").order_by("pk").values_list("action", "reason")
    assert list(told) == [
        ("billing.run.started", ""),
        ("billing.run.stop_asked", "Wrong date"),
        ("billing.run.stopped", f"Stopped by {analyst.username}"),
    ]


def test_after_a_stopped_run_another_does_the_rest(run, analyst, landscape):
    runs.stop(run_id=run.pk, by=analyst, reason="Wrong date")
    drain_once()
    assert (fresh(run).state, built()) == ("stopped", [])
    money.run_in(landscape, by=analyst)
    assert built() == list(NUMBERS)


def test_who_may_stop_a_run_and_when(run, analyst):
    stop = {"run_id": run.pk, "reason": "Wrong date"}
    with pytest.raises(Denied, match="Only billing analysts and finance"):
        runs.stop(**stop, by=factories.user(Role.PMO))
    with pytest.raises(Denied, match="outside your scope"):
        runs.stop(**stop, by=factories.user(Role.BILLING_ANALYST, entities=("GB01",)))
    runs.stop(**stop, by=analyst)
    with pytest.raises(Denied, match="ends after the contract it is at"):
        runs.stop(**stop, by=analyst)
    drain_once()
    with pytest.raises(Denied, match="This run is stopped"):
        runs.stop(**stop, by=analyst)
