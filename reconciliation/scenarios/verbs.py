"""The verbs that reconciliation plays."""

from billing.scenarios.registry import VERBS
from reconciliation.scenarios import kpis, margins


def register() -> None:
    """Offer them to the runner."""
    VERBS.register("kpi", kpis.kpi)
    VERBS.register("margin", margins.margin)
