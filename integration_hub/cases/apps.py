"""App configuration."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    """Exception cases: raise, group by root cause, assign, snooze, resolve, heal."""

    name = "integration_hub.cases"
    label = "hub_cases"
    verbose_name = "Cases"
