"""App configuration."""

from django.apps import AppConfig


class ConnectorsConfig(AppConfig):
    """Connections to external systems, their credentials, budgets and transport; one folder per vendor."""

    name = "integration_hub.connectors"
    label = "hub_connectors"
    verbose_name = "Connectors"

    def ready(self) -> None:
        """Register every connector with its default mapping."""
        from integration_hub.connectors import budget, panels, signs, vendors
        from integration_hub.work.registry import SIGNS, TICKS, Tick

        SIGNS.register("connectors", signs.signs)

        TICKS.register("connectors.budget", Tick("connectors.budget", 60, budget.purge))
        vendors.register()
        panels.register()
