"""Two people at one change of billed work, or one at the change and one at its invoice; each guard with its control."""

from datetime import date
from decimal import Decimal

import pytest

from billing.actions import crediting, late_decisions
from billing.models import BillableEvent, Invoice, LateChange, Piece
from contracts.models import Contract
from integration_hub.kernel.errors import Denied, NotReady
from integration_hub.kernel.models import VersionedQuerySet
from integration_hub.trail.models import Event
from tests import factories, money
from tests.races import without_row_locks

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]

DECIDED = (late_decisions, "bring")
SHELL = (crediting, "_shell")


@pytest.fixture
def change(landscape):
    """8 hours that are billed, and that their source calls 6."""
    contract = money.contract_in(landscape, "C-1")
    factories.time_entry(contract, key="k1")
    money.posted_in(landscape, money.ready_in(landscape, contract, hours=""))
    factories.time_entry(contract, key="k1", hours="6")
    return LateChange.objects.get()


def accepting(change):
    person = factories.user()
    return lambda: late_decisions.accept(change_id=change.pk, by=person, seen_version=change.version)


def conceding():
    """A person who is about to concede something of the invoice."""
    seen, person = Invoice.objects.get(), factories.user()
    return lambda: crediting.ask(
        invoice_id=seen.pk, by=person, seen_version=seen.version, wanted=crediting.Wanted(amount=Decimal(10)),
        reason="GOODWILL", rebillable=False, note="Agreed", on=date(2026, 4, 30),
    )  # fmt: skip


def times_told():
    return Event.objects.filter(action="billing.late_change.accepted").count()


def credited():
    return Piece.objects.filter(corrects__isnull=False, is_current=True).count()


@pytest.fixture
def unguarded(monkeypatch):
    """Nobody waits for anybody's contract, and nobody notices that the change was decided meanwhile."""
    without_row_locks(monkeypatch, Contract)
    monkeypatch.setattr(VersionedQuerySet, "transition", lambda rows, pk, *, seen_version, **changes: None)


def test_of_two_who_accept_at_once_one_does(change, interleave):
    errors = interleave(accepting(change), accepting(change), at=DECIDED)
    assert errors[0] is None
    assert isinstance(errors[1], Denied)
    assert (times_told(), credited()) == (1, 1)
    assert BillableEvent.objects.get(is_current=True).minutes == 360


def test_without_guards_both_say_that_they_did(change, unguarded, interleave):
    """Negative control."""
    interleave(accepting(change), accepting(change), at=DECIDED)
    assert times_told() == 2


def test_a_change_is_not_accepted_while_its_invoice_is_being_conceded(change, interleave):
    errors = interleave(conceding(), accepting(change), at=SHELL)
    assert errors[0] is None
    assert isinstance(errors[1], NotReady)
    assert (credited(), LateChange.objects.get().status) == (0, "open")


def test_without_locks_what_is_conceded_is_credited_as_well(change, monkeypatch, interleave):
    """Negative control."""
    without_row_locks(monkeypatch, Contract)
    errors = interleave(conceding(), accepting(change), at=SHELL)
    assert errors == (None, None)
    assert credited() == 1
