"""Kantata over HTTP: lists that drop rows, approvals that leave no stamp, creates that know no idempotency."""

from decimal import Decimal
from typing import Any

import httpx
import pytest

from integration_hub import canonical as language
from integration_hub.connectors import budget
from integration_hub.connectors.kantata.manifest import (
    INVOICE_STATUS,
    PROJECT_ARCHIVE,
    PROJECT_CREATE,
    RATECARD_UPSERT,
)
from integration_hub.connectors.models import Call, Connection
from integration_hub.connectors.registry import CONNECTORS, Write
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.mapping.actions import values
from integration_hub.sandbox import Landscape, accounts
from tests.connectors.conftest import canonical, pages, records

pytestmark = [pytest.mark.landscape, pytest.mark.django_db]

CONNECTOR = CONNECTORS.get("kantata")


class Psa:
    """The account as a project manager uses it."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(
            base_url=f"{url}/api/v1",
            headers={"Authorization": f"Bearer {accounts.KANTATA_TOKEN}"},
            trust_env=False,
            timeout=30,
        )

    def make(self, collection: str, singular: str, **values: Any) -> dict[str, Any]:
        return self._answer(self._http.post(f"/{collection}", json={singular: values}), collection)

    def many(self, collection: str, rows: list[dict[str, Any]]) -> list[str]:
        answer = self._http.post(f"/{collection}", json={collection: rows})
        answer.raise_for_status()
        return [item["id"] for item in answer.json()["results"]]

    def change(self, collection: str, singular: str, key: str, **values: Any) -> None:
        self._http.put(f"/{collection}/{key}", json={singular: values}).raise_for_status()

    def verb(self, collection: str, key: str, verb: str) -> None:
        self._http.put(f"/{collection}/{key}/{verb}").raise_for_status()

    def delete(self, collection: str, key: str) -> None:
        self._http.delete(f"/{collection}/{key}").raise_for_status()

    def all(self, collection: str, **query: Any) -> list[dict[str, Any]]:
        answer = self._http.get(f"/{collection}", params={"per_page": 200, **query}).json()
        return [answer[collection][item["id"]] for item in answer["results"]]

    def close(self) -> None:
        self._http.close()

    @staticmethod
    def _answer(answer: httpx.Response, collection: str) -> dict[str, Any]:
        answer.raise_for_status()
        body = answer.json()
        found: dict[str, Any] = body[collection][body["results"][0]["id"]]
        return found


@pytest.fixture
def psa(landscape: Landscape):
    made = Psa(landscape.kantata)
    yield made
    made.close()


@pytest.fixture
def world(psa: Psa) -> dict[str, str]:
    """A role, a person, a project with a task."""
    role = psa.make("roles", "role", name="Architect")["id"]
    person = psa.make("users", "user", full_name="Ida Lund", email_address="ida@firm.example", role_id=role)["id"]
    project = psa.make("workspaces", "workspace", title="Yard systems", creator_role="maven", currency="EUR")["id"]
    task = psa.make("stories", "story", workspace_id=project, title="Design", story_type="task")["id"]
    return {"role": role, "person": person, "project": project, "task": task}


def _entry(world: dict[str, str], minutes: int = 90, **more: Any) -> dict[str, Any]:
    return {
        "workspace_id": world["project"],
        "user_id": world["person"],
        "story_id": world["task"],
        "date_performed": "2026-09-01",
        "time_in_minutes": minutes,
        "notes": "Design review",
        **more,
    }


# -- reading ----------------------------------------------------------------------------------------------------------


def test_check_names_the_user(kantata: Connection) -> None:
    assert "Integration User" in CONNECTOR.check(kantata)


def test_reads_the_world_through_the_default_mapping(kantata: Connection, psa: Psa, world: dict[str, str]) -> None:
    entry = psa.make("time_entries", "time_entry", **_entry(world))["id"]
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


def test_every_entry_is_read_once_over_many_pages(kantata: Connection, psa: Psa, world: dict[str, str]) -> None:
    kantata.settings["page_size"] = "7"
    ids = psa.many("time_entries", [_entry(world, minutes=n + 1) for n in range(40)])
    read = pages(kantata, "time_entry")
    found = [record.source_id for page in read for record in page.records]
    assert sorted(found, key=int) == ids, "all of them fall into one or two seconds, more than a page holds"
    assert len(found) == len(set(found))
    assert read[-1].done
    assert read[-1].complete


def test_archived_projects_and_their_time_stay_visible(kantata: Connection, psa: Psa, world: dict[str, str]) -> None:
    entry = psa.make("time_entries", "time_entry", **_entry(world))["id"]
    psa.change("workspaces", "workspace", world["project"], archived=True)
    assert entry in records(pages(kantata, "time_entry"))
    project = canonical(kantata, "project", pages(kantata, "project"))[world["project"]].record
    assert isinstance(project, language.Project)
    assert project.status == "closed"


def test_deleted_task_comes_as_deleted(kantata: Connection, psa: Psa, world: dict[str, str]) -> None:
    psa.delete("stories", world["task"])
    assert records(pages(kantata, "task"))[world["task"]].deleted


@pytest.mark.parametrize("touches", [False, True])
def test_approval_is_a_stream_of_its_own(
    landscape: Landscape, kantata: Connection, psa: Psa, world: dict[str, str], touches: bool
) -> None:
    landscape.settings(kantata={"approval_touches_entries": touches})
    entry = psa.make("time_entries", "time_entry", **_entry(world))["id"]
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
    entry = psa.make("time_entries", "time_entry", **_entry(world))["id"]
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
    assert made.version > records(first)[expense].version


def test_change_within_the_same_second_is_a_later_version(kantata: Connection, psa: Psa, world: dict[str, str]) -> None:
    entry = psa.make("time_entries", "time_entry", **_entry(world))["id"]
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


def test_too_many_calls_are_a_rate(landscape: Landscape, kantata: Connection) -> None:
    landscape.fault("kantata", "rate_limit")
    with pytest.raises(Failed) as caught:
        pages(kantata, "resource")
    assert caught.value.kind == FailureClass.RATE


def test_revoked_token_needs_a_person(landscape: Landscape, kantata: Connection) -> None:
    landscape.post("/tokens", {"vendor": "kantata", "action": "revoke"})
    with pytest.raises(Failed) as caught:
        pages(kantata, "resource")
    assert caught.value.kind == FailureClass.AUTH
    kantata.refresh_from_db()
    assert kantata.health == Connection.Health.AUTH_FAILED
    assert Call.objects.filter(connection=kantata, status=401).count() == 1, "a static token is not tried twice"


# -- writing ----------------------------------------------------------------------------------------------------------


def _project(reference: str = "00000101", milestones: int = 2) -> Write:
    payload = {
        "reference": reference,
        "title": f"{reference} Yard systems",
        "currency": "EUR",
        "starts_on": "2026-05-01",
        "ends_on": "2027-04-30",
        "customer": "Tidewater",
        "milestones": [
            {"reference": f"{reference}-M{n}", "name": f"Stage {n}", "due_on": f"2026-0{n + 5}-28"}
            for n in range(1, milestones + 1)
        ],
    }
    return Write(PROJECT_CREATE, "key", reference, payload)


def test_project_is_created_with_milestones_and_read_back_as_ours(kantata: Connection, psa: Psa) -> None:
    write = _project()
    assert CONNECTOR.find(kantata, write) is None
    sent = CONNECTOR.send(kantata, write)
    found = CONNECTOR.find(kantata, write)
    assert found is not None
    assert found.remote_id == sent.remote_id
    assert set(found.facts["milestones"]) == {"00000101-M1", "00000101-M2"}
    project = canonical(kantata, "project", pages(kantata, "project"))[sent.remote_id].record
    assert isinstance(project, language.Project)
    assert project.contract_number == "00000101"
    stages = [item.record for item in canonical(kantata, "milestone", pages(kantata, "milestone")).values()]
    assert {stage.reference for stage in stages if isinstance(stage, language.Milestone)} == {
        "00000101-M1",
        "00000101-M2",
    }


def test_second_send_makes_nothing_twice(kantata: Connection, psa: Psa) -> None:
    CONNECTOR.send(kantata, _project())
    CONNECTOR.send(kantata, _project())
    assert len(psa.all("workspaces")) == 1
    assert len(psa.all("stories")) == 2


def test_lost_answer_of_the_project_is_found_again(landscape: Landscape, kantata: Connection, psa: Psa) -> None:
    kantata.settings["timeout_seconds"] = "1"
    landscape.fault("kantata", "commit_then_timeout", method="POST", path_regex="workspaces", count=1)
    with pytest.raises(Failed) as caught:
        CONNECTOR.send(kantata, _project())
    assert caught.value.kind == FailureClass.UNKNOWN_OUTCOME
    assert CONNECTOR.find(kantata, _project()) is None, "the shell is there, its milestones are not: not confirmed"
    CONNECTOR.send(kantata, _project())
    assert CONNECTOR.find(kantata, _project()) is not None
    assert len(psa.all("workspaces")) == 1


def test_refused_milestone_puts_the_shell_away(kantata: Connection, psa: Psa) -> None:
    write = _project(milestones=1)
    write.payload["milestones"][0]["due_on"] = "not a day"
    with pytest.raises(Failed, match="Due date is invalid") as caught:
        CONNECTOR.send(kantata, write)
    assert (caught.value.kind, caught.value.field) == (FailureClass.REJECTED, "due_date")
    assert [row["archived"] for row in psa.all("workspaces", include_archived="true")] == [True]


def test_archiving_undoes_and_a_second_activation_takes_the_shell_again(kantata: Connection, psa: Psa) -> None:
    made = CONNECTOR.send(kantata, _project())
    undo = Write(PROJECT_ARCHIVE, "key", "00000101", {"remote_id": made.remote_id, "reference": "00000101"})
    assert CONNECTOR.find(kantata, undo) is None
    CONNECTOR.send(kantata, undo)
    assert CONNECTOR.find(kantata, undo) is not None
    assert CONNECTOR.find(kantata, _project()) is None
    assert CONNECTOR.send(kantata, _project()).remote_id == made.remote_id
    assert CONNECTOR.find(kantata, _project()) is not None


def test_archiving_finds_a_project_whose_id_never_came_back(kantata: Connection) -> None:
    made = CONNECTOR.send(kantata, _project())
    undo = Write(PROJECT_ARCHIVE, "key", "00000101", {"reference": "00000101"})
    assert CONNECTOR.send(kantata, undo).remote_id == made.remote_id


def _rates(*roles: tuple[str, str, str]) -> Write:
    rows = [{"role": role, "rate": rate, "from": first} for role, rate, first in roles]
    return Write(RATECARD_UPSERT, "key", "00000101-A1", {"reference": "00000101", "currency": "EUR", "roles": rows})


def test_rate_card_is_made_extended_and_linked(kantata: Connection, psa: Psa, world: dict[str, str]) -> None:
    psa.make("roles", "role", name="Analyst")
    project = CONNECTOR.send(kantata, _project(milestones=0)).remote_id
    first = _rates(("Architect", "182", "2026-05-01"), ("Analyst", "95.50", "2026-05-01"))
    card = CONNECTOR.send(kantata, first).remote_id
    assert CONNECTOR.find(kantata, first) is not None
    raised = _rates(
        ("Architect", "182", "2026-05-01"), ("Analyst", "95.5", "2026-05-01"), ("Architect", "190", "2026-07-15")
    )
    assert CONNECTOR.find(kantata, raised) is None
    assert CONNECTOR.send(kantata, raised).remote_id == card
    found = CONNECTOR.find(kantata, raised)
    assert found is not None
    assert found.facts["versions"] == ["2026-05-01", "2026-07-15"]
    versions = {row["effective_date"]: row["id"] for row in psa.all("rate_card_versions", rate_card_id=card)}
    held = psa.all("rate_card_roles", rate_card_version_id=versions["2026-07-15"])
    assert sorted(row["rate"] for row in held) == [9550, 19000], "the version of July names every rate in force"
    linked = {row["id"]: row["rate_card_id"] for row in psa.all("workspaces")}
    assert linked[project] == card


def test_rate_of_an_unknown_role_is_for_the_mapping(kantata: Connection, world: dict[str, str]) -> None:
    with pytest.raises(Failed, match="Wizard") as caught:
        CONNECTOR.send(kantata, _rates(("Wizard", "182", "2026-05-01")))
    assert caught.value.kind == FailureClass.MAPPING
    values.add_value(connection=kantata.code, name="role", theirs="Architect", ours="Wizard", by="system:test")
    CONNECTOR.send(kantata, _rates(("Wizard", "182", "2026-05-01")))


def test_rate_finer_than_a_cent_is_refused_not_rounded(kantata: Connection, world: dict[str, str]) -> None:
    with pytest.raises(Failed, match="more decimals") as caught:
        CONNECTOR.send(kantata, _rates(("Architect", "182.125", "2026-05-01")))
    assert caught.value.kind == FailureClass.REJECTED


def _invoice_status(project: str, invoice: str, status: str) -> Write:
    payload = {
        "reference": invoice,
        "project_remote_id": project,
        "status": status,
        "amount": "1200.00",
        "currency": "EUR",
    }
    return Write(INVOICE_STATUS, "key", invoice, payload)


def test_invoice_status_leaves_the_project_reference_alone(kantata: Connection) -> None:
    project = CONNECTOR.send(kantata, _project(milestones=0)).remote_id
    for write in (
        _invoice_status(project, "INV-1", "open"),
        _invoice_status(project, "INV-2", "open"),
        _invoice_status(project, "INV-1", "paid"),
    ):
        assert CONNECTOR.find(kantata, write) is None
        CONNECTOR.send(kantata, write)
        assert CONNECTOR.find(kantata, write) is not None
    assert CONNECTOR.find(kantata, _invoice_status(project, "INV-2", "open")) is not None
    assert CONNECTOR.find(kantata, _project(milestones=0)) is not None


def test_a_call_costs_two_statements_beside_its_budget(kantata: Connection, django_assert_max_num_queries: Any) -> None:
    read = CONNECTOR.read(kantata, "project", {})
    next(read)  # signs in, and tells that the connection works
    budget.forget(budget.account_of(kantata))
    # May it call, the call's log; the tokens with their transaction; in tests, proof that no transaction is open.
    with django_assert_max_num_queries(2 + 5 + 2):
        list(CONNECTOR.read(kantata, "task", {}))
