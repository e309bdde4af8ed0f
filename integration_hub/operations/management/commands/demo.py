"""`manage.py demo`: the whole product on one machine, with a world played into it through the vendors' APIs."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import httpx
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from integration_hub.connectors.models import Connection
from integration_hub.operations import parts
from integration_hub.operations.demo import connections, economics, firm, hub, people, report, spending
from integration_hub.operations.demo.settle import NotQuiet, Settler
from integration_hub.operations.supervisor import AlreadyRunning, Supervisor
from integration_hub.sandbox.landscape import Landscape
from integration_hub.sandbox.world import HubClient, LandscapeUrls, expect, found, play, troubles
from reconciliation.actions import tieouts

MONTHS = 6
PORT_BASE = 9400


class Stopped(Exception):
    """Ctrl-C or SIGTERM."""


@contextmanager
def _looked_after(supervisor: Supervisor, stopping: threading.Event) -> Iterator[None]:
    """A thread that starts again what dies, until this ends; then it stands back, so that stopping is stopping."""
    looking = threading.Thread(target=supervisor.run, args=(stopping.is_set, stopping.wait), daemon=True)
    looking.start()
    try:
        yield
    finally:
        stopping.set()
        looking.join(timeout=10)


class Command(BaseCommand):
    """Start, play, and stay; or with --once play to rest, report and end."""

    help = "Start hub and simulated landscape and play the demo world. --once prints control totals and ends."

    def add_arguments(self, parser: CommandParser) -> None:
        """Arguments of the command."""
        parser.add_argument("--once", action="store_true", help="play to rest, print control totals, end")
        parser.add_argument("--json", action="store_true", help="print the report as JSON (with --once)")
        parser.add_argument("--seed", type=int, default=7)
        parser.add_argument("--months", type=int, default=MONTHS, help=f"how much of the {MONTHS} months to play")
        parser.add_argument("--port", type=int, default=settings.ENV.web_port, help="of the web server")
        parser.add_argument("--landscape-port", type=int, default=PORT_BASE, help="first port of the simulators")
        parser.add_argument("--bind", default="127.0.0.1")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the demo."""
        self.quiet = options["json"]
        self.started = time.monotonic()
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        self.stopping = stopping
        call_command("migrate", verbosity=0)
        cast = people.ensure()
        broken: list[str] = []
        state = settings.VAR_DIR / "landscape.sqlite3"
        try:
            with Landscape(port_base=options["landscape_port"], state=state, seed=options["seed"]) as landscape:
                base_url = f"http://{options['bind']}:{options['port']}"
                client = hub.client(base_url, cast, settings.VAR_DIR)
                found(LandscapeUrls.of(landscape.urls), client, options["seed"])
                firm.ensure(cast["admin"])
                connections.ensure(landscape.urls, cast["ines"])
                wanted = parts.everything(bind=options["bind"], port=options["port"])
                with Supervisor(wanted, var_dir=settings.VAR_DIR, tell=self._tell) as supervisor:
                    with _looked_after(supervisor, stopping):
                        broken = self._play(landscape, client, cast, options)
                        if not options["once"]:
                            self._greet(options)
                            stopping.wait()
                    self._tell("Stopping")
        except Stopped:
            self._tell("Stopped before the world was played; the next start goes on from here.")
        except (AlreadyRunning, NotQuiet) as error:
            raise CommandError(str(error)) from error
        if options["once"] and broken:
            raise CommandError(f"{len(broken)} control totals do not agree.")

    def _play(
        self, landscape: Landscape, client: HubClient, cast: dict[str, Any], options: dict[str, Any]
    ) -> list[str]:
        self._wait_for_web(client.base_url)
        settle = Settler(by=cast["ines"], stopping=self.stopping)
        try:
            played = play(
                LandscapeUrls.of(landscape.urls), client, options["seed"], self._progress, settle, options["months"]
            )
            economics.ensure(cast["fiona"])
            spending.play(landscape, by=cast["fiona"], admin=cast["ines"], settle=settle)
            settle("the end")
            tieouts.request(cast["fiona"])
            settle("the tie-out")
        except (NotQuiet, httpx.HTTPError):
            if self.stopping.is_set():
                raise Stopped from None
            raise
        finally:
            client.close()
        for note in played.notes:
            self._tell(f"  note: {note}")
        result = report.compute(landscape.ledger("netsuite"), Connection.objects.get(code="netsuite"))
        expected = expect(played.world)
        hours: dict[str, Decimal] = {code: figures.hours for code, figures in expected.entities.items()}
        wrong = report.problems(result, hours, expected.hours_parked)
        wrong += report.missing_troubles(troubles.played(played.world.months[-1].month))
        self.stdout.write(report.as_json(result, wrong) if options["json"] else report.text(result, wrong))
        self._tell(f"Played in {time.monotonic() - self.started:.0f} s.")
        return wrong

    def _wait_for_web(self, base_url: str) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self.stopping.is_set():
                raise Stopped
            try:
                httpx.get(f"{base_url}/sign-in/", timeout=2, trust_env=False)
            except httpx.HTTPError:
                time.sleep(0.2)
            else:
                return
        raise CommandError(f"The web server does not answer at {base_url}: see {settings.VAR_DIR / 'log'}.")

    def _progress(self, what: str, done: int, total: int) -> None:
        if self.stopping.is_set():
            raise Stopped
        self._tell(f"[{time.monotonic() - self.started:5.0f} s] {done:>3}/{total} {what}")

    def _greet(self, options: dict[str, Any]) -> None:
        self._tell(f"\nThroughline: http://{options['bind']}:{options['port']}/   password of all: {people.PASSWORD}")
        for person in people.CAST:
            self._tell(f"  {person.username:<8}{person.first_name} {person.last_name}, {person.role.label}")
        self._tell("Ctrl-C stops everything; the data stay, `make clean` removes them.")

    def _tell(self, text: str) -> None:
        stream = self.stderr if self.quiet else self.stdout
        stream.write(text)
        stream.flush()
