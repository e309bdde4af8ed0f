"""App configuration."""

from django.apps import AppConfig


class ReconciliationConfig(AppConfig):
    """What disagrees: control totals, breaks, tie-out."""

    name = "reconciliation"
    verbose_name = "Reconciliation"

    def ready(self) -> None:
        from contracts.periods import CLOSED_HERE
        from integration_hub.cases.registry import ALSO_HOLDS
        from integration_hub.console import links
        from reconciliation import books, close_panels, kinds, pair_panels, panels
        from reconciliation.actions import tieouts
        from reconciliation.closing import closed
        from reconciliation.scenarios import verbs

        CLOSED_HERE.register("signed close", closed.through)
        ALSO_HOLDS.register(f"{tieouts.CODE}:reconciliation", tieouts.still_breaks)
        links.to("reconciliation.pairrun", "reconciliation:run-detail")
        links.to("reconciliation.pairbreak", "reconciliation:break-detail")
        links.to("reconciliation.suggestion", "reconciliation:suggestion-detail")
        links.to("reconciliation.periodclose", "reconciliation:close-detail")
        links.to("invoice_proof", "reconciliation:invoice-proof")
        panels.register()
        books.register()
        kinds.register()
        pair_panels.register()
        close_panels.register()
        verbs.register()
