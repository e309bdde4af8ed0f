"""App configuration."""

from django.apps import AppConfig


class ReconciliationConfig(AppConfig):
    """What disagrees: control totals, breaks, tie-out."""

    name = "reconciliation"
    verbose_name = "Reconciliation"

    def ready(self) -> None:
        from reconciliation import panels

        panels.register()
