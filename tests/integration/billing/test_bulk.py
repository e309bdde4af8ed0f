"""Approving many in one act: bound to what was frozen, one by one, and what moved is left out and says what (§5.3)."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from billing.actions import approvals, bulk, checks, delegations
from billing.models import Approval, BulkApproval, Candidate, CandidateLine
from integration_hub.kernel.clock import today
from integration_hub.kernel.errors import BadInput, Denied, NotReady
from integration_hub.people.models import Role
from integration_hub.trail.models import Event
from integration_hub.work.inprocess import drain_once
from tests import factories
from tests.worlds import shared

pytestmark = pytest.mark.django_db


@shared
def four():
    """Ready candidates of one run: 1,200, 600 and 300 on contracts that were invoiced before, 150 on a new one."""
    work = (("C-B1", "8"), ("C-B2", "4"), ("C-B3", "2"), ("C-B4", "1"))
    contracts = [factories.contract_active(number) for number, _ in work]
    for contract, (_, hours) in zip(contracts[:3], work[:3], strict=True):
        factories.invoice_posted(factories.candidate_approved(factories.candidate_ready(contract, hours=hours)))
    entity = contracts[0].legal_entity
    factories.erp(entity, contracts[3].customer)
    for contract, (_, hours) in zip(contracts, work, strict=True):
        factories.time_entry(contract, hours=hours)
    run = factories.run_done(entity, by=factories.user(Role.BILLING_ANALYST))
    return tuple(run.candidates.order_by("contract__number"))


@pytest.fixture
def three(four):
    return four[:3]


@pytest.fixture
def first_one(four):
    """A first invoice, which takes two people."""
    return four[3]


def finance():
    return factories.user(everything=True)


def frozen(by, rows, told="Ticked"):
    return bulk.freeze(by=by, seen=[(row.pk, row.version, None) for row in rows], told=told)


def outcomes(act):
    return {item.candidate.contract.number: item.outcome for item in act.items.select_related("candidate__contract")}


def move(candidate):
    """Its first line costs a dollar more."""
    CandidateLine.objects.filter(candidate=candidate, number=1).update(net=candidate.lines.get(number=1).net + 1)
    Candidate.objects.filter(pk=candidate.pk).update(net=candidate.net + 1, gross=candidate.gross + 1)
    return checks.run(candidate_id=candidate.pk)


def test_one_act_approves_each_with_the_hash_that_was_seen(three):
    by = finance()
    act = frozen(by, three)
    bulk.decide(bulk_id=act.pk, by=by)
    drain_once(factories.LOCAL)
    act.refresh_from_db()
    assert act.finished_at is not None
    assert set(outcomes(act).values()) == {"approved"}
    given = {row.candidate_id: row.content_hash for row in Approval.objects.filter(by=by)}
    assert given == {row.pk: row.content_hash for row in three}
    assert Event.objects.filter(action="billing.candidate.approved", actor=by.username).count() == 3
    told = Event.objects.get(action="billing.bulk_approval.finished").data
    assert (told["approved"], told["counted"], told["left_out"]) == (3, 0, 0)


def test_what_moved_since_it_was_chosen_is_left_out_and_says_what(three):
    by = finance()
    act = frozen(by, three)
    move(three[1])
    bulk.decide(bulk_id=act.pk, by=by)
    drain_once(factories.LOCAL)
    assert outcomes(act) == {"C-B1": "approved", "C-B2": "left_out", "C-B3": "approved"}
    item = act.items.get(candidate=three[1])
    assert "Net: was 600.00 USD, is 601.00 USD." in item.reason
    assert "Line 1" in item.reason
    assert not Approval.objects.filter(candidate=three[1], by=by).exists()


def test_what_moved_between_the_list_and_the_choice_is_left_out(three):
    by, seen = finance(), [(row.pk, row.version, None) for row in three]
    move(three[0])
    act = bulk.freeze(by=by, seen=seen, told="Ticked")
    assert outcomes(act) == {"C-B1": "left_out", "C-B2": "waiting", "C-B3": "waiting"}
    assert act.items.get(candidate=three[0]).reason == bulk.MOVED_WHILE_CHOSEN


def test_duties_thresholds_and_rights_are_asked_of_each(three, first_one):
    by = finance()
    Candidate.objects.filter(pk=three[0].pk).update(prepared_by=by)
    Candidate.objects.filter(pk=three[1].pk).update(warnings=["STRAGGLERS"])
    act = frozen(by, [*three, first_one])
    assert outcomes(act) == {"C-B1": "left_out", "C-B2": "left_out", "C-B3": "waiting", "C-B4": "waiting"}
    bulk.decide(bulk_id=act.pk, by=by)
    drain_once(factories.LOCAL)
    assert outcomes(act) == {"C-B1": "left_out", "C-B2": "left_out", "C-B3": "approved", "C-B4": "counted"}
    reasons = {item.candidate.contract.number: item.reason for item in act.items.all()}
    assert "someone else must approve it" in reasons["C-B1"]
    assert "Worth a look of its own" in reasons["C-B2"]
    second = finance()
    again = frozen(second, [Candidate.objects.get(pk=first_one.pk)])
    bulk.decide(bulk_id=again.pk, by=second)
    drain_once(factories.LOCAL)
    assert outcomes(again) == {"C-B4": "approved"}


def test_another_approval_meanwhile_is_no_move(first_one):
    """Only content counts: that somebody else approved the same figures leaves the choice as it is."""
    by, other, one = finance(), finance(), first_one
    act = frozen(by, [one])
    approvals.approve(candidate_id=one.pk, by=other, seen_version=one.version, seen_hash=one.content_hash)
    bulk.decide(bulk_id=act.pk, by=by)
    drain_once(factories.LOCAL)
    assert outcomes(act) == {"C-B4": "approved"}


def test_a_delegation_covers_what_it_covers(three):
    giver, taker = finance(), factories.user("pmo", everything=True)
    lent = delegations.give(
        by=giver, taker=taker, starts_on=today(), ends_on=today() + timedelta(days=3), reason="Leave",
        limit=Decimal(1000),
    )  # fmt: skip
    act = frozen(taker, three)
    bulk.decide(bulk_id=act.pk, by=taker, delegation_id=lent.pk)
    drain_once(factories.LOCAL)
    assert outcomes(act) == {"C-B1": "left_out", "C-B2": "approved", "C-B3": "approved"}
    assert Approval.objects.filter(by=taker, delegation=lent).count() == 2


def test_only_who_chose_decides_and_only_once(three):
    by = finance()
    act = frozen(by, three)
    with pytest.raises(Denied, match="Only who chose"):
        bulk.decide(bulk_id=act.pk, by=finance())
    bulk.decide(bulk_id=act.pk, by=by)
    with pytest.raises(NotReady, match="decided already"):
        bulk.decide(bulk_id=act.pk, by=by)
    with pytest.raises(BadInput, match="names no candidate"):
        bulk.freeze(by=by, seen=[], told="")
    elsewhere = factories.user(entities=("DE01",))
    assert not frozen(elsewhere, three).items.exists()


def test_the_screens_choose_ask_approve_and_hand_out(client, three):
    by = finance()
    client.force_login(by)
    listed = client.get(reverse("billing:candidate-list"))
    assert reverse("billing:bulk-choose") in listed.content.decode()
    move(three[2])
    chosen = client.post(reverse("billing:bulk-choose"), {"selected": [f"{row.pk}:{row.version}" for row in three]})
    act = BulkApproval.objects.get()
    assert chosen.url == reverse("billing:bulk-detail", args=[act.pk])
    page = client.get(chosen.url).content.decode()
    assert "Will be approved" in page
    assert "1,980.00" in page, "gross of the two that stay"
    assert bulk.MOVED_WHILE_CHOSEN in page
    ask = reverse("billing:bulk-decide", args=[act.pk])
    assert "Approve 2 candidates?" in client.get(ask).content.decode()
    assert client.post(ask, {}).status_code == 302
    assert client.post(ask, {}).status_code == 409
    drain_once(factories.LOCAL)
    assert "Counted, more people needed" in client.get(chosen.url).content.decode()
    items = reverse("billing:bulk-items", args=[act.pk])
    handed = client.get(items, {"format": "csv"})
    body = b"".join(handed.streaming_content).decode() if handed.streaming else handed.content.decode()
    assert three[0].number in body
    client.force_login(factories.user("pmo", everything=True))
    assert client.post(ask, {}).status_code == 403
    listed = client.get(reverse("billing:candidate-list")).content.decode()
    assert three[0].number in listed
    assert reverse("billing:bulk-choose") not in listed, "who approves nothing ticks nothing"
