"""Reconciliations of pairs read, as a person may see them."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet

from integration_hub.people.models import User
from integration_hub.people.scope import scoped
from reconciliation.matching.pairs import Pair, ordered
from reconciliation.models import PairBreak, PairRun, Suggestion


@dataclass(frozen=True, slots=True)
class PairState:
    """A pair with its last run and what stands for one person."""

    pair: Pair
    last: PairRun | None
    under_way: PairRun | None
    breaks: int
    timing: int
    suggestions: int

    @property
    def name(self) -> str:
        """The name in addresses."""
        return self.pair.name


def runs(user: User) -> "QuerySet[PairRun]":
    """Runs of the person's legal entities, and those of all."""
    rows = PairRun.objects.defer("manifest")
    return rows if user.all_legal_entities else rows.filter(legal_entity__in=["", *user.legal_entities])


def breaks(user: User) -> "QuerySet[PairBreak]":
    """Breaks of the person's legal entities, of pairs they may see."""
    return scoped(PairBreak.objects.filter(pair__in=_visible(user)), user, "legal_entity")


def standing(user: User) -> "QuerySet[PairBreak]":
    """Those that nobody has explained and that are not on their way."""
    return breaks(user).filter(state__in=PairBreak.STANDING).exclude(kind=PairBreak.Kind.TIMING)


def suggestions(user: User) -> "QuerySet[Suggestion]":
    """Suggested matches of the person's legal entities, of pairs they may see."""
    return scoped(Suggestion.objects.filter(pair__in=_visible(user)), user, "legal_entity")


def pairs(user: User) -> list[PairState]:
    """Every pair the person may see, with how it stands; five queries, however many there are."""
    seen = runs(user)
    last = {run.pair: run for run in seen.filter(state__in=["done", "failed"]).order_by("pair", "-pk").distinct("pair")}
    under_way = {run.pair: run for run in PairRun.objects.defer("manifest").filter(state__in=PairRun.UNDER_WAY)}
    open_ones = Q(state__in=PairBreak.STANDING)
    counted: dict[str, dict[str, Any]] = {
        row["pair"]: dict(row)
        for row in breaks(user).order_by().values("pair").annotate(
            standing=Count("pk", filter=open_ones & ~Q(kind="timing")),
            timing=Count("pk", filter=open_ones & Q(kind="timing")),
        )
    }  # fmt: skip
    waiting = suggestions(user).filter(state__in=["open", "proposed"]).order_by()
    suggested = dict(waiting.values_list("pair").annotate(n=Count("pk")))
    return [
        PairState(
            pair, last.get(pair.name), under_way.get(pair.name), counted.get(pair.name, {}).get("standing", 0),
            counted.get(pair.name, {}).get("timing", 0), suggested.get(pair.name, 0),
        )
        for pair in ordered() if user.has_perm(pair.view)
    ]  # fmt: skip


def kinds_of(run: PairRun) -> list[tuple[str, int]]:
    """The breaks of a run by kind, in words."""
    labels = dict(PairBreak.Kind.choices)
    return [(str(labels[kind]), count) for kind, count in sorted(run.counts.get("breaks", {}).items())]


def side_by_side(row: PairBreak | Suggestion) -> list[dict[str, Any]]:
    """Items of both sides beside one another, in the order of their keys; a missing one is None."""
    left, right = ([_shown(item) for item in side["items"]] for side in (row.left, row.right))
    longest = max(len(left), len(right))
    return [
        {"left": left[n] if n < len(left) else None, "right": right[n] if n < len(right) else None}
        for n in range(longest)
    ]


def _shown(item: dict[str, Any]) -> dict[str, Any]:
    """An item as a page shows it: amounts as numbers."""
    amounts = ("amount", "net", "tax", "was")
    return item | {name: Decimal(item[name]) for name in amounts if item.get(name) is not None}


def _visible(user: User) -> list[str]:
    return [pair.name for pair in ordered() if user.has_perm(pair.view)]
