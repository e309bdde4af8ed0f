"""Posting: only what is approved, once, and what the ERP shows is compared with what was approved (R22)."""

from datetime import date
from decimal import Decimal

import pytest

from billing.actions import approvals, candidates, checks, holds, posting
from billing.models import Candidate, CapEntry, Invoice, Piece, TaxDetermination
from contracts.models import AccountingPeriod, BillTo, Route
from contracts.queries import reference_of
from integration_hub.cases.models import Case
from integration_hub.connectors.registry import TAX_ENGINES
from integration_hub.effects import windows
from integration_hub.effects.actions import effects
from integration_hub.effects.models import Effect
from integration_hub.kernel.errors import Denied, Stale
from integration_hub.people.models import Role
from integration_hub.trail.models import Event
from integration_hub.work.inprocess import drain_once
from integration_hub.work.models import Lane
from tests import factories, money, vendors
from tests.worlds import shared

MARCH = date(2026, 3, 31)


@shared
def ready():
    with vendors.silent() as landscape:
        contract = money.contract_in(landscape, "C-1", cap="5000", po_number="PO-1", po_amount="5000")
        return money.ready_in(landscape, contract)


@shared
def approved(ready):
    with vendors.silent():
        return factories.candidate_approved(ready)


def fresh(candidate):
    return Candidate.objects.get(pk=candidate.pk)


def post(candidate, by=None):
    return money.post(fresh(candidate), by=by)


def again():
    """Work the lanes as if all waits were over."""
    for _ in range(3):
        Lane.objects.update(next_at="2000-01-01T00:00Z")
        drain_once()


def revisions(candidate):
    """(revision, state) of each attempt to post it, the first one first."""
    return [(effect.revision, effect.state) for effect in posting.effects_of(candidate).order_by("revision")]


def in_it(candidate):
    """States of the work in it."""
    return set(Piece.objects.filter(candidate_line__candidate=candidate).values_list("state", flat=True))


def room(candidate):
    """(reserved, committed) of its cap and of its purchase order."""
    cap, order = candidate.contract.caps.get(), candidate.contract.purchase_orders.get()
    return (cap.reserved, cap.committed), (order.reserved, order.committed)


def open_cases(code):
    return Case.objects.filter(code=code).exclude(status="resolved")


# -- what is posted ------------------------------------------------------------------------------------------------


def test_the_invoice_says_what_was_approved(landscape, approved):
    effect = post(approved)
    assert (fresh(approved).status, in_it(approved), Invoice.objects.count()) == ("posting", {"reserved"}, 0)
    assert (effect.effect_type, effect.business_key, effect.amount) == ("netsuite.invoice.post", approved.number, 1320)
    drain_once()
    invoice = Invoice.objects.get(candidate=approved)
    assert (invoice.net, invoice.tax, invoice.gross, invoice.currency) == (1200, 120, 1320, "USD")
    assert (invoice.number, invoice.effect, invoice.invoice_date) == (f"INV-{approved.number}", effect, MARCH)
    [line] = invoice.lines.all()
    assert (line.net, line.tax, line.remote_line) == (1200, 120, f"{approved.number}-1")
    assert (fresh(approved).status, in_it(approved)) == ("posted", {"posted"})
    assert room(approved) == ((0, 1200), (0, 1200))
    assert [entry.kind for entry in CapEntry.objects.order_by("id")] == ["reserve", "commit"]
    [write] = landscape.erp.writes("invoice.post")
    assert write.payload["reference"] == approved.number
    assert write.payload["po_number"] == "PO-1"
    assert [row["amount"] for row in write.payload["lines"]] == ["1200"]
    assert reference_of(invoice, landscape.connections["erp"], "invoice").number == invoice.number


def test_tax_is_committed_and_crm_told_once_it_is_posted(landscape, approved):
    post(approved)
    drain_once()
    [write] = landscape.tax.writes("invoice.commit")
    assert write.payload["invoice_number"] == f"INV-{approved.number}"
    assert Decimal(write.payload["tax"]) == 120
    assert TaxDetermination.objects.get(candidate=approved).status == "committed"
    told = landscape.crm.writes("contract.status")[-1].payload
    assert Decimal(told["invoiced_amount"]) == 1320
    assert told["last_invoice"] == f"INV-{approved.number}"


