"""Accounts and departments of a target, by the value maps of its connection read backwards: ours to theirs."""

from integration_hub.connectors.models import Connection
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.mapping import queries

ACCOUNTS, DEPARTMENTS = "cost_account", "department"
"""Value maps: what the target calls an account or department on the one side, our charge code or cost centre on the
other."""


def account(connection: Connection, charge_code: str) -> str:
    """The target's account of a charge code. Raises Failed where the map names none, or several."""
    table = queries.value_table(connection.code, ACCOUNTS)
    found = [theirs for theirs, ours in (table.rows if table else {}).items() if ours == charge_code]
    if len(found) != 1:
        said = "no account" if not found else f"{len(found)} accounts"
        raise Failed(
            FailureClass.MAPPING,
            f"The value map {ACCOUNTS} of {connection} has {said} for the charge code {charge_code!r}",
            field="charge_code",
            remedy=f"Give {charge_code!r} exactly one account in the value map {ACCOUNTS} of the connection.",
        )
    return found[0]


def department(connection: Connection, cost_centre: str) -> str:
    """The target's department of a cost centre; empty for work without one. Raises Failed where the map refuses it."""
    if not cost_centre:
        return ""
    table = queries.value_table(connection.code, DEPARTMENTS)
    found = [theirs for theirs, ours in (table.rows if table else {}).items() if ours == cost_centre]
    if len(found) == 1:
        return found[0]
    if found or (table is not None and table.refuse):
        raise Failed(
            FailureClass.MAPPING,
            f"The value map {DEPARTMENTS} of {connection} has no single department for {cost_centre!r}",
            field="cost_centre",
            remedy=f"Give {cost_centre!r} one department in the value map {DEPARTMENTS} of the connection.",
        )
    return cost_centre
