"""Candidates and runs: what falls due becomes work, billable work becomes candidates, room is counted exactly (R22)."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Sum

from billing.actions import approvals, candidates, checks, limits, posting, quotes, runs, schedules, sending
from billing.models import BillableEvent, BillingRun, Candidate, CandidateLine, CapEntry, Piece, ScheduleItem
from contracts.models import AccountingPeriod, BillTo, Cap
from integration_hub.cases.models import Case
from integration_hub.kernel.errors import BadInput, Denied, NotReady, Stale
from integration_hub.people.models import Role
from integration_hub.trail.models import Event
from integration_hub.work.inprocess import drain_once
from tests import factories, money

MARCH = date(2026, 3, 31)


def fresh(row):
    row.refresh_from_db()
    return row


def shares(candidate):
    return Piece.objects.filter(candidate_line__candidate=candidate).aggregate(t=Sum("net"))["t"]


def balances(contract):
    """(reserved, committed) of the contract's only cap and of its only purchase order."""
    cap, order = contract.caps.get(), contract.purchase_orders.get()
    return (cap.reserved, cap.committed, order.reserved, order.committed)


# -- runs ------------------------------------------------------------------------------------------------------------


def test_a_run_builds_one_candidate_per_contract_and_proves_its_totals(landscape):
    first, second = money.contract_in(landscape, "C-1"), money.contract_in(landscape, "C-2")
    money.contract_in(landscape, "C-3")
    factories.time_entry(first)
    factories.time_entry(second, hours="2")
    factories.time_entry(second, on=date(2026, 4, 1))
    run = money.run_in(landscape)
    assert {row.contract.number: row.net for row in run.candidates.all()} == {"C-1": 1200, "C-2": 300}
    assert run.control_totals["USD"] == {
        "count": "2",
        "difference": "0.000000",
        "value": "1500.000000",
        "reserved": "1500.000000",
        "posted": "0",
        "carried": "0",
    }
    assert run.finished_at is not None
    assert Event.objects.filter(action="billing.run.finished").count() == 1


def test_one_run_per_legal_entity_at_a_time(landscape):
    analyst = factories.user(Role.BILLING_ANALYST, entities=("US01", "GB01"))
    factories.legal_entity("GB01", currency="GBP", country="GB")
    start = {"through": MARCH, "invoice_date": MARCH, "by": analyst}
    runs.start(legal_entity="US01", **start)
    with pytest.raises(NotReady, match="US01 is still going on"):
        runs.start(legal_entity="US01", **start)
    runs.start(legal_entity="GB01", **start)
    drain_once()
    runs.start(legal_entity="US01", **start)
    assert BillingRun.objects.filter(state="done").count() == 2


def test_who_may_start_a_run_and_for_when(db):
    factories.legal_entity()
    start = {"legal_entity": "US01", "through": MARCH, "invoice_date": MARCH}
    with pytest.raises(Denied, match="Only billing analysts and finance"):
        runs.start(**start, by=factories.user(Role.PMO))
    with pytest.raises(Denied, match="outside your scope"):
        runs.start(**start, by=factories.user(Role.BILLING_ANALYST, entities=("GB01",)))
    with pytest.raises(BadInput, match="before the last service date"):
        runs.start(**{**start, "invoice_date": date(2026, 3, 30)}, by=factories.user())
    with pytest.raises(BadInput, match="'XX' is not a legal entity of ours"):
        runs.start(**{**start, "legal_entity": "XX"}, by=factories.user())


def test_a_finished_run_is_not_built_again(landscape):
    factories.time_entry(money.contract_in(landscape, "C-1"))
    run = money.run_in(landscape)
    again = runs.build(run_id=run.pk)
    assert again.finished_at == run.finished_at
    assert run.candidates.count() == 1


def test_a_second_run_dissolves_what_nobody_approved_and_leaves_the_rest(landscape):
    first, second = money.contract_in(landscape, "C-1"), money.contract_in(landscape, "C-2")
    approved = factories.candidate_approved(money.ready_in(landscape, first))
    draft = money.ready_in(landscape, second)
    factories.time_entry(first, hours="1")
    run = money.run_in(landscape)
    assert fresh(draft).status == "dissolved"
    assert fresh(approved).status == "approved"
    assert {row.contract.number: row.net for row in run.candidates.all()} == {"C-1": 150, "C-2": 1200}
    said = Event.objects.filter(action="billing.candidate.dissolved", object_id=str(draft.pk)).get()
    assert said.reason == f"Rebuilt by run {run.pk}"


