"""App configuration."""

from django.apps import AppConfig


class WorkConfig(AppConfig):
    """Ordered lanes of work, attempts, ticker; the only room that touches the queue."""

    name = "integration_hub.work"
    label = "hub_work"
    verbose_name = "Work"
