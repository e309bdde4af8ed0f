"""App configuration: fills the registries of the rooms below."""

from django.apps import AppConfig


class IntakeConfig(AppConfig):
    """What came in: source versions, cursors, webhooks, file drops; hands canonical batches to receivers."""

    name = "integration_hub.intake"
    label = "hub_intake"
    verbose_name = "Intake"

    def ready(self) -> None:
        from integration_hub.console.freshness import FRESHNESS
        from integration_hub.intake import clocks, jobs, kinds, lineage, panels, queries

        kinds.register()
        clocks.register()
        jobs.register()
        lineage.register()
        panels.register()
        FRESHNESS.register("intake", queries.freshness)
