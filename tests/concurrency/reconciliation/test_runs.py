"""Two at once: one run of a pair, one outcome of a run, one match of an item; each guard with its control."""

from decimal import Decimal

import pytest

from integration_hub.kernel.errors import NotReady
from reconciliation.actions import pair_breaks, pair_runs, suggestions
from reconciliation.models import PairBreak, PairRun, Suggestion
from tests import factories
from tests.integration.reconciliation.conftest import item

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


def ask():
    pair_runs.request(pair="test", by="system:test")


def test_of_two_who_ask_at_once_the_second_is_told(books, interleave):
    errors = interleave(ask, ask, at=(pair_runs, "_told"))
    assert errors[0] is None
    assert isinstance(errors[1], NotReady)
    assert PairRun.objects.count() == 1


def twice(books, interleave):
    """Two workers that compare the same run: the first is about to store what it found when the second comes."""
    books.left = [item("one")]
    ask()
    run = PairRun.objects.get()
    pair_runs._phase(run, "reading")
    stored = []
    original = pair_breaks.bring_up_to_date

    def counted(*args):
        stored.append(1)
        original(*args)

    pair_breaks.bring_up_to_date = counted
    try:
        errors = interleave(
            lambda: pair_runs.perform(run), lambda: pair_runs.perform(PairRun.objects.get()),
            at=(suggestions, "bring_up_to_date"),
        )  # fmt: skip
    finally:
        pair_breaks.bring_up_to_date = original
    return errors, len(stored)


def test_of_two_workers_with_the_same_run_one_stores_it(books, interleave):
    errors, stored = twice(books, interleave)
    assert errors == (None, None)
    assert (stored, PairBreak.objects.count(), PairRun.objects.get().state) == (1, 1, "done")


def test_without_the_look_at_its_state_both_would(books, interleave, monkeypatch):
    """Negative control: what the second compared is written as well, although the run is done."""
    monkeypatch.setattr(pair_runs, "_stands", lambda run: True)
    errors, stored = twice(books, interleave)
    assert stored == 2
    assert isinstance(errors[1], NotReady)


@pytest.fixture
def overlapping(books):
    """Two suggestions that want the same item of the right."""
    books.left = [item("one")]
    ask()
    run = PairRun.objects.get()
    return [
        Suggestion.objects.create(
            pair="test", legal_entity="US01", way="keyless", identity=key, left_keys=[key], right_keys=["same"],
            amount=Decimal(1), gap=0, currency="USD", confidence=0, run=run,
        )
        for key in ("l1", "l2")
    ]  # fmt: skip


def accepting(rows):
    people = [factories.user(name=f"person-{row.pk}") for row in rows]
    return [
        lambda row=row, by=by: suggestions.accept(suggestion_id=row.pk, by=by, seen_version=row.version)
        for row, by in zip(rows, people, strict=True)
    ]


def accepted():
    return Suggestion.objects.filter(state="accepted").count()


def test_an_item_is_matched_once_however_many_accept(overlapping, interleave):
    errors = interleave(*accepting(overlapping), at=(suggestions, "_move"))
    assert errors[0] is None
    assert isinstance(errors[1], NotReady)
    assert accepted() == 1


def test_without_waiting_for_one_another_an_item_is_matched_twice(overlapping, interleave, monkeypatch):
    """Negative control."""
    monkeypatch.setattr(suggestions, "_alone", lambda pair: None)
    assert interleave(*accepting(overlapping), at=(suggestions, "_move")) == (None, None)
    assert accepted() == 2
