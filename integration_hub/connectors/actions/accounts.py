"""Accounts: which connections share one, what its vendor allows, who else uses it."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from integration_hub.connectors import budget, policies
from integration_hub.connectors.limits import DAY
from integration_hub.connectors.models import Account, Connection
from integration_hub.kernel.errors import BadInput, Problem
from integration_hub.trail.record import Actor, event

MOST_OUTSIDE = 95
"""Percent. Something must be left for us, or nothing would ever be read or posted."""


@dataclass(frozen=True, slots=True)
class LimitsIn:
    """Limits as an administrator sets them; None leaves the manifest's. `outside` is (name, percent) of each other."""

    calls: int | None = None
    seconds: int | None = None
    daily: int | None = None
    concurrency: int | None = None
    outside: tuple[tuple[str, int], ...] = ()


@transaction.atomic
def set_limits(*, account_id: int, limits: LimitsIn, by: Actor, seen_version: int) -> Account:
    """Set what the vendor allows this account and who else uses it; what was learnt from refusals is forgotten.

    Raises Denied, Stale, or BadInput naming every wrong figure.
    """
    policies.can_set_up(by).or_raise()
    account = Account.objects.get(pk=account_id)
    if problems := _problems(limits):
        raise BadInput(f"Account {account.code}", problems)
    after: dict[str, Any] = {
        "calls": limits.calls,
        "seconds": limits.seconds,
        "daily": limits.daily,
        "concurrency": limits.concurrency,
        "outside": [{"name": name, "percent": percent} for name, percent in limits.outside],
    }
    before = {name: getattr(account, name) for name in after}
    changes = {name: [before[name], value] for name, value in after.items() if before[name] != value}
    learnt = {"learnt_calls": None, "learnt_at": None, "learnt_concurrency": None, "learnt_concurrency_at": None}
    Account.objects.transition(account.pk, seen_version=seen_version, **after, **learnt)
    budget.forget(account.pk)
    for connection in account.connections.order_by("pk"):
        _tell("limits_set", connection, by, account=account.code, changes=changes)
    account.refresh_from_db()
    return account


@transaction.atomic
def share(*, connection_id: int, account_id: int | None, by: Actor, seen_version: int) -> Connection:
    """Have a connection use the budget of an account, or of one of its own (None). Raises Denied, Stale, BadInput."""
    policies.can_set_up(by).or_raise()
    connection = Connection.objects.select_related("account").get(pk=connection_id)
    if account_id is None:
        account, _ = Account.objects.get_or_create(code=connection.code, defaults={"vendor": connection.vendor})
    else:
        account = Account.objects.get(pk=account_id)
    if account.vendor != connection.vendor:
        problem = Problem("account", f"{account} is an account of another vendor.", "Pick one of the same vendor.")
        raise BadInput(f"Connection {connection.code}", [problem])
    before = connection.account.code if connection.account else connection.code
    Connection.objects.transition(connection.pk, seen_version=seen_version, account=account)
    connection.refresh_from_db()
    if before != account.code:
        _tell("account_shared", connection, by, changes={"account": [before, account.code]})
    return connection


def _problems(limits: LimitsIn) -> list[Problem]:
    found = []
    if (limits.calls is None) != (limits.seconds is None):
        name = "seconds" if limits.seconds is None else "calls"
        found.append(Problem(name, "is missing.", "A rate is calls and the seconds they are counted over."))
    for name in ("calls", "seconds", "daily", "concurrency"):
        value = getattr(limits, name)
        if value is not None and value < 1:
            found.append(Problem(name, "is below 1.", "Pause the connection to stop its calls."))
    if limits.seconds is not None and not 1 <= limits.seconds < DAY:
        found.append(Problem("seconds", "is a day or more.", "Set calls a day instead."))
    if any(not name.strip() or percent < 1 for name, percent in limits.outside):
        found.append(Problem("outside", "lacks a name or a share.", "Write a line as: Celigo 20"))
    if sum(percent for _, percent in limits.outside) > MOST_OUTSIDE:
        found.append(Problem("outside", f"is above {MOST_OUTSIDE} % in all.", "Leave calls for this hub."))
    return found


def _tell(verb: str, connection: Connection, by: Actor, **data: Any) -> None:
    event(
        f"connectors.connection.{verb}",
        by=by,
        object_type="connection",
        object_id=connection.pk,
        label=connection.code,
        **data,
    )
