"""A saga goes forward step by step, waits for effects and people, and undoes in reverse what it did."""

from datetime import timedelta

import pytest

from integration_hub.cases.actions import cases
from integration_hub.cases.models import Case
from integration_hub.effects.models import Effect
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import Denied
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.processes import engine
from integration_hub.processes.models import Process
from integration_hub.processes.queries import picture
from integration_hub.processes.registry import NeedsPerson
from integration_hub.trail import record
from integration_hub.work.models import Item

pytestmark = pytest.mark.django_db


def current(process):
    """The step the picture says it stands at."""
    step = picture(process).current
    assert step is not None
    return step


def refuse(kind=FailureClass.DATA):
    def act(process):
        record.event("test.step", by="system:test", object_type="step", object_id="half done")
        raise Failed(kind, "no jurisdiction", remedy="Fill it.")

    return act


def test_a_good_day(saga, ledger):
    process = saga.start()
    assert saga.steps(process) == {"check": "waiting", "create": "waiting", "finish": "waiting"}
    saga.run()
    process.refresh_from_db()
    assert (process.state, process.finished_at is not None) == ("done", True)
    assert saga.acted() == ["check", "finish"]
    assert saga.told() == [("finished", "")]
    assert ledger.entries("K-1-1 create") == 1
    shown = picture(process)
    assert [step.state for step in shown.steps] == ["done"] * 3
    effect = shown.steps[1].effect
    assert effect is not None
    assert (effect.state, shown.steps[1].detail) == ("confirmed", "Test ERP: INV-L-1")
    assert shown.current is None


def test_one_open_process_per_key(saga):
    first = saga.start()
    assert saga.start().pk == first.pk
    assert saga.start("K-2").pk != first.pk
    saga.run()
    again = saga.start()
    assert (again.attempt, Process.objects.count()) == (2, 3)


def test_it_waits_for_its_effect(saga, ledger):
    ledger.vices.append(Failed(FailureClass.UNKNOWN_OUTCOME, "no answer"))
    process = saga.start()
    saga.run(1)
    assert saga.steps(process)["create"] == "running"
    assert saga.acted() == ["check"]
    assert current(process).name == "create"
    saga.run()
    process.refresh_from_db()
    assert process.state == "done"


def test_a_refused_effect_undoes_what_came_before(saga, ledger):
    ledger.vices.append(Failed(FailureClass.REJECTED, "project exists"))
    process = saga.start()
    saga.run()
    process.refresh_from_db()
    assert process.state == "undone"
    assert saga.steps(process) == {"check": "undone", "create": "failed", "finish": "waiting"}
    assert saga.acted() == ["check", "undo check"]
    assert saga.told() == [("undone", process.failure)]
    assert "project exists" in process.failure
    assert Effect.objects.get().state == "cancelled", "nobody may revive what the process gave up"
    assert not Case.objects.filter(code="ERP_REJECTED").exists(), "the process speaks for its effects"


def test_a_step_that_fails_for_good_undoes_in_reverse_through_effects(saga, ledger):
    saga.acts["finish"] = refuse()
    process = saga.start()
    saga.run()
    process.refresh_from_db()
    assert process.state == "undone"
    assert saga.steps(process) == {"check": "undone", "create": "undone", "finish": "failed"}
    assert saga.acted() == ["check", "undo check"], "what the failing step had written is rolled back"
    assert [row["reference"] for row in ledger.booked] == ["K-1-1 create", "K-1-1 undo create"]
    assert process.failure == "no jurisdiction Fill it."


def test_a_step_without_an_undo_is_passed(saga):
    original = saga.acts["finish"]
    assert callable(original)
    process = saga.start()
    saga.run(1)
    Process.objects.filter(pk=process.pk).update(state="compensating")
    process.steps.filter(name="finish").update(state="done")
    process.refresh_from_db()
    engine.resume(process.pk, by="system:test")
    saga.run()
    step = process.steps.get(name="finish")
    assert (step.state, step.detail) == ("undone", "Nothing to undo")


def test_a_person_acts_and_it_goes_on(saga):
    original = saga.acts["check"]
    saga.acts["check"] = lambda process: NeedsPerson("Create the customer in the ERP")
    process = saga.start()
    saga.run()
    process.refresh_from_db()
    assert (process.state, current(process).detail) == ("waiting", "Create the customer in the ERP")
    saga.acts["check"] = original
    engine.resume(process.pk, by="system:test")
    saga.run()
    process.refresh_from_db()
    assert process.state == "done"
    with pytest.raises(Denied, match="does not wait"):
        engine.resume(process.pk, by="system:test")


def test_a_person_gives_up_and_it_is_undone(saga):
    saga.acts["finish"] = lambda process: NeedsPerson("Sign it")
    process = saga.start()
    saga.run()
    with pytest.raises(Denied, match="Say why"):
        engine.give_up(process.pk, by="system:test", reason="")
    engine.give_up(process.pk, by="system:test", reason="The client withdrew")
    saga.run()
    process.refresh_from_db()
    assert (process.state, process.failure) == ("undone", "The client withdrew")
    assert saga.steps(process) == {"check": "undone", "create": "undone", "finish": "failed"}


def test_a_step_that_keeps_failing_opens_a_case_and_a_retry_goes_on(saga):
    original = saga.acts["check"]
    saga.acts["check"] = refuse(FailureClass.BUG)
    process = saga.start()
    saga.run()
    case = Case.objects.get()
    assert (case.code, case.root_cause, case.detail) == ("PROCESS_FAILED", f"process:{process.pk}", "no jurisdiction")
    saga.acts["check"] = original
    assert cases.retry(case_id=case.pk, by="system:test", seen_version=case.version) == 1
    saga.run()
    process.refresh_from_db()
    case.refresh_from_db()
    assert (process.state, case.status) == ("done", "resolved")


