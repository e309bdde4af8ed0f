"""Who pays for a contract: shares that make 100, by the right people, and nothing is left of a refusal."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from contracts.actions import payers
from contracts.models import BillTo, PayerShare, PayerSplit
from integration_hub.kernel.errors import BadInput, Denied, Stale
from integration_hub.trail.models import Event
from tests import factories
from tests.worlds import shared

pytestmark = pytest.mark.django_db
FIRST = date(2026, 3, 1)


@shared
def contract():
    return factories.contract_active("C-SP")


@shared
def other():
    return factories.customer(name="Other payer")


def finance():
    return factories.user(everything=True)


def agree(contract, *shares, by=None, version=None, **more):
    contract.refresh_from_db(fields=["version"])
    given = [payers.ShareIn(who, Decimal(percent), takes_rest=n == 0) for n, (who, percent) in enumerate(shares)]
    asked = {"line_id": None, "effective_on": FIRST, "reason": "Amendment 4, clause 2", **more}
    return payers.agree(
        contract_id=contract.pk, shares=given, by=by or finance(), seen_version=version or contract.version, **asked
    )


def test_each_payer_gets_a_profile_and_the_trail_says_who_pays(contract, other):
    split = agree(contract, (contract.customer, "62.5"), (other, "37.5"))
    assert [(row.bill_to.customer, row.percent, row.takes_rest) for row in split.shares.all()] == [
        (contract.customer, Decimal("62.5"), True), (other, Decimal("37.5"), False)
    ]  # fmt: skip
    assert BillTo.objects.get(customer=other).legal_entity == contract.legal_entity
    assert Event.objects.get(action="contracts.payers.agreed").data["shares"] == {
        contract.customer.code: "62.5", other.code: "37.5"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("percents", "words"),
    [(("62.5", "37.4999"), "add up to 99.9999 %"), (("100", "37.5"), "add up to 137.5 %"),
     (("62.50001", "37.49999"), "too fine"), (("100", "0"), "is nought")],
)  # fmt: skip
def test_shares_that_are_no_whole_are_refused(contract, other, percents, words):
    with pytest.raises(BadInput, match=words):
        agree(contract, (contract.customer, percents[0]), (other, percents[1]))
    assert not PayerSplit.objects.exists()


def test_a_customer_has_one_share_and_a_reason_is_asked_for(contract, other):
    with pytest.raises(BadInput, match="twice"):
        agree(contract, (other, "50"), (other, "50"))
    with pytest.raises(BadInput, match="where it was agreed"):
        agree(contract, (contract.customer, "50"), (other, "50"), reason=" ")


def test_the_database_refuses_what_the_code_would_let_pass(contract, other):
    """Negative control: rows written past the action."""
    with pytest.raises(IntegrityError, match="add up to 60"):
        _written(contract)
    kept = agree(contract, (contract.customer, "100"))
    with pytest.raises(IntegrityError, match="never change"), transaction.atomic():
        PayerShare.objects.filter(split=kept).update(percent=90)


@transaction.atomic
def _written(contract):
    split = PayerSplit.objects.create(contract=contract, effective_on=FIRST, agreed_by="x", reason="x")
    PayerShare.objects.create(split=split, bill_to=contract.bill_to, percent=60, takes_rest=True)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_another_one_of_the_day_takes_its_place_and_the_former_is_kept(contract, other):
    first = agree(contract, (contract.customer, "100"))
    agree(contract, (contract.customer, "50"), (other, "50"))
    first.refresh_from_db()
    assert first.withdrawn_at is not None
    assert PayerSplit.objects.filter(withdrawn_at=None).count() == 1


def test_only_finance_and_only_on_what_was_seen(contract, other):
    with pytest.raises(Denied, match="Only finance"):
        agree(contract, (other, "100"), by=factories.user(role="pmo", everything=True))
    with pytest.raises(Stale):
        agree(contract, (other, "100"), version=contract.version + 1)


def test_the_screen_agrees_and_the_page_shows_it(client, contract, other):
    client.force_login(finance())
    url = reverse("contracts:contract-payers", args=[contract.pk])
    contract.refresh_from_db()
    asked = {"version": contract.version, "effective_on": "2026-03-01", "reason": "Letter of 1 March",
             "shares": f"{contract.customer.code} 70\n{other.code} 30%"}  # fmt: skip
    assert f"{contract.customer.code} 100" in client.get(url).content.decode()
    wrong = client.post(url, {**asked, "shares": f"{contract.customer.code} 70\n{other.code} 29"})
    assert wrong.status_code == 422
    assert "add up to 99 %" in wrong.content.decode()
    assert client.post(url, {**asked, "shares": "nobody 100"}).status_code == 422
    assert client.post(url, asked).status_code == 302
    page = client.get(reverse("contracts:contract-detail", args=[contract.pk])).content.decode()
    assert "Other payer" in page
    assert "30" in page
    assert "Letter of 1 March" in page
