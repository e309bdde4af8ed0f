"""What is signed as closed takes no more documents: they are dated after it, and what is under way waits."""

from datetime import date

from contracts import periods
from integration_hub.effects import windows
from integration_hub.work.inprocess import drain_once
from reconciliation.actions import closes
from tests import factories, money, screens
from tests.integration.reconciliation.closing import MARCH, conrad, fiona, fresh, nothing_else, signed
from tests.vendors import landscape

__all__ = ["conrad", "fiona", "landscape", "nothing_else"]

pytestmark = screens.SCREENS

APRIL = date(2026, 4, 1)


def close_of(month, *people):
    close = closes.open_close(legal_entity="US01", month=month, by="system:test")
    signed(close, *people)
    return close


def reopen(close, by):
    closes.reopen(close_id=close.pk, seen_version=fresh(close).version, reason="A late credit", by=by)


def test_the_first_open_day_is_after_what_is_signed(fiona, conrad, nothing_else):
    us = factories.legal_entity()
    nothing_else()
    march = close_of(MARCH, fiona)
    assert periods.open_period(us, MARCH) == MARCH, "one signature closes nothing"
    signed(march, conrad)
    assert periods.open_period(us, date(2026, 2, 28)) == date(2026, 2, 28)
    assert periods.open_period(us, MARCH) == APRIL
    close_of(APRIL, fiona, conrad)
    assert periods.open_period(us, MARCH) == periods.next_period(us, MARCH) == date(2026, 5, 1)
    assert periods.open_period(factories.legal_entity("GB01"), MARCH) == MARCH, "another legal entity"
    reopen(march, fiona)
    assert periods.open_period(us, MARCH) == MARCH


def test_an_invoice_built_after_it_is_dated_after_it(landscape, fiona, conrad, nothing_else):
    contract = money.contract_in(landscape)
    nothing_else()
    close_of(MARCH, fiona, conrad)
    candidate = money.ready_in(landscape, contract)
    assert (candidate.accounting_date, candidate.status) == (APRIL, "ready")


def test_an_invoice_under_way_waits_until_it_is_reopened(landscape, fiona, conrad, nothing_else):
    candidate = factories.candidate_approved(money.ready_in(landscape, money.contract_in(landscape)))
    nothing_else()
    effect = money.post(candidate)
    close = close_of(MARCH, fiona, conrad)
    drain_once()
    effect.refresh_from_db()
    assert (effect.state, effect.failure) == ("waiting", "March 2026 is signed as closed for US01.")
    assert landscape.erp.writes("invoice.post") == []
    assert windows.recheck() == 0
    reopen(close, fiona)
    assert windows.recheck() == 1
    drain_once()
    effect.refresh_from_db()
    assert effect.state == "confirmed"
    assert len(landscape.erp.writes("invoice.post")) == 1


def test_what_is_not_signed_by_two_holds_nothing(landscape, fiona, nothing_else):
    candidate = factories.candidate_approved(money.ready_in(landscape, money.contract_in(landscape)))
    nothing_else()
    effect = money.post(candidate)
    close_of(MARCH, fiona)
    drain_once()
    effect.refresh_from_db()
    assert effect.state == "confirmed"