def test_an_undo_that_is_refused_waits_for_a_person(saga, ledger):
    saga.acts["finish"] = refuse()
    ledger.vices.extend([None, Failed(FailureClass.REJECTED, "has bookings")])
    process = saga.start()
    saga.run()
    process.refresh_from_db()
    assert (process.state, saga.steps(process)["create"]) == ("compensating", "undoing")
    case = Case.objects.get(code="PROCESS_FAILED")
    assert "has bookings" in case.detail
    cases.retry(case_id=case.pk, by="system:test", seen_version=case.version)
    saga.run()
    process.refresh_from_db()
    case.refresh_from_db()
    assert (process.state, case.status) == ("undone", "resolved")


def test_a_step_that_vanished_from_the_code_is_parked_not_lost(saga, monkeypatch):
    from integration_hub.processes.registry import DEFINITIONS

    process = saga.start()
    process.steps.filter(name="check").update(name="renamed")
    saga.run(1)
    assert "has no step 'renamed'" in Item.objects.get(state="parked").error
    assert DEFINITIONS.latest("test.saga").steps[0].name == "check"


def test_a_running_process_keeps_the_version_it_was_started_with(saga, monkeypatch):
    from dataclasses import replace

    from integration_hub.processes.registry import DEFINITIONS

    old = saga.start("OLD")
    saga.run(1)
    saga.acts["sign"] = saga.note("sign")
    first = DEFINITIONS.latest("test.saga")
    DEFINITIONS.register(replace(first, version=2, steps=(saga.step("sign", undo=False), *first.steps[2:])))
    new = saga.start("NEW")
    saga.run()
    assert saga.steps(old) == {"check": "done", "create": "done", "finish": "done"}
    assert saga.steps(new) == {"sign": "done", "finish": "done"}
    assert [row.definition_version for row in Process.objects.order_by("pk")] == [1, 2]
    assert [step.title for step in picture(old).steps] == ["Check", "Create", "Finish"]


def test_a_version_that_is_not_deployed_stands_still_and_says_so(saga, monkeypatch):
    process = saga.start()
    Process.objects.filter(pk=process.pk).update(definition_version=9)
    saga.run(1)
    assert "Version 9 of test.saga is not here any more" in Item.objects.get(state="parked").error
    case = Case.objects.get(code="PROCESS_FAILED")
    Process.objects.filter(pk=process.pk).update(definition_version=1)
    cases.retry(case_id=case.pk, by="system:test", seen_version=case.version)
    saga.run()
    process.refresh_from_db()
    assert process.state == "done"


def test_two_definitions_of_one_version_are_a_mistake(saga):
    from dataclasses import replace

    from integration_hub.processes.registry import DEFINITIONS

    with pytest.raises(ValueError, match="registered twice"):
        DEFINITIONS.register(replace(DEFINITIONS.latest("test.saga"), title="Another"))


def test_a_step_a_person_forgets_escalates_once_and_heals_when_it_goes_on(saga):
    original = saga.acts["finish"]
    saga.acts["finish"] = lambda process: NeedsPerson("Sign it", within=timedelta(hours=4))
    process = saga.start()
    saga.run()
    step = process.steps.get(name="finish")
    assert timedelta(hours=3, minutes=59) < step.due_at - now() <= timedelta(hours=4)
    assert engine.escalate_overdue() == 0
    process.steps.filter(name="finish").update(due_at=now() - timedelta(minutes=1))
    assert engine.escalate_overdue() == 1
    case = Case.objects.get(code="PROCESS_OVERDUE")
    assert (case.status, case.legal_entity, "Sign it" in case.detail) == ("open", "US", True)
    assert engine.escalate_overdue() == 0
    assert picture(process).steps[2].overdue
    engine.resume(process.pk, by="system:test")
    saga.run()
    due = process.steps.get(name="finish").due_at
    assert due is not None
    assert due < now(), "trying again does not give more time"
    saga.acts["finish"] = original
    engine.resume(process.pk, by="system:test")
    saga.run()
    case.refresh_from_db()
    assert (case.status, picture(process).steps[2].overdue) == ("resolved", False)


def test_giving_up_ends_the_waiting(saga):
    saga.acts["finish"] = lambda process: NeedsPerson("Sign it", within=timedelta(0))
    process = saga.start()
    saga.run()
    engine.escalate_overdue()
    engine.give_up(process.pk, by="system:test", reason="The client withdrew")
    assert Case.objects.get(code="PROCESS_OVERDUE").status == "resolved"


def test_data_that_a_step_adds_is_there_for_the_next(saga):
    def check(process):
        process.data["project"] = "P-7"
        return saga.note("check")(process)

    seen = []

    def finish(process):
        seen.append(process.data["project"])
        return saga.note("finish")(process)

    saga.acts |= {"check": check, "finish": finish}
    saga.start()
    saga.run()
    assert seen == ["P-7"]


@pytest.mark.parametrize("name", ["check", "create", "finish"])
def test_a_worker_that_dies_in_a_step_does_it_again_once(saga, ledger, name):
    from integration_hub.kernel.failpoints import Crash

    original = saga.acts[name]
    died: list[str] = []

    def die_once(process):
        result = original(process)
        if not died:
            died.append(name)
            raise Crash
        return result

    saga.acts[name] = die_once
    process = saga.start()
    with pytest.raises(Crash):
        saga.run(3)
    saga.run()
    process.refresh_from_db()
    assert process.state == "done"
    assert saga.acted() == ["check", "finish"]
    assert ledger.entries("K-1-1 create") == 1
