"""A contract that ends early: fees follow its end, and what was posted beyond it is credited by its days (R26)."""

from datetime import date
from decimal import Decimal
from html import unescape

import pytest

from billing.actions import approvals, candidates, crediting, posting, unserved
from billing.models import Candidate, Piece, ScheduleItem
from contracts.actions import amendments
from integration_hub.cases.models import Case
from integration_hub.kernel.errors import BadInput
from integration_hub.people.models import Role
from integration_hub.work.inprocess import drain_once
from tests import deals, factories
from tests.integration.billing.screens import nobody, outsider, signed_in, text

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:No directory at")]


@pytest.fixture
def contract():
    """A fee of 3,100.00 for each month, billed on its first day."""
    row = factories.contract_active(
        "C-1", method="recurring", amount="3100", line_terms={"frequency": "monthly", "prices": {"due": "advance"}}
    )
    factories.erp(row.legal_entity, row.customer)
    factories.tax(row.legal_entity)
    return row


def billed(contract, through=date(2026, 1, 1)):
    """The candidate of the fees that are due by a day."""
    factories.run_done(contract.legal_entity, by=factories.user(Role.BILLING_ANALYST), through=through)
    return Candidate.objects.get(contract=contract, status=Candidate.Status.READY)


def ended(contract, last_day, number="1"):
    """As the CRM's signed amendment says."""
    record = deals.amendment(number, of="C-1", kind="term", new_end_on=last_day, effective_on=date(2026, 1, 5))
    amendments.save(record=record, contract=contract, line=None, by=factories.BY)


def exception():
    return Case.objects.get(code="FEE_UNSERVED")


def asked(row, by, **changed):
    """A credit of what is to be credited."""
    wanted = crediting.Wanted(lines={row.line.number: row.to_credit})
    said = {"reason": "TERMINATED", "rebillable": False, "note": "Ended", **changed}
    seen = row.line.invoice.version
    return crediting.ask(invoice_id=row.line.invoice_id, by=by, seen_version=seen, wanted=wanted, **said)


def test_a_posted_fee_is_credited_by_its_days_from_the_schedule_and_its_exception_heals(contract):
    factories.invoice_posted(billed(contract), number="INV-1")
    ended(contract, date(2026, 1, 20))
    [held] = exception().members.filter(is_open=True)
    assert (held.amount, held.basis) == (1100, "net"), "11 of 31 days"
    schedule = f"/contracts/{contract.pk}/?tab=schedule"
    browser = signed_in()
    html = unescape(text(browser.get(schedule)))
    assert "Billed beyond the end" in html
    link = next(part for part in html.split('"') if "reason=TERMINATED" in part)
    form = unescape(text(browser.get(link)))
    assert '<option value="TERMINATED" selected' in form
    browser.post(link, {"reason": "TERMINATED", "then": "keep", "note": "Ended", "version": 1, "net": "1100"})
    memo = Candidate.objects.get(kind="credit_memo")
    assert (memo.net, memo.tax) == (Decimal(-1100), Decimal(-110))
    assert exception().status == "resolved"
    assert "reason=TERMINATED" not in text(browser.get(schedule)), "nothing is left to credit"
    candidates.dissolve(candidate=memo, by=factories.BY, reason="Wrong")
    assert exception().status == "open", "what is not credited after all is owed again"


def test_only_those_who_may_credit_are_offered_it(contract):
    factories.invoice_posted(billed(contract))
    ended(contract, date(2026, 1, 20))
    url = f"/contracts/{contract.pk}/?tab=schedule"
    reader = text(signed_in("auditor").get(url))
    assert "Billed beyond the end" in reader
    assert "reason=TERMINATED" not in reader
    assert outsider().get(url).status_code == 404
    assert nobody().get(url).status_code in {403, 404}


def test_what_is_due_and_not_posted_follows_the_end(contract):
    candidate = billed(contract, date(2026, 2, 1))
    ended(contract, date(2026, 1, 20))
    drain_once(factories.LOCAL)
    assert [row.amount for row in Piece.objects.filter(is_current=True)] == [2000]
    assert not Case.objects.filter(code="FEE_UNSERVED").exists()
    statuses = ScheduleItem.objects.order_by("sequence").values_list("status", "amount")
    assert list(statuses[:3]) == [("due", 2000), ("skipped", 3100), ("skipped", 3100)]
    candidate.refresh_from_db()
    assert candidate.status != Candidate.Status.READY, "its figures moved"


def on_its_way(candidate):
    """The effect of its posting, planned before the contract ended."""
    approved = factories.candidate_approved(candidate)
    effect = approvals.post(candidate_id=approved.pk, by=factories.user(), seen_version=approved.version)
    ended(approved.contract, date(2026, 1, 20))
    drain_once(factories.LOCAL)
    assert Piece.objects.get(is_current=True).amount == 3100, "what is on its way is not changed"
    assert not Case.objects.filter(code="FEE_UNSERVED").exists()
    return effect


def test_what_was_on_its_way_when_the_contract_ended_is_owed_once_it_is_posted(contract):
    factories.confirm(on_its_way(billed(contract)), number="INV-1")
    assert exception().members.get(is_open=True).amount == 1100


def test_what_the_erp_refused_follows_the_end_after_all(contract):
    effect = on_its_way(billed(contract))
    posting.rejected(effect)
    drain_once(factories.LOCAL)
    assert Piece.objects.get(is_current=True).amount == 2000


def test_an_end_that_moves_on_again_is_owed_what_the_first_credit_left(contract):
    factories.invoice_posted(billed(contract))
    by = factories.user()
    ended(contract, date(2026, 1, 20))
    [first] = unserved.of_contract(contract)
    asked(first, by)
    ended(contract, date(2026, 1, 10), "2")
    [second] = unserved.of_contract(contract)
    assert (second.unserved, second.to_credit) == (Decimal(2100), Decimal(1000))
    assert exception().members.get(is_open=True).amount == 1000


def test_what_was_not_served_is_never_billed_again(contract):
    factories.invoice_posted(billed(contract))
    ended(contract, date(2026, 1, 20))
    [row] = unserved.of_contract(contract)
    with pytest.raises(BadInput, match="was not served, is not billed again"):
        asked(row, factories.user(), rebillable=True)


def test_a_fee_without_an_end_that_no_run_asked_for_is_planned_up_to_its_end():
    contract = factories.contract_active(
        "C-1", method="recurring", amount="3100", ends_on=None, line_terms={"frequency": "monthly"}
    )
    assert not ScheduleItem.objects.exists()
    ended(contract, date(2026, 2, 14))
    assert list(ScheduleItem.objects.order_by("sequence").values_list("amount", flat=True)) == [3100, 1550]
