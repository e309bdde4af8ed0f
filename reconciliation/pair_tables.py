"""Tables and filters of reconciliations of pairs."""

from collections.abc import Iterator
from typing import Any

import django_filters
from django.urls import reverse

from integration_hub.console import filter_kinds
from integration_hub.console.badges import Badge
from integration_hub.console.buttons import Button
from integration_hub.console.tables import Column, Table
from integration_hub.console.titled import Titled
from reconciliation import policies
from reconciliation.matching.pairs import PAIRS, ordered
from reconciliation.matching.rules import TITLES
from reconciliation.models import PairBreak, PairRun, Suggestion

VERDICTS = {
    "agrees": ("success", "circle-check"),
    "breaks": ("danger", "alert-octagon"),
    "uncertified": ("warning", "alert-triangle"),
}


def title_of(row: Any) -> str:
    """The pair in words."""
    return PAIRS.get(row.pair).title


def verdict(run: PairRun | None) -> Badge:
    """What a run says, or how it stands."""
    if run is None:
        return Badge("Not reconciled yet", "neutral", "point")
    if run.state == PairRun.State.FAILED:
        return Badge("Failed", "danger", "circle-x")
    if run.state != PairRun.State.DONE:
        return Badge(run.get_state_display(), "progress", "loader")
    standing = run.counts.get("standing", 0)
    label = (
        f"{standing:,} break{'s' if standing != 1 else ''}" if run.verdict == "breaks" else run.get_verdict_display()
    )
    tone, icon = VERDICTS[run.verdict]
    return Badge(label, tone, icon)  # type: ignore[arg-type]  # tones of the table above


def period(run: PairRun) -> str:
    """The days a run looked at."""
    return f"{run.period_from} to before {run.period_to}" if run.period_from else "All time"


class RunTable(Table):
    """Runs, newest first."""

    caption = "Reconciliations"
    page_size = 25
    columns = [
        Column("pair", "Pair", accessor=title_of),
        Column("verdict", "Verdict", kind="badge", accessor=verdict),
        Column("legal_entity", "Legal entity", accessor=lambda row: row.legal_entity or "all"),
        Column("period", "Period", accessor=period),
        Column("left", "Left", kind="number", accessor=lambda row: row.counts.get("rows", {}).get("a")),
        Column("right", "Right", kind="number", accessor=lambda row: row.counts.get("rows", {}).get("b")),
        Column("started_at", "Started", kind="datetime"),
        Column("started_by", "Asked for by", hideable=True),
    ]

    def row_url(self, row: Any) -> str:
        """The run."""
        return reverse("reconciliation:run-detail", args=[row.pk])


class BreakTable(Table):
    """Breaks, newest first."""

    caption = "Breaks"
    columns = [
        Column("identity", "Reference", accessor=lambda row: Titled(row.identity, title_of(row)), sortable=True,
               order_by="identity"),
        Column("kind", "Kind", kind="badge", sortable=True),
        Column("state", "State", kind="badge", sortable=True),
        Column("legal_entity", "Legal entity", sortable=True),
        Column("gap", "Right less left", kind="money", sortable=True),
        Column("on_date", "On", kind="date", hideable=True),
        Column("found_at", "Found", kind="ago", sortable=True),
        Column("explanation", "Explanation", hideable=True, hidden=True),
    ]  # fmt: skip

    def row_url(self, row: Any) -> str:
        """Both sides."""
        return reverse("reconciliation:break-detail", args=[row.pk])


class SuggestionTable(Table):
    """Suggested matches."""

    caption = "Suggested matches"
    has_buttons = True
    columns = [
        Column("pair", "Pair", accessor=title_of),
        Column("way", "Found by", accessor=lambda row: TITLES[row.way], sortable=True, order_by="way"),
        Column("left", "Left", accessor=lambda row: _named(row.left)),
        Column("right", "Right", accessor=lambda row: _named(row.right)),
        Column("amount", "Amount", kind="money", sortable=True),
        Column("gap", "Differs by", kind="money", hideable=True),
        Column("confidence", "Precision at least", kind="percent",
               hint="Lower bound of what people found right of this way"),
        Column("rivals", "Fit as well", kind="number", hint="Other partners that fit equally well"),
        Column("state", "State", kind="badge", sortable=True),
        Column("legal_entity", "Legal entity", hideable=True),
    ]  # fmt: skip

    def row_url(self, row: Any) -> str:
        """Both sides."""
        return reverse("reconciliation:suggestion-detail", args=[row.pk])

    def row_buttons(self, row: Any) -> list[Button]:
        """Accept and reject."""
        return decisions(row, self.request.user)


def decisions(row: Suggestion, user: Any) -> list[Button]:
    """What can be decided about a suggested match."""
    return [
        Button("Accept", reverse("reconciliation:suggestion-accept", args=[row.pk]), policies.can_accept(row, user),
               key="a", icon="check"),
        Button("Reject", reverse("reconciliation:suggestion-reject", args=[row.pk]), policies.can_reject(row, user),
               key="r", icon="x"),
    ]  # fmt: skip


def _named(side: dict[str, Any]) -> str:
    shown = ", ".join(item["label"] or item["key"] for item in side["items"][:3])
    return f"{shown} and {side['count'] - 3} more" if side["count"] > 3 else shown


class _Pairs:
    """All pairs as choices: read when they are asked for, as they are registered later than this is loaded."""

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter([(pair.name, pair.title) for pair in ordered()])


class RunFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which runs."""

    pair = filter_kinds.any_of("Pair", _Pairs())
    verdict = filter_kinds.any_of("Verdict", PairRun.Verdict)
    started_at = filter_kinds.days("Started")

    class Meta:
        model = PairRun
        fields: tuple[str, ...] = ()


class BreakFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which breaks."""

    pair = filter_kinds.any_of("Pair", _Pairs())
    kind = filter_kinds.any_of("Kind", PairBreak.Kind)
    state = filter_kinds.any_of("State", PairBreak.State)
    legal_entity = filter_kinds.exactly("Legal entity")
    identity = filter_kinds.contains("Reference")
    on_date = filter_kinds.days("On")

    class Meta:
        model = PairBreak
        fields: tuple[str, ...] = ()


class SuggestionFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which suggested matches."""

    pair = filter_kinds.any_of("Pair", _Pairs())
    way = filter_kinds.any_of("Found by", Suggestion.Way)
    state = filter_kinds.any_of("State", Suggestion.State)
    legal_entity = filter_kinds.exactly("Legal entity")

    class Meta:
        model = Suggestion
        fields: tuple[str, ...] = ()
