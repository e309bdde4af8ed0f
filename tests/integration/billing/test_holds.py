"""Holds: a reasoned stop that changes whether work is billed, never what it costs (R27)."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from billing.actions import holds
from billing.models import Hold, HoldCode, Piece
from contracts.models import Milestone
from integration_hub.kernel.clock import now, today
from integration_hub.kernel.errors import BadInput, Denied, NotReady, Stale
from integration_hub.people.models import Role
from integration_hub.trail.models import Event
from integration_hub.work.inprocess import drain_once
from tests import factories, money, vendors
from tests.worlds import shared

pytestmark = pytest.mark.django_db


@shared
def contract():
    with vendors.silent() as landscape:
        return money.contract_in(landscape, "C-1")


@shared
def second(contract):
    with vendors.silent() as landscape:
        return money.contract_in(landscape, "C-2")


@shared
def approved(contract):
    with vendors.silent() as landscape:
        return factories.candidate_approved(money.ready_in(landscape, contract))


def place(contract, *, by=factories.BY, code="CLIENT_QUERY", **more):
    known = {"scope": "contract", "target": str(contract.pk), "reason": "The client asks", **more}
    return holds.place(code=code, by=by, **known)


def test_a_hold_keeps_work_out_and_its_release_gives_it_back_at_the_same_price(contract):
    event = factories.time_entry(contract)
    person = factories.user(Role.DELIVERY_LEAD)
    hold = place(contract, by=person)
    assert (hold.placed_by, hold.placed_by_user, hold.owner_role) == (person.username, person, "pmo")
    assert hold.review_on == today() + timedelta(days=5)
    drain_once(["ingest"])
    piece = Piece.objects.get(event=event, is_current=True)
    assert (piece.state, piece.codes, piece.amount) == ("held", ["CLIENT_QUERY"], 1200)
    released = holds.release(hold_id=hold.pk, by=factories.user(Role.PMO), seen_version=hold.version, note="Answered")
    drain_once(["ingest"])
    assert (released.status, released.decision_note) == ("released", "Answered")
    assert money.pieces(event) == {"billable": 1200}
    placed, gone = Event.objects.filter(action__startswith="billing.hold.").order_by("id")
    assert (placed.action, placed.actor, placed.reason) == ("billing.hold.placed", person.username, "The client asks")
    assert (gone.action, gone.reason, gone.legal_entity) == ("billing.hold.released", "Answered", "US01")


def test_nobody_releases_his_own_hold(contract):
    person = factories.user(Role.FINANCE)
    hold = place(contract, by=person)
    with pytest.raises(Denied, match="You placed this hold"):
        holds.release(hold_id=hold.pk, by=person, seen_version=hold.version)
    hold.refresh_from_db()
    assert hold.status == "open"


def test_a_released_hold_stays_released_and_an_old_copy_is_refused(contract):
    hold = place(contract)
    finance = factories.user()
    with pytest.raises(Stale):
        holds.release(hold_id=hold.pk, by=finance, seen_version=hold.version + 1)
    holds.release(hold_id=hold.pk, by=finance, seen_version=hold.version)
    with pytest.raises(Denied, match="already released"):
        holds.release(hold_id=hold.pk, by=finance, seen_version=hold.version + 1)


def test_the_same_hold_is_placed_once_and_may_be_placed_again_after_release(contract):
    hold = place(contract)
    with pytest.raises(NotReady, match="open hold “Client query” on C-1"):
        place(contract)
    place(contract, code="LEGAL_HOLD")
    holds.release(hold_id=hold.pk, by=factories.user(), seen_version=hold.version)
    assert place(contract).pk != hold.pk
    assert Hold.objects.filter(status="open").count() == 2


def test_the_database_keeps_one_open_hold_and_who_decided_when(contract):
    hold = place(contract)
    twin = Hold.objects.get(pk=hold.pk)
    twin.pk = None
    with pytest.raises(IntegrityError, match="hold_one_open_per_target"), transaction.atomic():
        twin.save(force_insert=True)
    for change in ({"status": "released"}, {"decided_by": "x"}, {"status": "released", "decided_at": now()}):
        with pytest.raises(IntegrityError, match="hold_decided_pair"), transaction.atomic():
            Hold.objects.filter(pk=hold.pk).update(**change)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"code": "WHATEVER"}, "'WHATEVER' is no hold code.*CLIENT_QUERY"),
        ({"target": "999999"}, "no contract '999999' is known"),
        ({"target": "abc"}, "no contract 'abc' is known"),
        ({"scope": "planet", "target": "1"}, "no planet '1' is known"),
        ({"scope": "event", "target": "nothing"}, "no event 'nothing' is known"),
    ],
)
def test_a_hold_on_nothing_is_refused(contract, change, said):
    with pytest.raises(BadInput, match=said):
        place(contract, **change)


def test_a_person_says_why(contract):
    with pytest.raises(BadInput, match="reason: is empty"):
        place(contract, by=factories.user(), reason="  ")


def test_who_may_place_and_release(contract):
    with pytest.raises(Denied, match="Only finance, PMO and delivery leads"):
        place(contract, by=factories.user(Role.AUDITOR))
    with pytest.raises(Denied, match="outside your scope"):
        place(contract, by=factories.user(entities=("GB01",)))
    hold = place(contract)
    with pytest.raises(Denied, match="Only finance and PMO can release"):
        holds.release(hold_id=hold.pk, by=factories.user(Role.DELIVERY_LEAD), seen_version=1)
    with pytest.raises(Denied, match="outside your scope"):
        holds.release(hold_id=hold.pk, by=factories.user(entities=("GB01",)), seen_version=1)


def test_the_hold_of_an_amendment_belongs_to_the_system(contract):
    with pytest.raises(Denied, match="Only the system places this hold"):
        place(contract, by=factories.user(), code="AMENDMENT_PROPAGATING")
    hold = place(contract, code="AMENDMENT_PROPAGATING")
    with pytest.raises(Denied, match="releases itself"):
        holds.release(hold_id=hold.pk, by=factories.user(), seen_version=hold.version)
    gone = holds.release(hold_id=hold.pk, by="system:amendment", seen_version=hold.version)
    assert (gone.status, gone.decided_by) == ("expired", "system:amendment")


@pytest.mark.parametrize("code", HoldCode.values)
def test_every_code_has_an_effect(contract, code):
    stops_posting = {"PO_AWAITED", "CREDIT_HOLD", "CONSOLIDATE", "TAX_REVIEW", "RUN_STOP"}
    assert place(contract, code=code).effect == ("no_post" if code in stops_posting else "no_bill")


def test_a_review_day_may_be_named(contract):
    assert place(contract, review_on=date(2030, 1, 1)).review_on == date(2030, 1, 1)


@pytest.mark.parametrize("scope", ["event", "project", "line", "contract", "customer", "bill_to"])
def test_a_hold_of_each_scope_stops_exactly_its_work(contract, second, scope):
    held = factories.time_entry(contract, key="k1")
    elsewhere = factories.time_entry(second, key="k2")
    targets = {
        "event": "k1",
        "project": str(factories.project_of(contract).pk),
        "line": str(contract.lines.get().pk),
        "contract": str(contract.pk),
        "customer": str(contract.customer_id),
        "bill_to": str(contract.bill_to_id),
    }
    holds.place(scope=scope, target=targets[scope], code="CLIENT_QUERY", by=factories.BY)
    drain_once(["ingest"])
    assert money.pieces(held) == {"held": 1200}
    assert money.pieces(elsewhere) == {"billable": 1200}


def test_a_hold_on_one_entry_leaves_its_neighbours(contract):
    held, other = (factories.time_entry(contract, key=key) for key in ("k1", "k2"))
    hold = holds.place(scope="event", target="k1", code="CLIENT_QUERY", by=factories.BY)
    drain_once(["ingest"])
    assert (money.pieces(held), money.pieces(other)) == ({"held": 1200}, {"billable": 1200})
    assert hold.contract == contract


def test_a_milestone_is_held_by_itself():
    contract = factories.contract_active("C-M", method="milestone", milestones=("300", "700"))
    factories.milestone_accepted(contract, 1)
    factories.milestone_accepted(contract, 2)
    first = Milestone.objects.get(sequence=1)
    hold = holds.place(scope="milestone", target=str(first.pk), code="CLIENT_QUERY", by=factories.BY)
    drain_once(["ingest"])
    states = dict(Piece.objects.filter(is_current=True).values_list("event__milestone__sequence", "state"))
    assert states == {1: "held", 2: "billable"}
    assert (hold.contract, hold.legal_entity.code) == (contract, "US01")


def test_a_hold_on_work_without_a_contract_waits_with_it():
    from billing.actions.work import Draft, record

    loose = Draft(work_key="k0", kind="time", service_date=date(2026, 3, 2), approval="approved", minutes=Decimal(60))
    record(drafts=[loose], by=factories.BY, caused_by="test")
    hold = holds.place(scope="event", target="k0", code="CLIENT_QUERY", by=factories.BY)
    assert (hold.contract, hold.legal_entity) == (None, None)


def test_a_hold_takes_its_work_out_of_an_open_candidate(landscape, contract):
    factories.time_entry(contract, key="k1")
    factories.time_entry(contract, key="k2", hours="2")
    candidate = factories.candidate_approved(money.ready_in(landscape, contract, hours=""))
    holds.place(scope="event", target="k1", code="CLIENT_QUERY", by=factories.BY)
    candidate.refresh_from_db()
    assert (candidate.net, candidate.status) == (300, "building")
    assert not candidate.approvals.filter(lapsed_at__isnull=True).exists()
    drain_once()
    states = dict(Piece.objects.filter(is_current=True).values_list("event__work_key", "state"))
    assert states == {"k1": "held", "k2": "reserved"}


def test_a_hold_on_the_contract_dissolves_its_candidates(landscape, approved):
    place(approved.contract)
    approved.refresh_from_db()
    assert approved.status == "dissolved"
    drain_once()
    assert [piece.state for piece in Piece.objects.filter(is_current=True)] == ["held"]


def test_a_hold_on_a_customer_reaches_all_its_contracts(landscape, contract):
    second = money.contract_in(landscape, "C-2", client=contract.customer)
    candidates = [money.ready_in(landscape, one) for one in (contract, second)]
    hold = holds.place(scope="customer", target=str(contract.customer_id), code="LEGAL_HOLD", by=factories.BY)
    assert hold.legal_entity is None
    for candidate in candidates:
        candidate.refresh_from_db()
    assert [candidate.status for candidate in candidates] == ["dissolved", "dissolved"]
    with pytest.raises(Denied, match="stops billing in every legal entity"):
        holds.release(hold_id=hold.pk, by=factories.user(), seen_version=hold.version)
    holds.release(hold_id=hold.pk, by=factories.user(everything=True), seen_version=hold.version)
    drain_once()
    assert set(Piece.objects.filter(is_current=True).values_list("state", flat=True)) == {"billable"}


def test_a_hold_on_a_customer_is_for_people_who_see_every_legal_entity(contract):
    customer = str(contract.customer_id)
    asked = {"scope": "customer", "target": customer, "code": "CLIENT_QUERY", "reason": "Asked by phone"}
    with pytest.raises(Denied, match="stops billing in every legal entity"):
        holds.place(by=factories.user(), **asked)
    assert not Hold.objects.exists()
    assert holds.place(by=factories.user(everything=True), **asked).scope == "customer"


def test_a_hold_on_posting_lets_the_candidate_stand_and_stops_it(landscape, approved):
    hold = place(approved.contract, code="TAX_REVIEW")
    drain_once()
    approved.refresh_from_db()
    assert (approved.status, approved.codes, approved.net) == ("needs_attention", ["TAX_REVIEW"], 1200)
    holds.release(hold_id=hold.pk, by=factories.user(), seen_version=hold.version)
    drain_once()
    approved.refresh_from_db()
    assert (approved.status, approved.codes) == ("ready", [])


def test_a_hold_does_not_reach_what_is_on_its_way_to_the_erp(landscape, approved):
    money.post(approved)
    place(approved.contract)
    approved.refresh_from_db()
    assert (approved.status, approved.net) == ("posting", 1200)
    drain_once()
    approved.refresh_from_db()
    assert approved.status == "posted"
    assert [piece.state for piece in Piece.objects.filter(is_current=True)] == ["posted"]
