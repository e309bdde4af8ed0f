"""`manage.py bench NAME`: measure something and say the figures; nothing is left behind."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from integration_hub.operations.bench import BENCHES, Figure


class Command(BaseCommand):
    """Measure one thing, or list what can be measured."""

    help = "Measures something: without a name it lists what can be measured."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", choices=[name for name, _ in BENCHES])
        parser.add_argument("--size", type=int, default=0, help="how many things; each measurement has a default")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["name"]
        if name is None:
            for known, bench in BENCHES:
                self.stdout.write(f"{known}: {bench.title} ({bench.size:,})")
            return
        bench = BENCHES.get(name)
        self.stdout.write(f"{bench.title}:")
        bench.run(options["size"] or bench.size, self._tell)

    def _tell(self, figure: Figure) -> None:
        self.stdout.write(f"  {figure}")
