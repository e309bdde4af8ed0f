"""App configuration."""

from django.apps import AppConfig
from django.conf import settings


class OperationsConfig(AppConfig):
    """Composition at run time: demo, rehearsal, serve, supervision, tracing commands."""

    name = "integration_hub.operations"
    label = "hub_operations"
    verbose_name = "Operations"

    def ready(self) -> None:
        if settings.REHEARSAL:
            from integration_hub.operations.rehearsal import handlers

            handlers.register()
