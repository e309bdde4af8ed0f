"""Kantata over HTTP: lists that drop rows, approvals that leave no stamp, creates that know no idempotency."""

from typing import Any

import pytest

from integration_hub import canonical as language
from integration_hub.connectors import budget
from integration_hub.connectors.kantata.manifest import (
    INVOICE_STATUS,
    PROJECT_ARCHIVE,
    PROJECT_CREATE,
    RATECARD_UPSERT,
)
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import CONNECTORS, Write
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.mapping.actions import values
from integration_hub.sandbox import Landscape
from tests.connectors.conftest import canonical, pages
from tests.connectors.psa import Psa

pytestmark = [pytest.mark.landscape, pytest.mark.django_db]

CONNECTOR = CONNECTORS.get("kantata")


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


def test_lost_answer_of_the_project_is_found_again(landscape: Landscape, kantata: Connection, psa: Psa) -> None:
    where = {"method": "POST", "path_regex": "workspaces", "params": {"close": True}}
    landscape.fault("kantata", "commit_then_timeout", count=1, **where)
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
