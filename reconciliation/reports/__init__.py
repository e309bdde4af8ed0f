"""Measures of billing (billing.md §4): each with its formula, its version, and the rows behind every figure."""

from reconciliation.reports.measures import Measure
from reconciliation.reports.receivables import COLLECTION, DSO
from reconciliation.reports.work import LEAKAGE, TIME_TO_BILL, WIP

MEASURES: dict[str, Measure] = {one.slug: one for one in (WIP, TIME_TO_BILL, LEAKAGE, DSO, COLLECTION)}
"""By the word in their address."""

MISSING = (
    ("Utilisation", "needs the capacity of each person by day: working calendars, leave and holidays."),
    ("Margin", "needs the cost of expenses, subcontractors and transfer prices beside that of hours."),
    ("Billing and rate realisation", "need a standard price for the same work, a standard card."),
    ("Backlog", "needs which lines are firm and what is planned of those that are not."),
)
"""Measures that cannot be told from what is here, and what they lack. None is estimated."""
