"""Delivered work: versions, tombstones, approvals, late changes, parents that come later (R19, R21)."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Sum

from billing.actions import decisions, holds, work
from billing.models import BillableEvent, Candidate, Decision, Piece
from contracts.actions import references
from contracts.models import Contract, EligibilityRule, Project, RateCard, RateRow, Task
from contracts.queries import customer_chain, rate_rows, rates_of
from integration_hub import canonical
from integration_hub.cases.actions import cases
from integration_hub.cases.models import Case
from integration_hub.kernel.errors import Denied
from integration_hub.trail.models import Event
from integration_hub.work.inprocess import drain_once
from tests import factories, money, vendors
from tests.vendors import arrive
from tests.worlds import shared

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 2)
TEST = decisions.Cause("test", "")


def open_cases(code):
    return list(Case.objects.filter(code=code).exclude(status="resolved"))


@shared
def contract():
    with vendors.silent() as landscape:
        return money.contract_in(landscape, "C-1")


@shared
def psa(contract):
    """The PSA, which knows the contract's project as P-1 and Ann as U-1."""
    there = factories.connection("kantata", code="psa")
    references.note(connection=there, entity="project", source_id="P-1", row=factories.project_of(contract))
    references.note(connection=there, entity="resource", source_id="U-1", row=factories.resource())
    return there


def entry(key="T-1", *, hours="8", approval="approved", version="1", **more):
    known = {"project_id": "P-1", "resource_id": "U-1", "worked_on": DAY, **more}
    return canonical.TimeEntry(source_id=key, version=version, minutes=Decimal(hours) * 60, approval=approval, **known)


def expense(key="X-1", *, amount="100", **more):
    known = {"project_id": "P-1", "resource_id": "U-1", "spent_on": DAY, "currency": "USD", **more}
    return canonical.Expense(source_id=key, version="1", amount=Decimal(amount), approval="approved", **known)


def current(key="psa:time_entry:T-1"):
    return BillableEvent.objects.get(work_key=key, is_current=True)


def hours():
    """Hours in, and hours in the buckets of what was decided."""
    events = BillableEvent.objects.filter(is_current=True, is_deleted=False)
    buckets = Piece.objects.filter(event__in=events, is_current=True).aggregate(t=Sum("minutes"))["t"]
    return (events.aggregate(t=Sum("minutes"))["t"] or 0, buckets or 0)


# -- versions ----------------------------------------------------------------------------------------------------


def test_time_becomes_an_event_and_a_priced_piece(psa):
    [receipt] = arrive(psa, entry(role="Consultant", notes="Workshop"))
    drain_once(["ingest"])
    event = current()
    assert receipt.status == "applied"
    assert (event.version, event.minutes, event.description) == (1, 480, "Workshop")
    assert event.source_version.source_id == "T-1"
    assert money.pieces(event) == {"billable": 1200}
    assert event.decisions.get().contract_version.number == 1
    assert event.decisions.get().caused_by == "psa time_entry"


def test_the_same_content_again_is_no_new_version(psa):
    arrive(psa, entry())
    drain_once(["ingest"])
    arrive(psa, entry(version="2"))
    assert BillableEvent.objects.count() == 1
    assert drain_once(["ingest"]) == 0


def test_a_new_version_before_billing_replaces_the_pieces(psa):
    arrive(psa, entry(hours="8"))
    drain_once(["ingest"])
    first = current()
    arrive(psa, entry(hours="6", version="2"))
    drain_once(["ingest"])
    first.refresh_from_db()
    assert (first.is_current, current().version) == (False, 2)
    assert not first.pieces.filter(is_current=True).exists()
    assert money.pieces(current()) == {"billable": 900}
    assert hours() == (360, 360)


def test_two_versions_in_one_batch_leave_the_last(psa):
    arrive(psa, entry(hours="8"), entry(hours="5", version="2"))
    assert [event.minutes for event in BillableEvent.objects.all()] == [300]


