"""The how-to "Load an export" does what it says, command by command, and again."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from django.db.models import Max

from billing.models import BillableEvent, Decision, Piece
from contracts.models import Contract, ExternalReference, Project, Task
from integration_hub.cases.models import Case
from integration_hub.intake.models import FileDrop, SourceVersion
from tests import howto
from tests.howto import beside_docs

__all__ = ["beside_docs"]

pytestmark = pytest.mark.django_db

STORED = (SourceVersion, BillableEvent, Decision, Piece, Case, Contract, Project, Task, ExternalReference, FileDrop)


def stored() -> dict[str, Any]:
    """How many rows there are of what a load makes, and the newest of each."""
    return {model.__name__: (model._default_manager.count(), newest(model)) for model in STORED}


def newest(model: Any) -> Any:
    return model._default_manager.aggregate(newest=Max("pk"))["newest"]


def run_all() -> str:
    """All commands of the page; what the last one printed."""
    said = ""
    for command in howto.small():
        said = howto.run(command)
    return said


def test_the_small_example_loads_as_it_is_told(beside_docs: Path) -> None:
    assert run_all() == howto.told(0)

    contract = Contract.objects.get(number="K-100")
    assert contract.status == Contract.Status.ACTIVE
    assert Project.objects.get(name="HARBOUR").contract == contract
    assert list(Case.objects.values_list("code", "title")) == [("RATE_MISSING", "No rate for Trainer on K-100: 3 h")]
    last_resort = BillableEvent.objects.get(work_key="timesheets:time_entry:E-12")
    assert last_resort.service_date.isoformat() == "2026-02-02"
    assert str(last_resort.resource) == "Carla Müller"
    assert SourceVersion.objects.get(source_id="E-10").status == "filtered"
    assert {path.name for path in beside_docs.glob("errors-*.csv")} == {
        f"errors-{entity}.csv" for entity in ("project", "resource", "task", "time_entry")
    }


def test_the_preview_shows_rows_with_their_dates_and_stores_none(beside_docs: Path) -> None:
    commands = howto.small()
    preview = next(number for number, command in enumerate(commands) if "--preview" in command)
    for command in commands[:preview]:
        howto.run(command)
    before = stored()

    said = howto.run(commands[preview]).splitlines()

    assert [line.partition(":")[0] for line in said[1:]] == ["row 2", "row 3", "row 4"]
    assert '"worked_on": "2026-01-06"' in said[1]
    after = stored()
    assert {name for name in before if before[name] != after[name]} == {"FileDrop"}


def test_a_second_load_changes_nothing(beside_docs: Path) -> None:
    first = run_all()
    before = stored()

    assert run_all() == first
    assert stored() == before


def test_a_corrected_export_changes_its_row_alone(beside_docs: Path) -> None:
    run_all()
    load = next(command for command in howto.small() if "--errors" in command)
    source = Path(load[3])
    corrected = beside_docs / "hours.csv"
    corrected.write_bytes(source.read_bytes().replace(b"Trainer", b"Architect").replace(b"0.50", b"half"))
    (beside_docs / "hours.companion.csv").write_bytes(source.with_name("hours.companion.csv").read_bytes())
    (beside_docs / "hours.csv.manifest.json").write_text('{"companion": "hours.companion.csv", "key": "Task"}')

    said = howto.run([*load[:3], str(corrected), *load[4:]])
    howto.run(["work", "--until-quiet"])

    assert "read 12, applied 1, unchanged 10, stale 0, conflicts 0, parked 0, refused 1, filtered 0" in said
    errors = list(csv.DictReader(io.StringIO((beside_docs / "errors-time_entry.csv").read_text("utf-8-sig"))))
    assert [(row["row"], row["column"], row["value"]) for row in errors] == [("13", "Hours", "half")]
    assert not Case.objects.filter(code="RATE_MISSING").exclude(status="resolved").exists()
    said = howto.run(["hours", "--legal-entity", "NL01"])
    assert "36.00 h           4,740.00 EUR" in said, "three more hours of an architect, the row that is wrong as before"
    assert "Not in these figures: 1 time records refused at intake" in said
