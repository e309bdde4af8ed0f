"""App configuration."""

from django.apps import AppConfig


class OperationsConfig(AppConfig):
    """Composition at run time: demo, serve, supervision, tracing commands."""

    name = "integration_hub.operations"
    label = "hub_operations"
    verbose_name = "Operations"

    def ready(self) -> None:
        from integration_hub.operations.bench import replay

        replay.register()
