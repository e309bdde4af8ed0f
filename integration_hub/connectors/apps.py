"""App configuration."""

from django.apps import AppConfig


class ConnectorsConfig(AppConfig):
    """Connections to external systems, their credentials, budgets and transport; one folder per vendor."""

    name = "integration_hub.connectors"
    label = "hub_connectors"
    verbose_name = "Connectors"

    def ready(self) -> None:
        """Register every connector with its default mapping."""
        from integration_hub.connectors import panels, vendors

        vendors.register()
        panels.register()
