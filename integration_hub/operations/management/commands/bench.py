"""`manage.py bench NAME`: measure something and say the figures; nothing is left behind."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from integration_hub.operations.bench import (
    BENCHES,
    Figure,
    audit,
    billing,
    doors,
    intake,
    lanes,
    latency,
    posting,
    reconcile,
    replay,
)

# Here and not when the app starts: simulators and a queue are loaded with them, which no other process needs.
for measurement in (intake, lanes, latency, doors, posting, audit, replay, billing, reconcile):
    measurement.register()


class Command(BaseCommand):
    """Measure one thing, or list what can be measured."""

    help = "Measures something: without a name it lists what can be measured."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", choices=[name for name, _ in BENCHES])
        parser.add_argument("--size", type=int, default=0, help="how many things; each measurement has a default")
        parser.add_argument("--json", action="store_true", help="print the figures as JSON at the end")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["name"]
        if name is None:
            for known, bench in BENCHES:
                self.stdout.write(f"{known}: {bench.title} ({bench.size:,})")
            return
        bench = BENCHES.get(name)
        self.stdout.write(f"{bench.title}:")
        self._figures: list[Figure] = []
        bench.run(options["size"] or bench.size, self._tell)
        if options["json"]:
            self.stdout.write(json.dumps([asdict(figure) for figure in self._figures], indent=2))

    def _tell(self, figure: Figure) -> None:
        self._figures.append(figure)
        self.stdout.write(f"  {figure}")
