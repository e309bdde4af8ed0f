"""What a budget looks like now, for screens."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import connection as database
from django.db import transaction

from integration_hub.connectors import budget, limits, terms
from integration_hub.connectors.limits import Priority, Window
from integration_hub.connectors.models import Account, Connection

_HELD = """
SELECT count(*) FROM pg_locks
WHERE locktype = 'advisory' AND granted AND classid = %s AND objid BETWEEN %s AND %s
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@dataclass(frozen=True, slots=True)
class Gone:
    """One window of a budget: our limit (None where nothing is known), calls by lane, how often one had to wait."""

    window: Window
    limit: int | None
    calls: list[tuple[Priority, int]]
    waited: int

    @property
    def used(self) -> int:
        """Calls of all lanes."""
        return sum(calls for _, calls in self.calls)

    @property
    def is_day(self) -> bool:
        """Whether it is the rolling day."""
        return self.window.seconds == limits.DAY


@dataclass(frozen=True, slots=True)
class Standing:
    """A budget at an instant, by the database's clock."""

    account: Account
    terms: terms.Terms
    windows: list[Gone]
    under_way: int
    at: datetime
    shared_with: list[Connection]

    @property
    def quiet(self) -> bool:
        """Whether the vendor asked us to wait."""
        return self.account.quiet_until is not None and self.account.quiet_until > self.at

    @property
    def is_lowered(self) -> bool:
        """Whether a refusal keeps a limit below what is declared."""
        declared = self.terms.declared
        rate = self.terms.windows[0].calls
        lowered = rate != terms.UNLIMITED and rate != declared.ours(declared.calls)
        return lowered or self.terms.concurrency != declared.ours(declared.concurrency)


def standing(connection: Connection) -> Standing:
    """How the budget of a connection's account stands."""
    account = Account.objects.get(pk=budget.account_of(connection))
    with transaction.atomic():
        at, used = budget.counted(account.pk)
    here = terms.of(account, connection.vendor, at)
    windows = []
    for window in here.windows:
        calls: Counter[Priority] = Counter()
        waited = 0
        for row in used.get(window.seconds, []):
            calls[row.priority] += row.calls
            waited += row.refused
        limit = None if window.calls == terms.UNLIMITED else window.calls
        windows.append(Gone(window, limit, limits.shares(calls), waited))
    others = account.connections.exclude(pk=connection.pk).defer("sealed_credentials", "sealed_webhook_secret")
    return Standing(account, here, windows, _under_way(account.pk), datetime.fromtimestamp(at, UTC), list(others))


def _under_way(account: int) -> int:
    """Calls that hold a slot at this moment."""
    with database.cursor() as cursor:
        cursor.execute(_HELD, [budget.SPACE, account * budget.SLOTS, (account + 1) * budget.SLOTS - 1])
        return int(cursor.fetchone()[0])
