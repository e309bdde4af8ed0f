"""Whether Tryton would take a document of a day: its period and the journal in it, read before posting."""

from datetime import date

from integration_hub.connectors.models import Connection
from integration_hub.connectors.tryton.client import Client, Row
from integration_hub.connectors.tryton.manifest import CREDIT_POST, INVOICE_POST, JOURNAL_POST


def closed(connection: Connection, on: date, effect_type: str) -> str:
    """Why an invoice, credit note or journal of that day would be refused; empty when not, or for another write.

    That a number would come before the date of a later document does not show here. Raises Failed.
    """
    if effect_type not in (INVOICE_POST, CREDIT_POST, JOURNAL_POST):
        return ""
    client = Client(connection)
    period = period_of(client, on)
    if period is None:
        return f"{connection} has no period for {on}."
    if period["state"] != "open":
        return f"Period {period['name']} is {period['state']} in {connection}."
    journal = cost_journal(client) if effect_type == JOURNAL_POST else sales_journal(client)
    domain = [["period", "=", period["id"]], ["journal.code", "=", journal], ["state", "!=", "open"]]
    if client.count("account.journal.period", domain):
        return f"Period {period['name']} is closed for the journal {journal} in {connection}."
    return ""


def sales_journal(client: Client) -> str:
    """The code of the journal of invoices and credit notes."""
    return client.setting("journal", "REV")


def cost_journal(client: Client) -> str:
    """The code of the journal of cost journals."""
    return client.setting("cost_journal", "MISC")


def period_of(client: Client, on: date) -> Row | None:
    """Id, name and state of the standard period of a day; None where there is none. Raises Failed."""
    domain = [
        ["company", "=", client.company],
        ["type", "=", "standard"],
        ["start_date", "<=", on],
        ["end_date", ">=", on],
    ]
    found = client.rows("account.period", domain, ["name", "state"], [["start_date", "DESC"]], 1)
    return found[0] if found else None
