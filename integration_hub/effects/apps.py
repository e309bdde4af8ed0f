"""App configuration."""

from django.apps import AppConfig


class EffectsConfig(AppConfig):
    """The effect ledger: intents, attempts, unknown outcomes, probes, posting windows."""

    name = "integration_hub.effects"
    label = "hub_effects"
    verbose_name = "Effects"

    def ready(self) -> None:
        from integration_hub.effects import (
            clocks,
            engine,
            forecast,
            kinds,
            lineage,
            panels,
            preflight,
            queries,
            windows,
        )
        from integration_hub.effects.ledger import LOOK, SEND
        from integration_hub.effects.registry import GATES
        from integration_hub.work.registry import BUSY, HANDLERS, TICKS, Handler, Tick

        kinds.register()
        clocks.register()
        lineage.register()
        panels.register()
        forecast.register()
        HANDLERS.register(SEND, Handler(run=engine.work, local=False, title="Send an effect", parked=engine.parked))
        HANDLERS.register(LOOK, Handler(engine.look, local=False, title="Read what is confirmed again", skippable=True))
        TICKS.register("effects.windows", Tick("effects.windows", 5, windows.tick))
        GATES.register("target", preflight.GATE)
        BUSY.register("effects", queries.unsettled)
