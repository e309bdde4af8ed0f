"""App configuration."""

from django.apps import AppConfig


class ProcessesConfig(AppConfig):
    """Sagas: named steps, compensation, human steps."""

    name = "integration_hub.processes"
    label = "hub_processes"
    verbose_name = "Processes"
