"""A watched folder, and files that are loaded by command."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError

from integration_hub.connectors.models import Connection
from integration_hub.intake import exchange
from integration_hub.intake.filedrop import folder
from integration_hub.intake.models import FileDrop
from integration_hub.kernel.errors import BadInput
from integration_hub.people.models import User
from integration_hub.work.inprocess import drain_once
from tests.integration.intake.conftest import GOOD, HEAD, MAPPING, Drop, Hours, applied
from tests.integration.intake.told import command, counted, open_cases, with_rule

# -- watched folder --------------------------------------------------------------------------------------------------


@pytest.fixture
def watched(folder_connection: Connection, settings: Any) -> Path:
    path = Path(settings.VAR_DIR) / "drop" / "files" / "time_entry"
    path.mkdir(parents=True)
    return path


def names(path: Path) -> list[str]:
    return sorted(found.name.split("-", 1)[1] for found in path.iterdir()) if path.is_dir() else []


def test_a_file_renamed_into_the_folder_is_loaded_and_moved(watched: Path, hours: Hours) -> None:
    (watched / "hours.csv").write_text("\n".join([HEAD, *GOOD]))
    (watched / "later.csv.part").write_text("half")
    (watched / ".hidden.csv").write_text("x")

    assert folder.watch() == 1
    drain_once()

    assert hours.total == Decimal("3.75")
    assert names(watched / "processed") == ["hours.csv"]
    assert (watched / "later.csv.part").exists()
    assert folder.watch() == 0


def test_a_crash_before_the_move_changes_nothing(watched: Path, hours: Hours, monkeypatch: pytest.MonkeyPatch) -> None:
    (watched / "hours.csv").write_text("\n".join([HEAD, *GOOD]))

    def crash(*args: object) -> None:
        raise RuntimeError("power cut")

    with monkeypatch.context() as patched:
        patched.setattr(folder, "_move", crash)
        with pytest.raises(RuntimeError):
            folder.watch()
    assert folder.watch() == 1
    drain_once()

    assert FileDrop.objects.count() == 1
    assert hours.deliveries == 3


def test_a_side_car_gives_totals_and_companion(watched: Path, hours: Hours) -> None:
    head, lines = HEAD.replace("Day,", ""), [line.replace(line.split(",")[3] + ",", "") for line in GOOD]
    manifest = {"records": 3, "companion": "days.companion.csv", "key": "Task"}
    (watched / "hours.csv").write_text("\n".join([head, *lines]))
    (watched / "hours.csv.manifest.json").write_text(json.dumps(manifest))
    assert folder.watch() == 0, "it waits for its companion"

    (watched / "days.companion.csv").write_text("Task,Day\n1,01-Mar-26\n2,02-Mar-26\n3,03-Mar-26\n")
    assert folder.watch() == 1
    drain_once()

    assert hours.total == Decimal("3.75")
    assert names(watched / "processed") == ["days.companion.csv", "hours.csv", "hours.csv.manifest.json"]


@pytest.mark.parametrize("manifest", ["{", "[]", '{"bytes": 1}'])
def test_a_file_its_manifest_does_not_describe_is_set_aside(watched: Path, manifest: str) -> None:
    (watched / "hours.csv").write_text("\n".join([HEAD, *GOOD]))
    (watched / "hours.csv.manifest.json").write_text(manifest)

    assert folder.watch() == 0

    assert names(watched / "refused") == ["hours.csv", "hours.csv.manifest.json"]
    assert len(open_cases("FILE_REFUSED")) == 1


def test_a_folder_outside_the_data_directory_is_not_read(
    watched: Path, folder_connection: Connection, tmp_path: Path
) -> None:
    outside = tmp_path / "elsewhere" / "time_entry"
    outside.mkdir(parents=True)
    (outside / "hours.csv").write_text("\n".join([HEAD, *GOOD]))
    folder_connection.settings = {"entities": ["time_entry"], "folder": "../elsewhere"}
    folder_connection.save()

    assert folder.watch() == 0


# -- commands --------------------------------------------------------------------------------------------------------


def test_the_command_previews_loads_and_prints_totals(folder_connection: Connection, tmp_path: Path) -> None:
    path = tmp_path / "hours.csv"
    path.write_text("\n".join([HEAD, *GOOD, "9,ann"]))
    errors = tmp_path / "errors.csv"

    said = command("filedrop", "files", "time_entry", path, "--preview", 5, "--apply", "--errors", errors)

    assert '"source_id": "1-ann"' in said
    assert "row 5: has 2 columns" in said
    assert "read 4, applied 3" in said
    assert "sum of Hours: 3.75" in said
    assert "row 5" in errors.read_text()


def test_the_command_fails_when_the_totals_differ(folder_connection: Connection, tmp_path: Path) -> None:
    path = tmp_path / "hours.csv"
    path.write_text("\n".join([HEAD, *GOOD]))
    (tmp_path / "hours.csv.manifest.json").write_text('{"records": 9}')

    with pytest.raises(CommandError, match="the manifest says 9, 3 were read"):
        command("filedrop", "files", "time_entry", path, "--apply")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["filedrop", "nobody", "time_entry", "x"], "No connection 'nobody'. There are: files."),
        (["filedrop", "files", "time_entry", "/nowhere/x.csv"], "No such file"),
        (["filedrop", "files", "time_entry", "x", "--companion", "y"], "needs --key"),
        (["mapping_import", "/nowhere.json", "--author", "a", "--publisher", "b"], "No such file"),
    ],
)
def test_commands_say_what_is_wrong(folder_connection: Connection, args: list[str], said: str) -> None:
    with pytest.raises(CommandError) as caught:
        command(*args)
    assert said in str(caught.value)


def test_mappings_are_exported_and_imported_by_two_people(folder_connection: Connection, tmp_path: Path) -> None:
    path = tmp_path / "mapping.json"
    path.write_text(command("mapping_export", "files"))
    for name in ("author", "publisher"):
        User.objects.create_superuser(name, f"{name}@example.org", "x")

    assert "Nothing to change" in command("mapping_import", path, "--author", "author", "--publisher", "publisher")
    said = command(
        "mapping_import", path, "--author", "author", "--publisher", "publisher", "--connection", "files-two"
    )
    assert said == "Published files-two time_entry v1\n"
    assert exchange.exported("files-two")["entities"] == exchange.exported("files")["entities"]
    with pytest.raises(CommandError, match="someone else must publish"):
        command("mapping_import", path, "--author", "author", "--publisher", "author", "--connection", "three")
    with pytest.raises(CommandError, match="No user 'ghost'"):
        command("mapping_import", path, "--author", "ghost", "--publisher", "author")


@pytest.mark.parametrize(
    "data", [{}, {"connection": "x"}, {"connection": "x", "entities": {"time_entry": {"rules": [{"targe": "a"}]}}}]
)
def test_a_wrong_mapping_file_is_refused(db: None, data: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        exchange.imported(data, author="system:a", publisher="system:b")


def test_a_column_nobody_reads_changes_no_record(drop: Drop, hours: Hours) -> None:
    applied(drop(*[f"{line},x" for line in GOOD], head=f"{HEAD},Colour"))

    assert counted(applied(drop(*[f"{line},y" for line in GOOD], head=f"{HEAD},Colour"))) == {"read": 3, "unchanged": 3}
    assert hours.deliveries == 3


def test_another_mapping_reads_the_same_file_anew(drop: Drop, hours: Hours) -> None:
    applied(drop(*GOOD))
    exchange.imported(
        {**MAPPING, "entities": {"time_entry": with_rule("minutes", {"scale": "30"})}},
        author="system:a",
        publisher="system:b",
    )

    assert counted(applied(drop(*GOOD))) == {"read": 3, "applied": 3}
    assert hours.total == Decimal("1.875")
