"""The demo's legal entities say on their invoices who they are, and what somebody changed there stays."""

import pytest

from billing.papers import figures
from contracts.models import LegalEntity
from integration_hub.operations.demo import firm
from integration_hub.trail.models import Event
from tests import factories

pytestmark = pytest.mark.django_db

ADDRESSES = {
    "US01": ["350 Harbor Street, Suite 1200", "New York, NY 10004", "United States"],
    "UK01": ["18 Example Wharf", "London", "E14 9ZZ", "United Kingdom"],
    "DE01": ["Beispielallee 42", "60313 Frankfurt am Main", "Germany"],
}


def test_every_company_has_a_letterhead():
    firm.ensure(factories.user(everything=True))
    found = {row.code: figures.issuer(row) for row in LegalEntity.objects.all()}
    assert {code: issuer["address"] for code, issuer in found.items()} == ADDRESSES
    for issuer in found.values():
        assert issuer["missing"] == []
        assert issuer["registration"]
        assert issuer["remittance"]


def test_a_second_start_changes_nothing_of_it():
    admin = factories.user(everything=True)
    firm.ensure(admin)
    LegalEntity.objects.filter(code="DE01").update(street="Andere Straße 1")
    told = Event.objects.count()
    firm.ensure(admin)
    assert LegalEntity.objects.get(code="DE01").street == "Andere Straße 1"
    assert Event.objects.count() == told
