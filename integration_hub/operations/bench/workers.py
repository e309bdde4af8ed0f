"""Workers of a stage as processes of their own, for what is measured with the whole machine at work."""

import os
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from time import process_time, sleep

IDLE = 0.005
"""Seconds a worker waits before it looks again; the queue's doorbell is measured elsewhere."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a worker used: seconds of processor time here and of its database session, and MiB of both."""

    here: float
    server: float
    peak: float
    private: float


def work(address: str, stage: str, pipe: Pipe) -> None:
    """Work a stage until told to stop; then tell what it took. The body of a process of its own."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integration_hub.settings")
    os.environ["DATABASE_URL"] = address
    import django

    django.setup()
    from integration_hub.kernel import memory
    from integration_hub.operations.bench import spent
    from integration_hub.work import engine

    memory.settle()
    pid = spent.session()
    pipe.send("ready")
    here, server = process_time(), spent.of_process(pid)
    while not pipe.poll():
        if not engine.drain(stage):
            sleep(IDLE)
    pipe.send(Told(process_time() - here, spent.of_process(pid) - server, spent.peak(), spent.private(pid)))
