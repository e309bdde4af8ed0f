"""App configuration."""

from django.apps import AppConfig


class RulesConfig(AppConfig):
    """Decision tables with their versions."""

    name = "integration_hub.rules"
    label = "hub_rules"
    verbose_name = "Decision tables"

    def ready(self) -> None:
        from integration_hub.rules import jobs, panels

        panels.register()
        jobs.register()
