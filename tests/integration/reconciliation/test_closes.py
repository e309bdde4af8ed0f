"""Closing a period: opened once, findings accepted as they were seen, signed by two people over the same figures."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from billing.models import Piece
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import BadInput, Denied, NotReady, Stale
from integration_hub.kernel.ids import content_hash
from integration_hub.people.models import Role
from reconciliation.actions import closes
from reconciliation.closing import standing
from reconciliation.models import ClosePack, PeriodClose
from tests import factories, screens
from tests.integration.reconciliation.closing import (
    MARCH,
    accept,
    close,
    conrad,
    contract,
    fiona,
    fresh,
    held_work,
    nothing_else,
    signed,
)

__all__ = ["close", "conrad", "contract", "fiona", "nothing_else"]

pytestmark = screens.SCREENS


# -- opening -----------------------------------------------------------------------------------------------------------


def test_a_month_is_opened_once(close, fiona):
    assert (close.starts_on, close.ends_on, close.cut_off_on) == (date(2026, 3, 1), MARCH, date(2026, 4, 5))
    with pytest.raises(NotReady, match="open already"):
        closes.open_close(legal_entity="US01", month=date(2026, 3, 2), by=fiona)


@pytest.mark.parametrize(
    ("entity", "cut_off", "field"), [("XX99", None, "legal_entity"), ("US01", date(2026, 2, 1), "cut_off_on")]
)
def test_what_cannot_be_opened_names_its_field(contract, fiona, entity, cut_off, field):
    with pytest.raises(BadInput) as refused:
        closes.open_close(legal_entity=entity, month=date(2026, 2, 3), cut_off_on=cut_off, by=fiona)
    assert [problem.field for problem in refused.value.problems] == [field]


def test_when_a_month_is_over_its_close_opens_once(contract, monkeypatch):
    factories.time_entry(contract, hours="1", on=date(2026, 3, 2))
    monkeypatch.setattr(closes, "today", lambda: date(2026, 4, 1))
    factories.time_entry(contract, hours="1", on=date(2026, 4, 1))
    assert (closes.monthly(), closes.monthly()) == (1, 0)
    assert PeriodClose.objects.get().period == "2026-03", "April is not over"
    monkeypatch.setattr(closes, "today", lambda: date(2026, 7, 9))
    assert (closes.monthly(), closes.monthly()) == (1, 0)
    assert PeriodClose.objects.latest("pk").period == "2026-04", "nobody worked since"


# -- accepting and signing -----------------------------------------------------------------------------------------


def test_findings_are_accepted_with_a_reason_and_lapse_when_they_change(close, contract, fiona):
    held_work(contract)
    accept(close, fiona)
    line = standing.of_check(close, "held", now())
    assert (line.state, line.passes) == ("accepted", True)
    held_work(contract, "1")
    line = standing.of_check(close, "held", now())
    assert (line.state, line.lapsed) == ("open", True)
    accept(close, fiona)
    closes.withdraw(close_id=close.pk, check="held", seen_version=fresh(close).version, by=fiona)
    assert standing.of_check(close, "held", now()).state == "open"
    assert close.acceptances.count() == 2, "what was accepted once is kept"


def test_what_was_not_seen_cannot_be_accepted(close, contract, fiona):
    held_work(contract)
    with pytest.raises(Stale):
        accept(close, fiona, seen="0" * 64)
    with pytest.raises(NotReady, match="Say why"):
        accept(close, fiona, reason=" ")
    with pytest.raises(NotReady, match="put right"):
        accept(close, fiona, "tie_out")
    with pytest.raises(NotReady, match="nothing stands"):
        accept(close, fiona, "blocked")


def test_two_people_sign_the_same_figures(close, contract, fiona, conrad, nothing_else):
    nothing_else("held")
    held_work(contract)
    with pytest.raises(Denied, match="1 check stands"):
        signed(close, fiona)
    accept(close, fiona)
    pack = signed(close, fiona)
    assert (pack.state, pack.digest) == ("proposed", content_hash(pack.content))
    with pytest.raises(Denied, match="second person"):
        signed(close, fiona)
    assert signed(close, conrad).state == "signed"
    with pytest.raises(Denied, match="signed by two"):
        signed(close, conrad)
    kept = {row["name"]: row for row in ClosePack.objects.get().content["checks"]}["held"]
    assert (kept["state"], kept["accepted"]["by"], kept["found"]["count"]) == ("accepted", "fiona", 1)


def test_the_second_signature_is_refused_when_the_figures_moved(close, contract, fiona, conrad, nothing_else):
    nothing_else("others", "held")
    signed(close, fiona)
    held_work(contract)
    with pytest.raises(Denied):
        signed(close, conrad)
    Piece.objects.update(state="billable", codes=[])
    assert signed(close, conrad).state == "signed", "the figures are again those that were signed"


def test_findings_that_moved_within_what_passes_refuse_the_second_signature(
    close, contract, fiona, conrad, nothing_else
):
    nothing_else("held")
    held_work(contract)
    accept(close, fiona)
    signed(close, fiona)
    Piece.objects.update(
        state="billable", codes=[]
    )  # nothing stands in the way any more, but it is not what was signed
    with pytest.raises(NotReady, match=r"Changed since fiona signed: Holds are released"):
        signed(close, conrad)


def test_reopening_keeps_what_was_signed(close, fiona, conrad, nothing_else):
    nothing_else()
    signed(close, fiona, conrad)
    with pytest.raises(NotReady, match="Say why"):
        closes.reopen(close_id=close.pk, seen_version=fresh(close).version, reason="", by=fiona)
    closes.reopen(close_id=close.pk, seen_version=fresh(close).version, reason="A late credit", by=fiona)
    assert list(close.packs.values_list("number", "state", "void_reason")) == [(1, "void", "A late credit")]
    assert signed(close, conrad, fiona).number == 2


def test_the_database_wants_two_signatures(close, fiona, nothing_else):
    nothing_else()
    pack = signed(close, fiona)
    for wrong in ({"second_by": "fiona", "second_at": now()}, {"second_by": "", "second_at": now()}, {}):
        with pytest.raises(IntegrityError), transaction.atomic():
            ClosePack.objects.filter(pk=pack.pk).update(state="signed", **wrong)


def test_a_decision_on_what_somebody_else_decided_is_refused(close, fiona, conrad, nothing_else):
    nothing_else()
    seen = fresh(close).version
    signed(close, fiona)
    with pytest.raises(Stale):
        closes.sign(close_id=close.pk, seen_version=seen, by=conrad)


@pytest.mark.parametrize("role", [Role.BILLING_ANALYST, Role.AUDITOR, Role.PMO])
def test_only_finance_signs(close, role, nothing_else):
    nothing_else()
    with pytest.raises(Denied, match="Only finance"):
        signed(close, screens.user(role, "somebody"))
