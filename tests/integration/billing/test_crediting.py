"""Credits that people ask for: over posted lines, approved by others, posted once (R17, R20)."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from billing.actions import approvals, candidates, crediting, decisions
from billing.models import Candidate, CandidateLine, CreditMemo, CreditOrder, Invoice, Piece, TaxDetermination
from contracts.models import BillTo, Cap
from integration_hub.cases.models import Case
from integration_hub.kernel.errors import BadInput, Denied, Stale
from integration_hub.people.models import Role
from integration_hub.trail.lineage import walk
from integration_hub.trail.models import Event
from integration_hub.work.inprocess import drain_once
from reconciliation.totals import statement
from tests import deals, factories, money, vendors
from tests.worlds import shared

APRIL = date(2026, 4, 30)
ALL = crediting.Wanted()


@shared
def contract():
    with vendors.silent() as landscape:
        contract = money.contract_in(landscape, "C-9", rate="150", cap="9000", po_number="PO-1", po_amount="9000")
        BillTo.objects.filter(pk=contract.bill_to_id).update(line_grouping="none")
        return contract


@shared
def invoice(contract):
    """22 h at 150 in March and 4 h more, posted: 3,300 and 600."""
    with vendors.settled() as landscape:
        factories.time_entry(contract, hours="4", on=date(2026, 3, 20))
        return money.posted_in(landscape, money.ready_in(landscape, contract, hours="22"))


def ask(invoice, wanted=ALL, *, by=None, reason="GOODWILL", rebillable=False, note="Agreed with the client", **more):
    invoice = Invoice.objects.get(pk=invoice.pk)
    candidate = crediting.ask(
        invoice_id=invoice.pk, by=by or factories.user(), seen_version=invoice.version, wanted=wanted, reason=reason,
        rebillable=rebillable, note=note, **{"on": APRIL, **more},
    )  # fmt: skip
    drain_once()
    candidate.refresh_from_db()
    return candidate


def posted(candidate):
    money.post(factories.candidate_approved(candidate))
    drain_once()
    candidate.refresh_from_db()
    return candidate


def lines(candidate):
    return [
        (line.corrects.number, str(line.net.normalize()), str(line.tax.normalize())) for line in candidate.lines.all()
    ]


def test_a_concession_takes_its_tax_and_leaves_the_work_billed(landscape, invoice):
    first, second = invoice.lines.all()
    assert {first.net, second.net} == {3300, 600}
    credit = ask(invoice, crediting.Wanted(lines={first.number: Decimal("100.10")}))
    assert (credit.kind, credit.status, credit.run) == ("credit_memo", "ready", None)
    assert lines(credit) == [(first.number, "-100.1", "-10.01")]
    posted(credit)
    assert credit.status == "posted"
    assert set(Piece.objects.filter(is_current=True).values_list("state", flat=True)) == {"posted"}
    assert not money.run_in(landscape, through=APRIL).candidates.exists()
    memo = CreditMemo.objects.get()
    assert memo.number == f"CM-{credit.number}"
    assert (memo.net, memo.tax, memo.gross) == (Decimal("100.10"), Decimal("10.01"), Decimal("110.11"))
    [write] = landscape.erp.writes("creditmemo.post")
    assert write.payload["apply"] == [{"invoice_id": invoice.remote_id, "invoice": invoice.number, "amount": "110.11"}]
    assert [line["corrects"] for line in write.payload["lines"]] == [f"{invoice.number} line {first.number}"]
    assert "kind" not in write.payload["lines"][0]


def test_a_total_is_shared_over_the_lines_and_the_last_credit_closes_them(invoice):
    credit = ask(invoice, crediting.Wanted(amount=Decimal("100.01")))
    assert sum(line.net for line in credit.lines.all()) == credit.net == Decimal("-100.01")
    assert credit.lines.count() == 2
    share = ask(invoice, crediting.Wanted(percent=Decimal(10)))
    assert share.net == -390
    rest = ask(invoice)
    assert (credit.net + share.net + rest.net, credit.tax + share.tax + rest.tax) == (-invoice.net, -invoice.tax)
    with pytest.raises(BadInput, match="Nothing is left to credit") as refused:
        ask(invoice)
    assert refused.value.__cause__.code == "OVER_CREDIT"


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (crediting.Wanted(lines={9: None}), "has no line 9"),
        (crediting.Wanted(lines={1: Decimal("3300.01")}), "of line 1 are left"),
        (crediting.Wanted(lines={1: Decimal("0")}), "no amount to credit"),
        (crediting.Wanted(lines={1: Decimal("1.005")}), "finer than USD"),
        (crediting.Wanted(amount=Decimal("3900.01")), "3,900.00 USD of the lines are left"),
        (crediting.Wanted(amount=Decimal(1), percent=Decimal(1)), "State one of"),
        (crediting.Wanted(percent=Decimal(101)), "no share"),
    ],
)
def test_what_the_lines_do_not_have_is_refused_in_words(invoice, wanted, words):
    with pytest.raises(BadInput, match=words):
        ask(invoice, wanted)
    assert not CreditOrder.objects.exists()


def test_it_says_why_and_what_is_written_off_is_not_billed_again(invoice):
    with pytest.raises(BadInput) as refused:
        ask(invoice, reason="BAD_DEBT", rebillable=True, note=" ")
    assert {problem.field for problem in refused.value.problems} == {"note", "rebillable"}
    with pytest.raises(BadInput, match="WEATHER is no reason"):
        ask(invoice, reason="WEATHER")


def test_who_asked_does_not_approve_and_an_auditor_does_not_ask(invoice):
    asker = factories.user()
    credit = ask(invoice, crediting.Wanted(amount=Decimal(100)), by=asker)
    with pytest.raises(Denied, match="someone else must approve"):
        approvals.approve(candidate_id=credit.pk, by=asker, seen_version=credit.version, seen_hash=credit.content_hash)
    assert approvals.standing(credit).needed == 1
    assert approvals.standing(ask(invoice, crediting.Wanted(amount=Decimal(1000)))).needed == 2
    with pytest.raises(Denied, match="Only billing analysts and finance"):
        ask(invoice, by=factories.user(Role.AUDITOR))


def test_what_was_not_seen_is_not_decided(invoice):
    with pytest.raises(Stale, match="moved since"):
        ask(invoice, seen_net=Decimal(1))
    seen = Invoice.objects.get(pk=invoice.pk).version
    ask(invoice, crediting.Wanted(amount=Decimal(1)), seen_net=Decimal("1.00"))
    with pytest.raises(Stale):
        crediting.ask(
            invoice_id=invoice.pk, by=factories.user(), seen_version=seen, wanted=ALL, reason="GOODWILL",
            rebillable=False, note="Again",
        )  # fmt: skip


def test_reason_and_note_are_part_of_what_is_approved(invoice):
    credit = factories.candidate_approved(ask(invoice, crediting.Wanted(amount=Decimal(100))))
    CreditOrder.objects.update(note="Another story")
    with pytest.raises(approvals.Lapsed):
        money.post(credit)


def test_work_to_be_billed_again_is_credited_whole_and_charged_once_more(landscape, contract, invoice):
    credit = ask(invoice, crediting.Wanted(lines={1: None}), reason="WRONG_PO", rebillable=True)
    billed = -credit.net
    run = money.run_in(landscape, through=APRIL)
    credit.refresh_from_db()
    assert credit.status == "ready", "a run leaves it alone"
    charge = run.candidates.get()
    assert (charge.kind, charge.net) == ("invoice", billed)
    with pytest.raises(Denied, match=credit.number):
        money.post(factories.candidate_approved(charge))
    posted(credit)
    money.post(charge)
    drain_once()
    cap = Cap.objects.get()
    assert (cap.reserved, cap.committed) == (0, 3900)
    assert not money.run_in(landscape, through=APRIL).candidates.exists()


def test_dissolving_it_leaves_the_work_billed_and_gives_the_lines_back(landscape, invoice):
    for rebillable in (True, False):
        credit = ask(invoice, rebillable=rebillable, reason="RATE_ERROR")
        if rebillable:
            money.run_in(landscape, through=APRIL)
        candidates.dissolve(candidate=credit, by="system:test", reason="No")
        drain_once()
        assert [row.state for row in Piece.objects.filter(is_current=True)] == ["posted", "posted"]
        cap = Cap.objects.get()
        assert (cap.reserved, cap.committed) == (0, 3900)
    assert ask(invoice).net == -3900


def test_only_whole_lines_nothing_was_taken_of_are_billed_again(invoice):
    with pytest.raises(BadInput, match="whole lines") as refused:
        ask(invoice, crediting.Wanted(lines={1: Decimal(10)}), rebillable=True)
    assert refused.value.__cause__.code == "CREDIT_IN_PART"
    ask(invoice, crediting.Wanted(lines={1: Decimal(10)}))
    with pytest.raises(BadInput, match="whole lines"):
        ask(invoice, crediting.Wanted(lines={1: None}), rebillable=True)


def test_a_posted_concession_gives_room_back_under_limits_and_order(landscape, contract, invoice):
    credit = ask(invoice, crediting.Wanted(amount=Decimal(900)))
    cap, order = Cap.objects.get(), contract.purchase_orders.get()
    assert (cap.reserved, cap.committed, order.committed) == (0, 3900, 3900), "not before it is posted"
    posted(credit)
    cap.refresh_from_db()
    order.refresh_from_db()
    assert (cap.reserved, cap.committed) == (0, 3000)
    assert (order.reserved, order.committed) == (0, 3000)


def test_a_limit_that_was_reached_lets_more_through_after_a_concession(landscape):
    contract = money.contract_in(landscape, "C-8", rate="100", cap="1000")
    invoice = money.posted_in(landscape, money.ready_in(landscape, contract, hours="12"))
    assert (invoice.net, Piece.objects.get(state="over_cap").amount) == (1000, 200)
    posted(ask(invoice, crediting.Wanted(amount=Decimal(150))))
    assert money.run_in(landscape, through=APRIL).candidates.get().net == 150


def test_conceded_lines_are_not_corrected_by_themselves(landscape, contract, invoice):
    ask(invoice, crediting.Wanted(lines={1: Decimal(10)}))
    landscape.arrive("crm", deals.amendment("1", of="C-9", new_rate=165, effective_on=date(2026, 3, 1)))
    drain_once()
    decisions.decide_contract(contract_id=contract.pk, caused_by="test")
    [credited] = Piece.objects.filter(corrects__isnull=False, is_current=True)
    assert credited.corrects.candidate_line.invoice_line.number == 2


def test_a_change_of_conceded_work_asks_a_person(landscape, contract, invoice):
    first = invoice.lines.get(number=1)
    ask(invoice, crediting.Wanted(lines={1: Decimal(10)}))
    event = first.candidate_line.pieces.get().event
    factories.time_entry(contract, hours="1", key=event.work_key, on=event.service_date)
    assert Case.objects.filter(code="LATE_CHANGE", root_cause=event.work_key).exists()


def test_what_the_erp_credited_counts_too(landscape, invoice):
    factories.credit_memo(invoice, net="3500", tax="350")
    with pytest.raises(BadInput, match=r"440\.00 USD of .* are left"):
        ask(invoice, crediting.Wanted(amount=Decimal("400.01")))
    assert ask(invoice, crediting.Wanted(amount=Decimal(400))).status == "ready"


def test_a_milestone_is_not_credited_in_part(landscape):
    contract = money.contract_in(landscape, "C-8", method="milestone", milestones=("32000",))
    factories.milestone_accepted(contract, 1)
    invoice = money.posted_in(landscape, money.ready_in(landscape, contract, hours=""))
    with pytest.raises(BadInput, match="whole or not at all"):
        ask(invoice, crediting.Wanted(amount=Decimal(2000)))
    assert ask(invoice).net == -32000


def test_a_write_off_says_so_to_the_erp(landscape, invoice):
    credit = posted(ask(invoice, reason="BAD_DEBT"))
    [write] = landscape.erp.writes("creditmemo.post")
    assert {line["kind"] for line in write.payload["lines"]} == {"write_off"}
    assert credit.credit_order.treatment == "Write-off: an expense"


def test_the_tax_engine_records_the_return_at_the_tax_of_the_sale(landscape, invoice):
    credit = posted(ask(invoice, crediting.Wanted(lines={1: Decimal("100.10")})))
    [write] = landscape.tax.writes("creditmemo.commit")
    [line] = write.payload["lines"]
    assert (line["amount"], line["tax"]) == ("-100.100000", "-10.010000")
    assert (line["tax_date"], line["credits"]) == (invoice.invoice_date.isoformat(), invoice.number)
    assert write.payload["invoice_number"] == CreditMemo.objects.get().number
    tax = TaxDetermination.objects.get(candidate=credit)
    assert (tax.status, tax.tax) == ("committed", Decimal("-10.01"))
    assert not Case.objects.filter(code="TAX_VARIANCE").exists()


def test_another_tax_committed_for_a_return_is_a_case_of_the_memo(landscape, invoice):
    landscape.tax.facts["creditmemo.commit"] = {"tax": "-11.00"}
    posted(ask(invoice, crediting.Wanted(lines={1: Decimal("100.10")})))
    case = Case.objects.get(code="TAX_VARIANCE")
    assert "-10.01 USD" in case.detail
    assert case.subject_type == "billing.creditmemo"


def test_what_the_tax_engine_never_knew_is_not_returned_there(landscape, invoice):
    TaxDetermination.objects.all().delete()
    posted(ask(invoice, crediting.Wanted(amount=Decimal(10))))
    assert landscape.tax.writes("creditmemo.commit") == []


def test_it_is_told_on_invoice_and_candidate_and_in_the_trace(invoice):
    credit = ask(invoice, crediting.Wanted(amount=Decimal(10)))
    told = {(row.action, row.object_type) for row in Event.objects.filter(action__contains="asked")}
    assert told == {
        ("billing.candidate.asked", "billing.candidate"),
        ("billing.invoice.credit_asked", "billing.invoice"),
    }
    down = walk(("invoice", str(invoice.pk)))
    assert ("candidate", str(credit.pk)) in down.nodes
    up = walk(("candidate", str(credit.pk)))
    assert ("invoice", str(invoice.pk)) in up.nodes


def test_the_database_refuses_what_goes_beyond_a_line(invoice):
    credit = ask(invoice, crediting.Wanted(lines={1: Decimal(10)}))
    line = credit.lines.get()
    for change in ({"net": -line.corrects.net - 1}, {"tax": -line.corrects.tax - 1}, {"net": 1}):
        with pytest.raises(IntegrityError, match="Credits take|candidate_line_credit"), transaction.atomic():
            CandidateLine.objects.filter(pk=line.pk).update(**change)
    candidates.dissolve(candidate=credit, by="system:test", reason="No")
    with pytest.raises(IntegrityError, match="stays so"), transaction.atomic():
        Candidate.objects.filter(pk=credit.pk).update(status="ready")


def test_without_the_rule_it_would_not_refuse(invoice):
    """Negative control."""
    line = ask(invoice, crediting.Wanted(lines={1: Decimal(10)})).lines.get()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE billing_candidateline DISABLE TRIGGER candidate_line_credit_within_original")
    CandidateLine.objects.filter(pk=line.pk).update(net=-line.corrects.net - 1)


def test_work_credited_to_be_billed_again_waits_for_the_next_run_at_its_price(landscape):
    contract = money.contract_in(landscape, "C-8", rate="132")
    invoice = money.posted_in(landscape, money.ready_in(landscape, contract, hours="6.25"))
    posted(ask(invoice, rebillable=True, reason="WRONG_PO"))
    rows = Piece.objects.filter(is_current=True, contract=contract).order_by("pk")
    assert [(row.state, row.amount) for row in rows] == [("corrected", 825), ("posted", -825), ("billable", 825)]
    assert money.run_in(landscape, through=APRIL).candidates.get().net == 825


def test_control_totals_agree_with_concessions_and_credits_on_their_way_and_posted(landscape, invoice):
    posted(ask(invoice, crediting.Wanted(lines={1: Decimal("100.10")})))
    ask(invoice, crediting.Wanted(lines={1: Decimal("20")}))
    candidates.dissolve(candidate=ask(invoice, crediting.Wanted(amount=Decimal(5))), by="system:test", reason="No")
    posted(ask(invoice, crediting.Wanted(lines={2: None}), rebillable=True, reason="WRONG_PO"))
    arrows = [arrow for arrow in statement().arrows if arrow.currency]
    assert {arrow.name for arrow in arrows} >= {"printed", "invoices"}
    assert [arrow.name for arrow in arrows if not arrow.agrees] == []