def test_a_rebuilt_candidate_is_priced_by_the_terms_of_today(landscape):
    contract = money.contract_in(landscape, "C-1")
    money.ready_in(landscape, contract)
    contract.rate_card.rows.update(rate=160)
    run = money.run_in(landscape)
    assert run.candidates.get().net == 1280


def test_what_is_held_is_not_built(landscape):
    contract = money.contract_in(landscape, "C-1")
    draft = money.ready_in(landscape, contract)
    factories.hold(contract)
    run = money.run_in(landscape)
    assert fresh(draft).status == "dissolved"
    assert not run.candidates.exists()


# -- schedules -------------------------------------------------------------------------------------------------------


def test_schedule_items_fall_due_once(landscape):
    contract = money.contract_in(landscape, "C-1", method="fixed_schedule", amount="1200")
    run = money.run_in(landscape)
    candidate = run.candidates.get()
    assert candidate.net == 300
    assert [line.description for line in candidate.lines.all()] == [
        "Line 1, 01 Jan 2026 – 31 Jan 2026",
        "Line 1, 01 Feb 2026 – 28 Feb 2026",
        "Line 1, 01 Mar 2026 – 31 Mar 2026",
    ]
    assert [line.service_to for line in candidate.lines.all()] == [
        date(2026, 1, 31), date(2026, 2, 28), MARCH,
    ]  # fmt: skip
    assert schedules.raise_due(contract=contract, through=MARCH) == 0
    assert BillableEvent.objects.filter(kind="fee").count() == 3
    assert set(ScheduleItem.objects.values_list("status", flat=True)) == {"due", "planned"}
    assert schedules.make(contract=contract, by=factories.BY) == 0
    later = money.run_in(landscape, through=date(2026, 4, 30))
    assert later.candidates.get().net == 400


def test_the_last_instalment_takes_the_cent(db):
    contract = factories.contract_active("C-1", method="fixed_schedule", amount="1000", ends_on=date(2026, 3, 31))
    items = ScheduleItem.objects.filter(line__contract=contract)
    assert [item.amount for item in items] == [Decimal("333.33"), Decimal("333.33"), Decimal("333.34")]


def test_a_single_instalment_needs_no_last_day(db):
    contract = factories.contract_active(
        "C-1", method="fixed_schedule", amount="1000", ends_on=None, line_terms={"frequency": "once"}
    )
    assert [(item.due_on, item.amount) for item in ScheduleItem.objects.all()] == [(contract.starts_on, 1000)]


@pytest.mark.parametrize(
    ("method", "terms", "field"),
    [
        ("fixed_schedule", {"ends_on": None}, "ends_on"),
        ("retainer_hours", {"ends_on": None}, "ends_on"),
        ("fixed_schedule", {"starts_on": None}, "starts_on"),
    ],
)
def test_a_schedule_that_nobody_can_count_stops_the_activation(db, method, terms, field):
    contract = factories.contract_signed(
        "C-1", method=method, amount="1000", line_terms={"included_hours": 10}, **terms
    )
    drain_once(["ingest"])
    contract.refresh_from_db()
    assert contract.status == "signed"
    [case] = Case.objects.filter(code="PROCESS_FAILED")
    assert f"has no {field}" in case.detail


def test_withdrawing_a_schedule_skips_what_is_planned_with_the_reason(db):
    contract = factories.contract_active("C-1", method="fixed_schedule", amount="1200")
    schedules.raise_due(contract=contract, through=date(2026, 1, 31))
    assert schedules.withdraw(contract=contract, reason="Undone", by=factories.BY) == 11
    assert schedules.withdraw(contract=contract, reason="Undone", by=factories.BY) == 0
    assert ScheduleItem.objects.filter(status="skipped", reason="Undone").count() == 11
    with pytest.raises(IntegrityError, match="schedule_skip_has_reason"), transaction.atomic():
        ScheduleItem.objects.filter(status="skipped").update(reason="")
    assert schedules.make(contract=contract, by=factories.BY) == 0, "what fell due stands"


