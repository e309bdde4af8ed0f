"""App configuration."""

from django.apps import AppConfig


class DownstreamConfig(AppConfig):
    """Business events for other systems."""

    name = "integration_hub.downstream"
    label = "hub_downstream"
    verbose_name = "Streams"

    def ready(self) -> None:
        from integration_hub.downstream import jobs, kinds, panels

        kinds.register()
        jobs.register()
        panels.register()
