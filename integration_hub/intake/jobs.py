"""The kinds of work and the ticks of intake."""

from integration_hub.intake import waiting
from integration_hub.work.registry import HANDLERS, TICKS, Handler, Tick


def register() -> None:
    """Offer handlers and ticks to the work room."""
    HANDLERS.register(waiting.UNPARK, Handler(waiting.unpark, title="Take waiting records again", skippable=True))
    HANDLERS.register(waiting.REAPPLY, Handler(waiting.reapply_job, title="Take stored records again", skippable=True))
    TICKS.register("intake.waiting", Tick("intake.waiting", 30, waiting.sweep))
