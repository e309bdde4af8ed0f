"""What stands in the way of a close: each check finds what it is for, with its money."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace

import pytest

from billing.actions import recognition, revenue_journals
from billing.actions.recognition import Measure
from billing.models import Hold, Piece, RevenuePosting
from billing.naming import code_words
from integration_hub.cases.actions import cases
from integration_hub.cases.actions.cases import MemberIn
from integration_hub.kernel.clock import now
from integration_hub.people.models import Role
from integration_hub.work.inprocess import drain_once
from reconciliation.actions import pair_breaks
from reconciliation.closing import checks, standing
from reconciliation.matching.pairs import PAIRS
from reconciliation.models import PairBreak, PairRun, TieOut
from tests import factories, screens
from tests.integration.reconciliation.closing import MARCH, close, conrad, contract, fiona, found, nothing_else
from tests.integration.reconciliation.conftest import item

__all__ = ["close", "conrad", "contract", "fiona", "nothing_else"]

pytestmark = screens.SCREENS


# -- checks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["blocked", "held", "over_cap"])
def test_stopped_work_up_to_the_last_day_stands_with_its_money_and_hours(close, contract, state):
    factories.time_entry(contract, hours="8", on=MARCH)
    factories.time_entry(contract, hours="4", on=MARCH + timedelta(days=1))
    drain_once()
    assert found(close, state).clear
    pieces = Piece.objects.filter(contract=contract, is_current=True)
    pieces.update(state=state, codes=["PM_HOLD"])
    told = found(close, state)
    march = pieces.get(event__service_date=MARCH)
    assert (told.count, told.hours, dict(told.money)) == (1, Decimal(8), {"USD": march.amount})


def test_work_that_nobody_approved_counts_with_its_hours(close, contract):
    factories.time_entry(contract, hours="3", approval="submitted")
    drain_once()
    told = found(close, "approval")
    assert (told.count, told.hours, dict(told.money)) == (1, Decimal(3), {})


def test_candidates_of_the_period_stand_until_they_are_posted(close, contract):
    candidate = factories.candidate_ready(contract)
    told = found(close, "candidates")
    assert (told.count, dict(told.money), told.basis) == (1, {"USD": candidate.net}, "net")
    factories.invoice_posted(candidate, number="INV-1")
    assert found(close, "candidates").clear


def test_a_posting_without_a_proved_outcome_stands(close, contract):
    invoice = factories.invoice_posted(factories.candidate_ready(contract), number="INV-2")
    assert found(close, "effects").clear
    type(invoice.effect).objects.filter(pk=invoice.effect_id).update(state="unknown")
    assert found(close, "effects").count == 1


def test_revenue_stands_until_it_is_in_the_ledger(close, contract, fiona, conrad):
    measure = Measure(code="All", price=Decimal(1000), progress=Fraction(1, 4), invoiced=Decimal(0))
    recognition.recognise(contract=contract, period=date(2026, 3, 1), measures=[measure], by=fiona)
    there = found(close, "revenue")
    assert (there.count, there.money) == (1, {"USD": Decimal(250)})
    assert "legal_entity=US01" in there.url
    factories.erp(contract.legal_entity)
    [row] = revenue_journals.post(legal_entity=contract.legal_entity, through=MARCH, by=conrad)
    assert (found(close, "revenue").count, found(close, "revenue").money) == (1, {"USD": Decimal(250)}), "under way"
    RevenuePosting.objects.filter(pk=row.pk).update(status="posted")
    assert found(close, "revenue").count == 0


def test_exceptions_stand_by_severity_with_what_they_hold_up(close):
    cases.set_members(
        code="CONTROL_TOTAL", root_cause="tie-out:test", title="Differs", detail="", remedy="", legal_entity="US01",
        members=[MemberIn("test", "1", "one", 5, "USD")], by="system:test",
    )  # fmt: skip
    severity = "urgent" if found(close, "urgent").count else "others"
    told = found(close, severity)
    assert (told.count, dict(told.money), told.words) == (
        1,
        {"USD": Decimal(5)},
        (f"{code_words('CONTROL_TOTAL')}: 1",),
    )


def test_a_tie_out_counts_when_it_is_of_after_the_period_and_agrees(close):
    assert found(close, "tie_out").words == ("No tie-out was run since the period ended.",)
    arrow = {"name": "ledger", "legal_entity": "US01", "currency": "USD", "left_name": "Here", "left": "10",
             "right_name": "There", "right": "9", "agrees": False}  # fmt: skip
    TieOut.objects.create(started_by="t", agrees=False, totals={"arrows": [arrow, arrow | {"legal_entity": "DE01"}]})
    assert found(close, "tie_out").words == ("Here 10, There 9 USD",)
    TieOut.objects.create(started_by="t", agrees=True, totals={"arrows": [arrow | {"agrees": True}]})
    assert found(close, "tie_out").clear
    TieOut.objects.create(started_by="t", agrees=True, totals={"arrows": [], "silent": {"netsuite": "no answer"}})
    assert found(close, "tie_out").words == ("netsuite did not answer: no answer",)


def test_pairs_count_when_reconciled_since_certified_and_explained(close, books, monkeypatch):
    monkeypatch.setattr("reconciliation.closing.checks.ordered", lambda: [books_pair()])
    assert found(close, "pairs").words == ("Test pair: not reconciled since the period ended.",)
    run = books.reconcile()
    assert (run.verdict, found(close, "pairs").words) == ("agrees", ())
    books.reconcile(period_from=date(2026, 1, 1), period_to=date(2026, 2, 1))
    assert found(close, "pairs").clear, "a run of other days neither proves nor spoils these"
    PairRun.objects.filter(pk=run.pk).update(verdict="uncertified")
    assert found(close, "pairs").words == ("Test pair: the last run certifies nothing.",)


def books_pair():
    return PAIRS.get("test")


def test_a_break_of_the_period_stands_until_it_is_explained(close, books, fiona, monkeypatch):
    monkeypatch.setattr("reconciliation.closing.checks.ordered", lambda: [books_pair()])
    books.left = [item("A", "100")]
    books.reconcile()
    assert "1 break that nobody has explained." in found(close, "pairs").words
    row = PairBreak.objects.get()
    pair_breaks.explain(break_id=row.pk, by=fiona, seen_version=row.version, reason="Booked by hand in April")
    row.refresh_from_db()
    if row.state == "proposed":  # much money: a second person
        pair_breaks.confirm(break_id=row.pk, by=screens.user(Role.FINANCE, "second"), seen_version=row.version)
    assert found(close, "pairs").clear


def test_a_feed_that_was_not_read_since_the_period_stands(close, monkeypatch):
    class Feed(SimpleNamespace):
        def __str__(self):
            return "kantata time"

    feed = Feed(pk=1, last_ok_at=now().replace(year=2026, month=3, day=31))
    monkeypatch.setattr(checks, "_feeds", lambda entity: [feed])
    monkeypatch.setattr(checks, "refusals", lambda feed, moment: [])
    assert found(close, "feeds").words == ("kantata time was not read since the period ended.",)
    feed.last_ok_at += timedelta(days=1)
    assert found(close, "feeds").clear
    monkeypatch.setattr(checks, "refusals", lambda feed, moment: ["kantata time is paused."])
    assert found(close, "feeds").words == ("kantata time is paused.",)


def test_money_ready_is_what_nothing_stops_of_what_is_due(close, contract):
    factories.time_entry(contract, hours="6")
    drain_once()
    factories.time_entry(contract, hours="2", on=date(2026, 3, 3))
    drain_once()
    Piece.objects.filter(is_current=True, event__service_date=date(2026, 3, 3)).update(state="held", codes=["PM_HOLD"])
    (ready,) = standing.readiness(standing.at(close, now()).period)
    assert (ready.currency, ready.posted, ready.share) == ("USD", Decimal(0), Decimal("0.75"))


def test_what_is_planned_after_the_cut_off_is_named(close, contract):
    Hold.objects.filter(pk=factories.hold(contract).pk).update(review_on=close.cut_off_on + timedelta(days=1))
    (row,) = standing.late(standing.at(close, now()).period)
    assert (row.what, row.count) == ("Holds reviewed after the cut-off", 1)
