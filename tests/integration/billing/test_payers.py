"""Documents of several payers: their own, with their own orders, tax and credits, and one may be dissolved (R15)."""

from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse

from billing import outlooks, simulation
from billing.actions import candidates, decisions, holds
from billing.explain import explain
from billing.models import Candidate, Decision, Piece
from billing.replayed import replay
from contracts.actions import payer_terms, payers, references
from contracts.models import Cap, PurchaseOrder
from tests import factories
from tests.worlds import shared

pytestmark = pytest.mark.django_db
SINCE = date(2026, 1, 1)


@shared
def contract():
    """150 an hour, 62.5 % of it paid by the client, 37.5 % by its parent."""
    row = factories.contract_active("C-SP")
    other = factories.customer(name="Parent")
    erp = factories.erp(row.legal_entity, row.customer)
    references.note(connection=erp, entity="customer_account", source_id="E-PARENT", row=other)
    factories.tax(row.legal_entity)
    share(row, (row.customer, "62.5"), (other, "37.5"))
    return row


def share(contract, *shares, since=SINCE):
    contract.refresh_from_db(fields=["version"])
    return payers.agree(
        contract_id=contract.pk, line_id=None, effective_on=since, reason="Agreed", seen_version=contract.version,
        by=factories.user(everything=True),
        shares=[payers.ShareIn(who, Decimal(percent), n == 0) for n, (who, percent) in enumerate(shares)],
    )  # fmt: skip


def run(contract):
    factories.run_done(contract.legal_entity, by=factories.user("billing_analyst"))
    rows = Candidate.objects.filter(contract=contract).exclude(status__in=["dissolved", "posted"])
    return {row.bill_to.customer.name: row for row in rows.order_by("pk")}


def parent(contract):
    return contract.payer_splits.get().shares.get(takes_rest=False).bill_to


def nets(found):
    return {name: row.net for name, row in found.items()}


def test_each_payer_has_a_document_with_its_own_order_and_tax(contract):
    order = PurchaseOrder.objects.create(contract=contract, number="PO-P", currency="USD", amount=500,
                                         bill_to=parent(contract))  # fmt: skip
    factories.time_entry(contract, hours="8.01")
    found = run(contract)
    assert nets(found) == {contract.customer.name: Decimal("750.94"), "Parent": Decimal("450.56")}
    assert {row.status for row in found.values()} == {"ready"}
    assert found["Parent"].purchase_order == order
    assert found[contract.customer.name].purchase_order is None
    assert found["Parent"].tax == Decimal("45.06")
    order.refresh_from_db()
    assert order.reserved == Decimal("450.56")


def test_what_is_beyond_a_payers_limit_stays_over_it_and_takes_no_room_of_the_others(contract):
    payer_terms.state(
        contract_id=contract.pk, payer_id=parent(contract).pk, order=None, limit=payer_terms.LimitIn(Decimal(400)),
        reason="Letter", by=factories.user(everything=True), seen_version=contract.version,
    )  # fmt: skip
    factories.time_entry(contract, hours="8")
    [ahead] = outlooks.of_contract(contract, today=date(2026, 3, 1))
    assert (ahead.name, ahead.used) == ("the whole contract, Parent's share", Decimal(400))
    found = run(contract)
    assert nets(found) == {contract.customer.name: 750, "Parent": 400}
    over = Piece.objects.get(contract=contract, is_current=True, state="over_cap")
    assert (over.bill_to, over.amount) == (parent(contract), 50)
    assert Cap.objects.get(contract=contract).reserved == 400


def test_the_page_of_a_document_says_which_share_it_is(client, contract):
    factories.time_entry(contract, hours="8")
    found = run(contract)
    client.force_login(factories.user(everything=True))
    page = client.get(reverse("billing:candidate-detail", args=[found["Parent"].pk])).content.decode()
    assert "Share of the work" in page
    assert "37.5 %" in page


