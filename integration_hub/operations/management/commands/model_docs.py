"""`manage.py model_docs`: write the generated pages of docs/; with --check compare and name what is stale."""

import difflib
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integration_hub.environment import BASE_DIR
from integration_hub.operations import pages

SHOWN = 20


class Command(BaseCommand):
    """Writes or compares; reads no database."""

    help = "Write the generated pages of docs/. With --check change nothing and exit 1 when one is stale."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Arguments of the command."""
        parser.add_argument("--check", action="store_true", help="compare, change nothing")
        parser.add_argument("--docs", type=Path, default=BASE_DIR / "docs", help="folder of the pages")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write or compare every page."""
        docs: Path = options["docs"]
        wanted = pages.everything()
        leftover = _leftover(docs, wanted)
        stale = [name for name, text in wanted.items() if _now(docs / name) != text]
        if options["check"]:
            self._refuse(docs, wanted, stale, leftover)
        else:
            self._write(docs, wanted, stale, leftover)

    def _write(self, docs: Path, wanted: dict[str, str], stale: list[str], leftover: list[Path]) -> None:
        for name in stale:
            (docs / name).parent.mkdir(parents=True, exist_ok=True)
            (docs / name).write_text(wanted[name], encoding="utf-8")
            self.stdout.write(f"written  {name}")
        for path in leftover:
            path.unlink()
            self.stdout.write(f"removed  {path.relative_to(docs)}")
        self.stdout.write(f"{len(wanted)} pages, {len(stale)} changed")

    def _refuse(self, docs: Path, wanted: dict[str, str], stale: list[str], leftover: list[Path]) -> None:
        for name in stale:
            self.stderr.write(_difference(name, _now(docs / name), wanted[name]))
        for path in leftover:
            self.stderr.write(f"{path.relative_to(docs)}: nothing generates it any more")
        if stale or leftover:
            raise CommandError(
                f"{len(stale) + len(leftover)} generated pages are stale: run `make docs` and commit them."
            )
        self.stdout.write(f"{len(wanted)} generated pages are fresh")


def _now(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _leftover(docs: Path, wanted: dict[str, str]) -> list[Path]:
    found = sorted(path for pattern in pages.OWNED for path in docs.glob(pattern))
    return [path for path in found if path.relative_to(docs).as_posix() not in wanted]


def _difference(name: str, now: str, wanted: str) -> str:
    lines = list(
        difflib.unified_diff(now.splitlines(), wanted.splitlines(), f"docs/{name}", "generated", "", "", 1, "")
    )
    more = [f"… and {len(lines) - SHOWN} more lines"] if len(lines) > SHOWN else []
    return "\n".join([*lines[:SHOWN], *more])