def test_an_event_never_changes_and_there_is_one_current(psa):
    arrive(psa, entry())
    event = current()
    twin = BillableEvent(work_key=event.work_key, version=2, kind="time", service_date=DAY, minutes=1, approval="draft")
    with pytest.raises(IntegrityError, match="event_one_current"), transaction.atomic():
        twin.save()
    twin.is_current, twin.version = False, 1
    with pytest.raises(IntegrityError, match="event_version_once"), transaction.atomic():
        twin.save()
    with pytest.raises(IntegrityError, match="event_has_quantity"), transaction.atomic():
        BillableEvent.objects.create(work_key="k", version=1, kind="fee", service_date=DAY, approval="draft")


def test_deleted_work_leaves_a_tombstone_and_its_hours_leave_the_totals(psa):
    arrive(psa, entry(), entry("T-2", hours="2"))
    drain_once(["ingest"])
    assert hours() == (600, 600)
    arrive(psa, entry(version="2", deleted=True))
    drain_once(["ingest"])
    assert (current().is_deleted, current().version) == (True, 2)
    assert hours() == (120, 120)
    assert not Decision.objects.filter(event=current()).exists()


def test_work_that_comes_back_after_its_deletion_counts_again(psa):
    arrive(psa, entry())
    arrive(psa, entry(version="2", deleted=True))
    arrive(psa, entry(version="3", hours="3"))
    drain_once(["ingest"])
    assert (current().version, hours()) == (3, (180, 180))


# -- parents and approvals ---------------------------------------------------------------------------------------


def test_work_of_unknown_projects_or_people_is_parked_and_the_rest_goes_on(psa):
    receipts = arrive(psa, entry("T-1"), entry("T-2", project_id="P-9"), entry("T-3", resource_id="U-9"))
    assert [(receipt.status, receipt.waits_for) for receipt in receipts] == [
        ("applied", ""),
        ("parked", "project:P-9"),
        ("parked", "resource:U-9"),
    ]
    assert BillableEvent.objects.count() == 1


def test_an_expense_needs_no_person(psa):
    [receipt] = arrive(psa, expense(resource_id=None))
    assert receipt.status == "applied"
    assert current("psa:expense:X-1").resource is None


def test_approvals_come_in_their_own_stream(psa):
    arrive(psa, entry("T-1", approval="submitted"), entry("T-2", approval="submitted"))
    drain_once(["ingest"])
    assert Piece.objects.filter(is_current=True, codes=["NOT_APPROVED"]).count() == 2
    assert not open_cases("NOT_APPROVED"), "the approver's own queue shows it"
    approval = canonical.TimeApproval(source_id="B-1", version="1", state="approved", entry_ids=("T-1",))
    [receipt] = arrive(psa, approval)
    drain_once(["ingest"])
    assert receipt.status == "applied"
    assert money.pieces(current()) == {"billable": 1200}
    assert current().version == 2
    assert money.pieces(current("psa:time_entry:T-2")) == {"blocked": 1200}
    arrive(psa, approval)
    assert current().version == 2, "the same approval again changes nothing"


def test_an_approval_of_entries_yet_to_come_is_parked_and_applies_to_the_others(psa):
    arrive(psa, entry("T-1", approval="submitted"))
    approval = canonical.TimeApproval(source_id="B-1", version="1", state="approved", entry_ids=("T-1", "T-2"))
    [receipt] = arrive(psa, approval)
    assert (receipt.status, receipt.waits_for) == ("parked", "time_entry:T-2")
    assert current().approval == "approved"


def test_a_rejected_entry_is_not_billed_and_asks_nobody(psa):
    arrive(psa, entry(approval="rejected"))
    drain_once(["ingest"])
    assert money.pieces(current()) == {"non_billable": 0}
    assert not Case.objects.exists()


# -- candidates and invoices -------------------------------------------------------------------------------------


