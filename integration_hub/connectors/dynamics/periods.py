"""Whether Dynamics would take a document of a day: its period in each company, and the module's access to it."""

from datetime import date

from integration_hub.connectors.dynamics import reads
from integration_hub.connectors.dynamics.client import Client
from integration_hub.connectors.dynamics.manifest import JOURNAL_POST, POSTINGS
from integration_hub.connectors.models import Connection
from integration_hub.connectors.odata import Row


def closed(connection: Connection, on: date, effect_type: str) -> str:
    """Why a document of that day would be refused in every company of the connection; empty when some would take it.

    The question names no company: where only some have closed, the refusal itself says so. Raises Failed.
    """
    if effect_type not in POSTINGS:
        return ""
    client = Client(connection)
    wanted, day = set(reads.companies(client)), on.isoformat()
    rows = [row for row in reads.periods(client) if not wanted or row["LegalEntityId"] in wanted]
    there = [row for row in rows if row["StartDate"] <= day <= row["EndDate"]]
    if not there:
        return f"{connection} has no ledger period for {on}."
    reasons = [_reason(row, "Ledger" if effect_type == JOURNAL_POST else "AccountsReceivable") for row in there]
    if not all(reasons):
        return ""
    return f"{there[0]['PeriodName']} {there[0]['FiscalYear']} {reasons[0]} in {connection}."


def _reason(row: Row, module: str) -> str:
    if row["PeriodStatus"] != "Open":
        words = {"OnHold": "is on hold, and closed to postings", "PermanentlyClosed": "is permanently closed"}
        return words.get(row["PeriodStatus"], "is closed")
    return f"is closed to the module {module}" if module in row["BarredModules"] else ""
