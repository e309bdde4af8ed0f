"""`manage.py serve`: web, workers and ticker of a small installation in one process tree."""

import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from integration_hub.operations import parts
from integration_hub.operations.supervisor import AlreadyRunning, Supervisor


class Command(BaseCommand):
    """Runs everything until SIGTERM or Ctrl-C, then stops the whole tree."""

    help = "Run web server, workers of every stage and ticker; restarts what dies, stops everything on Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--bind", default="127.0.0.1", help="address the web server listens on")
        parser.add_argument("--port", type=int, default=settings.ENV.web_port, help="THROUGHLINE_WEB_PORT")

    def handle(self, *args: Any, **options: Any) -> None:
        _refuse_unmigrated()
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        wanted = parts.everything(bind=options["bind"], port=options["port"])
        try:
            with Supervisor(wanted, var_dir=settings.VAR_DIR, tell=self._tell) as supervisor:
                self._tell(f"http://{options['bind']}:{options['port']}/  (logs in {settings.VAR_DIR / 'log'})")
                supervisor.run(stopping.is_set, stopping.wait)
                self._tell("Stopping")
        except AlreadyRunning as error:
            raise CommandError(str(error)) from None
        self._tell("Stopped")

    def _tell(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def _refuse_unmigrated() -> None:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise CommandError("The database is not up to date: run `manage.py migrate` first.")