def test_where_no_tax_engine_is_routed_none_is_told(landscape, approved):
    effect = post(approved)
    Route.objects.filter(role="tax").delete()
    drain_once()
    assert Effect.objects.get(pk=effect.pk).state == effects.State.CONFIRMED
    assert landscape.tax.writes("invoice.commit") == []


def test_the_day_the_erp_says_it_is_due_is_kept(landscape, approved):
    landscape.erp.facts["invoice.post"] = {"due_on": "2026-04-30"}
    post(approved)
    drain_once()
    assert Invoice.objects.get().due_on == date(2026, 4, 30)


# -- only approved, once -------------------------------------------------------------------------------------------


def test_what_is_not_approved_is_not_posted(landscape, ready):
    with pytest.raises(Denied, match="it must be approved first"):
        post(ready)
    approvals.approve(
        candidate_id=ready.pk, by=factories.user(), seen_version=ready.version, seen_hash=ready.content_hash
    )
    with pytest.raises(Denied, match="it must be approved first"):
        post(ready)
    assert (fresh(ready).status, revisions(ready)) == ("ready", [])


def test_posting_takes_the_version_that_was_seen_and_finance_of_the_entity(landscape, approved):
    with pytest.raises(Stale):
        approvals.post(candidate_id=approved.pk, by=factories.user(), seen_version=approved.version - 1)
    with pytest.raises(Denied, match="Only finance can post"):
        post(approved, by=factories.user(Role.BILLING_ANALYST))
    with pytest.raises(Denied, match="outside your scope"):
        post(approved, by=factories.user(entities=("GB01",)))
    assert (fresh(approved).status, revisions(approved)) == ("approved", [])


def test_posting_twice_sends_one_invoice(landscape, approved):
    post(approved)
    with pytest.raises(Denied, match="This candidate is posting"):
        post(approved)
    drain_once()
    with pytest.raises(Denied, match="This candidate is posted"):
        post(approved)
    again()
    assert len(landscape.erp.writes("invoice.post")) == 1
    assert revisions(approved) == [(1, "confirmed")]
    assert Invoice.objects.count() == 1


@pytest.mark.parametrize(("lost", "sends"), [("answer", 1), ("request", 2)])
def test_a_lost_message_leaves_one_invoice(landscape, approved, lost, sends):
    landscape.erp.lose["invoice.post"] = lost
    effect = post(approved)
    drain_once()
    effect.refresh_from_db()
    assert (effect.state, fresh(approved).status, Invoice.objects.count()) == ("unknown", "posting", 0)
    again()
    assert (fresh(approved).status, Invoice.objects.count()) == ("posted", 1)
    assert len(landscape.erp.writes("invoice.post")) == sends
    assert revisions(approved) == [(1, "confirmed")]
    assert room(approved) == ((0, 1200), (0, 1200))


# -- looked at again before it is sent ------------------------------------------------------------------------------


def moved_order(candidate):
    candidate.contract.purchase_orders.update(amount=500)
    return "needs_attention", "PO_EXHAUSTED"


def moved_credit(candidate):
    BillTo.objects.update(credit_hold=True)
    return "needs_attention", "CREDIT_HOLD"


def moved_version(candidate):
    candidate.contract.versions.create(number=2, effective_on=MARCH, reason="Scope")
    return "ready", ""


def moved_route(candidate):
    Route.objects.filter(role="erp").delete()
    return "needs_attention", "ERP_MAPPING"


def moved_period(candidate):
    AccountingPeriod.objects.create(
        legal_entity=candidate.legal_entity, module="ar", name="Mar", starts_on=date(2026, 3, 1), ends_on=MARCH,
        status="closed",
    )  # fmt: skip
    return "needs_attention", "PERIOD_CLOSED"


