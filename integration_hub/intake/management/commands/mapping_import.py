"""Set up mappings from a file, drafted by one person and published by another."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integration_hub.intake import exchange
from integration_hub.kernel.errors import ThroughlineError
from integration_hub.people.models import User


class Command(BaseCommand):
    """`mapping_import FILE.json --author NAME --publisher NAME`: importing the same file again changes nothing."""

    help = "Draft and publish the mappings of a JSON file (see mapping_export for its form)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What the command takes."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--author", required=True, help="user who drafts")
        parser.add_argument("--publisher", required=True, help="another user, who publishes")
        parser.add_argument("--connection", default="", help="instead of the connection the file names")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run it."""
        try:
            data = json.loads(options["file"].read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise CommandError(f"{options['file']}: {error}") from None
        if not isinstance(data, dict):
            raise CommandError(f"{options['file']} is not a JSON object.")
        if options["connection"]:
            data["connection"] = options["connection"]
        people = {name: User.objects.filter(username=options[name]).first() for name in ("author", "publisher")}
        for name, user in people.items():
            if user is None:
                raise CommandError(f"No user {options[name]!r} ({name}).")
        author, publisher = people["author"], people["publisher"]
        if author is None or publisher is None:
            return
        try:
            made = exchange.imported(data, author=author, publisher=publisher)
        except (ThroughlineError, LookupError) as error:
            raise CommandError(str(error)) from None
        for mapping in made:
            self.stdout.write(f"Published {mapping}")
        if not made:
            self.stdout.write("Nothing to change: these mappings are in force.")
