"""`manage.py db`: the embedded PostgreSQL. Works without a running database."""

import os
from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from integration_hub.kernel import embedded


class Command(BaseCommand):
    """Starts, stops and describes the embedded server in the var directory."""

    help = "The embedded PostgreSQL: start, stop, status, url. Has nothing to say about a server named by DATABASE_URL."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("act", choices=["start", "stop", "status", "url"])

    def handle(self, *args: Any, **options: Any) -> None:
        external = os.environ.get("DATABASE_URL") or settings.ENV.database_url
        if external and options["act"] != "url":
            raise CommandError("DATABASE_URL names another server: start and stop that one yourself.")
        getattr(self, f"_{options['act']}")(external)

    def _start(self, external: str) -> None:
        self.stdout.write(embedded.ensure(settings.VAR_DIR))

    def _stop(self, external: str) -> None:
        self.stdout.write("Stopped" if embedded.stop(settings.VAR_DIR) else "It was not running")

    def _status(self, external: str) -> None:
        pid = _pid()
        if pid is None:
            raise CommandError("Not running")
        version = psycopg.connect(embedded.ensure(settings.VAR_DIR)).info.server_version
        self.stdout.write(f"Running: PostgreSQL {version // 10000}.{version % 10000}, process {pid}")

    def _url(self, external: str) -> None:
        self.stdout.write(external or embedded.ensure(settings.VAR_DIR))


def _pid() -> int | None:
    """The server's process id, or None when it does not run (also after a crash that left its pid file)."""
    try:
        pid = int((settings.VAR_DIR / "postgres" / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, 0)
    except (OSError, ValueError, IndexError):
        return None
    return pid