def test_work_in_a_candidate_is_reprinted_when_its_source_changes_and_approvals_lapse(landscape):
    contract = money.contract_in(landscape, "C-1", cap="5000", po_number="PO-1", po_amount="5000")
    factories.time_entry(contract, hours="8", key="k1")
    factories.time_entry(contract, hours="2", key="k2", on=date(2026, 3, 3))
    candidate = factories.candidate_approved(money.ready_in(landscape, contract, hours=""))
    assert (candidate.net, candidate.status) == (1500, "approved")
    factories.time_entry(contract, hours="6", key="k1", decide=False)
    candidate.refresh_from_db()
    assert (candidate.net, candidate.tax, candidate.status) == (300, 0, "building")
    assert not candidate.approvals.filter(lapsed_at__isnull=True).exists()
    assert [line.number for line in candidate.lines.all()] == [1]
    cap, order = contract.caps.get(), contract.purchase_orders.get()
    assert (cap.reserved, order.reserved) == (300, 300)
    drain_once()
    candidate.refresh_from_db()
    assert (candidate.status, candidate.tax) == ("ready", 30)
    assert "STRAGGLERS" in candidate.warnings
    event = BillableEvent.objects.get(work_key="k1", is_current=True)
    assert money.pieces(event) == {"billable": 900}
    assert Event.objects.get(action="billing.candidate.reprinted").data["lapsed"] == 2


def test_the_last_work_that_leaves_a_candidate_dissolves_it(landscape, contract):
    factories.time_entry(contract, key="k1")
    candidate = money.ready_in(landscape, contract, hours="")
    factories.time_entry(contract, key="k1", hours="7")
    candidate.refresh_from_db()
    assert candidate.status == "dissolved"


@shared
def billed(contract):
    """Work and the invoice it is on."""
    event = factories.time_entry(contract, key="k1")
    with vendors.living() as landscape:
        return event, money.posted_in(landscape, money.ready_in(landscape, contract, hours=""))


def test_a_change_of_billed_work_asks_a_person_and_replaces_nothing(landscape, billed):
    event, invoice = billed
    factories.time_entry(event.contract, key="k1", hours="6")
    event.refresh_from_db()
    assert (event.is_current, event.version) == (True, 1)
    assert money.pieces(event) == {"posted": 1200}
    [case] = open_cases("LATE_CHANGE")
    assert (case.root_cause, case.legal_entity) == ("k1", "US01")
    assert case.detail == "What is billed of it stands until somebody decides: 1,200.00 USD net."
    assert invoice.net == 1200


def test_a_change_that_its_source_takes_back_closes_its_case(landscape, billed):
    event, _ = billed
    factories.time_entry(event.contract, key="k1", hours="6")
    factories.time_entry(event.contract, key="k1", hours="8")
    assert open_cases("LATE_CHANGE") == []
    assert BillableEvent.objects.filter(work_key="k1").count() == 1


def test_billed_work_that_vanishes_asks_another_question(landscape, billed):
    event, _ = billed
    factories.time_entry(event.contract, key="k1", is_deleted=True)
    assert len(open_cases("SOURCE_DELETED_AFTER_POST")) == 1
    assert not open_cases("LATE_CHANGE")
    event.refresh_from_db()
    assert event.is_current
    factories.time_entry(event.contract, key="k1")
    assert not open_cases("SOURCE_DELETED_AFTER_POST")


def test_work_on_its_way_to_the_erp_counts_as_billed(landscape, contract):
    factories.time_entry(contract, key="k1")
    candidate = factories.candidate_approved(money.ready_in(landscape, contract, hours=""))
    money.post(candidate)
    factories.time_entry(contract, key="k1", hours="6", decide=False)
    candidate.refresh_from_db()
    assert (candidate.status, candidate.net) == ("posting", 1200)
    assert len(open_cases("LATE_CHANGE")) == 1


# -- where work belongs ------------------------------------------------------------------------------------------


def two_lines(contract):
    factories.line(contract, number=2, name="Design")
    return contract.lines.get(number=1), contract.lines.get(number=2)


