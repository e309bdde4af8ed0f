"""Eight billing runs of one contract at once, each on a connection of its own: no limit is ever over-committed."""

import threading
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.db.models import Sum

from billing.actions import decisions, limits, runs
from billing.models import BillingRun, Candidate, CapEntry, Piece
from contracts.models import Cap, Contract
from integration_hub.people.models import Role
from tests import factories, money
from tests.races import without_row_locks

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]

MARCH = date(2026, 3, 31)
RUNS = 8
LIMIT = Decimal(1200)


@pytest.fixture
def without():
    """`without(model, name)`: a constraint of the database is gone until the test is over."""
    gone = []

    def drop(model, name):
        [rule] = [rule for rule in model._meta.constraints if rule.name == name]
        with connection.schema_editor() as schema:
            schema.remove_constraint(model, rule)
        gone.append((model, rule))

    yield drop
    BillingRun.objects.update(state="done")
    CapEntry.objects.all().delete()
    Cap.objects.update(reserved=0)
    for model, rule in gone:
        with connection.schema_editor() as schema:
            schema.add_constraint(model, rule)


@pytest.fixture
def at_once(monkeypatch, threads):
    """Builds runs at once; each stops before it reserves, until all are there or those missing wait for a lock."""
    arrived: list[int] = []
    reserve = limits.reserve

    def met(candidate):
        arrived.append(candidate.pk)
        gate = threading.Event()
        for _ in range(300):
            if len(arrived) + waiting() >= RUNS:
                break
            gate.wait(0.1)
        reserve(candidate)

    monkeypatch.setattr(limits, "reserve", met)
    return lambda ids: threads(*[lambda pk=pk: runs.build(run_id=pk) for pk in ids])


def waiting():
    """How many connections wait for a lock, asked beside the transaction the caller is in."""
    beside = connection.copy()
    try:
        with beside.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            return cursor.fetchone()[0]
    finally:
        beside.close()


def started(landscape, without, number, *, hours):
    """Work of these hours on each of four days under a limit of 1,200, and eight runs that are about to bill it."""
    without(BillingRun, "billing_run_one_running_per_entity")
    contract = money.contract_in(landscape, number, rate="150", cap=str(LIMIT))
    for day in (2, 3, 4, 5):
        factories.time_entry(contract, hours=hours, on=date(2026, 3, day))
    person = factories.user(Role.BILLING_ANALYST)
    made = [
        BillingRun.objects.create(
            legal_entity=contract.legal_entity, through=MARCH, invoice_date=MARCH, started_by=person
        )
        for _ in range(RUNS)
    ]
    return contract, [run.pk for run in made]


def test_eight_runs_at_once_never_pass_the_limit(landscape, without, at_once):
    contract, ids = started(landscape, without, "C-8", hours="5")
    at_once(ids)
    cap = contract.caps.get()
    assert set(BillingRun.objects.filter(pk__in=ids).values_list("state", "contracts_left_out")) == {("done", 0)}
    assert cap.reserved + cap.committed == LIMIT
    assert cap.entries.aggregate(t=Sum("amount"))["t"] == LIMIT
    standing = Candidate.objects.filter(contract=contract).exclude(status="dissolved")
    assert standing.get().net == LIMIT
    pieces = Piece.objects.filter(contract=contract, is_current=True)
    assert pieces.aggregate(t=Sum("amount"))["t"] == Decimal(3000)


def test_without_locks_and_constraint_the_limit_is_passed(landscape, without, at_once, monkeypatch):
    """Negative control: every run takes the same room."""
    contract, ids = started(landscape, without, "C-9", hours="2")
    without(Cap, "cap_never_over_committed")
    without_row_locks(monkeypatch, Contract, Piece, Cap)
    monkeypatch.setattr(decisions, "decide_contract", lambda **_: 0)  # decided already; its cases put them in turn too
    at_once(ids)
    cap = contract.caps.get()
    assert cap.reserved + cap.committed > LIMIT
