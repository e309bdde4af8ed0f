"""App configuration."""

from django.apps import AppConfig


class ClocksConfig(AppConfig):
    """How long things take from one event to another, against targets, in working time."""

    name = "integration_hub.clocks"
    label = "hub_clocks"
    verbose_name = "Business clocks"

    def ready(self) -> None:
        from integration_hub.clocks import deadlines, kinds, panels

        deadlines.register()
        kinds.register()
        panels.register()
