"""Drop a file: keep it, show its first rows through the mapping, load it, compare its totals."""

import json
from argparse import ArgumentParser
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integration_hub.connectors.models import Connection
from integration_hub.intake.actions import files
from integration_hub.intake.filedrop import report
from integration_hub.intake.filedrop.folder import MANIFEST
from integration_hub.intake.models import FileDrop, Run
from integration_hub.intake.queries import COUNTED
from integration_hub.kernel.errors import ThroughlineError
from integration_hub.people.models import User
from integration_hub.trail.record import Actor


class Command(BaseCommand):
    """`filedrop CONNECTION ENTITY FILE [--preview N] [--apply]`; exits with 1 when file or totals are refused."""

    help = "Drop a CSV or XLSX file; --preview shows rows through the mapping, --apply loads it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What the command takes."""
        parser.add_argument("connection", help="code of a file-drop connection")
        parser.add_argument("entity", help="canonical entity, e.g. time_entry")
        parser.add_argument("file", type=Path)
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
        """Run it."""
        try:
            found = self._drop(options)
            self.stdout.write(f"{found.name}: {found.bytes:,} bytes, sha256 {found.sha256}")
            if options["preview"]:
                self._preview(found, options["preview"])
            if options["apply"]:
                self._apply(found, options)
        except (ThroughlineError, OSError) as error:
            raise CommandError(str(error)) from None

    def _drop(self, options: dict[str, Any]) -> FileDrop:
        connection = Connection.objects.filter(code=options["connection"]).first()
        if connection is None:
            known = ", ".join(Connection.objects.values_list("code", flat=True)) or "none"
            raise CommandError(f"No connection {options['connection']!r}. There are: {known}.")
        if options["companion"] and not options["key"]:
            raise CommandError("--companion needs --key: the column that joins the two files.")
        path: Path = options["file"]
        with ExitStack() as opened:
            companion = None
            if options["companion"]:
                stream = opened.enter_context(options["companion"].open("rb"))
                companion = files.Companion(options["companion"].name, stream, options["key"])
            return files.drop(
                connection=connection,
                entity=options["entity"],
                name=path.name,
                stream=opened.enter_context(path.open("rb")),
                by=_actor(options["user"]),
                companion=companion,
                totals=_totals(path, options["manifest"]),
            )

    def _preview(self, found: FileDrop, rows: int) -> None:
        for row in files.preview(file=found, rows=rows):
            if row.after is not None:
                self.stdout.write(f"row {row.number}: {json.dumps(row.after, ensure_ascii=False)}")
            elif row.filtered:
                self.stdout.write(f"row {row.number}: left out by the row filter")
            for problem in row.problems:
                self.stdout.write(f"row {row.number}: {problem}")

    def _apply(self, found: FileDrop, options: dict[str, Any]) -> None:
        run = files.apply_now(file=found, by=_actor(options["user"]), progress=self._progress(options["verbosity"]))
        self.stdout.write(", ".join(f"{name} {getattr(run, name):,}" for name in COUNTED))
        for column, total in run.control_totals.get("sums", {}).items():
            self.stdout.write(f"sum of {column}: {total}")
        if options["errors"]:
            options["errors"].write_text("".join(report.lines(found)), "utf-8", newline="")
        if run.state != Run.State.DONE or run.error:
            raise CommandError(run.error or "The file was not loaded.")

    def _progress(self, verbosity: int) -> Any:
        return (lambda rows: self.stdout.write(f"… {rows:,} rows")) if verbosity > 1 else None


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
