"""App configuration."""

from django.apps import AppConfig


class ReplayConfig(AppConfig):
    """Replay plans: frozen sets, forecast, approved, run slowly, kept."""

    name = "integration_hub.replay"
    label = "hub_replay"
    verbose_name = "Replays"

    def ready(self) -> None:
        from integration_hub.replay import choosing, engine, panels
        from integration_hub.replay.actions.plans import FORECAST, RUN
        from integration_hub.work.registry import HANDLERS, TICKS, Handler, Tick

        choosing.register()
        panels.register()
        HANDLERS.register(FORECAST, Handler(run=engine.forecast, title="Forecast a replay", parked=engine.parked))
        HANDLERS.register(
            engine.ASK, Handler(run=engine.ask, local=False, title="Ask targets for a forecast", parked=engine.parked)
        )
        HANDLERS.register(RUN, Handler(run=engine.run, title="Run a replay", parked=engine.parked))
        TICKS.register("replay.follow", Tick("replay.follow", 30, engine.follow_up))
