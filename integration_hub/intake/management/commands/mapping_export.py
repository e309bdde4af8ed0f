"""Print the published mappings of a connection as JSON."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from integration_hub.intake import exchange


class Command(BaseCommand):
    """`mapping_export CONNECTION [ENTITY]`: what mapping_import takes."""

    help = "Print the published mappings and value maps of a connection as JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What the command takes."""
        parser.add_argument("connection")
        parser.add_argument("entity", nargs="?", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run it."""
        data = exchange.exported(options["connection"], options["entity"])
        self.stdout.write(json.dumps(data, indent=2, ensure_ascii=False))
