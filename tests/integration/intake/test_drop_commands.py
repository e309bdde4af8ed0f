"""Connections by command; one file as several entities, a folder of files."""

import json
from pathlib import Path

import pytest
from django.core.management import CommandError

from integration_hub.connectors.models import Connection
from integration_hub.intake import exchange
from integration_hub.intake.actions import feeds
from integration_hub.intake.models import Feed, FileDrop, Run
from integration_hub.trail.models import Event
from tests import factories
from tests.integration.intake.conftest import GOOD, HEAD, Hours
from tests.integration.intake.told import command

ENTITIES = "entities=project,time_entry"


def test_a_connection_is_set_up_once(db: None) -> None:
    said = command("connection_add", "files", "filedrop", "--name", "Files", "--set", ENTITIES)

    assert said == "files: filedrop connection set up\nFeeds: project, time_entry\n"
    connection = Connection.objects.get()
    assert (connection.name, connection.settings["entities"]) == ("Files", "project,time_entry")
    again = command("connection_add", "files", "filedrop", "--name", "Files", "--set", ENTITIES)
    assert again == "files is there already\nFeeds: nothing new\n"
    assert Event.objects.filter(action="connectors.connection.created").count() == 1


def test_what_is_there_already_stays_and_the_difference_is_told(db: None) -> None:
    command("connection_add", "files", "filedrop", "--name", "Files", "--set", ENTITIES)

    said = command("connection_add", "files", "filedrop", "--name", "Other", "--set", "folder=elsewhere")

    assert "with another folder, name; change that in the console" in said
    assert Connection.objects.get().name == "Files"


def test_credentials_come_from_the_environment(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PSA_TOKEN", "t0ken")
    url = "https://api.kantata.example"
    arguments = ["connection_add", "psa", "kantata", "--url", url, "--credential"]

    command(*arguments, "token=PSA_TOKEN")

    connection = Connection.objects.get()
    assert connection.sealed_credentials
    assert "t0ken" not in json.dumps([event.data for event in Event.objects.all()])
    assert Feed.objects.filter(connection=connection, entity="time_entry").exists()
    with pytest.raises(CommandError, match="environment variable NOT_THERE is not set"):
        command("connection_add", "psa-two", "kantata", "--url", url, "--credential", "token=NOT_THERE")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["Files!", "filedrop"], "is not a code"),
        (["files", "nobody"], "has no connector"),
        (["files", "filedrop", "--set", "entities=unicorn"], "unicorn: not offered"),
        (["files", "filedrop", "--set", "entities"], "is not NAME=VALUE"),
        (["files", "filedrop", "--set", "colour=red"], "is not a setting of File drop"),
        (["files", "filedrop", "--user", "ghost"], "No user 'ghost'"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_stays(db: None, arguments: list[str], said: str) -> None:
    with pytest.raises(CommandError) as caught:
        command("connection_add", *arguments)
    assert said in str(caught.value)
    assert not Connection.objects.exists()


def test_a_code_that_is_taken_by_another_vendor(db: None) -> None:
    factories.connection("kantata", code="files")
    with pytest.raises(CommandError, match="'files' is a connection to kantata already"):
        command("connection_add", "files", "filedrop")


# -- several entities ------------------------------------------------------------------------------------------------


@pytest.fixture
def both(folder_connection: Connection) -> Connection:
    """The connection of the other file tests, with projects as well."""
    folder_connection.settings = {"entities": ["project", "time_entry"]}
    folder_connection.save()
    feeds.install_feeds(connection=folder_connection, by="system:test")
    rules = [{"target": "source_id", "source": "Project"}, {"target": "name", "source": "Project"}]
    projects = {"connection": "files", "entities": {"project": {"rules": rules}}}
    exchange.imported(projects, author="system:a", publisher="system:b")
    return folder_connection


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "export" / "hours.csv"
    path.parent.mkdir()
    path.write_text("\n".join([HEAD, *GOOD]))
    return path


def test_one_file_is_read_as_several_entities_parents_first(both: Connection, table: Path, hours: Hours) -> None:
    said = command("filedrop", "files", "time_entry, project", table, "--apply")

    lines = said.splitlines()
    assert [line.partition(":")[0] for line in lines if " from " in line] == [
        "project from hours.csv",
        "time_entry from hours.csv",
    ]
    assert "read 3, applied 1, unchanged 2" in said
    assert "read 3, applied 3, unchanged 0" in said
    assert FileDrop.objects.count() == 2


def test_a_folder_has_one_file_per_entity(both: Connection, table: Path, hours: Hours) -> None:
    folder = table.parent
    table.rename(folder / "time_entry.csv")
    (folder / "project.csv").write_text("Project\nP1\nP2\n")
    (folder / "notes.txt").write_text("not ours")

    command("filedrop", "files", "all", folder, "--apply")

    runs = Run.objects.order_by("pk").values_list("feed__entity", "applied")
    assert list(runs) == [("project", 2), ("time_entry", 3)]
    assert command("filedrop", "files", "project", folder).startswith("project.csv: ")


def test_the_manifest_beside_a_file_names_its_companion(both: Connection, table: Path, hours: Hours) -> None:
    head, lines = HEAD.replace("Day,", ""), [line.replace(line.split(",")[3] + ",", "") for line in GOOD]
    table.write_text("\n".join([head, *lines]))
    (table.parent / "days.companion.csv").write_text("Task,Day\n1,01-Mar-26\n2,02-Mar-26\n3,03-Mar-26\n")
    manifest = {"records": 3, "companion": "days.companion.csv", "key": "Task"}
    table.with_name("hours.csv.manifest.json").write_text(json.dumps(manifest))

    assert "applied 3" in command("filedrop", "files", "time_entry", table, "--apply")


def test_nothing_is_loaded_behind_a_file_that_is_refused(both: Connection, table: Path, hours: Hours) -> None:
    folder = table.parent
    table.rename(folder / "time_entry.csv")
    (folder / "project.csv").write_text("Title\nP1\n")

    with pytest.raises(CommandError, match=r"project: File project\.csv: row 1: has no column 'Project'"):
        command("filedrop", "files", "all", folder, "--apply")

    assert not Run.objects.filter(feed__entity="time_entry").exists()


@pytest.mark.parametrize(
    ("entity", "place", "more", "said"),
    [
        ("all", "hours.csv", [], "is not a folder"),
        ("all", "", [], "has no file of project, time_entry"),
        ("project", "", [], "has no file of project"),
        ("all", "", ["--manifest", "x"], "lie beside it"),
        ("unicorn", "hours.csv", [], "takes no files of 'unicorn'"),
        ("project,unicorn", "hours.csv", [], "unicorn: files takes no files of 'unicorn'"),
    ],
)
def test_what_cannot_be_read_is_told(
    both: Connection, table: Path, hours: Hours, entity: str, place: str, more: list[str], said: str
) -> None:
    with pytest.raises(CommandError) as caught:
        command("filedrop", "files", entity, table.parent / place, *more)
    assert said in str(caught.value)
