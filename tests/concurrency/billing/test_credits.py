"""Two people who credit the same invoice at once: a line gives what it has, once; each guard with its control."""

from datetime import date

import pytest
from django.db import IntegrityError, connection
from django.db.models import Sum

from billing.actions import candidates, crediting
from billing.models import CandidateLine, Invoice
from contracts.models import Contract
from integration_hub.kernel.errors import Stale
from integration_hub.kernel.models import VersionedQuerySet
from tests import factories, money
from tests.races import without_row_locks

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]

ASKED = (candidates, "quote_soon")


@pytest.fixture
def invoice(landscape):
    return money.posted_in(landscape, money.ready_in(landscape, money.contract_in(landscape, "C-1")))


def crediting_it(invoice):
    """A person who saw the invoice as it is now and is about to credit all that is left of it."""
    seen, person = Invoice.objects.get(pk=invoice.pk), factories.user()
    return lambda: crediting.ask(
        invoice_id=seen.pk, by=person, seen_version=seen.version, wanted=crediting.Wanted(), reason="GOODWILL",
        rebillable=False, note="Agreed", on=date(2026, 4, 30),
    )  # fmt: skip


def credited():
    """What credits take of posted lines, net."""
    return -(CandidateLine.objects.filter(corrects__isnull=False).aggregate(total=Sum("net"))["total"] or 0)


@pytest.fixture
def unguarded(monkeypatch):
    """Two people neither wait for each other nor notice each other."""
    without_row_locks(monkeypatch, Contract)
    monkeypatch.setattr(VersionedQuerySet, "transition", lambda rows, pk, *, seen_version, **changes: None)
    monkeypatch.setattr(crediting, "_number", lambda invoice: f"TL-{factories.next_number()}")


@pytest.fixture
def without_rule():
    """The database lets credits go beyond what a line is."""
    rule = "billing_candidateline {} TRIGGER candidate_line_credit_within_original"
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {rule.format('DISABLE')}")
    yield
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {rule.format('ENABLE')}")


def test_of_two_who_credit_at_once_the_second_looks_again(invoice, interleave):
    errors = interleave(crediting_it(invoice), crediting_it(invoice), at=ASKED)
    assert errors[0] is None
    assert isinstance(errors[1], Stale)
    assert credited() == invoice.net


def test_the_database_alone_refuses_the_second_too(invoice, unguarded, interleave):
    errors = interleave(crediting_it(invoice), crediting_it(invoice), at=ASKED)
    assert errors[0] is None
    assert isinstance(errors[1], IntegrityError)
    assert "Credits take" in str(errors[1])
    assert credited() == invoice.net


def test_without_guards_and_rule_an_invoice_is_credited_twice(invoice, unguarded, without_rule, interleave):
    """Negative control."""
    assert interleave(crediting_it(invoice), crediting_it(invoice), at=ASKED) == (None, None)
    assert credited() == 2 * invoice.net