def test_the_line_a_task_names_takes_the_work(contract, psa):
    _, design = two_lines(contract)
    project = factories.project_of(contract)
    arrive(psa, canonical.Task(source_id="S-1", version="1", project_id="P-1", code="S-1", name="Design"))
    assert Task.objects.get(project=project).line == design
    arrive(psa, entry(task_id="S-1"))
    drain_once(["ingest"])
    assert Piece.objects.get(event=current(), is_current=True).line == design


def test_without_rule_or_task_two_able_lines_are_ambiguous_until_a_rule_says(contract, psa):
    first, _ = two_lines(contract)
    arrive(psa, entry())
    drain_once(["ingest"])
    piece = Piece.objects.get(event=current(), is_current=True)
    assert (piece.state, piece.codes) == ("blocked", ["MAP_AMBIGUOUS"])
    [case] = open_cases("MAP_AMBIGUOUS")
    assert case.members.filter(is_open=True).count() == 1
    EligibilityRule.objects.create(contract=contract, kind="time", line=first)
    work.decide_soon([(contract.pk, None)], caused_by="rule")
    drain_once(["ingest"])
    assert Piece.objects.get(event=current(), is_current=True).line == first
    assert open_cases("MAP_AMBIGUOUS") == []


@pytest.mark.parametrize(
    ("make", "code", "cause"),
    [
        ({"role": "Nobody"}, "RATE_MISSING", "contract:C-1:rate:Nobody"),
        ({"hours": "-2"}, "NEGATIVE_UNMATCHED", "contract:C-1:work:psa:time_entry:T-1"),
        ({"worked_on": date(2027, 1, 4)}, "CONTRACT_EXPIRED", "contract:C-1"),
        ({"worked_on": date(2025, 12, 31)}, "CONTRACT_MISSING", "contract:C-1"),
    ],
)
def test_blocked_work_opens_the_case_of_its_cause_and_heals(psa, contract, make, code, cause):
    contract.rate_card.rows.update(role="Consultant")
    arrive(psa, entry(**{"role": "Consultant", **make}))
    drain_once(["ingest"])
    assert [case.root_cause for case in open_cases(code)] == [cause]
    arrive(psa, entry(role="Consultant", version="2"))
    drain_once(["ingest"])
    assert open_cases(code) == []


def test_a_person_without_a_role_is_named(psa, contract):
    contract.rate_card.rows.update(role="Consultant")
    nobody = factories.resource("No Role", role="")
    references.note(connection=psa, entity="resource", source_id="U-2", row=nobody)
    arrive(psa, entry(resource_id="U-2"))
    drain_once(["ingest"])
    [case] = open_cases("ROLE_MISSING")
    assert case.root_cause == "contract:C-1:role:no.role@example.com"


def test_expenses_in_foreign_money_or_without_receipt_wait(psa, contract):
    arrive(psa, expense("X-1", currency="EUR"), expense("X-2", has_receipt=False), expense("X-3"))
    factories.line(contract, number=2, method="expense")
    drain_once(["ingest"])
    assert [case.root_cause for case in open_cases("FX_MISSING")] == ["contract:C-1:fx:EUR"]
    assert [case.root_cause for case in open_cases("RECEIPT_MISSING")] == ["contract:C-1:work:psa:expense:X-2"]
    assert money.pieces(current("psa:expense:X-3")) == {"billable": 100}


# -- work without a contract ---------------------------------------------------------------------------------------


def test_work_of_a_project_without_contract_waits_and_is_adopted(psa, contract):
    arrive(psa, canonical.Project(source_id="P-2", version="1", name="Loose"))
    arrive(psa, entry(project_id="P-2"))
    drain_once(["ingest"])
    event = current()
    assert (event.contract, event.legal_entity) == (None, None)
    [case] = open_cases("CONTRACT_MISSING")
    assert "8 h" in case.title
    assert case.root_cause == "project:psa:P-2"
    arrive(psa, canonical.Project(source_id="P-2", version="2", name="Loose", contract_number="C-1"))
    drain_once(["ingest"])
    event.refresh_from_db()
    assert event.contract == contract
    assert money.pieces(event) == {"billable": 1200}
    assert open_cases("CONTRACT_MISSING") == []
    assert Project.objects.get(code="psa:P-2").contract == contract
    assert Event.objects.get(action="billing.work.adopted").data["count"] == 1


