"""App configuration."""

from django.apps import AppConfig


class IntakeConfig(AppConfig):
    """What came in: source versions, cursors, webhooks, file drops; hands canonical batches to receivers."""

    name = "integration_hub.intake"
    label = "hub_intake"
    verbose_name = "Intake"
