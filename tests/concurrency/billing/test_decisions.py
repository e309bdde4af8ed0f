"""Two callers decide on the same work at once: each piece of work has one current decision; each guard is needed."""

import pytest
from django.db import IntegrityError, connection
from django.db.models import Sum

from billing.actions import decisions
from billing.models import BillableEvent, Decision, Piece
from contracts.models import Contract
from tests import factories, money
from tests.races import without_row_locks

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


@pytest.fixture
def work(landscape):
    """One entry of 8 hours nobody has decided on yet, worth 1,200."""
    contract = money.contract_in(landscape, "C-1")
    factories.time_entry(contract)
    Piece.objects.all().delete()
    Decision.objects.all().delete()
    return contract


@pytest.fixture
def unguarded():
    """`unguarded(model, name)` takes a constraint out of the database for one test."""
    away = []

    def drop(model, name):
        [rule] = [rule for rule in model._meta.constraints if rule.name == name]
        with connection.schema_editor() as schema:
            schema.remove_constraint(model, rule)
        away.append((model, rule))

    yield drop
    Piece.objects.all().delete()
    Decision.objects.all().delete()
    for model, rule in away:
        with connection.schema_editor() as schema:
            schema.add_constraint(model, rule)


def deciding(contract):
    return lambda: decisions.decide_contract(contract_id=contract.pk, caused_by="test")


def both(interleave, contract):
    """Both know that nothing is decided before either writes."""
    return interleave(deciding(contract), deciding(contract), at=(decisions, "copy_in"))


def worth():
    current = Piece.objects.filter(is_current=True)
    return Decision.objects.filter(is_current=True).count(), current.aggregate(total=Sum("amount"))["total"]


def test_of_two_who_decide_at_once_the_second_finds_it_decided(work, interleave):
    assert both(interleave, work) == (None, None)
    assert BillableEvent.objects.count() == 1
    assert worth() == (1, 1200)


def test_past_the_lock_the_database_keeps_one_current_decision(work, interleave, monkeypatch):
    without_row_locks(monkeypatch, Contract)
    errors = [error for error in both(interleave, work) if error is not None]
    assert len(errors) == 1
    assert isinstance(errors[0], IntegrityError)
    assert "decision_one_current" in str(errors[0])
    assert worth() == (1, 1200)


def test_past_the_lock_and_that_rule_the_pieces_are_kept_apart(work, interleave, monkeypatch, unguarded):
    without_row_locks(monkeypatch, Contract)
    unguarded(Decision, "decision_one_current")
    errors = [error for error in both(interleave, work) if error is not None]
    assert len(errors) == 1
    assert "piece_one_current_per_number" in str(errors[0])
    assert worth() == (1, 1200)


def test_without_lock_and_rules_the_work_is_worth_twice_what_it_is(work, interleave, monkeypatch, unguarded):
    """Negative control: the same eight hours could be billed twice."""
    without_row_locks(monkeypatch, Contract)
    unguarded(Decision, "decision_one_current")
    unguarded(Piece, "piece_one_current_per_number")
    assert both(interleave, work) == (None, None)
    assert worth() == (2, 2400)
