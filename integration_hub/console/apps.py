"""App configuration."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """Shared screen machinery: menu, tables, filters, timeline, lineage picture."""

    name = "integration_hub.console"
    label = "hub_console"
    verbose_name = "Console"
