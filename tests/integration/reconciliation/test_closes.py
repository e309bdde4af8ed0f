"""Closing a period: each check finds what it is for, two people sign the same figures, the pack is what they saw."""

import io
import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from openpyxl import load_workbook

from billing.models import Hold, Piece
from integration_hub.cases.actions import cases
from integration_hub.cases.actions.cases import MemberIn
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import BadInput, Denied, NotReady, Stale
from integration_hub.kernel.ids import content_hash
from integration_hub.people.models import Role
from integration_hub.work.inprocess import drain_once
from reconciliation.actions import closes, pair_breaks
from reconciliation.closing import checks, paper, standing
from reconciliation.closing.checks import CHECKS
from reconciliation.closing.found import Found
from reconciliation.matching.pairs import PAIRS
from reconciliation.models import ClosePack, PairBreak, PairRun, PeriodClose, TieOut
from tests import factories, screens
from tests.integration.api.conftest import Caller, problem
from tests.integration.reconciliation.conftest import item
from tests.pdf import Pdf

pytestmark = screens.SCREENS
MARCH = date(2026, 3, 31)


@pytest.fixture
def contract(db):
    return factories.contract_active("C-CLOSE")


@pytest.fixture
def close(contract) -> PeriodClose:
    return closes.open_close(legal_entity="US01", month=MARCH, by="system:test")


@pytest.fixture
def fiona(db):
    return screens.user(Role.FINANCE, "fiona")


@pytest.fixture
def conrad(db):
    return screens.user(Role.FINANCE, "conrad")


@pytest.fixture
def nothing_else(monkeypatch):
    """Only the checks named are asked; the rest finds nothing."""

    def only(*names: str) -> None:
        told = tuple(check if check.name in names else _silent(check) for check in CHECKS)
        monkeypatch.setattr(standing, "CHECKS", told)

    return only


def _silent(check):
    return replace(check, find=lambda period: Found())


def found(close: PeriodClose, name: str) -> Found:
    return standing.at(close, now()).line(name).found


def fresh(close: PeriodClose) -> PeriodClose:
    return PeriodClose.objects.get(pk=close.pk)


def held_work(contract, hours="8"):
    """Work of the period that nothing lets through."""
    factories.time_entry(contract, hours=hours)
    drain_once()
    Piece.objects.filter(contract=contract, is_current=True).update(state="held", codes=["PM_HOLD"])


def signed(close: PeriodClose, *people) -> ClosePack:
    for person in people:
        pack = closes.sign(close_id=close.pk, seen_version=fresh(close).version, by=person)
    return pack


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


def test_exceptions_stand_by_severity_with_what_they_hold_up(close):
    cases.set_members(
        code="CONTROL_TOTAL", root_cause="tie-out:test", title="Differs", detail="", remedy="", legal_entity="US01",
        members=[MemberIn("test", "1", "one", 5, "USD")], by="system:test",
    )  # fmt: skip
    severity = "urgent" if found(close, "urgent").count else "others"
    told = found(close, severity)
    assert (told.count, dict(told.money), told.words) == (1, {"USD": Decimal(5)}, ("CONTROL_TOTAL: 1",))


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
    assert (ready.currency, ready.posted, ready.share) == ("USD", Decimal(0), Decimal(75))


def test_what_is_planned_after_the_cut_off_is_named(close, contract):
    Hold.objects.filter(pk=factories.hold(contract).pk).update(review_on=close.cut_off_on + timedelta(days=1))
    (row,) = standing.late(standing.at(close, now()).period)
    assert (row.what, row.count) == ("Holds reviewed after the cut-off", 1)


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
    assert (closes.monthly(), closes.monthly()) == (1, 0)
    assert PeriodClose.objects.get().period == "2026-03"


# -- accepting and signing -----------------------------------------------------------------------------------------


def accept(close, by, check="held", *, seen=None, reason="Client pays in April"):
    seen = seen or found(close, check).digest
    return closes.accept(
        close_id=close.pk, check=check, seen_version=fresh(close).version, seen=seen, reason=reason, by=by
    )


def test_findings_are_accepted_with_a_reason_and_lapse_when_they_change(close, contract, fiona):
    held_work(contract)
    accept(close, fiona)
    line = standing.at(close, now()).line("held")
    assert (line.state, line.passes) == ("accepted", True)
    held_work(contract, "1")
    line = standing.at(close, now()).line("held")
    assert (line.state, line.lapsed) == ("open", True)
    accept(close, fiona)
    closes.withdraw(close_id=close.pk, check="held", seen_version=fresh(close).version, by=fiona)
    assert standing.at(close, now()).line("held").state == "open"
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


# -- screens and files -------------------------------------------------------------------------------------------------


def page(client, address: str, *arguments) -> str:
    return screens.page(client, reverse(f"reconciliation:{address}", args=arguments))


