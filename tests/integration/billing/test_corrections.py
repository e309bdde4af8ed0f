"""Terms that change backwards: what was billed is credited and billed anew, nothing else is touched (R8, R20)."""

from datetime import date
from decimal import Decimal

import pytest

from billing.actions import approvals, candidates, checks, decisions
from billing.models import Candidate, CreditMemo, Invoice, Piece
from contracts.actions import delivery
from contracts.models import AccountingPeriod, Cap
from integration_hub import canonical
from integration_hub.cases.models import Case
from integration_hub.kernel.errors import Denied
from integration_hub.work.inprocess import drain_once
from tests import deals, factories, money, vendors
from tests.worlds import shared

APRIL = date(2026, 4, 30)


@shared
def contract():
    with vendors.silent() as landscape:
        return money.contract_in(landscape, "C-9", rate="150", cap="9000")


@shared
def invoice(contract):
    """22 h at 150 in March, posted."""
    with vendors.settled() as landscape:
        return money.posted_in(landscape, money.ready_in(landscape, contract, hours="22"))


def amend(landscape, rate, *, number="1", since=date(2026, 3, 1)):
    landscape.arrive("crm", deals.amendment(number, of="C-9", new_rate=rate, effective_on=since))
    drain_once()


def built(run):
    return {row.kind: row for row in run.candidates.order_by("pk")}


def approved(candidate):
    return factories.candidate_approved(candidate)


def sums():
    """What the current pieces of all work come to, by state."""
    rows = Piece.objects.filter(is_current=True).order_by("pk")
    return [(row.state, row.amount) for row in rows]


def test_a_price_that_rises_backwards_is_credited_and_billed_anew_once(landscape, contract, invoice):
    amend(landscape, 165)
    assert sums() == [("posted", 3300), ("billable", -3300), ("billable", 3630)]
    run = money.run_in(landscape, through=APRIL)
    credit, charge = built(run)["credit_memo"], built(run)["invoice"]
    assert (credit.net, credit.tax, credit.gross) == (-3300, -330, -3630)
    assert (charge.net, charge.tax, charge.gross) == (3630, 363, 3993)
    assert (credit.status, charge.status) == ("ready", "ready")
    [line] = credit.lines.all()
    assert (line.corrects.invoice, line.corrects.number, line.rate, line.hours) == (invoice, 1, 150, -22)
    cap = Cap.objects.get()
    assert (cap.reserved, cap.committed) == (330, 3300)
    money.post(approved(credit))
    drain_once()
    money.post(approved(charge))
    drain_once()
    assert sums() == [("corrected", 3300), ("posted", -3300), ("posted", 3630)]
    cap.refresh_from_db()
    assert (cap.reserved, cap.committed) == (0, 3630)
    memo = CreditMemo.objects.get()
    assert (memo.candidate, memo.net, memo.tax, memo.gross) == (credit, 3300, 330, 3630)
    [write] = landscape.erp.writes("creditmemo.post")
    assert (write.payload["net"], write.payload["gross"]) == ("3300", "3630")
    assert write.payload["apply"] == [{"invoice_id": invoice.remote_id, "invoice": invoice.number, "amount": "3630"}]
    assert write.payload["lines"][0]["corrects"] == f"{invoice.number} line 1"
    assert not money.run_in(landscape, through=APRIL).candidates.exists()


def test_only_work_from_the_effective_day_on_is_touched(landscape, contract):
    for day, hours in ((2, "4"), (16, "6")):
        factories.time_entry(contract, hours=hours, on=date(2026, 3, day))
    candidate = money.ready_in(landscape, contract, hours="")
    assert candidate.net == 1500
    money.posted_in(landscape, candidate)
    amend(landscape, 165, since=date(2026, 3, 10))
    run = money.run_in(landscape, through=APRIL)
    [line] = built(run)["credit_memo"].lines.all()
    assert (line.net, line.tax, line.corrects.net) == (-900, -90, 1500)
    assert built(run)["invoice"].net == 990


