"""`manage.py billing_scenarios DIR`: play finance's scenarios through the billing code; nothing of them is kept."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.scenarios import drafted
from billing.scenarios.playing import Result, play_file
from billing.scenarios.reading import files
from integration_hub.kernel.errors import NotReady


class Command(BaseCommand):
    """Each scenario is played in a transaction of its own that is rolled back."""

    help = "Play the scenarios of a folder through the real billing code; exit 1 when one does not come out as it says."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The folder, or single files."""
        parser.add_argument("paths", nargs="+", type=Path, help="folders of scenarios, or scenario files")
        parser.add_argument("--draft", type=int, help="id of a draft of a decision table, to be in force meanwhile")
        parser.add_argument("--json", action="store_true", help="one JSON object a line instead of words")
        parser.add_argument(
            "--allow-unsupported", action="store_true", help="do not fail for what this product does not do"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Play all of them and say what came out."""
        paths = [one for path in options["paths"] for one in (files(path) if path.is_dir() else [path])]
        if not paths:
            raise CommandError("There is no scenario there.")
        try:
            draft = drafted.read(options["draft"]) if options["draft"] else None
            results = [play_file(path, draft) for path in paths]
        except NotReady as problem:
            raise CommandError(str(problem)) from problem
        for result in results:
            self.stdout.write(json.dumps(asdict(result)) if options["json"] else _told(result))
        outcomes = [result.outcome for result in results]
        counts = {name: outcomes.count(name) for name in ("passed", "failed", "unsupported")}
        words = ", ".join(f"{count} {name}" for name, count in counts.items())
        if counts["failed"] or (counts["unsupported"] and not options["allow_unsupported"]):
            raise CommandError(words)
        self.stderr.write(words)


def _told(result: Result) -> str:
    where = f" at step {result.step} ({result.verb})" if result.step else ""
    detail = f"{where}: {result.detail}" if result.detail else ""
    return f"{result.outcome:11} {result.id} {result.title}{detail}"
