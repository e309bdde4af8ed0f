"""The canary: one tiny item per stage, again and again. Health is that it gets done, not that a process exists."""

from integration_hub.work import ticker
from integration_hub.work.actions import items
from integration_hub.work.models import Stage
from integration_hub.work.registry import HANDLERS, TICKS, Handler, Job, Tick

KIND = "work.canary"
EVERY_SECONDS = 15
LANE = "canary:"


def sing(job: Job) -> None:
    """The handler: this stage has just completed an item."""
    ticker.beat(job.lane)


def send() -> None:
    """The tick: one canary into each stage unless one still waits there."""
    for stage in Stage.values:
        items.enqueue(KIND, lane=f"{LANE}{stage}", stage=stage, dedupe="canary", priority=0, correlation_id="")


def register() -> None:
    """Fill the registries; called once by the app."""
    HANDLERS.register(KIND, Handler(run=sing, title="Canary", skippable=True))
    TICKS.register("work.canary", Tick("work.canary", EVERY_SECONDS, send))