def test_a_second_amendment_credits_the_rebilled_work_and_takes_the_rest_of_the_tax(landscape, contract, invoice):
    amend(landscape, 165)
    first = built(money.run_in(landscape, through=APRIL))
    for kind in ("credit_memo", "invoice"):
        money.post(approved(first[kind]))
        drain_once()
    amend(landscape, 160, number="2")
    run = money.run_in(landscape, through=APRIL)
    assert (built(run)["credit_memo"].net, built(run)["invoice"].net) == (-3630, 3520)
    [line] = built(run)["credit_memo"].lines.all()
    assert line.corrects.invoice != invoice


def test_the_new_invoice_is_not_posted_before_the_credit_memo(landscape, contract, invoice):
    amend(landscape, 165)
    run = money.run_in(landscape, through=APRIL)
    credit, charge = built(run)["credit_memo"], built(run)["invoice"]
    with pytest.raises(Denied, match=credit.number):
        money.post(approved(charge))
    money.post(approved(credit))
    with pytest.raises(Denied, match=credit.number):
        money.post(charge)
    drain_once()
    money.post(charge)


def test_dissolving_the_credit_memo_takes_the_new_invoice_with_it(landscape, contract, invoice):
    amend(landscape, 165)
    run = money.run_in(landscape, through=APRIL)
    credit, charge = built(run)["credit_memo"], approved(built(run)["invoice"])
    candidates.dissolve(candidate=credit, by="system:test", reason="No")
    charge.refresh_from_db()
    assert charge.status == "dissolved"
    cap = Cap.objects.get()
    assert (cap.reserved, cap.committed) == (0, 3300)
    assert sums() == [("posted", 3300), ("billable", -3300), ("billable", 3630)]
    again = built(money.run_in(landscape, through=APRIL))
    assert (again["credit_memo"].net, again["invoice"].net) == (-3300, 3630)


def test_a_run_rebuilds_both_whatever_was_approved_of_them(landscape, contract, invoice):
    amend(landscape, 165)
    run = money.run_in(landscape, through=APRIL)
    approved(built(run)["invoice"])
    again = money.run_in(landscape, through=APRIL)
    assert {row.kind for row in again.candidates.all()} == {"credit_memo", "invoice"}
    assert sum(row.net for row in Candidate.objects.exclude(status="dissolved")) == 3300 + 330


def test_an_amendment_taken_back_before_posting_leaves_nothing(landscape, contract, invoice):
    amend(landscape, 165)
    money.run_in(landscape, through=APRIL)
    amend(landscape, 150, number="2")
    assert sums() == [("posted", 3300)]
    run = money.run_in(landscape, through=APRIL)
    assert not run.candidates.exists()


def test_a_closed_period_posts_on_the_first_open_day(landscape, contract, invoice):
    for month, status in ((3, "closed"), (4, "open")):
        AccountingPeriod.objects.create(
            legal_entity=landscape.entity, name=f"M{month}", starts_on=date(2026, month, 1),
            ends_on=date(2026, month, 30), status=status,
        )  # fmt: skip
    amend(landscape, 165)
    run = money.run_in(landscape, through=APRIL)
    assert {row.accounting_date for row in run.candidates.all()} == {date(2026, 4, 1)}


def test_credits_are_approved_by_their_own_limits(landscape, contract, invoice):
    amend(landscape, 165)
    credit = built(money.run_in(landscape, through=APRIL))["credit_memo"]
    assert approvals.standing(credit).needed == 2


def test_what_the_erp_credited_already_is_not_credited_again(landscape, contract, invoice):
    factories.credit_memo(invoice, net="300", tax="30")
    amend(landscape, 165)
    credit = built(money.run_in(landscape, through=APRIL))["credit_memo"]
    assert (credit.status, credit.codes) == ("needs_attention", ["OVER_CREDIT"])
    [case] = Case.objects.filter(code="OVER_CREDIT").exclude(status="resolved")
    assert "330.00 USD" in case.title
    [answer] = [check for check in checks.questions(credit) if check.code == "OVER_CREDIT"]
    assert "dissolve" in answer.remedy


def test_a_hold_keeps_credit_and_charge_back_together(landscape, contract, invoice):
    factories.hold(contract)
    amend(landscape, 165)
    assert sums() == [("posted", 3300), ("held", -3300), ("held", 3630)]
    assert not money.run_in(landscape, through=APRIL).candidates.exists()


