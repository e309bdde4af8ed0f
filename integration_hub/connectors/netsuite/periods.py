"""Whether NetSuite would take a document of a day: its posting period and the locks on it, read before posting."""

from datetime import date

from integration_hub.connectors.models import Connection
from integration_hub.connectors.netsuite.client import Client
from integration_hub.connectors.netsuite.manifest import CREDIT_POST, INVOICE_POST, JOURNAL_POST

_LOCKS = {"closed": "is closed", "alllocked": "is locked", "arlocked": "is locked for accounts receivable"}


def closed(connection: Connection, on: date, effect_type: str) -> str:
    """Why an invoice, credit memo or journal of that day would be refused; empty when not, or for another write.

    A lock of a single subsidiary does not show here: it is still heard as a refusal. Raises Failed.
    """
    if effect_type not in (INVOICE_POST, CREDIT_POST, JOURNAL_POST):
        return ""
    rows = Client(connection).rows(
        "SELECT t.id, t.periodname, t.closed, t.alllocked, t.arlocked FROM accountingperiod t"  # noqa: S608 - a date
        " WHERE t.isposting = 'T' AND t.isquarter = 'F' AND t.isyear = 'F'"
        f" AND t.startdate <= TO_DATE('{on.isoformat()}', 'YYYY-MM-DD')"
        f" AND t.enddate >= TO_DATE('{on.isoformat()}', 'YYYY-MM-DD') ORDER BY t.id"
    )
    if not rows:
        return f"{connection} has no accounting period for {on}."
    for name, words in _LOCKS.items():
        if str(rows[0].get(name)) == "T":
            return f"Period {rows[0].get('periodname')} {words} in {connection}."
    return ""