def test_adopting_again_finds_nothing(contract):
    assert work.adopt(contract=contract, by=factories.BY) == 0
    assert not Event.objects.filter(action="billing.work.adopted").exists()


# -- decisions -----------------------------------------------------------------------------------------------------


def test_deciding_twice_writes_nothing_the_second_time(contract):
    for day in (2, 3, 4):
        factories.time_entry(contract, on=date(2026, 3, day), decide=False)
    assert decisions.decide_contract(contract_id=contract.pk, caused_by="test") == 3
    rows, said = Piece.objects.count(), Event.objects.count()
    assert decisions.decide_contract(contract_id=contract.pk, caused_by="test") == 0
    assert (Piece.objects.count(), Event.objects.count()) == (rows, said)
    project = Project.objects.create(code="LOOSE", name="Loose")
    assert decisions.decide_projects(causes={project.pk: TEST}) == {project.pk: 0}


def test_a_change_rewrites_only_what_it_touches(contract):
    held = factories.time_entry(contract, key="k1")
    other = factories.time_entry(contract, key="k2")
    holds.place(scope="event", target="k1", code="CLIENT_QUERY", by=factories.BY)
    assert decisions.decide_contract(contract_id=contract.pk, caused_by="a hold") == 1
    assert (money.pieces(held), money.pieces(other)) == ({"held": 1200}, {"billable": 1200})
    assert other.decisions.count() == 1
    assert [row.caused_by for row in held.decisions.order_by("pk")] == ["test", "a hold"]
    assert not held.decisions.earliest("pk").is_current


def test_terms_of_contracts_decided_together_do_not_mix():
    cheap, dear = factories.contract_active("C-1", rate="100"), factories.contract_active("C-2", rate="200")
    mine, other = factories.time_entry(cheap, decide=False), factories.time_entry(dear, decide=False)
    holds.place(scope="customer", target=str(dear.customer_id), code="CLIENT_QUERY", by=factories.BY)
    decisions.decide_contracts(causes={cheap.pk: TEST, dear.pk: TEST})
    assert (money.pieces(mine), money.pieces(other)) == ({"billable": 800}, {"held": 1600})


def test_prices_of_a_customer_apply_to_all_below_it_and_to_nobody_else():
    parent, stranger = factories.customer("PARENT"), factories.customer("STRANGER")
    child = factories.customer("CHILD")
    child.parent = parent
    child.save()
    below = factories.contract_active("C-1", client=child)
    apart = factories.contract_active("C-2", client=stranger)
    card = RateCard.objects.create(scope="customer", customer=parent, name="Group")
    row = RateRow.objects.create(card=card, rate=77, currency="USD", validity=(date(2026, 1, 1), None))
    found = rates_of([below, apart])
    assert row in found[below.pk]
    assert row not in found[apart.pk]
    assert {pk: set(rows) for pk, rows in found.items()} == {one.pk: set(rate_rows(one)) for one in (below, apart)}
    assert customer_chain(child.pk) == [child.pk, parent.pk]


def test_a_contract_that_is_not_there_is_not_decided(contract):
    with pytest.raises(Contract.DoesNotExist, match="no contract 0"):
        decisions.decide_contracts(causes={contract.pk: TEST, 0: TEST})


def test_one_decision_is_current_per_event(contract):
    event = factories.time_entry(contract)
    with pytest.raises(IntegrityError, match="decision_one_current"), transaction.atomic():
        Decision.objects.create(event=event, rules="x", content_hash="x", caused_by="x")


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"state": "reserved"}, "piece_line_when_reserved"),
        ({"state": "billable", "amount": None}, "piece_priced_when_billed"),
        ({"state": "held", "codes": []}, "piece_blocked_has_code"),
    ],
)
def test_the_database_refuses_pieces_that_cannot_be(contract, change, constraint):
    event = factories.time_entry(contract)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Piece.objects.filter(event=event).update(**change)


