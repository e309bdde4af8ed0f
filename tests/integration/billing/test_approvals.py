"""Approvals: how many people and who, bound to what they saw, gone when a figure moves (billing.md §5)."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from billing.actions import approvals, candidates, checks
from billing.models import Approval, Candidate
from contracts.models import BillTo, PurchaseOrder
from integration_hub.connectors.registry import TAX_ENGINES
from integration_hub.kernel.errors import Denied, NotReady, Stale
from integration_hub.people.models import Role
from integration_hub.trail.models import Event
from integration_hub.work.inprocess import drain_once
from tests import deals, factories, money, vendors
from tests.worlds import shared

MARCH = date(2026, 3, 31)


@pytest.fixture
def exempt(monkeypatch):
    """A tax engine that charges nothing, so that net is gross and thresholds can be met to the cent."""

    def nothing(_connection, request):
        lines = [{"number": line["number"], "tax": "0", "rate": "0"} for line in request["lines"]]
        return {"net": "0", "tax": "0", "lines": lines}

    monkeypatch.setitem(TAX_ENGINES._entries, "avatax", nothing)


def fresh(candidate):
    return Candidate.objects.get(pk=candidate.pk)


def approve(candidate, by=None):
    """Approved by a person who saw it as it is now."""
    seen = fresh(candidate)
    return approvals.approve(
        candidate_id=seen.pk, by=by or factories.user(), seen_version=seen.version, seen_hash=seen.content_hash
    )


def people_needed(candidate):
    """How many different people approve until it is approved."""
    for number in range(1, 6):
        if approve(candidate).status == "approved":
            return number
    raise AssertionError("never approved")


def standing(candidate):
    return candidate.approvals.filter(verdict="approved", lapsed_at__isnull=True)


def per_unit(landscape, number, **agreed):
    """A contract at 1 USD per hour: so many hours are so many dollars."""
    return money.contract_in(landscape, number, rate="1", **agreed)


def candidate_of(landscape, contract, gross, *, on=MARCH):
    """A candidate of this gross, for work of a day and dated that day."""
    factories.time_entry(contract, hours=gross, on=on)
    money.run_in(landscape, through=on)
    return Candidate.objects.filter(contract=contract).latest("pk")


def invoiced(landscape, contract, gross, *, on=date(2026, 1, 31)):
    """An invoice of this gross and day; by itself long ago."""
    return money.posted_in(landscape, candidate_of(landscape, contract, gross, on=on))


# -- how many --------------------------------------------------------------------------------------------------------


def with_gross(candidate, gross):
    """The candidate as if its lines came to this much."""
    Candidate.objects.filter(pk=candidate.pk).update(net=Decimal(gross), gross=Decimal(gross))
    checks.run(candidate_id=candidate.pk)
    return fresh(candidate)


def people_by_amount(candidate, *amounts):
    """How many people it takes when the candidate is over this gross, and over that."""
    found = {}
    for gross in amounts:
        assert with_gross(candidate, gross).status == "ready", "approvals of the amount before have lapsed"
        found[gross] = people_needed(candidate)
    return found


def test_the_amount_decides_how_many_people(landscape, exempt):
    contract = per_unit(landscape, "C-1")
    invoiced(landscape, contract, "1")
    expected = {"0.01": 1, "49999.99": 1, "50000": 2, "249999.99": 2, "250000": 3, "1000000": 3}
    assert people_by_amount(candidate_of(landscape, contract, "1"), *expected) == expected


def test_a_first_invoice_takes_two_whatever_its_amount(landscape, exempt):
    expected = {"0.01": 2, "49999.99": 2, "250000": 3}
    assert people_by_amount(candidate_of(landscape, per_unit(landscape, "C-1"), "1"), *expected) == expected


def test_what_the_customer_was_invoiced_in_thirty_days_counts_too(landscape, exempt):
    first = per_unit(landscape, "C-1")
    second, stranger = per_unit(landscape, "C-2", client=first.customer), per_unit(landscape, "C-3")
    invoiced(landscape, second, "1")
    invoiced(landscape, stranger, "1")
    invoiced(landscape, first, "30000", on=date(2026, 3, 1))
    candidate = candidate_of(landscape, second, "1")
    assert people_by_amount(candidate, "49999.99") == {"49999.99": 1}, "the thirtieth day is out"
    candidates.dissolve(candidate=fresh(candidate), by=factories.BY, reason="Later")
    invoiced(landscape, first, "30000", on=date(2026, 3, 2))
    candidate = candidate_of(landscape, second, "1")
    assert people_by_amount(candidate, "19999.99", "20000") == {"19999.99": 1, "20000": 2}
    other = candidate_of(landscape, stranger, "1")
    assert people_by_amount(other, "20000") == {"20000": 1}, "another customer's invoices do not count"


def test_an_amount_split_over_candidates_of_one_customer_avoids_nothing(landscape, exempt):
    first = per_unit(landscape, "C-1")
    second = per_unit(landscape, "C-2", client=first.customer)
    invoiced(landscape, first, "1")
    half = candidate_of(landscape, first, "30000")
    assert people_needed(half) == 1
    other = candidate_of(landscape, second, "1")
    for status in ("approved", "posting", "rejected"):
        Candidate.objects.filter(pk=half.pk).update(status=status)
        assert approvals.standing(with_gross(other, "19999.99")).needed == 2, "it is a first invoice"
        assert approvals.standing(with_gross(other, "219999.99")).needed == 2
        assert approvals.standing(with_gross(other, "220000")).needed == 3, status
    Candidate.objects.filter(pk=half.pk).update(status="ready")
    assert approvals.standing(with_gross(other, "220000")).needed == 2, "nobody has agreed to it yet"


# -- who -------------------------------------------------------------------------------------------------------------


@shared
def contract():
    with vendors.silent() as landscape:
        return money.contract_in(landscape, "C-1", po_number="PO-1", po_amount="5000")


@shared
def candidate(contract):
    with vendors.silent() as landscape:
        return money.ready_in(landscape, contract)


@pytest.fixture
def ready(candidate, landscape):
    return candidate


def test_whoever_prepared_it_does_not_approve_it(landscape, contract):
    preparer = factories.user()
    candidate = money.ready_in(landscape, contract, by=preparer)
    with pytest.raises(Denied, match="You prepared this candidate, so someone else must approve it"):
        approve(candidate, by=preparer)
    assert not Approval.objects.exists()
    assert people_needed(candidate) == 2


def test_one_person_is_one_approver(ready):
    person = factories.user()
    approve(ready, by=person)
    with pytest.raises(Denied, match="You approved this already; it needs another person"):
        approve(ready, by=person)
    assert (fresh(ready).status, standing(ready).count()) == ("ready", 1)
    with pytest.raises(IntegrityError, match="approval_once_per_person_and_content"), transaction.atomic():
        Approval.objects.create(candidate=ready, verdict="approved", content_hash=ready.content_hash, by=person)


@pytest.mark.parametrize("role", [role for role in Role if role != Role.FINANCE])
def test_only_finance_approves(ready, role):
    with pytest.raises(Denied, match="Only finance approvers"):
        approve(ready, by=factories.user(role))


def test_finance_of_another_legal_entity_does_not(ready):
    with pytest.raises(Denied, match="Legal entity US01 is outside your scope"):
        approve(ready, by=factories.user(entities=("GB01",)))


def test_the_trail_names_each_approver_with_what_was_seen_and_how_many_it_takes(ready):
    ann, bob = factories.user(name="ann"), factories.user(name="bob")
    approve(ready, by=ann)
    approve(ready, by=bob)
    told = Event.objects.filter(action="billing.candidate.approved").order_by("id")
    assert [(row.actor, row.data["approvals"], row.data["needed"]) for row in told] == [("ann", 1, 2), ("bob", 2, 2)]
    assert {row.data["hash"] for row in told} == {ready.content_hash}
    assert {row.legal_entity for row in told} == {"US01"}


# -- what was seen -------------------------------------------------------------------------------------------------


def test_who_saw_an_older_version_or_other_figures_approves_nothing(ready):
    person = factories.user()
    for version, digest in ((ready.version - 1, ready.content_hash), (ready.version, "0" * 64)):
        with pytest.raises(Stale):
            approvals.approve(candidate_id=ready.pk, by=person, seen_version=version, seen_hash=digest)
    assert not Approval.objects.exists()


def corrected_price(candidate):
    candidate.contract.versions.create(number=2, effective_on=MARCH, reason="Rate")


def corrected_order(candidate):
    PurchaseOrder.objects.filter(contract=candidate.contract).update(number="PO-2")


def corrected_tax(candidate):
    candidate.lines.update(tax=Decimal(60))
    Candidate.objects.filter(pk=candidate.pk).update(tax=60, gross=candidate.net + 60)
    candidate.tax_determination.tax = Decimal(60)
    candidate.tax_determination.save()


def corrected_words(candidate):
    candidate.lines.update(description="Something else")
    candidates.quote_soon(candidate)


@pytest.mark.parametrize("move", [corrected_price, corrected_order, corrected_tax, corrected_words])
@pytest.mark.parametrize("given", [1, 2])
def test_approvals_lapse_when_anything_moves_that_was_seen(ready, move, given):
    people = [factories.user() for _ in range(2)]
    for person in people[:given]:
        approve(ready, by=person)
    before = fresh(ready)
    move(fresh(ready))
    candidates.check_soon(contract_ids=[ready.contract_id])
    drain_once()
    after = fresh(ready)
    assert after.content_hash != before.content_hash
    assert standing(ready).count() == 0
    assert after.status != "approved"
    assert Event.objects.filter(action="billing.candidate.checked").latest("id").data["lapsed"] in {0, given}
    with pytest.raises(Denied):
        approvals.post(candidate_id=ready.pk, by=factories.user(), seen_version=after.version)


def test_who_approved_other_figures_may_approve_the_new_ones(ready):
    people = [factories.user() for _ in range(2)]
    for person in people:
        approve(ready, by=person)
    corrected_price(ready)
    checks.run(candidate_id=ready.pk)
    assert fresh(ready).status == "ready"
    for person in people:
        approve(ready, by=person)
    assert fresh(ready).status == "approved"
    assert ready.approvals.filter(lapsed_at__isnull=False).count() == 2


def test_a_check_that_finds_nothing_new_leaves_approvals_and_version_alone(ready):
    approve(ready)
    before = fresh(ready)
    checks.run(candidate_id=ready.pk)
    assert (fresh(ready).version, standing(ready).count()) == (before.version, 1)


def test_an_amendment_between_two_approvals_takes_the_first_back(landscape, ready):
    approve(ready)
    landscape.arrive("crm", deals.amendment(new_rate="165"))
    assert (fresh(ready).status, standing(ready).count()) == ("dissolved", 0)
    with pytest.raises(Denied, match="This candidate is dissolved"):
        approve(ready)


def test_what_is_not_ready_says_what_stops_it(ready):
    BillTo.objects.update(credit_hold=True)
    checks.run(candidate_id=ready.pk)
    with pytest.raises(Denied, match="Not ready. The customer is on credit hold."):
        approve(ready)


# -- returned ------------------------------------------------------------------------------------------------------


def send_back(candidate, reason="Phase 2 belongs elsewhere", by=None):
    return approvals.send_back(
        candidate_id=candidate.pk, by=by or factories.user(), seen_version=fresh(candidate).version, reason=reason
    )


def test_a_returned_candidate_lost_its_approvals_and_cannot_be_approved_as_it_is(ready):
    approve(ready)
    returned = send_back(ready)
    assert (returned.status, returned.returned_reason) == ("returned", "Phase 2 belongs elsewhere")
    assert standing(ready).count() == 0
    with pytest.raises(Denied, match="This candidate is returned"):
        approve(ready)
    checks.run(candidate_id=ready.pk)
    assert fresh(ready).status == "returned", "nothing was corrected"
    corrected_price(ready)
    checks.run(candidate_id=ready.pk)
    assert people_needed(ready) == 2
    assert Event.objects.get(action="billing.candidate.returned").reason == "Phase 2 belongs elsewhere"


def test_an_approved_candidate_can_be_returned_and_a_posting_one_cannot(ready):
    people_needed(ready)
    assert send_back(ready).status == "returned"
    Candidate.objects.filter(pk=ready.pk).update(status="posting")
    with pytest.raises(Denied, match="This candidate is posting"):
        send_back(ready)


def test_returning_takes_a_reason_and_the_version_that_was_seen(ready):
    with pytest.raises(NotReady, match="Say why you return it"):
        send_back(ready, reason="  ")
    with pytest.raises(Stale):
        approvals.send_back(
            candidate_id=ready.pk, by=factories.user(), seen_version=ready.version + 1, reason="Too much"
        )
    with pytest.raises(Denied, match="Only finance approvers can return"):
        send_back(ready, by=factories.user(Role.BILLING_ANALYST))
    assert fresh(ready).status == "ready"
    with pytest.raises(IntegrityError, match="approval_return_has_reason"), transaction.atomic():
        Approval.objects.create(candidate=ready, verdict="returned", content_hash="x", by=factories.user())
