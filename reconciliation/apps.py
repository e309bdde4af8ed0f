"""App configuration."""

from django.apps import AppConfig


class ReconciliationConfig(AppConfig):
    """What disagrees: control totals, breaks, tie-out."""

    name = "reconciliation"
    verbose_name = "Reconciliation"

    def ready(self) -> None:
        from integration_hub.cases.registry import ALSO_HOLDS
        from reconciliation import panels
        from reconciliation.actions import tieouts

        ALSO_HOLDS.register(f"{tieouts.CODE}:reconciliation", tieouts.still_breaks)
        panels.register()
