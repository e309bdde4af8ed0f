"""The kinds of work, the ticks and the signs of unfinished business of intake."""

from integration_hub.intake import certify, horizon, poll, remap, retention, waiting
from integration_hub.intake.actions import feeds
from integration_hub.intake.filedrop import folder, load
from integration_hub.work.registry import BUSY, HANDLERS, TICKS, Handler, Tick


def register() -> None:
    """Offer them to the work room."""
    HANDLERS.register(feeds.POLL, Handler(poll.poll, local=False, title="Read a feed", skippable=True))
    HANDLERS.register(waiting.UNPARK, Handler(waiting.unpark, title="Take waiting records again", skippable=True))
    HANDLERS.register(waiting.REAPPLY, Handler(waiting.reapply_job, title="Take stored records again", skippable=True))
    HANDLERS.register(remap.REMAP, Handler(remap.remap, title="Try refused records with a new mapping", skippable=True))
    HANDLERS.register(load.LOAD, Handler(load.load_job, local=False, title="Load a file", skippable=True))
    HANDLERS.register(
        certify.CERTIFY, Handler(certify.certify, local=False, title="Compare a day with its source", skippable=True)
    )
    for tick in (
        Tick("intake.feeds", 1, poll.enqueue_due),
        Tick("intake.late", 30, poll.watch_lateness),
        Tick("intake.horizon", 300, horizon.watch),
        Tick("intake.certify", 60, certify.enqueue_due),
        Tick("intake.waiting", 30, waiting.sweep),
        Tick("intake.mapping", 10, remap.watch),
        Tick("intake.folders", 5, folder.watch),
        Tick("intake.retention", 3600, retention.prune),
    ):
        TICKS.register(tick.name, tick)
    BUSY.register("intake.feeds", poll.due_now)
