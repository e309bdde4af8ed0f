"""Everything that runs during a rehearsal: simulators, nursery, one queue cluster, the web server that takes hooks."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
from django.conf import settings

from integration_hub.connectors import transport
from integration_hub.operations import parts
from integration_hub.operations.rehearsal.run import Stage
from integration_hub.operations.rehearsal.workers import Nursery
from integration_hub.operations.supervisor import Supervisor
from integration_hub.sandbox import Landscape

HOST = "127.0.0.1"
PATIENCE = 240.0


@contextmanager
def open_house(tell: Callable[[str], object]) -> Iterator[Stage]:
    """Start all of it, and end it whatever happens."""
    log_path = settings.VAR_DIR / "log" / "workers.log"
    log_path.parent.mkdir(parents=True, exist_ok=True)
    transport.trust()  # the forked workers share it
    nursery = Nursery(log_path)  # first: it is forked, and nothing else must be running yet
    try:
        port = free_port()
        wanted = [parts.cluster("bulk"), parts.web(HOST, port, workers=1)]
        with (
            httpx.Client(trust_env=False, timeout=5) as user,
            Landscape() as landscape,
            Supervisor(wanted, var_dir=settings.VAR_DIR, tell=tell) as supervisor,
        ):
            wait_for(f"http://{HOST}:{port}")
            yield Stage(
                landscape=landscape,
                nursery=nursery,
                supervisor=supervisor,
                var_dir=settings.VAR_DIR,
                hub_url=f"http://{HOST}:{port}",
                user=user,
                log_path=log_path,
                lease_seconds=settings.LEASE_SECONDS,
            )
    finally:
        nursery.close()


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def wait_for(url: str) -> None:
    """Until the web server answers. Raises RuntimeError when it takes longer than a start ever does."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            httpx.get(f"{url}/sign-in/", timeout=2, trust_env=False)
        except httpx.HTTPError:
            if time.monotonic() > deadline:
                raise RuntimeError(
                    f"The web server does not answer at {url}: see {settings.VAR_DIR / 'log'}."
                ) from None
            time.sleep(0.1)
        else:
            return