# -- figures and room ----------------------------------------------------------------------------------------------


def test_a_candidate_is_the_sum_of_its_lines_and_a_line_of_its_shares(landscape):
    contract = money.contract_in(landscape, "C-1", rate="142", cap="5000", po_number="PO-1", po_amount="5000")
    for minutes in (20, 20, 20):
        factories.time_entry(contract, hours=str(Decimal(minutes) / 60))
    candidate = money.ready_in(landscape, contract, hours="")
    [line] = candidate.lines.all()
    assert (candidate.net, line.net, shares(candidate)) == (142, 142, 142)
    nets = sorted(Piece.objects.filter(candidate_line=line).values_list("net", flat=True))
    assert nets == [Decimal("47.33"), Decimal("47.33"), Decimal("47.34")]
    assert (candidate.tax, candidate.gross) == (Decimal("14.20"), Decimal("156.20"))
    exact = Piece.objects.filter(candidate_line=line).aggregate(t=Sum("amount"))["t"]
    assert balances(contract) == (exact, 0, 142, 0)


def test_room_is_reserved_given_back_and_committed_exactly(landscape):
    contract = money.contract_in(landscape, "C-1", cap="2000", po_number="PO-1", po_amount="3000")
    candidate = money.ready_in(landscape, contract)
    assert balances(contract) == (1200, 0, 1200, 0)
    analyst = factories.user(Role.BILLING_ANALYST)
    with pytest.raises(Stale, match="which version"):
        candidates.dissolve(candidate=candidate, by=analyst, reason="Wrong")
    with pytest.raises(Stale):
        candidates.dissolve(candidate=candidate, by=analyst, reason="Wrong", seen_version=candidate.version + 1)
    gone = candidates.dissolve(candidate=candidate, by=analyst, reason="Wrong", seen_version=candidate.version)
    assert (gone.status, balances(contract)) == ("dissolved", (0, 0, 0, 0))
    assert not CapEntry.objects.exists()
    assert not Piece.objects.exclude(net=None).exists()
    with pytest.raises(Denied, match="is dissolved"):
        candidates.dissolve(candidate=gone, by=analyst, reason="Again", seen_version=gone.version)
    with pytest.raises(NotReady, match="dissolved cannot become dissolved"):
        candidates.dissolve(candidate=gone, by=factories.BY, reason="Again")
    invoice = money.posted_in(landscape, money.ready_in(landscape, contract, hours=""))
    assert balances(contract) == (0, 1200, 0, 1200)
    assert [(entry.kind, entry.amount) for entry in CapEntry.objects.all()] == [("reserve", 1200), ("commit", 1200)]
    with pytest.raises(Denied, match="is posted"):
        candidates.dissolve(candidate=invoice.candidate, by=analyst, reason="No", seen_version=1)


def test_the_exception_of_a_cap_says_its_hours_with_two_places(landscape):
    contract = money.contract_in(landscape, "C-1", cap="1000")
    factories.time_entry(contract, on=date(2026, 3, 2))
    drain_once()
    assert Case.objects.get(code="CAP_REACHED").title == "Over the cap of C-1: 1.33 h"


def test_a_cap_splits_the_entry_that_crosses_it_and_the_rest_waits(landscape):
    contract = money.contract_in(landscape, "C-1", cap="1500")
    factories.time_entry(contract, on=date(2026, 3, 2))
    crossing = factories.time_entry(contract, on=date(2026, 3, 3))
    candidate = money.ready_in(landscape, contract, hours="")
    assert candidate.net == 1500
    assert money.pieces(crossing) == {"reserved": 300, "over_cap": 900}
    [case] = Case.objects.filter(code="CAP_REACHED").exclude(status="resolved")
    assert case.members.get(is_open=True).amount == 900
    candidates.dissolve(candidate=candidate, by=factories.BY, reason="Again")
    drain_once()
    assert money.pieces(crossing) == {"billable": 300, "over_cap": 900}
    assert sum(row.minutes for row in Piece.objects.filter(event=crossing, is_current=True)) == 480


