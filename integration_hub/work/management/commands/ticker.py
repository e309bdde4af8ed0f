"""`manage.py ticker`: the loop that wakes stages, expires leases and runs what is due."""

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from integration_hub.work import ticker


class Command(BaseCommand):
    """Ticks every second until it is told to stop. A second copy waits in reserve."""

    help = "Wake stages with due work, expire leases, run ticks. Start two copies if you like: one waits in reserve."

    def handle(self, *args: Any, **options: Any) -> None:
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        ticker.run(stopping.is_set, stopping.wait)
