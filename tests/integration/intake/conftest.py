"""A small world for intake: one connection, a mapping of tasks, a receiver that remembers and can be told to fail."""

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import CONNECTORS, Confirmed, FeedSpec, Manifest, Page, RawRecord, Sent, Write
from integration_hub.intake import exchange
from integration_hub.intake.actions import feeds, files
from integration_hub.intake.models import Feed, FileDrop, Run, SourceVersion
from integration_hub.intake.registry import RECEIVERS, Arrival, Receipt
from integration_hub.kernel.errors import Problem
from integration_hub.mapping.actions import mappings

TASK_RULES: list[dict[str, Any]] = [
    {"target": "project_id", "source": "project", "required": True},
    {"target": "code", "source": "code", "required": True},
    {"target": "name", "source": "name", "required": True, "value_map": "names"},
]


@dataclass
class Remembering:
    """A receiver of tasks: takes what it is given, parks what has no project, refuses and fails as told."""

    applied: list[tuple[str, str, bool]] = field(default_factory=list)
    projects: set[str] = field(default_factory=lambda: {"P1"})
    batches: list[int] = field(default_factory=list)
    failing: set[str] = field(default_factory=set)
    refusing: set[str] = field(default_factory=set)
    error: Exception = field(default_factory=lambda: ValueError("no such rule 42"))

    def __call__(self, arrivals: Sequence[Arrival]) -> list[Receipt]:
        self.batches.append(len(arrivals))
        taken, receipts = [], []
        for arrival in arrivals:
            record: Any = arrival.record
            if record.source_id in self.failing:
                raise self.error
            if record.source_id in self.refusing:
                receipts.append(Receipt.refused(Problem("code", "is not ours.", "Ask the PMO.")))
            elif record.project_id not in self.projects:
                receipts.append(Receipt.parked(f"project:{record.project_id}"))
            else:
                taken.append((record.source_id, record.version, record.deleted))
                receipts.append(Receipt.applied())
        self.applied += taken
        return receipts


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Remembering:
    """Registered for tasks instead of whatever the apps registered."""
    remembering = Remembering()
    monkeypatch.setitem(RECEIVERS._entries, "task", remembering)
    return remembering


@pytest.fixture
def connection(db: None) -> Connection:
    return Connection.objects.create(code="psa", vendor="fake", name="PSA")


@pytest.fixture
def feed(connection: Connection) -> Feed:
    return Feed.objects.create(connection=connection, entity="task")


@pytest.fixture
def mapping(connection: Connection) -> None:
    """Tasks: three fields, one of them through a value map that refuses what it does not know."""
    mappings.install_default(
        connection="psa",
        default={
            "values": {"names": {"when_unknown": "refuse", "rows": {"Build": "Build", "Test": "Test", "Plan": "Plan"}}},
            "entities": {"task": {"row_filter": "state != 'template'", "rules": TASK_RULES}},
        },
        by="system:test",
    )


@dataclass
class World:
    """Everything a pipeline test says things to."""

    connection: Connection
    feed: Feed
    receiver: Remembering

    def run(self, trigger: str = "test") -> Run:
        return Run.objects.create(feed=self.feed, trigger=trigger)

    def ingest(self, *records: RawRecord, **extra: Any) -> Any:
        from integration_hub.intake import pipeline
        from integration_hub.mapping import queries

        return pipeline.ingest(
            self.connection, "task", list(records), self.run(), queries.published("psa", "task"), **extra
        )

    def status(self, source_id: str) -> list[tuple[str, str]]:
        rows = SourceVersion.objects.filter(source_id=source_id).order_by("pk")
        return [(row.version, row.status) for row in rows]


@pytest.fixture
def world(connection: Connection, feed: Feed, mapping: None, receiver: Remembering) -> World:
    return World(connection, feed, receiver)


def task(source_id: str, version: str = "1", *, deleted: bool = False, **payload: Any) -> RawRecord:
    """A raw task that passes unless told otherwise."""
    body = {"project": "P1", "code": f"T-{source_id}", "name": "Build", "state": "open", **payload}
    return RawRecord(source_id, version, body, deleted)


def gone(source_id: str, version: str) -> RawRecord:
    """A deletion as vendors send it: hardly more than the id."""
    return RawRecord(source_id, version, {"id": source_id}, deleted=True)


