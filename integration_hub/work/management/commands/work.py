"""`manage.py work`: work lanes in this process."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integration_hub.work import inprocess
from integration_hub.work.models import Stage


class Command(BaseCommand):
    """Works what is due in one stage or in all, in this process."""

    help = (
        "Work the lanes of a stage in this process: --once what is due now, --until-quiet until nothing is left to do."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--stage", choices=[*Stage.values, "all"], default="all")
        mode = parser.add_mutually_exclusive_group(required=True)
        mode.add_argument("--once", action="store_true", help="stop when nothing is due")
        mode.add_argument("--until-quiet", action="store_true", help="run the ticks too and wait for retries")
        parser.add_argument("--seconds", type=float, default=300, help="give up after so long (--until-quiet)")

    def handle(self, *args: Any, **options: Any) -> None:
        stages = inprocess.ALL_STAGES if options["stage"] == "all" else (options["stage"],)
        if options["once"]:
            self.stdout.write(f"{inprocess.drain_once(stages)} items worked")
        elif not inprocess.run_until_quiet(deadline_seconds=options["seconds"], stages=stages):
            raise CommandError(f"Still busy after {options['seconds']:g} s: see stalled lanes.")
