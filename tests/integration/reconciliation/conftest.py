"""A pair that lives in the test: both sides are lists, so that each test says exactly what is on them."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from integration_hub.kernel.clock import now
from integration_hub.rules.registry import KINDS
from integration_hub.work.inprocess import drain_once
from reconciliation.actions import pair_runs
from reconciliation.matching import preview, rules
from reconciliation.matching.pairs import PAIRS, Item, Pair, Reading, Side, Unread
from reconciliation.models import PairBreak, PairRun

DAY = date(2026, 3, 10)
LONG_AGO = timedelta(days=30)


@dataclass
class Books:
    """Both sides of the pair `test`."""

    left: list[Item] = field(default_factory=list)
    right: list[Item] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)

    def reconcile(self, **asked) -> PairRun:
        """Ask for a run and have it worked."""
        run = pair_runs.request(pair="test", by="system:test", **asked)
        drain_once(["bulk"])
        run.refresh_from_db()
        return run

    def kinds(self) -> dict[str, str]:
        """The breaks that are not closed: reference → kind."""
        return dict(PairBreak.objects.exclude(state="closed").values_list("identity", "kind"))


def item(key: str, amount: str = "100", *, ref: str | None = None, at: datetime | None = None, **more) -> Item:
    """An item of a month ago, by default under the reference that is its key."""
    given = {"legal_entity": "US01", "currency": "USD", "on_date": DAY, "label": key} | more
    for name in ("net", "tax", "was"):
        if given.get(name) is not None:
            given[name] = Decimal(given[name])
    return Item(key=key, ref=key if ref is None else ref, amount=Decimal(amount), at=at or now() - LONG_AGO, **given)


@pytest.fixture
def books(db, monkeypatch) -> Books:
    """The pair, registered for one test."""
    made = Books()
    pair = Pair(
        name="test", title="Test pair", about="Two lists.",
        left=Side("Left list", lambda entity: Reading(items=list(made.left))),
        right=Side("Right list", lambda entity: Reading(items=list(made.right), unread=list(made.unread))),
    )  # fmt: skip
    monkeypatch.setattr(PAIRS, "_entries", {**PAIRS._entries, "test": pair})
    monkeypatch.setattr(KINDS, "_entries", dict(KINDS._entries))
    preview.register(rules.kind("test", "Test pair"), "test")
    return made
