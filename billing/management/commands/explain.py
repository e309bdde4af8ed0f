"""`manage.py explain REFERENCE`: why every cent of a line, a piece or an entry is what it is."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing import asked, telling


class Command(BaseCommand):
    """Tell the decisions behind a reference, as the page of the work does."""

    help = (
        "Say why: facts, terms, every line and price considered and why it was refused, retainer and limits before and "
        "after, rounding, approvals, and the ERP's document."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What is asked about."""
        parser.add_argument("reference", help=asked.FORMS)
        parser.add_argument("--json", action="store_true", help="one JSON object a line, with the stored trace")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the story of every decision that the reference means."""
        found = asked.decisions(options["reference"])
        if not found:
            raise CommandError(f"No decision is behind {options['reference']!r}. Name {asked.FORMS}.")
        for one in found:
            self.stdout.write(json.dumps(telling.as_facts(one)) if options["json"] else telling.as_text(one))
