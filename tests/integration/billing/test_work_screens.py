"""One piece of delivered work and the decision about it, told to a finance reader."""

from datetime import date
from decimal import Decimal

import pytest

from billing.models import BillableEvent
from contracts.models import Contract
from integration_hub.work.inprocess import drain_once
from tests import factories
from tests.integration.billing.screens import nobody, outsider, signed_in, text
from tests.worlds import shared

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:No directory at")]


@shared
def contract() -> Contract:
    return factories.contract_active()


def read(event: BillableEvent) -> str:
    """The page in words: every run of white space is one space."""
    return " ".join(text(signed_in().get(f"/billing/work/{event.pk}/")).split())


def test_hours_times_rate(contract):
    html = read(factories.time_entry(contract, hours="7.5"))
    assert "7.50 h × 150.00 USD = 1,125.00 USD: billable" in html
    assert "150.00 USD per hour" in html
    assert "half up, once, at the printed line" in html
    assert "The decision as it is stored (JSON)" in html
    assert "&quot;eligibility&quot;" in html


def test_why_other_prices_were_refused():
    contract = factories.contract_signed(rate="150", rate_role="Consultant")
    factories.price(contract, "120")
    drain_once()
    html = read(factories.time_entry(contract, on=date(2026, 3, 2)))
    assert "a more specific row applies" in html
    assert "120.00 USD per hour" in html
    assert 'class="row-muted"' in html


def test_a_cap_before_and_after():
    contract = factories.contract_active(rate="150", cap="1000")
    html = read(factories.time_entry(contract, hours="8"))
    for words in ("What the limits leave", "1,000.00 USD", "reached", "Over the cap", "CAP_REACHED", "200.00"):
        assert words in html, words


def test_no_price_is_said_in_words():
    contract = factories.contract_signed(rate="150", rate_role="Partner")
    drain_once()
    html = read(factories.time_entry(contract, by_whom=factories.resource("Bo Li", role="Clerk")))
    assert "RATE_MISSING" in html
    assert "No price covers this role on this day." in html
    assert "no price" in html


def test_a_hold_is_named(contract):
    entry = factories.time_entry(contract)
    factories.hold(contract)
    drain_once()
    html = read(entry)
    assert "What holds it" in html
    assert "keeps it out of candidates" in html


def test_posted_work_leads_to_its_line_and_share(contract):
    invoice = factories.invoice_posted(factories.candidate_ready(contract, hours="2"))
    entry = BillableEvent.objects.get(kind="time")
    html = read(entry)
    assert invoice.candidate.number in html
    assert "Printed as 300.00 USD of line 1" in html


def test_an_earlier_version_leads_to_the_current_one(contract):
    first = factories.time_entry(contract, hours="8", key="test:time:1")
    second = factories.time_entry(contract, hours="6", key="test:time:1")
    html = read(first)
    assert "An earlier version." in html
    assert f"/billing/work/{second.pk}/" in html
    assert "Superseded" in html
    assert "An earlier version." not in read(second)


def test_retainers_and_fees_are_told():
    contract = factories.contract_signed(method="expense")
    terms = {"included_hours": Decimal(10), "overage_rate": Decimal(200)}
    factories.line(contract, number=2, method="retainer_hours", amount="1000", **terms)
    drain_once()
    html = read(factories.time_entry(contract, hours="12"))
    assert "What the retainer covers" in html
    assert "March 2026" in html
    assert "10.00 h" in html


def test_others_do_not_find_it(contract):
    entry = factories.time_entry(contract)
    text(outsider().get(f"/billing/work/{entry.pk}/"), 404)
    text(nobody().get(f"/billing/work/{entry.pk}/"), 403)
    text(signed_in().get("/billing/work/999999/"), 404)
