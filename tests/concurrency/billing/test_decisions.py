"""Two callers decide on the same work at once: each piece of work has one current decision; each guard is needed."""

import sys

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import Sum

from billing.actions import decisions
from billing.models import BillableEvent, ComparedTerms, Decision, Piece
from contracts.models import Contract
from integration_hub.work import engine
from tests import factories, money
from tests.races import with_keys_locked, without_row_locks

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
    return interleave(deciding(contract), deciding(contract), at=(decisions, "copy_values"))


def worth():
    current = Piece.objects.filter(is_current=True)
    return Decision.objects.filter(is_current=True).count(), current.aggregate(total=Sum("amount"))["total"]


def test_of_two_who_decide_at_once_the_second_finds_it_decided(work, interleave):
    assert both(interleave, work) == (None, None)
    assert BillableEvent.objects.count() == 1
    assert worth() == (1, 1200)


def test_past_the_lock_the_database_keeps_one_current_decision(work, interleave, monkeypatch):
    without_row_locks(monkeypatch, Contract, ComparedTerms)
    errors = [error for error in both(interleave, work) if error is not None]
    assert len(errors) == 1
    assert isinstance(errors[0], IntegrityError)
    assert "decision_one_current" in str(errors[0])
    assert worth() == (1, 1200)


def test_past_the_lock_and_that_rule_the_pieces_are_kept_apart(work, interleave, monkeypatch, unguarded):
    without_row_locks(monkeypatch, Contract, ComparedTerms)
    unguarded(Decision, "decision_one_current")
    errors = [error for error in both(interleave, work) if error is not None]
    assert len(errors) == 1
    assert "piece_one_current_per_number" in str(errors[0])
    assert worth() == (1, 1200)


def test_without_lock_and_rules_the_work_is_worth_twice_what_it_is(work, interleave, monkeypatch, unguarded):
    """Negative control: the same eight hours could be billed twice."""
    without_row_locks(monkeypatch, Contract, ComparedTerms)
    unguarded(Decision, "decision_one_current")
    unguarded(Piece, "piece_one_current_per_number")
    assert both(interleave, work) == (None, None)
    assert worth() == (2, 2400)


# -- many contracts at once ----------------------------------------------------------------------------------------


@pytest.fixture
def pair(landscape):
    """Two contracts in the order of their ids, each with an entry of 1,200 nobody has decided on yet."""
    contracts = [money.contract_in(landscape, number) for number in ("C-1", "C-2")]
    for contract in contracts:
        factories.time_entry(contract, decide=False)
    return contracts


def together(*contracts):
    causes = {contract.pk: decisions.Cause("test", "") for contract in contracts}
    return lambda: decisions.decide_contracts(causes=causes)


def between():
    """Where a billing run, or whoever else takes contracts one after the other, stands between two of them."""


def one_after_the_other(*contracts):
    def act():
        with transaction.atomic():
            for contract in contracts:
                Contract.objects.select_for_update().get(pk=contract.pk)
                between()

    return act


BETWEEN = (sys.modules[__name__], "between")


def test_of_two_who_decide_the_same_contracts_the_second_finds_them_decided(pair, interleave):
    first, second = pair
    assert interleave(together(first, second), together(second, first), at=(decisions, "copy_values")) == (None, None)
    assert worth() == (2, 2400)


def test_contracts_are_locked_in_the_order_in_which_others_lock_them(pair, interleave):
    first, second = pair
    assert interleave(one_after_the_other(first, second), together(second, first), at=BETWEEN) == (None, None)
    assert worth() == (2, 2400)


def test_locked_in_another_order_they_would_wait_for_each_other(pair, interleave, monkeypatch):
    """Negative control."""
    first, second = pair
    rows = Contract.objects.select_for_update(of=("self",)).select_related("legal_entity", "customer")
    monkeypatch.setattr(decisions, "_locked", lambda ids: [rows.get(pk=pk) for pk in sorted(ids, reverse=True)])
    errors = interleave(one_after_the_other(first, second), together(first, second), at=BETWEEN)
    [error] = [error for error in errors if error is not None]
    assert isinstance(error, OperationalError)
    assert "deadlock detected" in str(error)


# -- work that comes in while its contract is decided ------------------------------------------------------------------


def deciding_in_its_lane(contract):
    """An entry waits for its decision; a worker of its lane."""
    factories.time_entry(contract, decide=False)
    return lambda: engine.drain("ingest")


def coming_in(contract):
    return lambda: factories.time_entry(contract, decide=False)


def refused(monkeypatch):
    """What the workers were told that the database refused for a moment."""
    found = []
    named = engine._named

    def note(job, error):
        found.append(str(error))
        return named(job, error)

    monkeypatch.setattr(engine, "_named", note)
    return found


def test_work_comes_in_while_its_contract_is_decided(landscape, interleave, monkeypatch):
    """The intake holds the contract's lane and refers to the contract; the worker holds the contract and needs the
    lane. Neither waits for the other, because nobody changes the contract's key.
    """
    contract = money.contract_in(landscape, "C-1")
    told = refused(monkeypatch)
    at = (decisions, "copy_values")
    assert interleave(deciding_in_its_lane(contract), coming_in(contract), at=at) == (None, None)
    assert told == []
    factories.drain_once(("ingest",))
    assert worth() == (2, 2400)


def test_with_the_contracts_key_locked_too_what_comes_in_only_waits(landscape, interleave, monkeypatch):
    """FOR UPDATE keeps out whoever stores something that refers to the contract. The reference is proved before the
    lane is entered, so whoever waits for the contract holds nothing that its worker needs.
    """
    with_keys_locked(monkeypatch)
    contract = money.contract_in(landscape, "C-1")
    told = refused(monkeypatch)
    at = (decisions, "copy_values")
    assert interleave(deciding_in_its_lane(contract), coming_in(contract), at=at) == (None, None)
    assert told == []
    factories.drain_once(("ingest",))
    assert worth() == (2, 2400)
