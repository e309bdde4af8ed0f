"""Kantata: what is read, and what its failures mean."""

from decimal import Decimal
from typing import Any

import pytest

from integration_hub import canonical as language
from integration_hub.connectors.models import Call, Connection
from integration_hub.connectors.registry import CONNECTORS
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.mapping.actions import values
from integration_hub.sandbox import Landscape, accounts
from tests.connectors.conftest import canonical, pages, records
from tests.connectors.psa import Psa, time_entry

pytestmark = [pytest.mark.landscape, pytest.mark.django_db]

CONNECTOR = CONNECTORS.get("kantata")

# -- reading ----------------------------------------------------------------------------------------------------------


def test_check_names_the_user(kantata: Connection) -> None:
    assert "Integration User" in CONNECTOR.check(kantata)


def test_reads_the_world_through_the_default_mapping(kantata: Connection, psa: Psa, world: dict[str, str]) -> None:
    entry = psa.make("time_entries", "time_entry", **time_entry(world))["id"]
    person = canonical(kantata, "resource", pages(kantata, "resource"))[world["person"]].record
    project = canonical(kantata, "project", pages(kantata, "project"))[world["project"]].record
    task = canonical(kantata, "task", pages(kantata, "task"))[world["task"]].record
    time = canonical(kantata, "time_entry", pages(kantata, "time_entry"))[entry].record
    assert isinstance(person, language.Resource)
    assert (person.role, person.active) == ("Architect", True)
    assert isinstance(project, language.Project)
    assert (project.status, project.currency, project.reference) == ("open", "EUR", "")
    assert isinstance(task, language.Task)
    assert task.project_id == world["project"]
    assert isinstance(time, language.TimeEntry)
    assert (time.minutes, time.role, time.approval) == (Decimal(90), "Architect", "draft")


def test_archived_projects_and_their_time_stay_visible(kantata: Connection, psa: Psa, world: dict[str, str]) -> None:
    entry = psa.make("time_entries", "time_entry", **time_entry(world))["id"]
    psa.change("workspaces", "workspace", world["project"], archived=True)
    assert entry in records(pages(kantata, "time_entry"))
    project = canonical(kantata, "project", pages(kantata, "project"))[world["project"]].record
    assert isinstance(project, language.Project)
    assert project.status == "closed"


@pytest.mark.parametrize("touches", [False, True])
def test_approval_is_a_stream_of_its_own(
    landscape: Landscape, kantata: Connection, psa: Psa, world: dict[str, str], touches: bool
) -> None:
    landscape.settings(kantata={"approval_touches_entries": touches})
    entry = psa.make("time_entries", "time_entry", **time_entry(world))["id"]
    sheet = psa.make(
        "timesheet_submissions", "timesheet_submission", title="Week 36", workspace_id=world["project"],
        line_item_ids=[entry],
    )["id"]  # fmt: skip
    before = pages(kantata, "time_approval")
    waiting = canonical(kantata, "time_approval", before)[sheet].record
    submitted = pages(kantata, "time_entry")
    psa.verb("timesheet_submissions", sheet, "approve")
    after = canonical(kantata, "time_approval", pages(kantata, "time_approval", before[-1].cursor))[sheet].record
    assert isinstance(waiting, language.TimeApproval)
    assert isinstance(after, language.TimeApproval)
    assert (waiting.state, after.state) == ("submitted", "approved")
    assert after.entry_ids == (entry,)
    assert after.version > waiting.version

    again = pages(kantata, "time_entry", submitted[-1].cursor)
    first, second = records(submitted)[entry], records(again)[entry]
    assert second.version > first.version, "the entry's own stamp may stand still, its version may not"
    approved = canonical(kantata, "time_entry", again)[entry].record
    assert isinstance(approved, language.TimeEntry)
    assert approved.approval == "approved"


def test_rejected_time_reads_as_rejected(kantata: Connection, psa: Psa, world: dict[str, str]) -> None:
    entry = psa.make("time_entries", "time_entry", **time_entry(world))["id"]
    sheet = psa.make(
        "timesheet_submissions", "timesheet_submission", title="W", workspace_id=world["project"], line_item_ids=[entry]
    )["id"]
    psa.verb("timesheet_submissions", sheet, "reject")
    made = canonical(kantata, "time_entry", pages(kantata, "time_entry"))[entry].record
    assert isinstance(made, language.TimeEntry)
    assert made.approval == "rejected"


