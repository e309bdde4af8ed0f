"""Measures of billing (billing.md §4): each with its formula, its version, and the rows behind every figure."""

from reconciliation.reports.backlog import BACKLOG
from reconciliation.reports.leakage import LEAKAGE, SILENT
from reconciliation.reports.margin import MARGIN
from reconciliation.reports.measures import Measure
from reconciliation.reports.realisation import REALISATION
from reconciliation.reports.receivables import COLLECTION, DSO
from reconciliation.reports.utilisation import UTILISATION
from reconciliation.reports.work import TIME_TO_BILL, WIP

MEASURES: dict[str, Measure] = {
    one.slug: one
    for one in (
        BACKLOG, WIP, TIME_TO_BILL, UTILISATION, REALISATION, MARGIN, LEAKAGE, SILENT, DSO, COLLECTION,
    )
}  # fmt: skip
"""By the word in their address, in the order of the way from contract to cash."""