@pytest.mark.parametrize("move", [moved_order, moved_credit, moved_version, moved_route, moved_period])
def test_what_moved_since_the_approval_stops_the_post_and_stays_moved(landscape, approved, move):
    status, code = move(fresh(approved))
    with pytest.raises(approvals.Lapsed, match=f"{approved.number} moved since it was approved.*{code}"):
        post(approved)
    after = fresh(approved)
    assert (after.status, code in ["", *after.codes]) == (status, True)
    assert revisions(approved) == []
    assert landscape.erp.writes("invoice.post") == []


def test_a_hold_on_posting_stops_it_at_the_last_moment(landscape, approved):
    hold = holds.place(scope="contract", target=str(approved.contract_id), code="RUN_STOP", by=factories.BY)
    with pytest.raises(approvals.Lapsed, match="RUN_STOP"):
        post(approved)
    holds.release(hold_id=hold.pk, by=factories.user(), seen_version=hold.version)
    drain_once()
    assert fresh(approved).status == "ready"
    assert post(factories.candidate_approved(fresh(approved))).state == "planned"


# -- the ERP says no ------------------------------------------------------------------------------------------------


@pytest.fixture
def refused(landscape, approved):
    landscape.erp.refuse["invoice.post"] = "Item 7 is inactive"
    post(approved)
    drain_once()
    landscape.erp.refuse.clear()
    return fresh(approved)


def test_a_refused_invoice_waits_for_a_person_with_its_work_and_its_room(refused):
    assert (refused.status, refused.returned_reason) == ("rejected", "Item 7 is inactive")
    assert (in_it(refused), room(refused)) == ({"reserved"}, ((1200, 0), (1200, 0)))
    [case] = open_cases("ERP_REJECTED")
    assert "Item 7 is inactive" in case.detail
    assert Event.objects.get(action="billing.candidate.rejected").reason == "Item 7 is inactive"
    assert not Invoice.objects.exists()


def test_what_was_mended_there_is_sent_again_as_it_was_approved(landscape, refused):
    [effect] = posting.effects_of(refused)
    effects.retry(effect_id=effect.pk, by=factories.user(), reason="Item is active again")
    assert (fresh(refused).status, fresh(refused).returned_reason) == ("posting", "")
    again()
    assert (fresh(refused).status, revisions(refused)) == ("posted", [(1, "confirmed")])
    assert not open_cases("ERP_REJECTED").exists()


def test_what_was_mended_here_is_posted_anew_and_the_refused_attempt_withdrawn(landscape, refused):
    checks.run(candidate_id=refused.pk)
    assert fresh(refused).status == "approved", "the figures are the same"
    post(refused)
    assert revisions(refused) == [(1, "cancelled"), (2, "planned")]
    drain_once()
    assert (fresh(refused).status, revisions(refused)) == ("posted", [(1, "cancelled"), (2, "confirmed")])
    assert Invoice.objects.count() == 1
    assert not open_cases("ERP_REJECTED").exists()


def test_figures_that_moved_after_a_refusal_are_approved_again(refused):
    refused.contract.versions.create(number=2, effective_on=MARCH, reason="Scope")
    checks.run(candidate_id=refused.pk)
    assert (fresh(refused).status, revisions(refused)) == ("ready", [(1, "cancelled")])
    with pytest.raises(Denied, match="must be approved first"):
        post(refused)


def test_a_refused_invoice_can_be_taken_apart_and_then_nobody_can_send_it(refused):
    candidates.dissolve(candidate=refused, by=factories.user(), reason="Start over", seen_version=refused.version)
    [effect] = posting.effects_of(refused)
    assert (effect.state, fresh(refused).status) == ("cancelled", "dissolved")
    with pytest.raises(Denied, match="nothing to try again"):
        effects.retry(effect_id=effect.pk, by=factories.user())
    assert room(refused) == ((0, 0), (0, 0))


def test_a_withdrawn_post_is_the_candidate_of_its_approvers_again(landscape, approved):
    effect = post(approved)
    effects.cancel(effect_id=effect.pk, by=factories.user(), reason="Wrong month")
    assert fresh(approved).status == "rejected"
    checks.run(candidate_id=approved.pk)
    post(approved)
    drain_once()
    assert revisions(approved) == [(1, "cancelled"), (2, "confirmed")]