class FakeVendor:
    """A connector whose source is a list of scripts: pages, or a failure to raise."""

    def __init__(self) -> None:
        self.manifest = Manifest(
            vendor="fake",
            title="Fake",
            role="psa",
            feeds=(
                FeedSpec("project", "Projects", 10),
                FeedSpec("task", "Tasks", 20, every_seconds=60, hint_entities=("Story", "todo")),
            ),
            writes=(),
            settings=(),
        )
        self.script: list[Page | Exception] = []
        self.cursors: list[dict[str, Any]] = []
        self.read_entities: list[str] = []
        self.before_page: Callable[[], object] = lambda: None

    def check(self, connection: Connection) -> str:
        return "Fine."

    def read(self, connection: Connection, entity: str, cursor: dict[str, Any]) -> Iterator[Page]:
        self.cursors.append(cursor)
        self.read_entities.append(entity)
        while self.script:
            step = self.script.pop(0)
            self.before_page()
            if isinstance(step, Exception):
                raise step
            yield step
            if step.done:
                return

    def send(self, connection: Connection, write: Write) -> Sent:
        raise LookupError(write.effect_type)

    def find(self, connection: Connection, write: Write) -> Confirmed | None:
        raise LookupError(write.effect_type)


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> FakeVendor:
    fake = FakeVendor()
    monkeypatch.setitem(CONNECTORS._entries, "fake", fake)
    return fake


# -- dropped files --------------------------------------------------------------------------------------------------

MAPPING: dict[str, Any] = {
    "connection": "files",
    "values": {"approval": {"when_unknown": "refuse", "rows": {"DONE": "approved", "OPEN": "draft"}}},
    "entities": {
        "time_entry": {
            "row_filter": "Kind != 'TEMPLATE'",
            "rules": [
                {"target": "source_id", "source": "join('-', [Task, Who])"},
                {"target": "project_id", "source": "Project", "required": True},
                {"target": "resource_id", "source": "Who", "required": True},
                {"target": "worked_on", "source": "Day", "kind": "date", "date_format": "%d-%b-%y", "required": True},
                {"target": "minutes", "source": "Hours", "kind": "decimal", "scale": "60", "required": True},
                {"target": "approval", "source": "Status", "value_map": "approval", "required": True},
                {"target": "notes", "source": "Text"},
            ],
        }
    },
}
HEAD = "Task,Who,Project,Day,Hours,Status,Kind,Text"
GOOD = [f"{number},ann,P1,0{number}-Mar-26,1.25,DONE,work,fine" for number in range(1, 4)]


class Hours:
    """A receiver of time entries that adds up what it takes."""

    def __init__(self) -> None:
        self.entries: dict[str, Decimal] = {}
        self.deliveries = 0

    def __call__(self, arrivals: Any) -> list[Receipt]:
        for arrival in arrivals:
            self._take(arrival)
        return [Receipt.applied() for _ in arrivals]

    def _take(self, arrival: Arrival) -> None:
        record: Any = arrival.record
        self.deliveries += 1
        self.entries[record.source_id] = record.minutes / 60

    @property
    def total(self) -> Decimal:
        return sum(self.entries.values(), Decimal(0))


@pytest.fixture
def hours(monkeypatch: pytest.MonkeyPatch) -> Hours:
    receiver = Hours()
    monkeypatch.setitem(RECEIVERS._entries, "time_entry", receiver)
    return receiver


@pytest.fixture
def folder_connection(db: None, settings: Any, tmp_path: Path, hours: Hours) -> Connection:
    settings.VAR_DIR = tmp_path / "var"
    row = Connection.objects.create(
        code="files", vendor="filedrop", name="Files", settings={"entities": ["time_entry"]}
    )
    feeds.install_feeds(connection=row, by="system:test")
    exchange.imported(MAPPING, author="system:author", publisher="system:publisher")
    return row


Drop = Callable[..., FileDrop]


@pytest.fixture
def drop(folder_connection: Connection) -> Drop:
    def dropped(*lines: str, head: str = HEAD, name: str = "hours.csv", **extra: Any) -> FileDrop:
        content = "\n".join([head, *lines, ""]).encode(extra.pop("encoding", "utf-8"))
        return files.drop(
            connection=folder_connection,
            entity="time_entry",
            name=name,
            stream=io.BytesIO(content),
            by=extra.pop("by", "system:test"),
            **extra,
        )

    return dropped


def applied(file: FileDrop) -> Run:
    run = files.apply_now(file=file, by="system:test")
    file.refresh_from_db()
    return run
