"""What clocks put into menu, timeline and links, and the tick that holds them against their targets."""

from integration_hub.clocks.actions import watch
from integration_hub.console import menu, timeline
from integration_hub.work.registry import HANDLERS, TICKS, Handler, Tick

TICK_SECONDS = 300
SEE = "hub_clocks.view_target"


def register() -> None:
    """Fill the registries; called once by the app."""
    menu.add(menu.MenuItem("Trace", "Clocks", "clocks:clock-list", "clock", SEE, weight=28))
    timeline.tell("clocks.target.set", "clock", "set a target for {label} from {starts_on}: {within}. {reason}")
    HANDLERS.register(
        watch.KIND, Handler(watch.work, local=False, title="Hold clocks against their targets", skippable=True)
    )
    TICKS.register(watch.KIND, Tick(watch.KIND, TICK_SECONDS, watch.due))
