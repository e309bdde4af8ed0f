"""A signed amendment reaches every system; billing waits until it has, and unbilled work is decided anew (R8)."""

from datetime import date
from decimal import Decimal

import pytest

from billing.models import Candidate, CapEntry, Hold, Piece, ScheduleItem
from billing.workflows import amendment as amendments
from contracts.models import Amendment, Cap, Contract
from integration_hub.cases.models import Case
from integration_hub.kernel.errors import Denied, Stale
from integration_hub.people.models import Role
from integration_hub.processes.models import Process
from integration_hub.work.inprocess import drain_once
from tests import deals, factories, money

SAGA = "contract.amendment"
AUGUST = date(2026, 8, 3)


@pytest.fixture
def contract(landscape):
    return deals.activated(landscape)


def hold():
    return Hold.objects.get(code="AMENDMENT_PROPAGATING")


def piece_of(event):
    return Piece.objects.get(event=event, is_current=True)


def test_it_reaches_psa_erp_and_crm_while_billing_waits(landscape, contract):
    landscape.arrive("crm", deals.rate(role="Architect", value="200"))
    landscape.arrive("crm", deals.amendment(role="Architect", new_rate=220))
    assert hold().status == "open"
    assert (hold().effect, hold().placed_by) == ("no_bill", "system:amendment")
    drain_once()
    [card] = landscape.psa.writes("ratecard.upsert")
    assert card.payload["effective_on"] == "2026-07-01"
    assert card.payload["roles"] == [
        {"role": "Architect", "rate": "200", "from": "2026-01-01"},
        {"role": "Architect", "rate": "220", "from": "2026-07-01"},
    ]
    assert landscape.erp.writes("job.upsert")[-1].payload["version_note"] == "Contract version 2: Rate"
    [told] = landscape.crm.writes("amendment.status")
    assert told.payload == {"remote_id": "AM-C-1-1", "status": "Applied"}
    assert Amendment.objects.get().propagated_at is not None
    assert (hold().status, hold().decided_by) == ("expired", "system:amendment")


def test_unbilled_work_is_decided_anew_from_the_effective_day_on(landscape, contract):
    june = factories.time_entry(contract, hours="8", on=date(2026, 6, 30))
    august = factories.time_entry(contract, hours="8", on=AUGUST)
    assert piece_of(august).amount == 1200
    landscape.arrive("crm", deals.amendment(new_rate=165))
    drain_once(["ingest"])
    assert piece_of(august).state == "held", "billing waits while the amendment is on its way"
    assert piece_of(august).amount == 1320
    drain_once()
    assert (piece_of(august).state, piece_of(august).amount) == ("billable", 1320)
    assert (piece_of(june).state, piece_of(june).amount) == ("billable", 1200)
    assert piece_of(august).decision.contract_version.number == 2


def test_a_second_amendment_keeps_the_hold_until_both_have_arrived(landscape, contract):
    landscape.arrive("crm", deals.amendment("1", new_rate=165))
    landscape.psa.refuse["ratecard.upsert"] = "later"
    drain_once()
    assert deals.process("C-1/1", definition=SAGA).state == Process.State.UNDONE
    landscape.psa.refuse.clear()
    landscape.arrive("crm", deals.amendment("2", kind="scope", description="More"))
    assert Hold.objects.filter(code="AMENDMENT_PROPAGATING").count() == 1, "one hold is enough"
    drain_once()
    assert deals.process("C-1/2", definition=SAGA).state == Process.State.DONE
    assert hold().status == "open", "the first is still on its way"


