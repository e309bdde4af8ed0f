"""The screens of processes: the list, the picture of one, resuming it and giving it up."""

import pytest

from integration_hub.people.models import Role
from integration_hub.processes import panels
from integration_hub.processes.registry import Done, NeedsPerson
from tests import screens

pytestmark = screens.SCREENS


@pytest.fixture
def ines(db):
    return screens.allow(screens.user(Role.INTEGRATION_ADMIN, "ines"), "hub_processes.change_process")


@pytest.fixture
def waiting(saga):
    """A process that waits for a person at its last step."""
    saga.acts["finish"] = lambda process: NeedsPerson("The ERP lacks the customer.")
    process = saga.start()
    saga.run()
    process.refresh_from_db()
    assert process.state == "waiting"
    return process


def at(process, verb):
    return f"/processes/{process.pk}/{verb}/"


def seen(process):
    return f"{process.state} {process.version}"


def test_processes_that_wait_come_first(saga, waiting, ines):
    saga.acts["finish"] = saga.note("finish")
    saga.start("K-2")
    saga.run()
    body = screens.assert_list(screens.browser(ines), "/processes/")
    assert body.index("K-1") < body.index("K-2")
    assert "K-2" not in screens.page(screens.browser(ines), "/processes/?state=waiting")


def test_the_picture_shows_every_step_and_its_effect(waiting, ines):
    body = screens.page(screens.browser(ines), f"/processes/{waiting.pk}/")
    for said in ("Check", "Create", "Finish", "check done", "testledger.probed", "Confirmed"):
        assert said in body, said
    assert body.count("sw-success") == 2
    assert "ln-focus" in body
    assert body.count("Waits for a person") >= 2, "in the picture and step by step"
    assert ">Running<" not in body
    assert "<li>Check: Done" in body, "the picture's words stand in a list too"


def test_the_list_begins_with_where_open_processes_stand(saga, waiting, ines):
    saga.start("K-2")
    body = screens.page(screens.browser(ines), "/processes/")
    assert "2 open" in body
    assert "Finish: 1 here" in body
    assert "Check: 1 here" in body
    assert "Create: Nobody here" in body


def test_resuming_tries_the_step_again(saga, waiting, ines):
    saga.acts["finish"] = lambda process: Done("done at last")
    answer = screens.browser(ines).post(at(waiting, "resume"), {"seen": seen(waiting), "reason": "Created."})
    assert answer.status_code == 302
    saga.run()
    waiting.refresh_from_db()
    assert waiting.state == "done"


def test_giving_up_says_what_is_undone_and_undoes_it(saga, waiting, ines):
    client = screens.browser(ines)
    assert "Create, Check" in screens.page(client, at(waiting, "give-up"))
    assert client.post(at(waiting, "give-up"), {"seen": seen(waiting), "reason": ""}).status_code == 422
    assert client.post(at(waiting, "give-up"), {"seen": seen(waiting), "reason": "Lost."}).status_code == 302
    saga.run()
    waiting.refresh_from_db()
    assert waiting.state == "undone"
    body = screens.page(client, f"/processes/{waiting.pk}/")
    assert "Give up" not in body


@pytest.mark.parametrize("verb", ["resume", "give-up"])
def test_a_decision_states_what_was_seen(waiting, ines, verb):
    client = screens.browser(ines)
    assert client.post(at(waiting, verb), {"reason": "x"}).status_code == 422
    assert client.post(at(waiting, verb), {"seen": "waiting 0", "reason": "x"}).status_code == 409
    waiting.refresh_from_db()
    assert waiting.state == "waiting"


def test_processes_are_scoped_and_need_their_right(waiting):
    client = screens.browser(screens.user(Role.PMO, "paula", entities=("DE01",)))
    assert "K-1" not in screens.page(client, "/processes/")
    screens.page(client, f"/processes/{waiting.pk}/", status=404)
    screens.assert_needs_right("/processes/")
    screens.assert_needs_right(f"/processes/{waiting.pk}/")


def test_whoever_may_not_steer_processes_is_told_so(waiting):
    client = screens.browser(screens.user(Role.AUDITOR, "aude"))
    assert "Your role does not steer processes." in screens.page(client, f"/processes/{waiting.pk}/")
    assert client.post(at(waiting, "resume"), {"seen": seen(waiting)}).status_code == 403


def test_home_shows_processes_that_wait(waiting, ines):
    assert panels.waiting(ines).count == 1
    assert "Processes that wait for a person" in screens.page(screens.browser(ines), "/")