def test_room_that_is_freed_takes_over_cap_work_in(landscape):
    contract = money.contract_in(landscape, "C-1", cap="1200")
    factories.time_entry(contract, key="k1", on=date(2026, 3, 2))
    late = factories.time_entry(contract, key="k2", on=date(2026, 3, 3))
    money.ready_in(landscape, contract, hours="")
    assert money.pieces(late) == {"over_cap": 1200}
    factories.time_entry(contract, key="k1", on=date(2026, 3, 2), is_deleted=True)
    drain_once()
    assert money.pieces(late) == {"billable": 1200}


def test_the_database_refuses_to_commit_more_than_a_hard_cap(landscape):
    contract = money.contract_in(landscape, "C-1", cap="1200")
    money.ready_in(landscape, contract)
    cap = Cap.objects.get(contract=contract)
    with pytest.raises(IntegrityError, match="cap_never_over_committed"), transaction.atomic():
        Cap.objects.filter(pk=cap.pk).update(committed=Decimal("0.01"))
    with pytest.raises(IntegrityError, match="cap_ledger_not_negative"), transaction.atomic():
        Cap.objects.filter(pk=cap.pk).update(reserved=Decimal("-0.01"))
    cap.kind = Cap.Kind.SOFT
    cap.save()
    Cap.objects.filter(pk=cap.pk).update(committed=5000)


def test_a_candidate_built_past_the_engine_cannot_over_commit(landscape):
    contract = money.contract_in(landscape, "C-1", cap="1200")
    candidate = money.ready_in(landscape, contract)
    CapEntry.objects.all().delete()
    with pytest.raises(IntegrityError, match="cap_never_over_committed"), transaction.atomic():
        limits.reserve(candidate)


def test_expenses_take_no_room_under_a_cap_on_fees(landscape):
    contract = money.contract_in(landscape, "C-1")
    Cap.objects.create(contract=contract, limit=1200, currency="USD")
    costs = factories.line(contract, number=2, method="expense")
    factories.time_entry(contract)
    event = factories.expense(contract, amount="500")
    candidate = money.ready_in(landscape, contract, hours="")
    assert (candidate.net, contract.caps.get().reserved) == (1700, 1200)
    assert Piece.objects.get(event=event).line == costs
    Cap.objects.create(contract=contract, line=costs, limit=600, currency="USD")
    limits.count_in(contract=contract)
    assert contract.caps.get(line=costs).reserved == 500
    limits.count_in(contract=contract)
    assert contract.caps.get(line=costs).reserved == 500, "counted once"


def test_an_expired_order_gives_way_to_a_valid_one(landscape):
    contract = money.contract_in(landscape, "C-1", po_number="OLD", po_amount="100")
    contract.purchase_orders.update(expires_on=date(2026, 1, 31))
    contract.purchase_orders.create(number="NEW", amount=5000, currency="USD")
    assert money.ready_in(landscape, contract).purchase_order.number == "NEW"


def test_a_candidates_number_names_entity_run_and_contract(landscape):
    contract = money.contract_in(landscape, "C-1")
    candidate = money.ready_in(landscape, contract)
    assert candidate.number == f"TL-US01-{candidate.run_id:04d}-{contract.pk:05d}"
    assert str(candidate) == candidate.number
    assert candidate.prepared_by == candidate.run.started_by


def months(entity, **status):
    """The first half of 2026 in months; closed where it says so."""
    for number in range(1, 7):
        first = date(2026, number, 1)
        state = status.get(f"{first:%b}".lower(), "open")
        AccountingPeriod.objects.create(
            legal_entity=entity, name=f"{first:%b} 2026", starts_on=first,
            ends_on=date(2026, number + 1, 1) - timedelta(days=1), status=state,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("closed", "expected"),
    [
        ({}, date(2026, 3, 27)),
        ({"feb": "closed"}, date(2026, 3, 27)),
        ({"mar": "closed"}, date(2026, 4, 1)),
        ({"mar": "closed", "apr": "soft_closed"}, date(2026, 5, 1)),
    ],
)
def test_it_is_accounted_for_when_the_work_was_done_or_on_the_first_open_day(db, closed, expected):  # R10
    entity = factories.legal_entity()
    months(entity, **closed)
    contract = factories.contract_active("C-1", entity=entity)
    factories.erp(entity, contract.customer)
    factories.tax(entity)
    factories.time_entry(contract, on=date(2026, 3, 27))
    run = runs.start(legal_entity="US01", through=MARCH, invoice_date=date(2026, 4, 8), by=factories.user())
    drain_once(factories.LOCAL)
    candidate = Candidate.objects.get(run=run)
    with factories.quoting():
        quotes.quote(candidate_id=candidate.pk)
    candidate = checks.run(candidate_id=candidate.pk)
    assert (candidate.status, candidate.accounting_date) == ("ready", expected)
    payload = sending.payload_of(candidate)
    assert (payload["invoice_date"], payload["accounting_date"]) == ("2026-04-08", expected.isoformat())


