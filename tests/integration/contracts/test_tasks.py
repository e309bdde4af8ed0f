"""Tasks come by the page: what one statement writes must be what one record at a time would have written."""

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from contracts.models import Contract, ExternalReference, Project, Task
from integration_hub import canonical
from integration_hub.connectors.models import Connection
from integration_hub.work.inprocess import drain_once
from integration_hub.work.models import Item
from tests import factories
from tests.vendors import arrive

pytestmark = pytest.mark.django_db


def task(source_id: str, *, project: str = "P1", code: str = "", name: str = "Build") -> canonical.Task:
    return canonical.Task(source_id=source_id, version="1", project_id=project, code=code or source_id, name=name)


@pytest.fixture
def there() -> Connection:
    """A source that knows project P1."""
    connection = factories.connection("kantata", code="psa")
    arrive(connection, canonical.Project(source_id="P1", version="1", name="Harbour"))
    return connection


@pytest.fixture
def agreed() -> Contract:
    return factories.contract_active("C-1")


@pytest.fixture
def linked(there: Connection, agreed: Contract) -> Project:
    """Project P1, under a contract with the lines `Line 1` and `Line 2`."""
    factories.line(agreed, number=2)
    Project.objects.filter(name="Harbour").update(contract=agreed)
    return Project.objects.get(name="Harbour")


def statuses(receipts: list) -> list[str]:
    return [receipt.status for receipt in receipts]


def waiting() -> int:
    return Item.objects.filter(kind="billing.decide", state="ready").count()


def test_a_page_of_tasks_is_stored_with_its_references(there: Connection) -> None:
    assert statuses(arrive(there, task("T1"), task("T2", name="Test"))) == ["applied", "applied"]

    rows = {row.code: row for row in Task.objects.all()}
    assert {code: row.name for code, row in rows.items()} == {"T1": "Build", "T2": "Test"}
    known = ExternalReference.objects.filter(connection=there, entity="task")
    assert dict(known.values_list("source_id", "object_id")) == {code: row.pk for code, row in rows.items()}


def test_a_later_page_renames_and_keeps_ids(there: Connection) -> None:
    arrive(there, task("T1"), task("T2"))
    before = dict(Task.objects.values_list("code", "pk"))

    arrive(there, task("T1", name="Design"), task("T2"))

    assert dict(Task.objects.values_list("code", "pk")) == before
    assert Task.objects.get(code="T1").name == "Design"
    assert ExternalReference.objects.filter(entity="task").count() == 2


def test_tasks_of_a_project_to_come_are_parked_and_the_others_go_on(there: Connection) -> None:
    receipts = arrive(there, task("T1"), task("T2", project="P9"), task("T3"))

    assert statuses(receipts) == ["applied", "parked", "applied"]
    assert receipts[1].waits_for == "project:P9"
    assert set(Task.objects.values_list("code", flat=True)) == {"T1", "T3"}


@pytest.mark.parametrize("together", [True, False], ids=["in one page", "in a later page"])
def test_a_code_belongs_to_one_task_of_a_source(there: Connection, together: bool) -> None:
    first, second = task("T1", code="build"), task("T2", code="build", name="Other")
    receipts = arrive(there, first, second) if together else [*arrive(there, first), *arrive(there, second)]

    assert statuses(receipts) == ["applied", "refused"]
    assert "'build' is the code of task T1" in receipts[1].problems[0].message
    assert Task.objects.get().name == "Build"


def test_another_source_may_know_the_same_task(there: Connection) -> None:
    arrive(there, task("T1", code="build"))
    other = factories.connection("filedrop", code="files")
    ExternalReference.objects.create(
        connection=other, entity="project", source_id="X", object_type="contracts.project",
        object_id=Project.objects.get(name="Harbour").pk,
    )  # fmt: skip

    assert statuses(arrive(other, task("7", project="X", code="build"))) == ["applied"]
    assert Task.objects.count() == 1
    assert ExternalReference.objects.filter(entity="task").count() == 2


def test_a_task_named_like_one_line_bills_under_it_and_the_contract_is_decided_again(
    there: Connection, linked: Project
) -> None:
    drain_once(factories.LOCAL)
    arrive(there, task("T1", name="LINE 2"), task("T2", name="Elsewhere"))

    lines = {row.code: row.line.number if row.line else None for row in Task.objects.select_related("line")}
    assert lines == {"T1": 2, "T2": None}
    assert waiting() == 1


def test_a_page_that_changes_no_line_decides_nothing(there: Connection, linked: Project) -> None:
    arrive(there, task("T1", name="Line 2"))
    drain_once(factories.LOCAL)

    arrive(there, task("T1", name="Renamed"), task("T2", name="Elsewhere"))

    assert waiting() == 0
    renamed = Task.objects.get(code="T1")
    assert (renamed.name, renamed.line and renamed.line.number) == ("Renamed", 2), "it stays under its line"


def test_a_name_of_two_lines_names_none(there: Connection, linked: Project, agreed: Contract) -> None:
    agreed.lines.update(name="Advice")
    arrive(there, task("T1", name="Advice"))
    assert Task.objects.get().line is None


def test_a_longer_page_costs_no_more_statements(there: Connection) -> None:
    with CaptureQueriesContext(database) as few:
        arrive(there, task("A1"))
    with CaptureQueriesContext(database) as many:
        arrive(there, *[task(f"B{number}") for number in range(50)])
    assert len(many) - len(few) == 49, "one more for each source version the test itself stores"
