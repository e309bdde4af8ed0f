"""App configuration."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    """Exception cases: raise, group by root cause, assign, snooze, resolve, heal."""

    name = "integration_hub.cases"
    label = "hub_cases"
    verbose_name = "Cases"

    def ready(self) -> None:
        from integration_hub.cases import panels
        from integration_hub.cases.actions import handling
        from integration_hub.work.registry import TICKS, Tick

        TICKS.register("cases.wake", Tick("cases.wake", 30, handling.wake_due))
        panels.register()
