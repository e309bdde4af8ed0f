"""Tables of replay plans and their items."""

from django.urls import reverse

from integration_hub.console import links
from integration_hub.console.badges import Badge
from integration_hub.console.tables import Column, Table
from integration_hub.console.titled import Titled
from integration_hub.replay.models import Plan, PlanItem

STATES = {
    "forecasting": ("progress", "calculator"),
    "ready": ("warning", "user-check"),
    "running": ("progress", "player-play"),
    "paused": ("warning", "player-pause"),
    "done": ("success", "circle-check"),
    "cancelled": ("neutral", "ban"),
}
WORDS = {
    "create": ("info", "circle-plus"),
    "ask": ("info", "help"),
    "noop": ("neutral", "minus"),
    "window": ("warning", "calendar-due"),
    "waits": ("warning", "hourglass"),
    "approval": ("warning", "user-check"),
    "conflict": ("danger", "arrows-split"),
    "refused": ("danger", "circle-x"),
    "changed": ("neutral", "history"),
    "created": ("success", "circle-check"),
    "under_way": ("progress", "loader"),
    "unknown": ("danger", "help"),
}
"""Prospects and outcomes: tone and icon."""


def state(plan: Plan) -> Badge:
    """How a plan stands."""
    tone, icon = STATES.get(plan.state, ("neutral", "point"))
    return Badge(plan.get_state_display(), tone, icon)  # type: ignore[arg-type]


def word(code: str, label: str) -> Badge | str:
    """A prospect or an outcome as a badge; nothing while there is none."""
    if not code:
        return ""
    tone, icon = WORDS.get(code, ("neutral", "point"))
    return Badge(label, tone, icon)  # type: ignore[arg-type]


def foreseen(item: PlanItem) -> Badge | str:
    """What is foreseen for an item."""
    return word(item.prospect, item.get_prospect_display())


def became(item: PlanItem) -> Badge | str:
    """What became of an item; one that was never taken says so once its plan is over."""
    if not item.outcome and item.plan.state == Plan.State.CANCELLED:
        return Badge("Not run", "neutral", "minus")
    return word(item.outcome, item.get_outcome_display())


class PlanTable(Table):
    """Replay plans, newest first."""

    caption = "Replay plans"
    columns = [
        Column("title", "Plan", accessor=lambda row: Titled(row.title, row.told)),
        Column("kind", "Of", accessor=lambda row: row.get_kind_display()),
        Column("size", "Items", kind="number", sortable=True),
        Column("state", "State", kind="badge", accessor=state, sortable=True, order_by="state"),
        Column("taken", "Put back to work", kind="number", hideable=True),
        Column("planned_by", "Planned by", accessor="planned_by.label"),
        Column("approved_by", "Approved by", accessor="approved_by.label", hideable=True),
        Column("created_at", "Planned", kind="ago", sortable=True),
        Column("finished_at", "Finished", kind="ago", sortable=True, hideable=True, hidden=True),
    ]

    def row_url(self, row: Plan) -> str:
        """The plan with its forecast and outcomes."""
        return reverse("replay:plan-detail", args=[row.pk])


class ItemTable(Table):
    """Items of a plan: as chosen, as foreseen, as they became."""

    caption = "Items"
    default_sort = "number"
    columns = [
        Column("number", "No.", kind="number", sortable=True),
        Column("label", "Item", url=lambda row: item_url(row)),
        Column("seen_state", "Was", kind="badge"),
        Column("prospect", "Foreseen", kind="badge", accessor=lambda row: foreseen(row)),
        Column("prospect_reason", "Because", accessor=lambda row: row.prospect_reason[:300], hideable=True),
        Column("outcome", "Became", kind="badge", accessor=lambda row: became(row)),
        Column("outcome_reason", "Detail", accessor=lambda row: row.outcome_reason[:300], hideable=True),
        Column("amount", "Amount", kind="money", sortable=True),
        Column("legal_entity", "Entity", sortable=True, hideable=True),
        Column("taken_at", "Put back to work", kind="datetime", hideable=True, hidden=True),
        Column("settled_at", "Settled", kind="datetime", hideable=True, hidden=True),
        Column("target_id", "Id", kind="code", hideable=True, hidden=True),
        Column("seen_at", "Version chosen", kind="datetime", hideable=True, hidden=True),
    ]


class FirstItems(ItemTable):
    """The beginning of the items, on the page of the plan."""

    page_size = 10


def item_url(item: PlanItem) -> str:
    """The effect or the source version."""
    return links.address(item.plan.kind, item.target_id)
