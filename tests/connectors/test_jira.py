"""Jira with Tempo over HTTP: two sides of one worklog, issues that move, timesheets that leave no stamp."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from integration_hub import canonical as language
from integration_hub.connectors.jira.manifest import INVOICE_STATUS
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import CONNECTORS, Page, Write
from integration_hub.effects.models import Effect
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.sandbox import Landscape
from tests import vendors
from tests.connectors import contract_to_cash
from tests.connectors.conftest import canonical, pages, records
from tests.connectors.delivery import Delivery

pytestmark = [pytest.mark.landscape, pytest.mark.django_db]

CONNECTOR = CONNECTORS.get("jira")
LATE = "2026-03-03T23:30:00.000+0000"


class World(NamedTuple):
    """Somebody in Berlin, and an issue of a project that names its contract."""

    person: str
    project: str
    issue: str


@pytest.fixture
def site(landscape: Landscape) -> Iterator[Delivery]:
    made = Delivery(landscape)
    yield made
    made.close()


@pytest.fixture
def world(site: Delivery) -> World:
    person = site.load("users", displayName="Ida Lund", emailAddress="ida@firm.example", timeZone="Europe/Berlin")
    project = site.load("projects", key="YARD", name="Yard systems", description="Ask Ida first.\nContract: C-9")
    return World(person, project, site.load("issues", project={"id": project}, summary="Design"))


def _entry(connection: Connection, read: list[Page], key: str) -> language.TimeEntry:
    record = canonical(connection, "time_entry", read)[key].record
    assert isinstance(record, language.TimeEntry)
    return record


def _sheet(connection: Connection, read: list[Page]) -> language.TimeApproval:
    (made,) = canonical(connection, "time_approval", read).values()
    assert isinstance(made.record, language.TimeApproval)
    return made.record


def test_both_sides_make_one_entry(jira: Connection, site: Delivery, world: World) -> None:
    assert "Integration User" in CONNECTOR.check(jira)
    key = site.log(world.issue, world.person, "Review", started=LATE)
    site.billable(key, 3600)
    time = _entry(jira, pages(jira, "time_entry"), key)
    assert (time.worked_on.isoformat(), time.minutes, time.billable) == ("2026-03-04", Decimal(60), True)
    assert (time.project_id, time.task_id, time.resource_id) == (world.project, world.issue, world.person)
    assert (time.notes, time.approval) == ("Review", "draft")
    jira.settings["hours"] = "spent"
    assert _entry(jira, pages(jira, "time_entry"), key).minutes == Decimal(90)


def test_projects_name_their_contract_in_words_or_by_their_account(
    jira: Connection, site: Delivery, world: World
) -> None:
    other = site.load("projects", key="DOCK", name="Dock", description="The dock")
    site.load("accounts", of="tempo", key="C-10", name="Dock", projects=[other, world.project])
    made = canonical(jira, "project", pages(jira, "project"))
    assert {key: item.record.contract_number for key, item in made.items()} == {world.project: "C-9", other: "C-10"}


def test_only_people_are_people_and_those_who_left_show_no_address(
    jira: Connection, site: Delivery, world: World
) -> None:
    gone = site.load("users", displayName="Otto", emailAddress="otto@firm.example", active=False)
    robot = site.load("users", displayName="Slack", accountType="app")
    made = canonical(jira, "resource", pages(jira, "resource"))
    assert (made[gone].record.email, made[gone].record.active) == ("", False)
    assert (made[world.person].record.email, made[robot].filtered) == ("ida@firm.example", True)


def test_what_changes_in_tempo_alone_is_heard(jira: Connection, site: Delivery, world: World) -> None:
    key = site.log(world.issue, world.person)
    first = pages(jira, "time_entry")
    assert records(pages(jira, "time_entry", first[-1].cursor)) == {}, "nothing comes twice"
    site.landscape.settings(landscape={"clock_offset_seconds": 2})
    site.billable(key, 0)
    second = pages(jira, "time_entry", first[-1].cursor)
    assert (_entry(jira, second, key).billable, _entry(jira, second, key).minutes) == (False, Decimal(90))
    assert records(second)[key].version > records(first)[key].version
    assert records(second)[key].moved_at == records(first)[key].moved_at


def test_an_issue_that_moves_takes_its_work_along(jira: Connection, site: Delivery, world: World) -> None:
    key = site.log(world.issue, world.person)
    time, tasks = pages(jira, "time_entry"), pages(jira, "task")
    dock = site.load("projects", key="DOCK", name="Dock")
    site.load("issue_moves", issue=world.issue, project="DOCK")
    again, moved = pages(jira, "time_entry", time[-1].cursor), pages(jira, "task", tasks[-1].cursor)
    assert _entry(jira, again, key).project_id == dock
    assert records(again)[key].version > records(time)[key].version
    assert records(pages(jira, "time_entry"))[key].version == records(again)[key].version, "read anew it is the same"
    task = canonical(jira, "task", moved)[world.issue].record
    assert (task.name, task.project_id) == ("DOCK-1 Design", dock)


def test_work_that_moves_is_gone_there_and_new_here(jira: Connection, site: Delivery, world: World) -> None:
    key = site.log(world.issue, world.person)
    first = pages(jira, "time_entry")
    other = site.load("issues", project={"id": world.project}, summary="Build")
    new = site.load("worklog_moves", worklog=key, issue=other)
    second = records(pages(jira, "time_entry", first[-1].cursor))
    assert {name: raw.deleted for name, raw in second.items()} == {key: True, new: False}
    assert second[new].payload["issueId"] == other


def test_the_minute_jira_does_not_tell_is_not_lost(jira: Connection, site: Delivery, world: World) -> None:
    jira.settings["overlap_seconds"] = "1"
    early = site.log(world.issue, world.person)
    first = pages(jira, "time_entry")
    site.landscape.settings(jira={"quiet_seconds": 60}, landscape={"clock_offset_seconds": 30})
    gone, late = site.log(world.issue, world.person), site.log(world.issue, world.person)
    site.remove(world.issue, gone)
    second = pages(jira, "time_entry", first[-1].cursor)
    assert records(second)[late].moved_at > second[-1].cursor["high"], "Tempo told it; Jira's mark stays behind"
    site.landscape.settings(landscape={"clock_offset_seconds": 120})
    third = pages(jira, "time_entry", second[-1].cursor)
    assert {key: raw.deleted for key, raw in records(third).items()} == {gone: True}
    assert third[-1].cursor["high"] == records(second)[late].moved_at
    assert early in records(first)


def test_an_entry_whose_issue_search_does_not_know_yet(jira: Connection, site: Delivery, world: World) -> None:
    site.landscape.settings(jira={"index_ms": 60_000})
    key = site.log(world.issue, world.person)
    assert _entry(jira, pages(jira, "time_entry"), key).project_id == world.project


def test_more_than_jira_tells_at_once(jira: Connection, site: Delivery, world: World) -> None:
    row = {"issue": world.issue, "author": world.person, "started": LATE, "timeSpentSeconds": 60}
    keys = site.landscape.load("jira", "worklogs", [row] * 1010)
    read = pages(jira, "time_entry")
    assert [raw.source_id for page in read for raw in page.records] == keys
    calls = [call for call in site.landscape.calls("jira") if call["path"].endswith("/worklog/updated")]
    assert len(calls) == 2


@pytest.mark.parametrize("in_a_team", [True, False])
def test_a_timesheet_that_is_opened_again(jira: Connection, site: Delivery, world: World, in_a_team: bool) -> None:
    if in_a_team:
        site.load("teams", of="tempo", name="Yard", members=[world.person])
    key = site.log(world.issue, world.person)
    site.decide(world.person, "submit", "approve")
    first = pages(jira, "time_approval")
    assert (_sheet(jira, first).state, _sheet(jira, first).entry_ids) == ("approved", (key,))
    assert not records(pages(jira, "time_entry", pages(jira, "time_entry")[-1].cursor))
    site.decide(world.person, "reopen")
    second = pages(jira, "time_approval", first[-1].cursor)
    assert (_sheet(jira, second).state, _sheet(jira, second).entry_ids) == ("draft", (key,))
    asked = [call for call in site.landscape.calls("tempo") if "timesheet-approvals/user" in call["path"]]
    assert any(call["method"] == "GET" for call in asked) is not in_a_team


def test_a_timesheet_comes_again_when_its_work_changed(jira: Connection, site: Delivery, world: World) -> None:
    key = site.log(world.issue, world.person)
    site.decide(world.person, "submit", "approve")
    first = pages(jira, "time_approval")
    (sheet,) = records(first)
    assert records(pages(jira, "time_approval", first[-1].cursor))[sheet].version == records(first)[sheet].version
    site.landscape.settings(landscape={"clock_offset_seconds": 2})
    site.reword(world.issue, key, "Changed in Jira, which knows no lock")
    second = pages(jira, "time_approval", first[-1].cursor)
    assert records(second)[sheet].version > records(first)[sheet].version
    assert _sheet(jira, second).state == "approved"


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"jira": {"lacking_permissions": ["ADMINISTER_PROJECTS"]}}, "Administer projects (ADMINISTER_PROJECTS)"),
        ({"tempo": {"lacking_scopes": ["approvals"]}}, "approvals:view"),
    ],
)
def test_a_missing_right_is_named(jira: Connection, site: Delivery, setting: dict[str, Any], said: str) -> None:
    site.landscape.settings(**setting)
    with pytest.raises(Failed) as caught:
        CONNECTOR.check(jira)
    assert caught.value.kind == FailureClass.AUTH
    assert said in caught.value.message


def test_tempos_token_is_another(jira: Connection, site: Delivery, world: World) -> None:
    site.log(world.issue, world.person)
    site.landscape.post("/tokens", {"vendor": "tempo", "action": "revoke"})
    with pytest.raises(Failed, match="Tempo answered 401") as caught:
        pages(jira, "time_entry")
    assert caught.value.kind == FailureClass.AUTH


def test_each_limit_is_named(jira: Connection, site: Delivery, world: World) -> None:
    site.landscape.settings(jira={"calls_per_second": 0})
    with pytest.raises(Failed, match="jira-burst-based") as caught:
        pages(jira, "resource")
    assert caught.value.kind == FailureClass.RATE


def test_an_invoice_is_a_property_of_its_own(jira: Connection, site: Delivery, world: World) -> None:
    for number, status in (("INV/1", "open"), ("INV-2", "open"), ("INV/1", "paid")):
        payload = {"reference": number, "project_remote_id": world.project, "status": status, "amount": "99.00",
                   "currency": "EUR"}  # fmt: skip
        write = Write(INVOICE_STATUS, "key", number, payload)
        assert CONNECTOR.find(jira, write) is None
        CONNECTOR.send(jira, write)
        assert CONNECTOR.find(jira, write) is not None
    keys = site.jira.get(f"/project/{world.project}/properties").json()["keys"]
    assert {row["key"] for row in keys} == {"throughline.invoice.INV/1", "throughline.invoice.INV-2"}


def test_contract_to_cash_with_jira_and_tempo_as_the_psa(jira: Connection, site: Delivery) -> None:
    person = site.load("users", displayName="Ida Lund", emailAddress="ida@firm.example")

    def opened() -> str:
        project = site.load("projects", key="ADV", name="Advisory")
        site.load("accounts", of="tempo", key="C-1", name="Advisory", projects=[project])
        return project

    def work(project: str) -> None:
        issue = site.load("issues", project={"id": project}, summary="Advice")
        site.log(issue, person, timeSpentSeconds=8 * 3600)
        site.billable(site.log(issue, person, timeSpentSeconds=900), 0)
        site.decide(person, "submit", "approve")

    with vendors.living() as landscape:
        invoice = contract_to_cash.invoiced(landscape, jira, work, opened=opened)
    assert invoice.net == Decimal(1200), "the quarter of an hour is not billable"
    assert Effect.objects.get(effect_type=INVOICE_STATUS).state == Effect.State.CONFIRMED
    (kept,) = site.landscape.records("jira", "properties")
    assert kept["value"]["invoice"] == invoice.number
