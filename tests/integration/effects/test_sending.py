"""Whatever the target does, an effect stands in its ledger once, and we say confirmed only when it shows it."""

from datetime import date, timedelta

import pytest

from integration_hub.cases.actions import cases
from integration_hub.cases.models import Case
from integration_hub.connectors import budget
from integration_hub.connectors.models import Account, Connection
from integration_hub.effects import engine
from integration_hub.effects.actions import effects
from integration_hub.effects.models import Attempt, Effect
from integration_hub.effects.naming import label
from integration_hub.effects.queries import proof, unsettled
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import Denied
from integration_hub.kernel.failures import POLICIES, Deferred, Failed, FailureClass
from integration_hub.trail.models import Event
from integration_hub.work import queries
from integration_hub.work.models import Item, Lane
from tests import ledger as ledgers

pytestmark = pytest.mark.django_db


def kinds(effect):
    return [f"{attempt.kind}:{attempt.outcome}" for attempt in effect.attempts.order_by("id")]


def fresh(effect):
    effect.refresh_from_db()
    return effect


def test_a_good_day(plan, work, ledger, heard):
    effect = plan()
    work()
    assert fresh(effect).state == "confirmed"
    assert (effect.remote_id, effect.remote_number, effect.remote["net"]) == ("L-1", "INV-L-1", "100")
    assert effect.confirmed_at is not None
    assert kinds(effect) == ["send:sent", "confirm:found"]
    assert heard() == [("confirmed", "C-1")]
    assert proof(effect).is_proved
    assert list(Event.objects.exclude(action="test.heard").order_by("id").values_list("action", flat=True)) == [
        "effects.effect.planned",
        "effects.effect.confirmed",
    ]
    work(2)
    assert (ledger.sends, heard()) == (1, [("confirmed", "C-1")])


@pytest.mark.parametrize("safety", ["K", "U", "P"])
@pytest.mark.parametrize("vice", ["commit_then_timeout", "commit_then_break"])
def test_a_lost_answer_is_asked_about_and_never_sent_again(plan, work, ledger, heard, safety, vice):
    ledger.vices.append(vice)
    effect = plan(safety)
    work()
    assert fresh(effect).state == "unknown"
    assert unsettled() == 1
    assert not queries.quiescent()
    work()
    assert fresh(effect).state == "confirmed"
    assert (ledger.sends, ledger.entries("C-1"), heard()) == (1, 1, [("confirmed", "C-1")])
    assert kinds(effect) == ["send:unknown_outcome", "probe:found", "confirm:found"]
    assert unsettled() == 0


@pytest.mark.parametrize(("safety", "probes"), [("K", 1), ("U", 1), ("P", 2)])
def test_what_is_proved_absent_is_sent_again(plan, work, ledger, safety, probes):
    ledger.vices.append(Failed(FailureClass.UNKNOWN_OUTCOME, "connection reset"))
    effect = plan(safety)
    work(1 + probes)
    assert fresh(effect).state == "confirmed"
    assert (ledger.sends, ledger.entries("C-1")) == (2, 1)
    assert kinds(effect).count("probe:absent") == probes


def test_a_lying_yes_is_not_believed(plan, work, ledger, heard):
    ledger.vices.append("lie")
    effect = plan()
    work()
    assert fresh(effect).state == "unknown"
    assert heard() == []
    work()
    assert fresh(effect).state == "confirmed"
    assert (effect.remote_id, ledger.entries("C-1"), heard()) == ("L-1", 1, [("confirmed", "C-1")])


def test_a_target_that_always_lies_ends_with_a_person(plan, work, ledger):
    ledger.vices.extend(["lie"] * 50)
    effect = plan()
    work(POLICIES[FailureClass.UNKNOWN_OUTCOME].attempts + 2)
    assert fresh(effect).state == "unknown"
    case = Case.objects.get(code="ERP_UNKNOWN")
    assert (case.status, case.severity, case.root_cause) == ("open", 1, f"effect:{effect.pk}")
    lane = Lane.objects.get(key=effect.lane)
    assert lane.blocked
    assert unsettled() == 0, "a person has been asked: nothing moves by itself any more"
    ledger.vices.clear()
    assert cases.retry(case_id=case.pk, by="system:test", seen_version=case.version) == 1
    work()
    assert fresh(effect).state == "confirmed"
    case.refresh_from_db()
    assert (case.status, case.outcome, ledger.entries("C-1")) == ("resolved", "auto", 1)


