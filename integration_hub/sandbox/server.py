"""The process: one loop, one port per vendor, one line on stdout when everything listens."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from . import wire
from .app import FrontDoor, World
from .avatax import AvaTax
from .chargebee import Chargebee
from .clockify import Clockify
from .control import Control
from .docusign import Docusign
from .dynamics import Dynamics
from .faults import Faults
from .harvest import Harvest
from .ironclad import Ironclad
from .jira import Jira
from .kantata import Kantata
from .messages import Json, dump
from .netsuite import NetSuite
from .relay import Relay
from .salesforce import Salesforce
from .sap import Sap
from .settings import Settings
from .store import Store
from .stripe import Stripe
from .tempo import Tempo
from .vendor import Vendor
from .webhook import Consumer

HOST = "127.0.0.1"
VENDORS: tuple[type[Vendor], ...] = (
    Salesforce,
    Kantata,
    NetSuite,
    Dynamics,
    Sap,
    AvaTax,
    Harvest,
    Clockify,
    Jira,
    Tempo,
    Stripe,
    Chargebee,
    Ironclad,
    Docusign,
    Consumer,
)
PORTS = {
    "salesforce": 0, "kantata": 1, "netsuite": 2, "avatax": 3, "dynamics": 4, "sap": 5, "control": 9,
    "harvest": 10, "clockify": 11, "jira": 13, "tempo": 14, "stripe": 20, "webhook": 21, "chargebee": 22,
    "ironclad": 30, "docusign": 31,
}  # fmt: skip
TLS_PORTS_FROM = 100


class Server(uvicorn.Server):
    """One listener. Signals belong to the process, not to each of its listeners."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def build(store: Store, seed: int) -> World:
    """All vendors over one state file."""
    settings = Settings(store)
    store.clock.offset_ms = settings.get("landscape", "clock_offset_seconds") * 1000
    world = World(
        store=store,
        settings=settings,
        faults=Faults(store, seed),
        relay=Relay(store, seed, {vendor.name: vendor.signed for vendor in VENDORS}),
        vendors={vendor.name: vendor(store, settings) for vendor in VENDORS},
        closing=asyncio.Event(),
    )
    with store.transaction():
        for vendor in world.vendors.values():
            vendor.seed()
    return world


def listen(port: int) -> socket.socket:
    """A listening socket on the loopback interface, and nowhere else."""
    # Naming the protocol matters: asyncio turns Nagle's delay off only for sockets that say they are TCP.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((HOST, port))
    except OSError as problem:
        raise SystemExit(f"cannot listen on {HOST}:{port}: {problem.strerror}; choose another --port-base") from None
    sock.listen(512)
    sock.setblocking(False)
    return sock


def _server(app: Starlette, tls: Path | None) -> Server:
    config = uvicorn.Config(
        app,
        http=wire.Protocol,
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=2,
        server_header=False,
        ssl_certfile=str(tls / "cert.pem") if tls else None,
        ssl_keyfile=str(tls / "key.pem") if tls else None,
    )
    return Server(config)


async def run(port_base: int, state: str, seed: int, tls: Path | None = None, *, stop_on_eof: bool = False) -> None:
    """Serve until a signal comes (or, with `stop_on_eof`, until stdin closes because the parent is gone)."""
    loop = asyncio.get_running_loop()
    store = Store(state)
    world = build(store, seed)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, world.closing.set)
    if stop_on_eof:
        threading.Thread(target=_wait_for_eof, args=(loop, world.closing), daemon=True).start()

    urls: Json = {"seed": seed, "state": state}
    sockets = {name: listen(port_base + n if port_base else 0) for name, n in PORTS.items()}
    tls_sockets = {name: listen(port_base + TLS_PORTS_FROM + n if port_base else 0) for name, n in PORTS.items() if tls}
    urls |= {name: f"http://{HOST}:{sock.getsockname()[1]}" for name, sock in sockets.items()}
    urls["tls"] = {name: f"https://{HOST}:{sock.getsockname()[1]}" for name, sock in tls_sockets.items()}

    apps = {name: FrontDoor(world, vendor).app() for name, vendor in world.vendors.items()}
    apps["control"] = Control(world, urls).app()
    servers = [(_server(apps[name], None), sock) for name, sock in sockets.items()]
    servers += [(_server(apps[name], tls), sock) for name, sock in tls_sockets.items()]

    world.relay.start()
    serving = [asyncio.create_task(server.serve(sockets=[sock])) for server, sock in servers]
    while not all(server.started for server, _ in servers):
        if any(task.done() for task in serving):
            await asyncio.gather(*serving)
        await asyncio.sleep(0.005)
    sys.stdout.write(dump(urls) + "\n")
    sys.stdout.flush()

    await world.closing.wait()
    for server, _ in servers:
        server.should_exit = True
    await asyncio.gather(*serving)
    await world.relay.stop()
    store.close()


def _wait_for_eof(loop: asyncio.AbstractEventLoop, closing: asyncio.Event) -> None:
    with suppress(OSError):
        while os.read(0, 4096):
            pass
    with suppress(RuntimeError):  # the loop may be closed already
        loop.call_soon_threadsafe(closing.set)


def main(arguments: list[str] | None = None) -> None:
    """`python -m integration_hub.sandbox`"""
    parser = argparse.ArgumentParser(
        prog="python -m integration_hub.sandbox",
        description="The simulated vendor landscape: Salesforce, Kantata, NetSuite and AvaTax over HTTP on loopback.",
    )
    parser.add_argument("--port-base", type=int, default=9400, help="first port; 0 picks free ones")
    parser.add_argument("--state", default="var/sandbox.sqlite3", help="state file, or :memory: for none")
    parser.add_argument("--seed", type=int, default=7, help="decides which calls faults strike")
    parser.add_argument("--tls-dir", type=Path, help="directory with cert.pem and key.pem; adds HTTPS listeners")
    parser.add_argument("--stop-on-eof", action="store_true", help="stop when stdin closes")
    options = parser.parse_args(arguments)
    for name in ("cert.pem", "key.pem") if options.tls_dir else ():
        if not (options.tls_dir / name).is_file():
            parser.error(f"--tls-dir {options.tls_dir} holds no {name}")
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    asyncio.run(run(options.port_base, options.state, options.seed, options.tls_dir, stop_on_eof=options.stop_on_eof))
