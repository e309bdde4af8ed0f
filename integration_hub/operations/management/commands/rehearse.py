"""`manage.py rehearse`: the product under faults, on a database and vendors of its own, and what the checker says."""

import shlex
import signal
import sys
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from integration_hub.operations.rehearsal import faults, ledger, premises, run, vendors
from integration_hub.operations.rehearsal.house import open_house
from integration_hub.operations.rehearsal.plan import REFERENCE_ITEMS, Size
from integration_hub.operations.rehearsal.report import Report, SeedResult

LEAST_ITEMS = 100


class Command(BaseCommand):
    """Rehearses seed after seed; exits with 1 when an invariant is violated."""

    help = (
        "Run workers, intake and effects against the simulated vendors under faults, on a PostgreSQL server of its own "
        "in var/rehearsal, and check that nothing was lost or done twice. The seed decides inputs and faults."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """What the command takes."""
        parser.add_argument("--seed", type=int, default=1, help="first seed")
        amount = parser.add_mutually_exclusive_group()
        amount.add_argument("--seeds", type=int, default=1, help="how many seeds, one after the other")
        amount.add_argument("--minutes", type=float, help="seed after seed until so many minutes are over")
        parser.add_argument("--items", type=int, default=REFERENCE_ITEMS, help="items of one seed")
        parser.add_argument("--faults", default="all", help="all, none, or names and groups parted by commas")
        parser.add_argument(
            "--patience",
            type=float,
            default=run.DRAIN_SECONDS,
            metavar="SECONDS",
            help="for I7: how long draining may take",
        )
        parser.add_argument("--json", action="store_true", help="print the report as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Rehearse."""
        if not settings.REHEARSAL or connection.settings_dict["NAME"] != premises.DATABASE:
            raise CommandError(
                "A rehearsal has its own database: start it as `manage.py rehearse`, not from a program."
            )
        self.quiet = options["json"]
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # leaves by the way that ends everything
        try:
            report = self._rehearse(options)
        finally:
            premises.leave(settings.VAR_DIR)
        self.stdout.write(report.as_json() if self.quiet else report.as_text())
        if report.violations:
            seeds = ", ".join(str(result.seed) for result in report.results if result.violations)
            raise CommandError(f"{report.violations} violations, with seed {seeds}.")

    def _rehearse(self, options: dict[str, Any]) -> Report:
        started = time.monotonic()
        if options["items"] < LEAST_ITEMS:
            raise CommandError(f"A rehearsal needs at least {LEAST_ITEMS} items.")
        try:
            chosen = faults.chosen(options["faults"])
        except ValueError as error:
            raise CommandError(str(error)) from None
        ledger.create()
        size = Size.of(options["items"])
        results: list[SeedResult] = []
        with open_house(self._tell) as stage:
            vendors.set_up(stage.landscape)
            while self._goes_on(options, len(results), started):
                seed = options["seed"] + len(results)
                results.append(run.run(stage, seed, size, chosen, patience=options["patience"]))
                self._tell(results[-1].line)
        return Report(shlex.join(["manage.py", *sys.argv[1:]]), results, time.monotonic() - started)

    @staticmethod
    def _goes_on(options: dict[str, Any], done: int, started: float) -> bool:
        if options["minutes"] is None:
            return bool(done < options["seeds"])
        return bool(time.monotonic() - started < options["minutes"] * 60)

    def _tell(self, text: str) -> None:
        stream = self.stderr if self.quiet else self.stdout
        stream.write(text)
        stream.flush()