# -- milestones and fees -------------------------------------------------------------------------------------------


def test_an_accepted_milestone_is_work_and_a_withdrawn_one_is_not(psa):
    contract = factories.contract_active("C-M", method="milestone", milestones=("300", "700"))
    references.note(connection=psa, entity="project", source_id="P-M", row=factories.project_of(contract))
    accepted = canonical.Milestone(
        source_id="S-1", version="1", project_id="P-M", name="Milestone 1", status="accepted",
        accepted_on=DAY, evidence="Protocol 7",
    )  # fmt: skip
    arrive(psa, accepted)
    drain_once(["ingest"])
    milestone = contract.lines.get().milestones.get(sequence=1)
    event = BillableEvent.objects.get(milestone=milestone, is_current=True)
    assert (event.kind, event.amount, event.service_date) == ("milestone", 300, DAY)
    assert money.pieces(event) == {"billable": 300}
    arrive(psa, accepted.model_copy(update={"status": "in_progress", "version": "2", "accepted_on": None}))
    drain_once(["ingest"])
    event = BillableEvent.objects.get(milestone=milestone, is_current=True)
    assert event.is_deleted
    assert not Piece.objects.filter(event__milestone=milestone, is_current=True).exists()


def test_a_candidate_is_untouched_by_work_of_another_contract(landscape):
    contract = money.contract_in(landscape, "C-1")
    candidate = money.ready_in(landscape, contract)
    other = money.contract_in(landscape, "C-2")
    factories.time_entry(other, key="k9")
    factories.time_entry(other, key="k9", hours="1")
    assert Candidate.objects.get(pk=candidate.pk).version == candidate.version


def test_an_acceptance_without_proof_waits_for_it(psa):
    contract = factories.contract_active("C-M", method="milestone", milestones=("300", "700"))
    references.note(connection=psa, entity="project", source_id="P-M", row=factories.project_of(contract))
    accepted = canonical.Milestone(
        source_id="S-1", version="1", project_id="P-M", name="Milestone 1", status="accepted", accepted_on=DAY,
    )  # fmt: skip
    arrive(psa, accepted)
    drain_once(["ingest"])
    event = BillableEvent.objects.get(kind="milestone", is_current=True)
    assert money.pieces(event) == {"blocked": 300}
    [case] = open_cases("MILESTONE_EVIDENCE")
    assert [(row.amount, row.currency) for row in case.members.all()] == [(300, "USD")]
    arrive(psa, accepted.model_copy(update={"version": "2", "evidence": "Protocol 7"}))
    drain_once(["ingest"])
    event = BillableEvent.objects.get(kind="milestone", is_current=True)
    assert (event.version, money.pieces(event)) == (2, {"billable": 300})
    assert open_cases("MILESTONE_EVIDENCE") == []
    arrive(psa, accepted.model_copy(update={"version": "3", "evidence": "Protocol 7"}))
    assert BillableEvent.objects.filter(kind="milestone").count() == 2


# -- what may be called mended -------------------------------------------------------------------------------------


def test_work_that_is_still_stopped_cannot_be_called_mended(contract):
    minus = factories.time_entry(contract, hours="-3", key="minus")
    [case] = open_cases("NEGATIVE_UNMATCHED")
    person = factories.user()
    mend = {"case_id": case.pk, "outcome": "manual", "text": "Sorted out", "by": person}
    with pytest.raises(Denied, match="It still holds. It closes itself when the original arrives"):
        cases.resolve(seen_version=case.version, **mend)
    Piece.objects.filter(event=minus).update(is_current=False)
    assert cases.resolve(seen_version=case.version, **mend).status == "resolved"