def test_a_limit_is_kept_with_the_room_the_credit_leaves(landscape):
    contract = money.contract_in(landscape, "C-9", rate="150", cap="3500")
    money.posted_in(landscape, money.ready_in(landscape, contract, hours="22"))
    amend(landscape, 165)
    assert sums() == [("posted", 3300), ("billable", -3300), ("billable", 3500), ("over_cap", 130)]
    run = money.run_in(landscape, through=APRIL)
    assert (built(run)["credit_memo"].net, built(run)["invoice"].net) == (-3300, 3500)


def test_months_of_a_limit_get_the_room_back_that_their_own_credits_leave(landscape):
    contract = money.contract_in(landscape, "C-9", rate="150")
    monthly = Cap.objects.create(contract=contract, limit=1500, period="month", currency="USD")
    for month in (2, 3):
        factories.time_entry(contract, hours="8", on=date(2026, month, 2))
    money.posted_in(landscape, money.ready_in(landscape, contract, hours=""))
    amend(landscape, 200, since=date(2026, 3, 1))
    money.run_in(landscape, through=APRIL)
    found = {row.month.month: (row.committed, row.reserved) for row in monthly.months.all()}
    assert found == {2: (1200, 0), 3: (1200, 300)}
    assert ("over_cap", 100) in sums()


def test_a_limit_nearly_used_up_is_told_before_it_is_reached(landscape, contract):
    factories.time_entry(contract, hours="44")
    assert not Case.objects.filter(code="CAP_NEAR").exists(), "6,600 of 9,000 are 73 %"
    factories.time_entry(contract, hours="8")
    [case] = Case.objects.filter(code="CAP_NEAR").exclude(status="resolved")
    assert "7,800.00 USD of 9,000.00 USD are used (86.7 %)" in case.detail
    assert case.root_cause == f"contract:C-9:cap:{contract.caps.get().pk}"
    factories.time_entry(contract, hours="10")
    case.refresh_from_db()
    assert case.status == "resolved", "it is over the limit now, which is another exception"
    assert Case.objects.filter(code="CAP_REACHED").exclude(status="resolved").exists()


def test_a_soft_limit_that_is_passed_wants_a_look(landscape, contract):
    Cap.objects.create(contract=contract, limit=1000, kind="soft", currency="USD")
    candidate = money.ready_in(landscape, contract, hours="8")
    assert "SOFT_CAP_EXCEEDED" in candidate.warnings
    [answer] = [check for check in checks.questions(candidate) if check.code == "SOFT_CAP_EXCEEDED"]
    assert "the whole contract" in answer.message


def test_posted_work_is_compared_once_per_price(landscape, contract, invoice, django_assert_max_num_queries):
    amend(landscape, 150, since=date(2026, 3, 1))
    before = Piece.objects.count()
    with django_assert_max_num_queries(30):
        assert decisions.decide_contract(contract_id=contract.pk, caused_by="test") == 0
    assert Piece.objects.count() == before
    assert Invoice.objects.get() == invoice


def test_a_withdrawn_acceptance_credits_the_milestone_whole(landscape):
    contract = money.contract_in(landscape, "C-9", method="milestone", milestones=("32000",))
    factories.milestone_accepted(contract, 1)
    invoice = money.posted_in(landscape, money.ready_in(landscape, contract, hours=""))
    assert invoice.net == 32000
    milestone = contract.lines.get().milestones.get()
    taken_back = canonical.Milestone(
        source_id="M1", version="2", project_id="any", name=milestone.name, status="in_progress"
    )  # fmt: skip
    delivery.move_milestone(record=taken_back, milestone=milestone, by="test")
    drain_once()
    run = money.run_in(landscape, through=APRIL)
    assert [(row.kind, row.net) for row in run.candidates.all()] == [("credit_memo", Decimal(-32000))]
    money.post(approved(run.candidates.get()))
    drain_once()
    factories.milestone_accepted(contract, 1)
    again = money.run_in(landscape, through=APRIL)
    assert [(row.kind, row.net) for row in again.candidates.all()] == [("invoice", Decimal(32000))]