def test_a_write_that_cannot_be_asked_about_goes_to_a_person_after_one_try(plan, work, ledger, heard):
    ledger.vices.append("commit_then_timeout")
    effect = plan("N")
    work(3)
    assert fresh(effect).state == "unknown"
    assert (ledger.sends, ledger.finds) == (1, 0)
    assert Case.objects.get().code == "ERP_UNKNOWN"
    effects.declare_rejected(effect_id=effect.pk, by="system:test", reason="Not in the target's journal")
    assert fresh(effect).state == "rejected"
    assert heard() == [("rejected", "C-1")]
    work()
    assert ledger.sends == 1
    assert not Lane.objects.get(key=effect.lane).blocked


def test_a_no_reaches_the_listener_and_opens_a_case_and_the_lane_goes_on(plan, work, ledger, heard):
    refused = Failed(FailureClass.REJECTED, "Invalid entity reference", field="entity", remedy="Map it.", status=400)
    ledger.vices.append(refused)
    effect = plan(lane="L")
    other = plan(reference="C-2", lane="L")
    work()
    assert fresh(effect).state == "rejected"
    assert effect.failure == "Invalid entity reference (field entity)"
    assert fresh(other).state == "confirmed"
    assert heard() == [("rejected", "C-1"), ("confirmed", "C-2")]
    case = Case.objects.get(code="ERP_REJECTED")
    assert (case.detail, case.remedy) == ("Invalid entity reference (field entity)", "Map it.")
    assert case.title == f"{effect.connection} refused {label(effect)}"
    assert {case.subject_label, case.members.get().label} == {label(effect)}
    effects.retry(effect_id=effect.pk, by="system:test")
    work()
    assert fresh(effect).state == "confirmed"
    case.refresh_from_db()
    assert case.status == "resolved"


def test_a_no_that_names_a_closed_period_is_a_closed_window_and_heals_when_it_is_sent(plan, work, ledger):
    closed = Failed(FailureClass.REJECTED, "PERIOD_CLOSED: Aug 2026 is locked", field="postingPeriod", status=400)
    ledger.vices.append(closed)
    effect = plan()
    work()
    assert fresh(effect).state == "rejected"
    case = Case.objects.get()
    assert case.code == "PERIOD_CLOSED"
    effects.retry(effect_id=effect.pk, by="system:test")
    work()
    case.refresh_from_db()
    assert (fresh(effect).state, case.status) == ("confirmed", "resolved")


@pytest.mark.parametrize("kind", [FailureClass.TRANSIENT, FailureClass.RATE])
def test_come_back_later_means_nothing_was_written(plan, work, ledger, kind):
    ledger.vices.append(Failed(kind, "busy", retry_after=timedelta(minutes=3)))
    effect = plan()
    work()
    assert fresh(effect).state == "planned"
    assert Item.objects.get().state == "ready"
    assert queries.quiescent(), "three minutes is not soon"
    work()
    assert fresh(effect).state == "confirmed"
    assert (ledger.sends, ledger.entries("C-1")) == (2, 1)


def test_a_refused_credential_stops_the_lane_until_it_is_renewed(plan, work, ledger):
    ledger.vices.extend([Failed(FailureClass.AUTH, "401 token expired", remedy="Renew it.")] * 2)
    first, second = plan(), plan(reference="C-2")
    work()
    assert (fresh(first).state, fresh(second).state) == ("planned", "planned")
    case = Case.objects.get()
    assert (case.code, case.root_cause, case.members.count()) == ("CREDENTIAL", "connection:erp", 2)
    assert Lane.objects.filter(blocked=True).count() == 2
    assert cases.retry(case_id=case.pk, by="system:test", seen_version=case.version) == 2
    work()
    assert (fresh(first).state, fresh(second).state) == ("confirmed", "confirmed")
    case.refresh_from_db()
    assert case.status == "resolved"