def test_what_did_not_arrive_is_carried_again_by_a_person(landscape, contract):
    landscape.erp.refuse["job.upsert"] = "Job is locked"
    landscape.arrive("crm", deals.amendment(new_rate=165))
    drain_once()
    [case] = Case.objects.filter(code="PROCESS_FAILED").exclude(status="resolved")
    assert case.root_cause == "contract.amendment:C-1/1"
    assert "Job is locked" in case.detail
    assert hold().status == "open"
    landscape.erp.refuse.clear()
    row = Amendment.objects.get()
    contract.refresh_from_db()
    auditor, pmo = factories.user(Role.AUDITOR), factories.user(Role.PMO)
    with pytest.raises(Denied):
        amendments.carry_again(amendment_id=row.pk, by=auditor, seen_version=contract.version)
    with pytest.raises(Stale):
        amendments.carry_again(amendment_id=row.pk, by=pmo, seen_version=contract.version + 1)
    amendments.carry_again(amendment_id=row.pk, by=pmo, seen_version=contract.version)
    drain_once()
    assert deals.process("C-1/1", definition=SAGA).state == Process.State.DONE
    assert hold().status == "expired"
    case.refresh_from_db()
    assert case.status == "resolved"
    with pytest.raises(Denied, match="did not reach"):
        amendments.carry_again(amendment_id=row.pk, by=pmo, seen_version=contract.version)


def test_an_unsigned_amendment_holds_nothing_and_warns_on_the_candidate(landscape):
    contract = money.contract_in(landscape, "C-9")
    candidate = money.ready_in(landscape, contract)
    draft = deals.amendment(of="C-9", status="draft", effective_on=date(2026, 3, 1), new_rate=165)
    landscape.arrive("crm", draft)
    drain_once()
    candidate.refresh_from_db()
    assert not Hold.objects.exists()
    assert (candidate.status, candidate.codes) == ("ready", [])
    assert "AMENDMENT_PENDING" in candidate.warnings
    assert Case.objects.filter(code="AMENDMENT_PENDING").exclude(status="resolved").count() == 1
    void = draft.model_copy(update={"status": "void", "version": "2"})
    landscape.arrive("crm", void)
    drain_once()
    candidate.refresh_from_db()
    assert "AMENDMENT_PENDING" not in candidate.warnings


def test_an_unsigned_amendment_that_lowers_a_price_stops_the_candidate(landscape):
    candidate = money.ready_in(landscape, money.contract_in(landscape, "C-9", rate="150"))
    draft = deals.amendment(of="C-9", status="draft", effective_on=date(2026, 3, 1), new_rate=149)
    landscape.arrive("crm", draft)
    drain_once()
    candidate.refresh_from_db()
    assert (candidate.status, candidate.codes) == ("needs_attention", ["AMENDMENT_PENDING"])


def test_an_approved_candidate_gives_its_work_back_and_is_rebuilt_at_the_new_price(landscape):
    contract = money.contract_in(landscape, "C-9")
    candidate = factories.candidate_approved(money.ready_in(landscape, contract))
    assert candidate.net == 1200
    landscape.arrive("crm", deals.amendment(of="C-9", new_rate=165, effective_on=date(2026, 1, 1)))
    candidate.refresh_from_db()
    assert candidate.status == "dissolved"
    assert not candidate.approvals.filter(lapsed_at__isnull=True).exists()
    drain_once()
    run = money.run_in(landscape)
    rebuilt = run.candidates.get()
    assert (rebuilt.net, rebuilt.status) == (Decimal(1320), "ready")


def test_a_cap_made_by_amendment_counts_what_is_billed_already(landscape):
    contract = money.contract_in(landscape, "C-9")
    money.posted_in(landscape, money.ready_in(landscape, contract))
    landscape.arrive("crm", deals.amendment(of="C-9", kind="cap", new_limit=2000))
    drain_once()
    cap = Cap.objects.get(contract=contract)
    assert (cap.limit, cap.committed, cap.reserved) == (2000, 1200, 0)
    assert list(CapEntry.objects.values_list("kind", "amount")) == [("reserve", 1200), ("commit", 1200)]
    more = factories.time_entry(contract, hours="8", on=date(2026, 3, 9))
    parts = {piece.state: piece.amount for piece in more.pieces.filter(is_current=True)}
    assert parts == {"billable": 800, "over_cap": 400}