def test_a_period_that_closes_before_posting_moves_the_date_and_what_the_erp_shows_otherwise_is_told(db):
    entity = factories.legal_entity()
    months(entity)
    candidate = factories.candidate_approved(contract=factories.contract_active("C-1", entity=entity))
    assert candidate.accounting_date == date(2026, 3, 2)
    AccountingPeriod.objects.filter(name="Mar 2026").update(status="closed")
    with pytest.raises(approvals.Lapsed):
        factories.invoice_posted(candidate)
    assert fresh(candidate).warnings == ["APPROVAL_STALE"]
    stale = Case.objects.get(code="APPROVAL_STALE")
    invoice = factories.invoice_posted(fresh(candidate))
    assert (fresh(stale).status, fresh(candidate).warnings) == ("resolved", [])
    assert fresh(candidate).accounting_date == date(2026, 4, 1)
    assert invoice.effect.posting_date == date(2026, 4, 1)
    theirs = {"net": invoice.net, "period": "Mar 2026", "issued_on": "2026-03-30"}
    posting.compare_again(invoice=invoice, theirs=theirs, by="erp")
    case = Case.objects.get(code="ERP_VARIANCE")
    assert case.detail == "issued on: ours 2026-03-31, theirs 2026-03-30; period: ours Apr 2026, theirs Mar 2026"
    posting.compare_again(invoice=invoice, theirs={"net": invoice.net, "voided": True}, by="erp")
    assert "it is voided there" in fresh(case).detail
    posting.compare_again(invoice=invoice, theirs={"net": invoice.net, "issued_on": MARCH}, by="erp")
    assert fresh(case).status == "resolved"


@pytest.mark.parametrize("grouping", ["none", "resource", "role", "task", "rate"])
def test_lines_are_grouped_as_the_bill_to_wants(landscape, grouping):
    contract = money.contract_in(landscape, "C-1")
    BillTo.objects.update(line_grouping=grouping)
    ann, bob = factories.resource("Ann Lee"), factories.resource("Bob Ray")
    for who, task in ((ann, "T1"), (ann, "T2"), (bob, "T1")):
        factories.time_entry(contract, by_whom=who, task_code=task, hours="1", description=f"{who.name} {task}")
    candidate = money.ready_in(landscape, contract, hours="")
    found = [line.description for line in candidate.lines.all()]
    assert (
        found
        == {
            "none": ["Ann Lee T1", "Ann Lee T2", "Bob Ray T1"],
            "resource": ["Ann Lee", "Bob Ray"],
            "role": ["Consultant"],
            "task": ["T1", "T2"],
            "rate": ["Time at 150 USD per hour"],
        }[grouping]
    )
    assert candidate.net == 450


def test_the_database_keeps_a_candidate_consistent(landscape):
    candidate = money.ready_in(landscape, money.contract_in(landscape, "C-1"))
    with pytest.raises(IntegrityError, match="candidate_gross_is_sum"), transaction.atomic():
        Candidate.objects.filter(pk=candidate.pk).update(gross=1)
    with pytest.raises(IntegrityError, match="candidate_approved_has_hash"), transaction.atomic():
        Candidate.objects.filter(pk=candidate.pk).update(status="approved", content_hash="")
    line = candidate.lines.get()
    with pytest.raises(IntegrityError, match="candidate_line_number_once"), transaction.atomic():
        CandidateLine.objects.create(
            candidate=candidate, number=1, contract_line=line.contract_line, kind="time", description="x", net=1,
            service_from=MARCH, service_to=MARCH,
        )  # fmt: skip


def test_letting_go_of_nothing_changes_nothing(landscape):
    candidate = money.ready_in(landscape, money.contract_in(landscape, "C-1"))
    assert candidates.let_go(event_ids=[], by=factories.BY) == 0
    assert fresh(candidate).status == "ready"