def test_a_paused_connection_waits_without_using_up_tries(plan, work, ledger):
    effect = plan()
    connection = effect.connection
    type(connection).objects.update(is_paused=True, paused_reason="month end")
    work(5)
    item = Item.objects.get()
    assert (fresh(effect).state, item.failures, ledger.sends) == ("planned", 0, 0)
    assert item.error == "Test ERP is paused: month end"
    type(connection).objects.update(is_paused=False, paused_reason="")
    work()
    assert fresh(effect).state == "confirmed"


def test_a_probe_that_fails_leaves_the_effect_unknown_and_asks_again(plan, work, ledger):
    ledger.vices.append("commit_then_timeout")
    ledger.find_failures.append(Failed(FailureClass.UNKNOWN_OUTCOME, "timeout"))
    effect = plan()
    work(2)
    assert fresh(effect).state == "unknown"
    work()
    assert fresh(effect).state == "confirmed"
    assert ledger.sends == 1


def test_an_open_circuit_breaker_is_waited_out(plan, work, ledger):
    effect = plan()
    connection = effect.connection
    type(connection).objects.update(open_until="2999-01-01T00:00Z")
    work(2)
    item = Item.objects.get()
    assert (item.failures, item.error) == (0, "Test ERP does not answer; calls go on after a pause.")
    assert ledger.sends == 0
    type(connection).objects.update(open_until="2000-01-01T00:00Z")
    work()
    assert fresh(effect).state == "confirmed"


def test_a_target_that_is_down_for_good_ends_with_a_person_and_a_case(plan, work, ledger):
    ledger.vices.extend([Failed(FailureClass.TRANSIENT, "connection refused")] * 20)
    effect = plan()
    work(POLICIES[FailureClass.TRANSIENT].attempts)
    case = Case.objects.get()
    assert (fresh(effect).state, case.code, case.detail) == ("planned", "ERP_REJECTED", "connection refused")
    assert case.title == f"{label(effect)} could not be sent to Test ERP"
    ledger.vices.clear()
    effects.retry(effect_id=effect.pk, by="system:test")
    work()
    case.refresh_from_db()
    assert (fresh(effect).state, case.status) == ("confirmed", "resolved")


def test_a_refused_probe_is_no_answer_about_the_effect(plan, work, ledger):
    ledger.vices.append("commit_then_timeout")
    ledger.find_failures.append(Failed(FailureClass.AUTH, "403 no permission to search"))
    effect = plan()
    work(2)
    assert fresh(effect).state == "unknown"
    assert Case.objects.get().code == "CREDENTIAL"
    assert (unsettled(), queries.quiescent()) == (0, True), "it waits for a person"


def test_an_effect_withdrawn_while_it_waited_in_its_lane_is_not_sent(plan, work, ledger, monkeypatch):
    """The state is looked at again in the transaction that says `sending`."""
    from integration_hub.effects import engine

    effect = plan()
    waited = engine._wait_while_paused

    def cancel_meanwhile(seen):
        Effect.objects.filter(pk=seen.pk).update(state="cancelled")
        waited(seen)

    monkeypatch.setattr(engine, "_wait_while_paused", cancel_meanwhile)
    work()
    assert (fresh(effect).state, ledger.sends) == ("cancelled", 0)


def test_a_listener_that_breaks_takes_nothing_with_it(plan, work, ledger, monkeypatch):
    from integration_hub.effects.registry import OUTCOMES, Outcome

    calls = []

    def confirmed(effect):
        calls.append(effect.pk)
        if len(calls) == 1:
            raise RuntimeError("not yet")

    entries = {**OUTCOMES._entries, "*": Outcome(confirmed, lambda effect: None)}
    monkeypatch.setattr(OUTCOMES, "_entries", entries)
    effect = plan()
    work()
    assert fresh(effect).state == "sent"
    work()
    assert fresh(effect).state == "confirmed"
    assert (ledger.sends, len(calls)) == (1, 2)


