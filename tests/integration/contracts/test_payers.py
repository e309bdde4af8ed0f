"""Who pays for a contract: shares that make 100, by the right people, and nothing is left of a refusal."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from contracts.actions import parties, payer_terms, payers
from contracts.models import BillTo, Cap, PayerShare, PayerSplit, PurchaseOrder
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


def refused(answer):
    """What a screen says of each field."""
    return dict(answer.context["form"].errors)


def test_the_screen_agrees_and_the_page_shows_it(client, contract, other):
    client.force_login(finance())
    url = reverse("contracts:contract-payers", args=[contract.pk])
    contract.refresh_from_db()
    asked = {"version": contract.version, "effective_on": "2026-03-01", "reason": "Letter of 1 March",
             "shares": f"{contract.customer.code} 70\n{other.code} 30%"}  # fmt: skip
    assert f"{contract.customer.code} 100" in client.get(url).content.decode()
    wrong = client.post(url, {**asked, "shares": f"{contract.customer.code} 70\n{other.code} 29"})
    assert wrong.status_code == 422
    assert refused(wrong) == {"shares": ["add up to 99 %, not to 100 %. Correct the percentages."]}
    assert "add up to 99 %, not to 100 %. Correct the percentages." in wrong.content.decode()
    assert not PayerSplit.objects.exists()
    assert client.post(url, {**asked, "shares": "nobody 100"}).status_code == 422
    assert client.post(url, asked).status_code == 302
    page = client.get(reverse("contracts:contract-detail", args=[contract.pk])).content.decode()
    assert "Other payer" in page
    assert "30 %" in page
    assert "Letter of 1 March" in page
    assert reverse("contracts:contract-payer-terms", args=[contract.pk]) in page


def state(contract, payer, *, order=None, limit=None, by=None, **more):
    contract.refresh_from_db(fields=["version"])
    asked = {"reason": "Order of 2 March", "seen_version": contract.version, **more}
    payer_terms.state(
        contract_id=contract.pk, payer_id=payer.pk, by=by or finance(),
        order=order and payer_terms.OrderIn(order), limit=limit and payer_terms.LimitIn(Decimal(limit)), **asked,
    )  # fmt: skip


def test_a_payer_states_its_order_and_its_limit_and_changes_them(contract, other):
    payer = agree(contract, (contract.customer, "60"), (other, "40")).shares.get(takes_rest=False).bill_to
    state(contract, payer, order="PO-77", limit="500")
    state(contract, payer, limit="800")
    cap = Cap.objects.get(contract=contract, bill_to=payer)
    assert (cap.limit, cap.kind, cap.line, cap.whose) == (800, "hard", None, ", Other payer's share")
    assert PurchaseOrder.objects.get(contract=contract, number="PO-77").bill_to == payer
    told = Event.objects.filter(action="contracts.payers.stated").order_by("pk").first().data
    assert (told["payer"], told["order"], told["limit"]) == (other.code, "PO-77", "500")


@pytest.mark.parametrize(
    ("asked", "words"),
    [({}, "State one of them"), ({"order": "PO-1"}, "another payer's"), ({"limit": "99"}, "100.00 USD or more"),
     ({"limit": "500", "reason": " "}, "where it was agreed")],
)  # fmt: skip
def test_terms_of_a_payer_that_cannot_hold_are_refused(contract, other, asked, words):
    payer = agree(contract, (contract.customer, "60"), (other, "40")).shares.get(takes_rest=False).bill_to
    PurchaseOrder.objects.create(contract=contract, number="PO-1", currency="USD")
    Cap.objects.create(contract=contract, bill_to=payer, limit=300, committed=100, currency="USD")
    with pytest.raises(BadInput, match=words):
        state(contract, payer, **asked)
    assert Cap.objects.get(bill_to=payer).limit == 300


def test_only_who_has_a_share_states_terms_and_only_to_finance_who_saw_the_contract(contract, other):
    agree(contract, (contract.customer, "100"))
    with pytest.raises(BadInput, match="Agree its share first"):
        state(contract, parties.bill_to_of(contract=contract, customer=other), limit="5")
    with pytest.raises(Denied, match="Only finance"):
        state(contract, contract.bill_to, limit="5", by=factories.user(role="pmo", everything=True))
    with pytest.raises(Stale):
        state(contract, contract.bill_to, limit="5", seen_version=contract.version + 5)


def test_the_screen_records_terms_of_a_payer(client, contract, other):
    payer = agree(contract, (contract.customer, "60"), (other, "40")).shares.get(takes_rest=False).bill_to
    client.force_login(finance())
    contract.refresh_from_db()
    url = reverse("contracts:contract-payer-terms", args=[contract.pk])
    asked = {"version": contract.version, "payer": payer.pk, "order": "PO-9", "order_amount": "1000", "limit": "",
             "reason": "The order"}  # fmt: skip
    assert "Other payer" in client.get(url).content.decode()
    wrong = client.post(url, {**asked, "order": ""})
    assert (wrong.status_code, refused(wrong)) == (422, {"order": ["and limit are both empty. State one of them."]})
    assert client.post(url, asked).status_code == 302
    page = client.get(reverse("contracts:contract-detail", args=[contract.pk])).content.decode()
    assert "PO PO-9, Other payer" in page