def test_the_cockpit_shows_each_check_with_owner_and_money_and_signs(client, close, contract, fiona, nothing_else):
    nothing_else("held")
    held_work(contract)
    client.force_login(fiona)
    assert "2026-03" in page(client, "close-list")
    shown = page(client, "close-detail", close.pk)
    assert "Holds are released" in shown
    assert "1 check stands in its way." in shown
    address = reverse("reconciliation:close-accept", args=[close.pk, "held"])
    form = {"version": fresh(close).version, "seen": found(close, "held").digest, "reason": "Paid in April"}
    assert client.get(address).status_code == 200
    assert client.post(address, form | {"reason": ""}).status_code == 422
    assert client.post(address, form).status_code == 302
    sign = reverse("reconciliation:close-sign", args=[close.pk])
    assert client.post(sign, {"version": fresh(close).version}).status_code == 302
    assert "Waits for the second signature" in page(client, "close-detail", close.pk)
    reopen = reverse("reconciliation:close-reopen", args=[close.pk])
    assert client.post(reopen, {"version": fresh(close).version, "reason": "No"}).status_code == 302
    back = reverse("reconciliation:close-withdraw", args=[close.pk, "held"])
    assert client.post(back, {"version": fresh(close).version}).status_code == 302
    assert "Pack 1" in page(client, "close-detail", close.pk)


def test_a_close_is_opened_on_a_screen(client, contract, fiona):
    client.force_login(fiona)
    address = reverse("reconciliation:close-open")
    form = {"seen": "new", "legal_entity": "US01", "month": "2026-02-10", "cut_off_on": ""}
    answer = client.post(address, form)
    assert answer.status_code == 302
    assert answer.url.startswith("/closes/")
    assert client.post(address, form).status_code == 409
    assert client.post(address, form | {"legal_entity": "XX99"}).status_code == 422


def test_others_do_not_find_it(client, close):
    outsider = screens.user(Role.FINANCE, "outsider", entities=("DE01",))
    client.force_login(outsider)
    assert client.get(reverse("reconciliation:close-detail", args=[close.pk])).status_code == 404
    assert "2026-03" not in page(client, "close-list")


def test_costs_are_shown_to_those_who_may_see_them(client, close, fiona, monkeypatch):
    costs = replace(checks.BY_NAME["costs"], find=lambda period: Found(count=1, money={"USD": Decimal(4321)}))
    monkeypatch.setattr(standing, "CHECKS", tuple(costs if check.name == "costs" else check for check in CHECKS))
    client.force_login(fiona)
    assert "4,321.00" in page(client, "close-detail", close.pk)
    client.force_login(screens.user(Role.PMO, "paula"))
    assert "4,321.00" not in page(client, "close-detail", close.pk)


def test_the_pack_is_handed_out_in_three_forms_and_noted(client, close, contract, fiona, conrad, nothing_else):
    nothing_else("held")
    held_work(contract)
    accept(close, fiona, reason="=HYPERLINK(1)")
    pack = signed(close, fiona, conrad)
    client.force_login(fiona)
    address = reverse("reconciliation:close-pack", args=[close.pk, 1])
    told = json.loads(client.get(address, {"format": "json"}).content)
    assert told["digest"] == pack.digest == content_hash(told["content"])
    assert [row["by"] for row in told["signatures"]] == ["fiona", "conrad"]
    book = load_workbook(io.BytesIO(client.get(address, {"format": "xlsx"}).content))
    held = next(row for row in book["Checklist"].values if row[0] == "Holds are released")
    assert held[3:5] == ("accepted", 1)
    assert held[8] == "'=HYPERLINK(1)"
    set_ = client.get(address, {"format": "pdf"}).content
    assert set_ == paper.set_pack(ClosePack.objects.get()), "the same pack gives the same bytes"
    words = Pdf(set_).text.replace("\n", "")
    assert pack.digest[:20] in words
    assert "Signed by two people" in words
    assert client.get(address, {"format": "exe"}).status_code == 404
    client.force_login(screens.user(Role.PMO, "paula"))
    assert client.get(address).status_code == 403


def test_what_moved_after_it_was_signed_is_said(client, close, contract, fiona, conrad, nothing_else):
    nothing_else("held")
    signed(close, fiona, conrad)
    held_work(contract)
    client.force_login(fiona)
    assert "Changed since it was signed." in page(client, "close-detail", close.pk)


def test_the_api_tells_how_it_stands_and_what_was_signed(close, contract, fiona, conrad, nothing_else):
    nothing_else("held")
    held_work(contract)
    mine = Caller(fiona, "reconciliation:read")
    (row,) = mine.get("closes/").json()["results"]
    assert (row["legal_entity"], row["state"]) == ("US01", "open")
    told = mine.get(f"closes/{close.pk}/").json()
    assert {one["name"]: one["state"] for one in told["checks"]}["held"] == "open"
    accept(close, fiona)
    signed(close, fiona, conrad)
    (pack,) = mine.get(f"closes/{close.pk}/packs/").json()
    assert pack["state"] == "signed"
    outsider = Caller(screens.user(Role.FINANCE, "outsider", entities=("DE01",)), "reconciliation:read")
    assert outsider.get(f"closes/{close.pk}/").status_code == 404
    paula = Caller(screens.user(Role.PMO, "paula"), "reconciliation:read")
    assert problem(paula.get(f"closes/{close.pk}/packs/"), 403)
