"""Drop files: keep them, show their first rows through the mapping, load them, compare their totals."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integration_hub.connectors.models import Connection
from integration_hub.intake.actions import files
from integration_hub.intake.filedrop import report
from integration_hub.intake.filedrop.folder import MANIFEST
from integration_hub.intake.models import Feed, FileDrop, Run
from integration_hub.intake.queries import COUNTED
from integration_hub.kernel.errors import ThroughlineError
from integration_hub.people.models import User
from integration_hub.trail.record import Actor

ALL = "all"
KINDS = (".csv", ".xlsx", ".xml", ".bai")


@dataclass(frozen=True, slots=True)
class Plan:
    """One file to be read as one entity."""

    connection: Connection
    entity: str
    path: Path


class Command(BaseCommand):
    """`filedrop CONNECTION ENTITY FILE [--preview N] [--apply]`; exits with 1 when file or totals are refused."""

    help = "Drop CSV or XLSX files or bank statements; --preview shows rows through the mapping, --apply loads them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What the command takes."""
        parser.add_argument("connection", help="code of a file-drop connection")
        parser.add_argument(
            "entity", help="canonical entity, e.g. time_entry; several with commas; 'all' that a folder has files of"
        )
        parser.add_argument("file", type=Path, help="a file, or a folder with one file per entity: contract.csv, …")
        parser.add_argument("--companion", type=Path, help="second file whose columns belong to the rows of the first")
        parser.add_argument("--key", default="", help="column of both files that joins them")
        parser.add_argument("--preview", type=int, metavar="N", help="show the first N rows through the mapping")
        parser.add_argument("--apply", action="store_true", help="load the file now, in this process")
        parser.add_argument(
            "--manifest", type=Path, help='{"records": …, "sums": {column: …}}; default: FILE.manifest.json if there'
        )
        parser.add_argument("--errors", type=Path, metavar="CSV", help="write what is wrong with rows to this file")
        parser.add_argument("--user", default="", help="who drops it; default: the system")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run it: parents first, and not beyond the first file that is refused."""
        if options["companion"] and not options["key"]:
            raise CommandError("--companion needs --key: the column that joins the two files.")
        plans = list(_plans(options))
        for plan in plans:
            try:
                self._take(plan, options, alone=len(plans) == 1)
            except (ThroughlineError, OSError, CommandError) as error:
                raise CommandError(str(error) if len(plans) == 1 else f"{plan.entity}: {error}") from None

    def _take(self, plan: Plan, options: dict[str, Any], *, alone: bool) -> None:
        found = _drop(plan, options)
        named = "" if alone else f"{plan.entity} from "
        self.stdout.write(f"{named}{found.name}: {found.bytes:,} bytes, sha256 {found.sha256}")
        if options["preview"]:
            self._preview(found, options["preview"])
        if options["apply"]:
            errors: Path | None = options["errors"]
            if errors is not None and not alone:
                errors = errors.with_stem(f"{errors.stem}-{plan.entity}")
            self._apply(found, options, errors)

    def _preview(self, found: FileDrop, rows: int) -> None:
        for row in files.preview(file=found, rows=rows):
            if row.after is not None:
                self.stdout.write(f"row {row.number}: {json.dumps(row.after, ensure_ascii=False)}")
            elif row.filtered:
                self.stdout.write(f"row {row.number}: left out by the row filter")
            for problem in row.problems:
                self.stdout.write(f"row {row.number}: {problem}")

    def _apply(self, found: FileDrop, options: dict[str, Any], errors: Path | None) -> None:
        run = files.apply_now(file=found, by=_actor(options["user"]), progress=self._progress(options["verbosity"]))
        self.stdout.write(", ".join(f"{name} {getattr(run, name):,}" for name in COUNTED))
        for column, total in run.control_totals.get("sums", {}).items():
            self.stdout.write(f"sum of {column}: {total}")
        if errors is not None:
            errors.write_text("".join(report.lines(found)), "utf-8", newline="")
        if run.state != Run.State.DONE or run.error:
            raise CommandError(run.error or "The file was not loaded.")

    def _progress(self, verbosity: int) -> Any:
        return (lambda rows: self.stdout.write(f"… {rows:,} rows")) if verbosity > 1 else None


def _plans(options: dict[str, Any]) -> Iterator[Plan]:
    """What to read as what, parents first."""
    connection = Connection.objects.filter(code=options["connection"]).first()
    if connection is None:
        known = ", ".join(Connection.objects.values_list("code", flat=True)) or "none"
        raise CommandError(f"No connection {options['connection']!r}. There are: {known}.")
    offered = list(Feed.objects.filter(connection=connection).order_by("weight", "pk").values_list("entity", flat=True))
    wanted = [name.strip() for name in options["entity"].split(",") if name.strip()]
    path: Path = options["file"]
    if not path.is_dir():
        if wanted == [ALL]:
            raise CommandError(f"{path} is not a folder: name the entities it holds instead of {ALL!r}.")
        yield from (Plan(connection, entity, path) for entity in _in_order(wanted, offered))
        return
    if options["companion"] or options["manifest"]:
        raise CommandError("Manifest and companion of a file in a folder lie beside it: FILE.manifest.json names both.")
    found = {entity: _file_of(path, entity) for entity in (offered if wanted == [ALL] else _in_order(wanted, offered))}
    missing = [entity for entity, file in found.items() if file is None and wanted != [ALL]]
    if missing or not any(found.values()):
        raise CommandError(f"{path} has no file of {', '.join(missing or offered)}: name each like contract.csv.")
    yield from (Plan(connection, entity, file) for entity, file in found.items() if file is not None)


def _in_order(wanted: list[str], offered: list[str]) -> list[str]:
    """Those the connection has feeds for, parents first; the others at the end, where they are refused by name."""
    return [*(name for name in offered if name in wanted), *(name for name in wanted if name not in offered)]


def _file_of(folder: Path, entity: str) -> Path | None:
    return next((path for kind in KINDS if (path := folder / f"{entity}{kind}").is_file()), None)


def _drop(plan: Plan, options: dict[str, Any]) -> FileDrop:
    totals = _totals(plan.path, options["manifest"])
    beside: Path | None = options["companion"]
    key = options["key"]
    if beside is None and totals.get("companion"):
        beside, key = plan.path.with_name(Path(str(totals["companion"])).name), str(totals.get("key", ""))
    with ExitStack() as opened:
        companion = None
        if beside is not None:
            companion = files.Companion(beside.name, opened.enter_context(beside.open("rb")), key)
        return files.drop(
            connection=plan.connection,
            entity=plan.entity,
            name=plan.path.name,
            stream=opened.enter_context(plan.path.open("rb")),
            by=_actor(options["user"]),
            companion=companion,
            totals=totals,
        )


def _actor(name: str) -> Actor:
    if not name:
        return "system:command"
    user = User.objects.filter(username=name).first()
    if user is None:
        raise CommandError(f"No user {name!r}.")
    return user


def _totals(path: Path, given: Path | None) -> dict[str, Any]:
    side_car = given or path.with_name(path.name + MANIFEST)
    if given is None and not side_car.is_file():
        return {}
    try:
        data = json.loads(side_car.read_text("utf-8"))
    except ValueError as error:
        raise CommandError(f"{side_car} is not JSON: {error}.") from None
    if not isinstance(data, dict):
        raise CommandError(f"{side_car} is not a JSON object.")
    return data
