"""How versions of decision tables are listed, and how two of them differ."""

from difflib import SequenceMatcher
from typing import NamedTuple

import django_filters
from django.urls import reverse

from integration_hub.console import filter_kinds
from integration_hub.console.badges import Badge
from integration_hub.console.tables import Column, Table
from integration_hub.console.titled import Titled
from integration_hub.rules.models import DecisionTable
from integration_hub.rules.registry import KINDS
from integration_hub.rules.tables import Kind, RuleSpec

STATES = {
    "draft": ("warning", "edit"),
    "checked": ("info", "list-check"),
    "published": ("success", "circle-check"),
    "superseded": ("neutral", "history"),
}
MARKS = {"same": "", "new": "added", "gone": "removed"}


def state(row: DecisionTable) -> Badge:
    """How a version stands."""
    tone, icon = STATES[row.status]
    return Badge(row.get_status_display(), tone, icon)  # type: ignore[arg-type]  # tones of the table above


class VersionTable(Table):
    """Versions of decision tables."""

    caption = "Versions of decision tables"
    columns = [
        Column("kind", "Decides", sortable=True,
               accessor=lambda row: Titled(KINDS.get(row.kind).title, row.note[:120])),
        Column("legal_entity", "Legal entity", accessor=lambda row: row.legal_entity or "all", sortable=True,
               order_by="legal_entity"),
        Column("number", "Version", kind="number", sortable=True),
        Column("status", "State", kind="badge", accessor=state, sortable=True, order_by="status"),
        Column("author", "Written by", accessor="author.label"),
        Column("published_by", "Published by", accessor="published_by.label", hideable=True),
        Column("published_at", "In force since", kind="ago", sortable=True),
    ]  # fmt: skip

    def row_url(self, row: DecisionTable) -> str:
        """The version with its rules and checks."""
        return reverse("rules:table-detail", args=[row.pk])


class VersionFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which versions."""

    status = filter_kinds.any_of("State", DecisionTable.Status)
    legal_entity = filter_kinds.exactly("Legal entity")

    class Meta:
        model = DecisionTable
        fields: tuple[str, ...] = ()


class Shown(NamedTuple):
    """A rule as a page shows it: `mark` says what a comparison made of it."""

    number: str
    condition: str
    says: list[tuple[str, str]]
    note: str
    mark: str = ""


def shown(kind: Kind, number: int, rule: RuleSpec, mark: str = "same") -> Shown:
    """A rule with its outputs in words."""
    says = [(o.label, rule.outputs.get(o.name, "").replace("_", " ").replace(",", " or ")) for o in kind.outputs]
    filled = [(label, value) for label, value in says if value]
    return Shown(str(number) if number else "", rule.condition, filled, rule.note, MARKS[mark])


def difference(kind: Kind, before: list[RuleSpec], after: list[RuleSpec]) -> list[Shown]:
    """The rules of both versions, in order, with what was added and removed."""
    keys = [[(r.condition, tuple(sorted(r.outputs.items()))) for r in rules] for rules in (before, after)]
    rows: list[Shown] = []
    for what, i, j, k, m in SequenceMatcher(a=keys[0], b=keys[1], autojunk=False).get_opcodes():
        if what == "equal":
            rows += [shown(kind, n + 1, after[n]) for n in range(k, m)]
            continue
        rows += [shown(kind, 0, before[n], "gone") for n in range(i, j)]
        rows += [shown(kind, n + 1, after[n], "new") for n in range(k, m)]
    return rows
