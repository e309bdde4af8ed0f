"""App configuration."""

from django.apps import AppConfig


class WorkConfig(AppConfig):
    """Ordered lanes of work, attempts, ticker; the only room that touches the queue."""

    name = "integration_hub.work"
    label = "hub_work"
    verbose_name = "Work"

    def ready(self) -> None:
        from integration_hub.trail import seal
        from integration_hub.work import canary, panels
        from integration_hub.work.actions import overtaking
        from integration_hub.work.registry import TICKS, Tick

        canary.register()
        TICKS.register("trail.seal", Tick("trail.seal", 2, seal.seal))
        TICKS.register("work.overtaking", Tick("work.overtaking", 15, overtaking.lapse))
        panels.register()
