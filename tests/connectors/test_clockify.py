"""Clockify over HTTP: entries by the ids of their changes, days by people's zones, projects replaced as a whole."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from integration_hub import canonical as language
from integration_hub.connectors.clockify.manifest import INVOICE_STATUS, PROJECT_ARCHIVE, PROJECT_CREATE
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import CONNECTORS, Write
from integration_hub.effects.models import Effect
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.sandbox import Landscape
from tests import vendors
from tests.connectors import contract_to_cash
from tests.connectors.conftest import canonical, pages, records
from tests.connectors.timesheets import Timesheets

pytestmark = [pytest.mark.landscape, pytest.mark.django_db]

CONNECTOR = CONNECTORS.get("clockify")
EVENING = {"start": "2026-03-03T23:30:00Z", "end": "2026-03-04T01:00:00Z", "billable": True}


@pytest.fixture
def people(landscape: Landscape) -> Iterator[Timesheets]:
    landscape.settings(clockify={"calls_per_second": 1000})
    made = Timesheets(landscape)
    yield made
    made.close()


@pytest.fixture
def booked(people: Timesheets) -> dict[str, Any]:
    person = people.load("users", name="Ida Lund", email="ida@firm.example", timeZone="Europe/Berlin")
    project = people.load("projects", name="Yard systems", note="Ask Ida first.\nContract: C-9")
    return {"userId": person, "projectId": project, **EVENING}


def test_the_day_is_that_of_the_person(clockify: Connection, people: Timesheets, booked: dict[str, Any]) -> None:
    assert "Integration User" in CONNECTOR.check(clockify)
    key = people.load("time_entries", **booked, description="Review")
    project = canonical(clockify, "project", pages(clockify, "project"))[booked["projectId"]].record
    person = canonical(clockify, "resource", pages(clockify, "resource"))[booked["userId"]].record
    time = canonical(clockify, "time_entry", pages(clockify, "time_entry"))[key].record
    assert isinstance(project, language.Project)
    assert (project.reference, project.status) == ("C-9", "open")
    assert isinstance(person, language.Resource)
    assert (person.name, person.active) == ("Ida Lund", True)
    assert isinstance(time, language.TimeEntry)
    assert (time.worked_on.isoformat(), time.minutes, time.approval) == ("2026-03-04", Decimal(90), "draft")


@pytest.mark.parametrize("change", [{"end": None}, {"type": "BREAK"}])
def test_running_timers_and_breaks_are_left_out(
    clockify: Connection, people: Timesheets, booked: dict[str, Any], change: dict[str, Any]
) -> None:
    key = people.load("time_entries", **{**booked, **change})
    assert canonical(clockify, "time_entry", pages(clockify, "time_entry"))[key].filtered


def test_an_entry_that_was_created_and_changed_is_read_once(
    clockify: Connection, people: Timesheets, booked: dict[str, Any]
) -> None:
    key = people.load("time_entries", **booked)
    span = {name: booked[name] for name in ("projectId", "start", "end")}
    people.change(f"/time-entries/{key}", **span, description="Changed")
    read = pages(clockify, "time_entry")
    assert [record.source_id for page in read for record in page.records] == [key]
    again = records(pages(clockify, "time_entry", read[-1].cursor))
    assert again[key].version == records(read)[key].version


def test_a_decision_is_a_later_state_of_the_entry(
    clockify: Connection, people: Timesheets, booked: dict[str, Any]
) -> None:
    key = people.load("time_entries", **booked)
    request = people.submit(booked["userId"])
    first = pages(clockify, "time_entry")
    people.decide(request)
    second = pages(clockify, "time_entry", first[-1].cursor)
    states = [canonical(clockify, "time_entry", read)[key].record for read in (first, second)]
    assert [state.approval for state in states if isinstance(state, language.TimeEntry)] == ["submitted", "approved"]
    assert records(second)[key].version > records(first)[key].version
    people.decide(request, "REJECTED")
    (sheet,) = canonical(clockify, "time_approval", pages(clockify, "time_approval")).values()
    assert isinstance(sheet.record, language.TimeApproval)
    assert (sheet.record.state, sheet.record.entry_ids) == ("rejected", (key,))


def test_approvals_are_read_back_to_the_last_reading(
    clockify: Connection, people: Timesheets, booked: dict[str, Any]
) -> None:
    clockify.settings |= {"page_size": "2", "overlap_seconds": "0.001"}
    for week in ("02", "09", "16", "23", "30"):
        people.submit(booked["userId"], f"2026-03-{week}")
    first = pages(clockify, "time_approval")
    assert (len(records(first)), [page.done for page in first]) == (5, [False, False, True])
    later = {**first[-1].cursor, "high": "2099-01-01T00:00:00.000Z"}
    assert [page.records for page in pages(clockify, "time_approval", later)] == [[]], "one page is enough"


def test_a_project_is_changed_without_losing_what_people_wrote(clockify: Connection, people: Timesheets) -> None:
    payload = {"reference": "C-1", "title": "C-1 Advisory", "currency": "USD", "customer": "Tidewater"}
    key = CONNECTOR.send(clockify, Write(PROJECT_CREATE, "key", "C-1", payload)).remote_id
    (project,) = people.http.get("/projects").json()
    people.change(
        f"/projects/{key}", **{**project, "isPublic": True, "note": "Contract: C-1\nAsk Ida.", "color": "#111"}
    )
    for status in ("open", "paid"):
        told = {"reference": "INV-1", "project_remote_id": key, "status": status, "amount": "9.00", "currency": "USD"}
        CONNECTOR.send(clockify, Write(INVOICE_STATUS, "key", "INV-1", told))
    CONNECTOR.send(clockify, Write(PROJECT_ARCHIVE, "key", "C-1", {"remote_id": key}))
    (project,) = people.http.get("/projects").json()
    assert project["note"].splitlines() == ["Contract: C-1", "Ask Ida.", "Invoice INV-1: 9.00 USD paid"]
    assert (project["archived"], project["color"], project["public"]) == (True, "#111", True)
    assert CONNECTOR.send(clockify, Write(PROJECT_CREATE, "key", "C-1-2", payload)).remote_id == key, "used again"


def test_a_project_that_is_gone_says_so(clockify: Connection, people: Timesheets) -> None:
    with pytest.raises(Failed, match="no project to archive") as caught:
        CONNECTOR.send(clockify, Write(PROJECT_ARCHIVE, "key", "C-1", {"remote_id": "5f00000000000000000000ff"}))
    assert caught.value.kind == FailureClass.DATA


def test_contract_to_cash_with_clockify_as_the_psa(clockify: Connection, people: Timesheets) -> None:
    person = people.load("users", name="Ida Lund", email="ida@firm.example")

    def work(project: str) -> None:
        span = {"start": "2026-03-03T09:00:00Z", "end": "2026-03-03T17:00:00Z", "billable": True}
        people.load("time_entries", userId=person, projectId=project, **span)
        people.decide(people.submit(person))

    with vendors.living() as landscape:
        invoice = contract_to_cash.invoiced(landscape, clockify, work)
    assert invoice.net == Decimal(1200)
    assert Effect.objects.get(effect_type=INVOICE_STATUS).state == Effect.State.CONFIRMED
    (project,) = people.http.get("/projects").json()
    assert project["note"].splitlines()[0] == "Contract: C-1"
    assert invoice.number in project["note"]
