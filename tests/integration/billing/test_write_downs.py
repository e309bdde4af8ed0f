"""Work written down, written off and postponed before it is billed (R17, §1.7, §5.1, §5.2)."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from billing.actions import decisions, write_down_approvals, write_downs
from billing.actions.write_downs import Wanted
from billing.models import Candidate, Piece, WriteDown, WriteDownPart
from contracts.models import RateRow, Resource
from integration_hub.cases.models import Case
from integration_hub.kernel.clock import today
from integration_hub.kernel.errors import BadInput, Denied, NotReady, Stale
from integration_hub.people.models import Role
from integration_hub.rules.actions import tables
from integration_hub.rules.tables import RuleSpec
from integration_hub.trail.models import Event
from integration_hub.work.inprocess import drain_once
from tests import factories
from tests.integration.billing.screens import signed_in, text
from tests.worlds import shared

pytestmark = pytest.mark.django_db
d = Decimal


@shared
def worked():
    """60 hours at 160 in two entries: 9,600.00 unbilled, the worked example."""
    contract = factories.contract_active("C-1", rate="160")
    for key, hours in (("k1", "35"), ("k2", "25")):
        factories.time_entry(contract, key=key, hours=hours)
    drain_once()
    return contract


def pm():
    return factories.user(Role.DELIVERY_LEAD)


def propose(contract, works=None, *, by=None, reason="OVERRUN", note="Two sprints too many", **more):
    named = {"k1": Wanted(), "k2": Wanted()} if works is None else works
    return write_downs.propose(contract_id=contract.pk, works=named, reason=reason, note=note, by=by or pm(), **more)


def approve(row, *roles):
    for role in roles or (Role.DELIVERY_LEAD, Role.FINANCE):
        row.refresh_from_db()
        row = write_down_approvals.approve(
            write_down_id=row.pk, by=factories.user(role), seen_version=row.version, seen_hash=row.content_hash
        )
    return row


def worth(contract):
    """(work, state, exact amount) of the current pieces of a contract."""
    rows = Piece.objects.filter(contract=contract, is_current=True).order_by("event__work_key", "event_id", "number")
    return list(rows.values_list("event__work_key", "state", "amount"))


def total(contract):
    return sum(amount for _, _, amount in worth(contract))


def test_the_worked_example_as_a_lump_sum(worked):
    row = propose(worked, total=d(700))
    assert (row.kind, row.status, row.amount, row.unbilled) == ("write_down", "proposed", 700, 9600)
    assert worth(worked) == [("k1", "billable", 5600), ("k2", "billable", 4000)], "nothing moves before it is approved"
    row = approve(row)
    assert (row.status, row.fault) == ("in_force", "Our fault")
    assert worth(worked) == [
        ("k1", "written_off", d("408.33")), ("k1", "billable", d("5191.67")),
        ("k2", "written_off", d("291.67")), ("k2", "billable", d("3708.33")),
    ]  # fmt: skip
    assert Event.objects.filter(action="billing.write_down.approved").count() == 2


def test_people_are_asked_by_amount_and_share(worked):
    asked = [write_down_approvals.required(propose(worked, {key: wanted})) for key, wanted in (
        ("k1", Wanted(minutes=d(60))), ("k2", Wanted(minutes=d(186))),
    )]  # fmt: skip
    assert [answer["people"] for answer in asked] == ["1", "2"], "160.00, and 496.00 of 9,600.00: 5.17 %"
    row = WriteDown.objects.get(amount=496)
    first = approve(row, Role.PMO)
    assert first.status == "proposed"
    with pytest.raises(Denied, match="You approved this already"):
        write_down_approvals.approve(
            write_down_id=row.pk, by=first.approvals.get().by, seen_version=first.version, seen_hash=row.content_hash
        )
    assert approve(row, Role.PMO).status == "proposed", "the second person is of the practice or of finance"
    assert approve(row, Role.FINANCE).status == "in_force"


def test_splitting_it_avoids_no_threshold(worked):
    approve(propose(worked, {"k1": Wanted(amount=d(450))}), Role.PMO)
    other = factories.contract_active("C-2", client=worked.customer, entity=worked.legal_entity)
    factories.time_entry(other, key="k9", hours="200")
    drain_once()
    row = propose(other, {"k9": Wanted(amount=d(560))})
    assert write_down_approvals.required(row)["people"] == "2", "450 and 560 for one customer within 30 days"


def test_nobody_approves_what_they_proposed_or_worked_on(worked):
    author = factories.user(Role.FINANCE)
    row = propose(worked, by=author)
    worker = factories.user(Role.FINANCE)
    worker.email = "worker@example.com"
    worker.save()
    Resource.objects.update(email=worker.email.upper())
    for by, words in ((author, "You proposed this"), (worker, "You worked on what it sets aside")):
        with pytest.raises(Denied, match=words):
            write_down_approvals.approve(write_down_id=row.pk, by=by, seen_version=1, seen_hash=row.content_hash)
    with pytest.raises(Stale):
        write_down_approvals.approve(write_down_id=row.pk, by=pm(), seen_version=1, seen_hash="of something else")


def test_a_matrix_without_a_rule_for_write_downs_passes_none(worked):
    """One published by an earlier release has a last rule for credits that would take them with one person."""
    row = propose(worked)
    older = (
        RuleSpec("act == 'invoice'", {"people": "2", "first": "", "second": "finance", "third": ""}),
        RuleSpec("", {"people": "1", "first": "", "second": "", "third": ""}, "Credit"),
    )
    made = tables.draft(
        kind="billing.approvals",
        legal_entity="",
        by=factories.user(Role.INTEGRATION_ADMIN, everything=True),
        rules=older,
    )
    tables.check(table_id=made.pk, by=made.author, seen_version=made.version)
    made.refresh_from_db()
    tables.publish(table_id=made.pk, by=factories.user(everything=True), seen_version=made.version)
    words = r"billing.approvals, version 1\) says nothing of write-downs. Have a version published"
    with pytest.raises(Denied, match=words):
        approve(row)
    with pytest.raises(Denied, match=words):
        propose(worked)
    assert "says nothing of write-downs" in text(signed_in().get(f"/billing/write-downs/{row.pk}/"))


def test_a_write_off_takes_its_work_out_of_the_candidate(worked):
    candidate = factories.candidate_ready(worked, hours="1")
    assert candidate.net == 9760
    approve(propose(worked, {"k2": Wanted()}))
    candidate.refresh_from_db()
    assert ("k2", "written_off", 4000) in worth(worked)
    assert Candidate.objects.exclude(status="dissolved").filter(lines__pieces__event__work_key="k2").count() == 0


def test_it_stays_consistent_when_price_and_time_move(worked):
    approve(propose(worked, {"k1": Wanted(minutes=d(300))}))
    RateRow.objects.update(rate=200)
    decisions.decide_contract(contract_id=worked.pk, caused_by="an amendment")
    assert worth(worked)[:3] == [("k1", "written_off", 800), ("k1", "blocked", 200), ("k1", "billable", 6000)]
    assert total(worked) == 60 * 200
    case = Case.objects.get(code="WRITE_DOWN_MISFIT")
    assert "worth otherwise" in case.title
    factories.time_entry(worked, key="k1", hours="3")
    drain_once()
    assert worth(worked)[:1] == [("k1", "written_off", 600)]
    assert total(worked) == 28 * 200
    [row] = WriteDown.objects.all()
    write_down_approvals.ask_reversal(
        write_down_id=row.pk, by=pm(), seen_version=row.version, reason="Billed after all"
    )
    assert approve(row).status == "reversed"
    assert worth(worked) == [("k1", "billable", 600), ("k2", "billable", 5000)]
    case.refresh_from_db()
    assert not case.is_open


def test_its_decisions_can_be_made_again(worked):
    approve(propose(worked, total=d(700)))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM billing_decision WHERE trace ? 'disposals'")
        assert cursor.fetchone() == (2,)


def test_a_reversal_is_approved_by_others_and_can_be_refused(worked):
    row = approve(propose(worked, {"k2": Wanted()}))
    asker = factories.user(Role.FINANCE)
    row = write_down_approvals.ask_reversal(
        write_down_id=row.pk, by=asker, seen_version=row.version, reason="The client pays"
    )
    with pytest.raises(Denied, match="You proposed this"):
        write_down_approvals.approve(
            write_down_id=row.pk, by=asker, seen_version=row.version, seen_hash=row.content_hash
        )
    row = approve(row, Role.DELIVERY_LEAD)
    row = write_down_approvals.refuse_reversal(write_down_id=row.pk, by=asker, seen_version=row.version)
    assert (row.status, worth(worked)[-1][1]) == ("in_force", "written_off")


def test_postponed_work_comes_back_by_itself(worked):
    until = today() + timedelta(days=3)
    row = write_downs.postpone(
        contract_id=worked.pk, works={"k1": Wanted(minutes=d(600)), "k2": Wanted()}, note="After the go-live", by=pm(),
        until=until,
    )  # fmt: skip
    assert worth(worked) == [("k1", "postponed", 1600), ("k1", "billable", 4000), ("k2", "postponed", 4000)]
    assert write_downs.return_due() == 0
    WriteDown.objects.update(until=today())
    assert write_downs.return_due() == 1
    row.refresh_from_db()
    assert (row.status, row.ended_because) == ("reversed", "Its day has come")
    assert worth(worked) == [("k1", "billable", 5600), ("k2", "billable", 4000)]


def test_postponed_work_can_be_written_off_or_fetched_back(worked):
    row = write_downs.postpone(contract_id=worked.pk, works={"k1": Wanted()}, note="Later", by=pm())
    approve(propose(worked, {"k1": Wanted(minutes=d(60))}), Role.PMO)
    assert {state for key, state, _ in worth(worked) if key == "k1"} == {"postponed", "written_off"}
    row.refresh_from_db()
    write_downs.bring_back(write_down_id=row.pk, by=pm(), seen_version=row.version)
    assert worth(worked)[:2] == [("k1", "written_off", 160), ("k1", "billable", 5440)]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"works": {}}, "none is named"),
        ({"works": {"nothing": Wanted()}}, "nothing of it is open"),
        ({"works": {"k1": Wanted(minutes=d(2101))}}, "2101 minutes are to be disposed of, 2100 are open"),
        ({"works": {"k1": Wanted(amount=d("5600.01"))}}, "5600.01 are to be disposed of"),
        ({"total": d(9601)}, "9601 are to be disposed of"),
        ({"total": d(0)}, "not above nought"),
        ({"note": " "}, "note"),
        ({"reason": "BECAUSE"}, "BECAUSE is no reason"),
    ],
)
def test_what_cannot_be_says_record_field_and_remedy(worked, more, words):
    with pytest.raises(BadInput, match=words) as refusal:
        propose(worked, **more)
    assert str(refusal.value).startswith("Write-down on C-1")


def test_one_proposal_at_a_time_stands_over_a_work(worked):
    first = propose(worked, {"k1": Wanted()})
    with pytest.raises(NotReady, match="decide about it first"):
        propose(worked)
    first = write_downs.drop(write_down_id=first.pk, by=pm(), seen_version=first.version, reason="Bill it")
    assert first.status == "refused"
    assert propose(worked).kind == "write_off"


def test_the_work_moved_since_it_was_proposed(worked):
    row = propose(worked, {"k1": Wanted()})
    factories.time_entry(worked, key="k1", hours="1")
    drain_once()
    with pytest.raises(Stale, match="moved since it was proposed"):
        approve(row)


def test_the_database_keeps_its_shape(worked):
    row = propose(worked)
    for change in ({"amount": 9601}, {"reason": ""}, {"status": "refused"}, {"status": "reversing"}, {"note": ""}):
        with pytest.raises(IntegrityError), transaction.atomic():
            WriteDown.objects.filter(pk=row.pk).update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        WriteDownPart.objects.filter(write_down=row).update(amount=d("5600.01"))


def test_others_see_and_decide_nothing(worked):
    for role in (Role.AUDITOR, Role.INTEGRATION_ADMIN):
        with pytest.raises(Denied):
            propose(worked, by=factories.user(role))
    with pytest.raises(Denied, match="outside your scope"):
        propose(worked, by=factories.user(Role.FINANCE, entities=("DE01",)))
