"""App configuration."""

from django.apps import AppConfig


class ProcessesConfig(AppConfig):
    """Sagas: named steps, compensation, human steps."""

    name = "integration_hub.processes"
    label = "hub_processes"
    verbose_name = "Processes"

    def ready(self) -> None:
        from integration_hub.effects.registry import OUTCOMES, Outcome
        from integration_hub.processes import engine, kinds, panels
        from integration_hub.work.registry import HANDLERS, TICKS, Handler, Tick

        kinds.register()
        panels.register()
        HANDLERS.register(
            engine.KIND, Handler(run=engine.advance, title="Take a process one step on", parked=engine.parked)
        )
        TICKS.register("processes.overdue", Tick("processes.overdue", 60, engine.escalate_overdue))
        OUTCOMES.register(f"subject:{engine.SUBJECT}", Outcome(engine.heard, engine.heard, owns_case=True))