# -- the period ----------------------------------------------------------------------------------------------------


def test_an_invoice_waits_for_its_period_and_goes_when_it_opens(landscape, approved):
    effect = post(approved)
    moved_period(approved)
    drain_once()
    effect.refresh_from_db()
    assert (effect.state, fresh(approved).status) == ("waiting", "posting")
    assert landscape.erp.writes("invoice.post") == []
    [case] = open_cases("PERIOD_CLOSED")
    assert case.members.get(is_open=True).amount == 1320
    assert windows.recheck() == 0, "it is still closed"
    AccountingPeriod.objects.update(status="open")
    assert windows.recheck() == 1
    again()
    assert fresh(approved).status == "posted"
    assert not open_cases("PERIOD_CLOSED").exists()


# -- what the ERP shows --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"net": "1200.01"}, "net: ours 1,200.00 USD, theirs 1,200.01 USD"),
        ({"tax": "119.99"}, "tax: ours 120.00 USD, theirs 119.99 USD"),
        ({"gross": "1321"}, "gross: ours 1,320.00 USD, theirs 1,321.00 USD"),
        ({"currency": "EUR"}, "currency: ours USD, theirs EUR"),
    ],
)
def test_a_difference_in_the_erp_is_never_accepted_silently(landscape, approved, facts, said):
    landscape.erp.facts["invoice.post"] = facts
    post(approved)
    drain_once()
    [case] = open_cases("ERP_VARIANCE")
    assert said in case.detail
    invoice = Invoice.objects.get()
    assert (invoice.gross, invoice.currency) == (1320, "USD"), "ours stays what was approved"
    assert case.members.get().target_id == str(invoice.pk)


def test_figures_that_agree_or_are_not_told_open_nothing(landscape, approved):
    landscape.erp.facts["invoice.post"] = {"net": "1200.00", "tax": None, "gross": "1320.0", "currency": None}
    post(approved)
    drain_once()
    assert not open_cases("ERP_VARIANCE").exists()


@pytest.mark.parametrize(
    ("committed", "opened"), [("120.01", False), ("119.98", True), ("120.02", True), (None, False)]
)
def test_committed_tax_is_compared_within_a_cent_a_line(landscape, approved, committed, opened):
    landscape.tax.facts["invoice.commit"] = {"tax": committed}
    post(approved)
    drain_once()
    cases = open_cases("TAX_VARIANCE")
    assert cases.exists() == opened
    if opened:
        assert f"Committed there: {committed} USD" in cases.get().detail
    assert TaxDetermination.objects.get(candidate=approved).response["committed"]["tax"] == committed


def test_a_tax_engine_that_refuses_the_commit_leaves_the_invoice_as_posted(landscape, approved):
    landscape.tax.refuse["invoice.commit"] = "Document is locked"
    post(approved)
    drain_once()
    assert (fresh(approved).status, TaxDetermination.objects.get().status) == ("posted", "quoted")
    [case] = open_cases("ERP_REJECTED")
    assert "Document is locked" in case.detail


def test_an_engine_that_quotes_no_line_charges_none(landscape, monkeypatch):
    """Rates come from the engine's lines: by rate, by tax, or none where it leaves a line out."""

    def by_tax(_connection, request):
        first, second, _third = request["lines"]
        lines = [
            {"number": first["number"], "tax": "15", "rate": None},
            {"number": second["number"], "tax": "6", "rate": "0.04"},
        ]
        return {"net": "450", "tax": "21", "lines": lines}

    monkeypatch.setitem(TAX_ENGINES._entries, "avatax", by_tax)
    contract = money.contract_in(landscape, "C-1")
    BillTo.objects.update(line_grouping="none")
    for name in ("a", "b", "c"):
        factories.time_entry(contract, hours="1", description=name)
    candidate = money.ready_in(landscape, contract, hours="")
    assert [(line.tax, line.tax_rate) for line in candidate.lines.order_by("number")] == [
        (15, Decimal("0.1")),
        (6, Decimal("0.04")),
        (0, 0),
    ]