def test_a_cap_below_what_is_billed_leaves_no_room_and_credits_nothing(landscape):
    contract = money.contract_in(landscape, "C-9")
    money.posted_in(landscape, money.ready_in(landscape, contract))
    landscape.arrive("crm", deals.amendment(of="C-9", kind="cap", new_limit=1000))
    drain_once()
    cap = Cap.objects.get(contract=contract)
    assert (cap.committed, cap.lowered_below_billed) == (1200, True)
    more = factories.time_entry(contract, hours="1", on=date(2026, 3, 9))
    assert [piece.state for piece in more.pieces.filter(is_current=True)] == ["over_cap"]


def test_raising_a_cap_takes_over_cap_work_in_oldest_first(landscape):
    contract = money.contract_in(landscape, "C-9", cap="1500")
    old = factories.time_entry(contract, hours="8", on=date(2026, 3, 2))
    new = factories.time_entry(contract, hours="8", on=date(2026, 3, 3))
    assert {piece.state: piece.amount for piece in new.pieces.filter(is_current=True)} == {
        "billable": 300,
        "over_cap": 900,
    }
    [case] = Case.objects.filter(code="CAP_REACHED").exclude(status="resolved")
    landscape.arrive("crm", deals.amendment(of="C-9", kind="cap", new_limit=2000, line_id="L-C-9-1"))
    drain_once()
    assert piece_of(old).amount == 1200
    assert {piece.state: piece.amount for piece in new.pieces.filter(is_current=True)} == {
        "billable": 800,
        "over_cap": 400,
    }
    landscape.arrive("crm", deals.amendment("2", of="C-9", kind="cap", new_limit=2400, line_id="L-C-9-1"))
    drain_once()
    assert (piece_of(new).state, piece_of(new).amount) == ("billable", 1200)
    case.refresh_from_db()
    assert case.status == "resolved"


def test_a_longer_term_takes_expired_work_in(landscape):
    contract = money.contract_in(landscape, "C-9")
    late = factories.time_entry(contract, hours="1", on=date(2027, 1, 11))
    assert (piece_of(late).state, piece_of(late).codes) == ("blocked", ["CONTRACT_EXPIRED"])
    landscape.arrive("crm", deals.amendment(of="C-9", kind="term", new_end_on=date(2027, 3, 31)))
    drain_once()
    assert piece_of(late).state == "billable"
    assert not Case.objects.filter(code="CONTRACT_EXPIRED").exclude(status="resolved").exists()


def test_a_longer_term_of_a_retainer_adds_its_fees_and_a_shorter_one_skips_them(landscape):
    contract = money.contract_in(
        landscape, "C-9", method="retainer_hours", amount="1000", line_terms={"included_hours": 10}
    )
    assert ScheduleItem.objects.filter(line__contract=contract).count() == 12
    landscape.arrive("crm", deals.amendment(of="C-9", kind="term", new_end_on=date(2027, 2, 14)))
    drain_once()
    added = ScheduleItem.objects.filter(line__contract=contract, sequence__gt=12)
    assert [(item.period_from, item.period_to, item.amount, item.status) for item in added] == [
        (date(2027, 1, 1), date(2027, 2, 1), 1000, "planned"),
        (date(2027, 2, 1), date(2027, 2, 15), 500, "planned"),
    ]
    landscape.arrive("crm", deals.amendment("2", of="C-9", kind="term", new_end_on=date(2026, 10, 31)))
    drain_once()
    skipped = ScheduleItem.objects.filter(line__contract=contract, status="skipped")
    assert [item.sequence for item in skipped] == [11, 12, 13, 14]
    assert {item.reason for item in skipped} == {"After the contract's end"}


def test_the_candidates_of_other_contracts_are_left_alone(landscape, contract):
    other = money.contract_in(landscape, "C-9")
    candidate = factories.candidate_approved(money.ready_in(landscape, other))
    landscape.arrive("crm", deals.amendment(new_rate=165))
    drain_once()
    candidate.refresh_from_db()
    assert candidate.status == "approved"
    assert Candidate.objects.count() == 1
    assert Contract.objects.get(number="C-9").versions.count() == 1