def test_one_payers_document_may_go_and_comes_back_as_it_was(contract):
    factories.time_entry(contract, hours="8.01")
    found = run(contract)
    factories.invoice_posted(found[contract.customer.name])
    candidates.dissolve(candidate=found["Parent"], by="system:test", reason="Try again")
    decisions.decide_contract(contract_id=contract.pk, caused_by="test")
    again = run(contract)
    assert nets(again) == {"Parent": Decimal("450.56")}
    current = Piece.objects.filter(contract=contract, is_current=True)
    assert sum(piece.amount for piece in current) == Decimal("1201.5")
    assert sum(piece.minutes for piece in current) == Decimal("480.6")


def test_a_hold_on_one_payer_takes_its_document_apart_alone(contract):
    factories.time_entry(contract, hours="8")
    found = run(contract)
    payer = parent(contract)
    holds.place(scope="bill_to", target=str(payer.pk), code="CLIENT_QUERY", by="system:test", reason="?")
    for row in found.values():
        row.refresh_from_db()
    assert found["Parent"].status == "dissolved"
    assert found[contract.customer.name].status == "ready"
    decisions.decide_contract(contract_id=contract.pk, caused_by="test")
    held = Piece.objects.get(contract=contract, is_current=True, state="held")
    assert (held.bill_to, held.amount) == (payer, Decimal(450))


def test_other_payers_for_the_past_are_credited_and_billed_anew(contract):
    factories.time_entry(contract, hours="8")
    for row in run(contract).values():
        factories.invoice_posted(row)
    share(contract, (contract.customer, "50"), (parent(contract).customer, "50"))
    run(contract)
    made = Candidate.objects.filter(contract=contract).exclude(status__in=["posted", "dissolved"])
    assert sorted((row.bill_to.customer.name, row.net) for row in made) == sorted(
        [(contract.customer.name, -750), (contract.customer.name, 600), ("Parent", -450), ("Parent", 600)]
    )


def test_the_release_of_a_hold_on_a_payer_is_simulated_as_it_comes(contract):
    hold = holds.place(scope="bill_to", target=str(parent(contract).pk), code="CLIENT_QUERY", by="system:test",
                       reason="?")  # fmt: skip
    factories.time_entry(contract, hours="8")
    [seen] = simulation.of_hold(hold)
    assert [row.net for row in seen.without.documents] == [750]
    assert sorted(row.net for row in seen.with_it.documents) == [450, 750]
    holds.release(hold_id=hold.pk, by="system:test", seen_version=hold.version)
    assert sorted(nets(run(contract)).values()) == [450, 750]


def test_a_decision_on_shares_is_made_again_to_the_byte(contract):
    factories.time_entry(contract, hours="8.01")
    found = run(contract)
    factories.invoice_posted(found[contract.customer.name])
    candidates.dissolve(candidate=found["Parent"], by="system:test", reason="Try again")
    decisions.decide_contract(contract_id=contract.pk, caused_by="test")
    verdicts = list(replay(Decision.objects.filter(event__contract=contract)))
    assert len(verdicts) == 2
    assert {(verdict.outcome, verdict.difference) for verdict in verdicts} == {("identical", None)}


def test_the_explanation_names_the_payers_and_their_parts(contract):
    factories.time_entry(contract, hours="8.01")
    decision = Decision.objects.get(event__contract=contract, is_current=True)
    told = explain(decision, list(decision.pieces.order_by("number")))
    assert told.sums == [f"Shared by {contract.customer.name} 62.5 % and what rounding leaves, Parent 37.5 %."]
    assert told.results[1].endswith("= 450.56 USD: billable, Parent's share")
    for row in run(contract).values():
        factories.invoice_posted(row)
    share(contract, (contract.customer, "100"))
    decisions.decide_contract(contract_id=contract.pk, caused_by="test")
    corrected = Decision.objects.get(event__contract=contract, is_current=True)
    told = explain(corrected, list(corrected.pieces.order_by("number")))
    assert f"now {contract.customer.name} 100 % and what rounding leaves" in told.corrected[0]