def test_expense_is_read_again_when_its_report_is_approved(
    kantata: Connection, psa: Psa, world: dict[str, str]
) -> None:
    expense = psa.make(
        "expenses", "expense", workspace_id=world["project"], user_id=world["person"], date="2026-09-02",
        category="Travel", amount_in_cents=12345, currency="EUR", receipt_id=7,
    )["id"]  # fmt: skip
    report = psa.make(
        "expense_report_submissions", "expense_report_submission", title="Sept", workspace_id=world["project"],
        line_item_ids=[expense],
    )["id"]  # fmt: skip
    first = pages(kantata, "expense")
    made = canonical(kantata, "expense", first)[expense].record
    assert isinstance(made, language.Expense)
    assert (made.amount, made.approval, made.has_receipt) == (Decimal("123.45"), "submitted", True)

    kantata.settings["overlap_seconds"] = "0.001"
    psa.verb("expense_report_submissions", report, "approve")
    second = pages(kantata, "expense", {**first[-1].cursor, "high": "2099-01-01T00:00:00.000Z"})
    made = canonical(kantata, "expense", second)[expense].record
    assert isinstance(made, language.Expense)
    assert made.approval == "approved"
    assert (made.reimbursable, made.paid_by) == (False, "company")
    assert (made.report_id, made.approved_by_id) == (report, accounts.KANTATA_USER_ID)
    assert made.version > records(first)[expense].version


def test_change_within_the_same_second_is_a_later_version(kantata: Connection, psa: Psa, world: dict[str, str]) -> None:
    entry = psa.make("time_entries", "time_entry", **time_entry(world))["id"]
    versions = []
    cursor: dict[str, Any] = {}
    for minutes in (60, 75, 90):
        psa.change("time_entries", "time_entry", entry, time_in_minutes=minutes)
        read = pages(kantata, "time_entry", cursor)
        cursor = read[-1].cursor
        versions.append(records(read)[entry].version)
    assert versions == sorted(set(versions)), "three states, three versions, whatever the clock said"
    unchanged = records(pages(kantata, "time_entry", cursor))[entry].version
    assert unchanged == versions[-1]


def test_accepted_milestone_has_date_and_evidence(kantata: Connection, psa: Psa, world: dict[str, str]) -> None:
    story = psa.make("stories", "story", workspace_id=world["project"], title="Go-live", story_type="milestone")["id"]
    planned = canonical(kantata, "milestone", pages(kantata, "milestone"))[story].record
    psa.change("stories", "story", story, state="completed", due_date="2026-08-14", description="Signed protocol")
    accepted = canonical(kantata, "milestone", pages(kantata, "milestone"))[story].record
    assert isinstance(planned, language.Milestone)
    assert isinstance(accepted, language.Milestone)
    assert planned.status == "planned"
    assert (accepted.status, str(accepted.accepted_on), accepted.evidence) == (
        "accepted",
        "2026-08-14",
        "Signed protocol",
    )


def test_acceptance_date_can_come_from_the_event(kantata: Connection, psa: Psa, world: dict[str, str]) -> None:
    kantata.settings["acceptance_date"] = "event"
    story = psa.make("stories", "story", workspace_id=world["project"], title="Go-live", story_type="milestone")["id"]
    psa.change("stories", "story", story, state="completed")
    (event,) = [
        row
        for row in psa.all("subscribed_events", event_types="story:updated", subject_id=story)
        if "state" in row["payload_changes"]
    ]
    payload = records(pages(kantata, "milestone"))[story].payload
    assert payload["accepted_at"] == event["subject_changed_at"]


def test_unknown_state_is_a_value_to_map(kantata: Connection, psa: Psa, world: dict[str, str]) -> None:
    story = psa.make("stories", "story", workspace_id=world["project"], title="X", story_type="milestone")["id"]
    psa.change("stories", "story", story, state="half done")
    refused = canonical(kantata, "milestone", pages(kantata, "milestone"))[story]
    assert refused.code == "VALUE_UNMAPPED"
    values.add_value(
        connection=kantata.code, name="milestone_status", theirs="half done", ours="in_progress", by="system:test"
    )
    assert canonical(kantata, "milestone", pages(kantata, "milestone"))[story].record is not None


# -- failures ---------------------------------------------------------------------------------------------------------


def test_revoked_token_needs_a_person(landscape: Landscape, kantata: Connection) -> None:
    landscape.post("/tokens", {"vendor": "kantata", "action": "revoke"})
    with pytest.raises(Failed) as caught:
        pages(kantata, "resource")
    assert caught.value.kind == FailureClass.AUTH
    kantata.refresh_from_db()
    assert kantata.health == Connection.Health.AUTH_FAILED
    assert Call.objects.filter(connection=kantata, status=401).count() == 1, "a static token is not tried twice"