def test_cancel_withdraws_only_what_was_not_sent(plan, work, ledger, heard):
    effect, done = plan(), plan(reference="C-2")
    with pytest.raises(Denied, match="Say why"):
        effects.cancel(effect_id=effect.pk, by="system:test", reason=" ")
    effects.cancel(effect_id=effect.pk, by="system:test", reason="Wrong customer")
    work()
    assert (fresh(effect).state, ledger.entries("C-1")) == ("cancelled", 0)
    assert heard() == [("rejected", "C-1"), ("confirmed", "C-2")]
    with pytest.raises(Denied, match="no longer be withdrawn"):
        effects.cancel(effect_id=done.pk, by="system:test", reason="too late")
    with pytest.raises(Denied, match="nothing to try again"):
        effects.retry(effect_id=done.pk, by="system:test")


def test_people_need_the_permission_and_the_legal_entity(plan):
    from django.contrib.auth.models import Permission

    from integration_hub.people.models import User

    effect = plan()
    stranger = User.objects.create_user("s", legal_entities=["GB"])
    clerk = User.objects.create_user("c", legal_entities=["US"])
    boss = User.objects.create_user("b", legal_entities=["US"])
    boss.user_permissions.add(Permission.objects.get(codename="retry_effect"))
    for person, why in [(stranger, "legal entity"), (clerk, "role")]:
        with pytest.raises(Denied, match=why):
            effects.cancel(effect_id=effect.pk, by=person, reason="x")
    effects.cancel(effect_id=effect.pk, by=User.objects.get(pk=boss.pk), reason="x")
    assert Effect.objects.get().state == "cancelled"


def test_an_effect_waits_for_its_budget_without_using_up_tries(plan, work, ledger):
    """R-10: nothing is lost while nothing may be sent, and the order in the lane is kept."""
    account = Account.objects.create(code="erp", vendor=ledgers.VENDOR, calls=1000, seconds=60)
    made = [plan(reference=f"C-{number}", lane="L", posting_date=date(2026, 3, 31)) for number in range(3)]
    Connection.objects.update(account=account)
    Account.objects.update(quiet_until=now() + timedelta(minutes=5))
    work(POLICIES[FailureClass.RATE].attempts + 5)
    item = Item.objects.order_by("pk").first()
    assert (item.state, item.failures, item.error_class) == ("ready", 0, "")
    assert "waits for its budget: the vendor asked us to wait" in item.error
    assert [fresh(effect).state for effect in made] == ["planned"] * 3
    assert (ledger.sends, Attempt.objects.count()) == (0, 0)
    Account.objects.update(quiet_until=None)
    work()
    assert [row["reference"] for row in ledger.booked] == ["C-0", "C-1", "C-2"]


def test_a_budget_that_ends_in_the_midst_of_a_send_is_waited_for(plan, work, ledger):
    effect = plan()
    ledger.vices.append(budget.NoBudget(effect.connection, "all calls are taken", 7.0))
    work()
    assert (fresh(effect).state, Item.objects.get().failures) == ("planned", 0)
    work()
    assert (fresh(effect).state, ledger.entries("C-1")) == ("confirmed", 1)


def test_documents_go_before_corrections(plan):
    posting = plan(posting_date=date(2026, 3, 31))
    again = plan(posting_date=date(2026, 3, 31), revision=2)
    status = plan(reference="C-2")
    assert [engine.priority_of(one) for one in (posting, again, status)] == ["posting", "correction", "correction"]


def test_an_outage_uses_up_nobodys_tries(plan, work, ledger):
    """The breaker is half open and somebody else tries: whoever is kept back waits, however long it lasts."""
    effect = plan()
    away = Deferred(FailureClass.TRANSIENT, "Test ERP did not answer 5 times in a row", again_in=timedelta(seconds=30))
    rounds = POLICIES[FailureClass.TRANSIENT].attempts + 5
    ledger.vices.extend([away] * rounds)
    work(rounds)
    item = Item.objects.get()
    assert (fresh(effect).state, item.state, item.failures) == ("planned", "ready", 0)
    work()
    assert fresh(effect).state == "confirmed"
