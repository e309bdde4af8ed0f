"""Accounts and departments of a target, by the value maps of its connection read backwards: ours to theirs."""

from collections.abc import Callable, Mapping, Sequence

from integration_hub.connectors.models import Connection
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.mapping import queries

ACCOUNTS, DEPARTMENTS, EMPLOYEES = "cost_account", "department", "employee"
"""Value maps: what the target calls an account, department or employee on the one side, our charge code, cost centre
or person on the other."""


def account(connection: Connection, charge_code: str) -> str:
    """The target's account of a charge code; of `expense:Travel` that of `expense` where the map has no such row.
    Raises Failed where the map names none, or several.
    """
    table = queries.value_table(connection.code, ACCOUNTS)
    rows = table.rows if table else {}
    code = charge_code if charge_code in rows.values() else charge_code.partition(":")[0]
    found = [theirs for theirs, ours in rows.items() if ours == code]
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


def employee(connection: Connection, payee: Mapping[str, str], by_address: Callable[[str], Sequence[str]]) -> str:
    """The target's id of a person: the one that the map names, or else the only one with the person's address. Raises
    Failed where that is nobody, or several: money goes to nobody by a guess.
    """
    table = queries.value_table(connection.code, EMPLOYEES)
    found = [theirs for theirs, ours in (table.rows if table else {}).items() if ours == payee["code"]]
    if not found and payee["email"]:
        found = list(by_address(payee["email"]))
    if len(found) == 1:
        return found[0]
    raise Failed(
        FailureClass.MAPPING,
        f"{connection} has {'nobody' if not found else f'{len(found)} people'} who would be {payee['name']}",
        field="payee",
        remedy=f"Create them there with the address {payee['email'] or 'of the person'}, or name them for "
        f"{payee['code']!r} in the value map {EMPLOYEES} of the connection.",
    )
