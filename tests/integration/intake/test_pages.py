"""A page of many records leaves exactly the rows that its records leave when they come one by one."""

from collections.abc import Sequence
from typing import Any

import pytest
from django.db import connection, transaction

from billing.models import BillableEvent
from integration_hub.cases.models import Member
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import RawRecord
from integration_hub.intake import pipeline
from integration_hub.intake.models import Feed, FeedShape, Run, SourceVersion
from integration_hub.intake.work import Counts
from integration_hub.mapping import queries as mappings
from integration_hub.operations.bench import scratch
from integration_hub.work.models import Item, Lane

pytestmark = pytest.mark.django_db

OF_ITS_OWN = {"id", "run_id", "received_at", "recorded_at", "learnt_at", "source_version_id"}
NASTY = "tab\t, newline\n, back\\slash, \\N, NaN, quote \" and ' , é, 漢"


def entry(number: int, version: int = 1, *, deleted: bool = False, **more: Any) -> RawRecord:
    payload = {
        "workspace_id": f"W{number % 3}",
        "user_id": "U0",
        "date_performed": f"2026-02-{1 + number % 28:02d}",
        "time_in_minutes": 30 + number,
        "billable": True,
        "approved": True,
        "notes": f"Work {number}",
    }
    stamp = f"2026-03-01T00:00:{version:02d}Z"
    return RawRecord(
        f"m{number}", stamp, {} if deleted else payload | more, deleted=deleted, moved_at="" if number % 2 else stamp
    )


ARRIVING = [
    *(entry(number) for number in range(40)),
    entry(40, notes=NASTY),
    entry(41, notes="NUL \0 and \ud800"),
    entry(42, notes=""),
    entry(43, time_in_minutes="about an hour"),
    entry(44, time_in_minutes="a day"),
    entry(45, date_performed=None),
    entry(46, approved=False, billable="perhaps"),
    entry(47, workspace_id="W-unknown"),
    entry(48, user_id="U-unknown"),
    entry(49, time_in_minutes=-30),
    entry(50, date_performed="2026-02-30"),
    RawRecord("", "1", {}),
    entry(3, 2, time_in_minutes=15),
    entry(3, 3, time_in_minutes=45),
    entry(4, 1),
    entry(5, 2, deleted=True),
    entry(43, 2, time_in_minutes=60),
    entry(47, 2, workspace_id="W1"),
    entry(51, deleted=True),
]


@pytest.fixture
def psa() -> Connection:
    made = scratch.psa("psa", "http://127.0.0.1:9", "token")
    scratch.contracts(made, ["W0", "W1", "W2"], ["U0"])
    return made


def take(psa: Connection, pages: Sequence[Sequence[RawRecord]]) -> Counts:
    run = Run.objects.create(feed=Feed.objects.get(connection=psa, entity="time_entry"), trigger="test")
    mapping = mappings.published("psa", "time_entry")
    total = Counts()
    for page in pages:
        total.plus(pipeline.ingest(psa, "time_entry", page, run, mapping))
    return total


def plain(row: Any) -> dict[str, Any]:
    values = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    return {name: value for name, value in values.items() if name not in OF_ITS_OWN}


def rounded(value: Any) -> Any:
    """Sums of floats depend on the order in their last digit."""
    if isinstance(value, dict):
        return {name: rounded(part) for name, part in value.items()}
    if isinstance(value, list):
        return [rounded(part) for part in value]
    return round(value, 9) if isinstance(value, float) else value


def left_behind() -> dict[str, Any]:
    versions = SourceVersion.objects.order_by("source_id", "version", "hash")
    events = BillableEvent.objects.order_by("work_key", "version").select_related("source_version")
    items = Item.objects.order_by("lane__key", "pk").values_list("lane__key", "kind", "dedupe", "state", "payload")
    members = Member.objects.filter(is_open=True).order_by("case__code", "case__root_cause", "label")
    return {
        "versions": [plain(row) for row in versions],
        "events": [(plain(row), row.source_version and plain(row.source_version)) for row in events],
        "items": list(items),
        "lanes": list(Lane.objects.order_by("key").values_list("key", "ready")),
        "cases": list(members.values_list("case__code", "case__root_cause", "case__status", "label", "amount")),
        "shapes": [rounded(row.shape) for row in FeedShape.objects.all()],
    }


def test_a_page_leaves_what_its_records_leave_one_by_one(psa: Connection) -> None:
    with transaction.atomic():
        counted = take(psa, [[record] for record in ARRIVING])
        alone = left_behind()
        transaction.set_rollback(True)

    counts = take(psa, [ARRIVING])
    together = left_behind()

    # A page sees at once that a refused version is out of date; one by one that is seen with the next version.
    assert (counts.read, counts.applied, counts.unchanged) == (counted.read, counted.applied, counted.unchanged)
    assert {row["status"] for row in together["versions"]} == {"applied", "parked", "refused", "stale"}
    assert len(together["events"]) > 40
    for what, rows in together.items():
        assert rows == alone[what], what


def test_a_page_read_again_writes_nothing(psa: Connection) -> None:
    """Not even a new version of a row: `xmin` names the transaction that wrote it."""
    fine = [entry(number) for number in range(30)]
    take(psa, [fine])
    tables = ("hub_intake_sourceversion", "billing_billableevent", "hub_work_item")

    def written() -> list[Any]:
        with connection.cursor() as cursor:
            found = []
            for table in tables:
                cursor.execute(f"SELECT id, ctid::text, xmin::text FROM {table} ORDER BY id")
                found.append(cursor.fetchall())
        return found

    before = written()
    assert take(psa, [fine]) == Counts(read=30, unchanged=30)
    assert written() == before
