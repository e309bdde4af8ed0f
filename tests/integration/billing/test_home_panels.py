"""What waits for each role, and that it is theirs: count, age, money, rows."""

from decimal import Decimal

import pytest

from billing import panels
from billing.actions import approvals
from billing.models import Candidate
from contracts.models import Contract
from integration_hub.console.home import PANELS, concerns
from integration_hub.kernel.money import Money
from integration_hub.people.models import Role
from integration_hub.work.inprocess import drain_once
from tests import factories
from tests.integration.billing.screens import of, signed_in, text
from tests.worlds import shared

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:No directory at")]


def gross(amount: str, currency: str = "USD") -> Money:
    """What candidates and invoices come to."""
    return Money(Decimal(amount), currency, "gross")


@shared
def contract() -> Contract:
    return factories.contract_active()


@shared
def candidate(contract: Contract) -> Candidate:
    return factories.candidate_ready(contract)


def test_finance_approves_what_it_did_not_prepare_nor_approve(contract):
    prepared = factories.user(Role.FINANCE)
    candidate = factories.candidate_ready(contract, prepared_by=prepared)
    other = factories.user()
    assert panels.approvals(prepared).count == 0
    waiting = panels.approvals(other)
    assert (waiting.count, waiting.money) == (1, [gross("1320")])
    assert waiting.oldest is not None
    assert waiting.rows[0].url == f"/billing/candidates/{candidate.pk}/"
    approvals.approve(
        candidate_id=candidate.pk, by=other, seen_version=candidate.version, seen_hash=candidate.content_hash
    )
    assert panels.approvals(other).count == 0
    [row] = panels.approvals(factories.user()).rows
    assert row.badge.label == "Second signature"


def test_money_is_kept_apart_by_currency(candidate):
    germany = factories.legal_entity("DE01", currency="EUR", country="DE")
    factories.candidate_ready(factories.contract_active(entity=germany))
    waiting = panels.approvals(factories.user(everything=True))
    assert waiting.money == [gross("1320", "EUR"), gross("1320")]
    assert panels.approvals(factories.user(entities=("DE01",))).count == 1


@pytest.mark.parametrize(
    ("status", "load"),
    [
        ("approved", panels.postings),
        ("needs_attention", panels.attention),
        ("returned", panels.returned),
        ("rejected", panels.rejected),
        ("posting", panels.on_the_way),
        ("ready", panels.waiting_for_approval),
    ],
)
def test_candidates_wait_in_the_queue_of_their_status(status, load, candidate):
    person = factories.user()
    assert load(person).count == (1 if status == "ready" else 0)
    Candidate.objects.filter(pk=candidate.pk).update(status=status, codes=[], returned_reason="Because.")
    waiting = load(person)
    assert (waiting.count, waiting.money) == (1, [gross("1320")])
    assert candidate.number in text(of(person).get(waiting.url))
    assert load(factories.user(entities=("DE01",))).count == 0


def test_holds_one_may_release_are_not_ones_own(contract):
    fiona, other = factories.user(), factories.user()
    factories.time_entry(contract)
    factories.hold(contract, by=fiona)
    factories.hold(contract, code="AMENDMENT_PROPAGATING")
    drain_once()
    assert panels.holds_to_release(fiona).count == 0
    waiting = panels.holds_to_release(other)
    assert (waiting.count, waiting.money) == (1, [Money(Decimal("1200"), "USD", "net")])
    assert panels.holds_to_review(factories.user(Role.PMO)).count == 2


def test_blocked_work_is_told_by_code_and_waiting_time_by_project():
    contract = factories.contract_signed(rate="150", rate_role="Partner")
    drain_once()
    factories.time_entry(contract, by_whom=factories.resource("Bo Li", role="Clerk"))
    factories.time_entry(contract, role="Partner", hours="3", approval="submitted")
    pmo = panels.blocked(factories.user(Role.PMO))
    assert [(row.title, row.detail) for row in pmo.rows] == [("No price", "1 piece, 8.00 h, 1 without a price")]
    lead = panels.unapproved(factories.user(Role.DELIVERY_LEAD))
    assert (lead.count, lead.money) == (1, [Money(Decimal("450"), "USD", "net")])
    assert "3.00 h" in lead.rows[0].detail
    assert panels.unapproved(factories.user(Role.DELIVERY_LEAD, entities=("DE01",))).count == 0
    client = signed_in("delivery_lead")
    assert "row-link" in text(client.get(lead.rows[0].url))


def test_held_work_and_postings(contract):
    factories.time_entry(contract)
    factories.hold(contract)
    drain_once()
    assert panels.held(factories.user(Role.DELIVERY_LEAD)).money == [Money(Decimal("1200"), "USD", "net")]
    invoice = factories.invoice_posted(number="INV-5")
    [row] = panels.recent_postings(factories.user(Role.AUDITOR)).rows
    assert invoice.number in row.title


@pytest.mark.parametrize("role", list(Role))
def test_every_role_opens_its_home(role, candidate):
    client = signed_in(role)
    html = text(client.get("/"))
    mine = [panel for key, panel in PANELS if key.startswith("billing.") and concerns(panel, client.person)]
    assert bool(mine) == (role != Role.INTEGRATION_ADMIN)
    for panel in mine:
        assert panel.title in html
